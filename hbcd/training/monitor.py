"""What watches a training: events of the core for callbacks, early stopping, the metric."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hbcd import core
from hbcd.callbacks.callback import Event
from hbcd.callbacks.callback_list import CallbackList
from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.parts.stopping import StopReason
from hbcd.training.validation_score import Scorer
from hbcd.utils.ranks import Ranks, decided

__all__ = ["Monitor", "PatienceCounter", "ProgressFunction", "StartMonitor"]

# progress(phase, epoch, step, block, loss, best, seconds, n_fev)
ProgressFunction = Callable[..., object]
EventFunction = Callable[..., int]
SWEEP_END = core.EVENTS.index("sweep_end")


@dataclass(frozen=True)
class Monitor:
    """What watches a training, and by what its parameters are judged.

    Attributes
    ----------
    callbacks : CallbackList
    rule : EarlyStopping or None
        None: the core's own.
    scorer : Scorer or None
        What the best parameters have least of; None: the loss.
    """

    callbacks: CallbackList = field(default_factory=lambda: CallbackList(()))
    rule: EarlyStopping | None = None
    scorer: Scorer | None = None

    @property
    def sign(self) -> int:
        """What a score is multiplied by to be the metric."""
        return 1 if self.scorer is None else self.scorer.sign

    @property
    def stopped(self) -> bool:
        """Whether a callback has asked for the end of the training."""
        return self.callbacks.stopped

    def with_metric(self, progress: ProgressFunction | None) -> ProgressFunction | None:
        """Progress that is given the metric as it is, not as what the core minimizes."""
        if progress is None or self.sign > 0:
            return progress

        def negated(*state: Any) -> None:
            *before, best, seconds, n_fev = state
            progress(*before, -best, seconds, n_fev)

        return negated


class PatienceCounter:
    """Counts the sweeps of one start that brought nothing better."""

    def __init__(self, rule: EarlyStopping, sign: int) -> None:
        self.rule, self.sign = rule, sign
        self.mark, self.without = math.inf, 0

    def is_over(self, event: Event) -> bool:
        """Whether the sweep that ends was one too many."""
        loss = self.rule.metric == "loss"
        value = self.sign * (event.validation_loss if loss else event.validation_score)
        # Small gains add up: the mark stays until it is beaten by min_delta.
        if value < self.mark - self.rule.min_delta or (self.mark == math.inf and value < math.inf):
            self.mark, self.without = value, 0
        else:
            self.without += 1
        return self.without >= self.rule.patience


class StartMonitor:
    """What watches one start of a training."""

    def __init__(self, monitor: Monitor, start: int) -> None:
        self.monitor, self.start = monitor, start
        self.counter = None
        if monitor.rule is not None:
            self.counter = PatienceCounter(monitor.rule, monitor.sign)
        self._ended = False

    @property
    def stopped(self) -> bool:
        """Whether a callback, or early stopping, has asked for the end of this start."""
        return self._ended or self.monitor.stopped

    def agree(self, ranks: Ranks | None) -> None:
        """Ends what has ended on rank 0, which alone is told of events.

        Parameters
        ----------
        ranks : Ranks or None
        """
        found = decided(ranks, (self._ended, self.monitor.callbacks.stopped))
        self._ended, self.monitor.callbacks.stopped = found

    def of_call(
        self, network: Any, optimizers: list[str], used: dict[str, int], seconds_before: float
    ) -> tuple[EventFunction | None, int]:
        """What one call of the core tells its events to, and the bits of those that are wanted.

        Parameters
        ----------
        network : Network
        optimizers : list of str
            Of the phases of the call.
        used : dict
            What was counted before it: "phase", "step", "n_fev", "n_iter".
        seconds_before : float
            Seconds of the training until then.
        """
        callbacks, counter = self.monitor.callbacks, self.counter
        for_callbacks = callbacks.wanted
        wanted = for_callbacks if counter is None else for_callbacks | 1 << SWEEP_END
        if not wanted:
            return None, 0
        sign = self.monitor.sign

        def on_event(kind: int, phase: int, epoch: int, step: int, *state: Any) -> int:
            block, rows, loss, validation, score, best, n_fev, n_iter, seconds, status, points = (
                state
            )
            event = Event(
                core.EVENTS[kind],
                self.start,
                phase + used["phase"],
                optimizers[phase],
                epoch,
                step + used["step"],
                block,
                rows,
                loss,
                validation,
                sign * score,
                sign * best,
                n_fev + used["n_fev"],
                n_iter + used["n_iter"],
                seconds + seconds_before,
                StopReason(status) if status > 0 else None,
                network,
                points,
            )
            answer = 0
            if for_callbacks >> kind & 1:
                answer = callbacks.call(event)
            if not answer and counter is not None and kind == SWEEP_END:
                answer = int(StopReason.NO_PROGRESS) if counter.is_over(event) else 0
            self._ended |= answer != 0
            return answer

        return on_event, wanted
