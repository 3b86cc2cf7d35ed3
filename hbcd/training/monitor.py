"""Who follows a training: what the core tells becomes events, for callbacks and early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hbcd import core
from hbcd.callbacks.callback import EarlyStopping, Event
from hbcd.callbacks.callback_list import Listeners
from hbcd.parts.stopping import StopReason
from hbcd.training.validation_score import Scorer

__all__ = ["Audience", "Progress", "Relay"]

Progress = Callable[..., None]
_SWEEP_END = core.EVENTS.index("sweep_end")


@dataclass(frozen=True)
class Audience:
    """Who follows a training, and by what its parameters are judged.

    Attributes
    ----------
    listeners : Listeners or None
        Callbacks; None: nobody.
    rule : EarlyStopping or None
        None: the core's own.
    scorer : Scorer or None
        What the best parameters have least of; None: the loss.
    """

    listeners: Listeners | None = None
    rule: EarlyStopping | None = None
    scorer: Scorer | None = None

    @property
    def sign(self) -> int:
        """What a score is multiplied by to be the metric."""
        return 1 if self.scorer is None else self.scorer.sign

    def shown(self, progress: Progress) -> Progress:
        """Progress that sees a metric as it is, not as what the core minimizes."""
        if self.sign > 0:
            return progress

        def with_metric(*state: Any) -> None:
            *before, best, seconds, n_fev = state
            progress(*before, -best, seconds, n_fev)

        return with_metric


class Tracker:
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


class Relay:
    """Between the core and the audience of one start.

    Attributes
    ----------
    stopped : bool
        Somebody has asked for the end of this start.
    """

    def __init__(self, audience: Audience, start: int) -> None:
        self.audience, self.start = audience, start
        self.tracker = None
        if audience.rule is not None:
            self.tracker = Tracker(audience.rule, audience.sign)
        self.stopped = False

    def of_call(
        self, optimizers: list[str], used: dict[str, int], before: float
    ) -> tuple[Callable[..., int] | None, int]:
        """What one call of the core tells its events to, and the bits of those that are wanted.

        optimizers : of its phases; used : what was counted before it; before : seconds until then.
        """
        listeners, tracker = self.audience.listeners, self.tracker
        wanted = 0 if listeners is None else listeners.wanted
        heard = wanted if tracker is None else wanted | 1 << _SWEEP_END
        if not heard:
            return None, 0
        sign = self.audience.sign

        def tell(kind: int, phase: int, epoch: int, step: int, *state: Any) -> int:
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
                seconds + before,
                StopReason(status) if status > 0 else None,
                points,
            )
            answer = 0
            if listeners is not None and wanted >> kind & 1:
                answer = listeners.tell(event)
            if not answer and tracker is not None and kind == _SWEEP_END:
                answer = int(StopReason.NO_PROGRESS) if tracker.is_over(event) else 0
            self.stopped |= answer != 0
            return answer

        return tell, heard
