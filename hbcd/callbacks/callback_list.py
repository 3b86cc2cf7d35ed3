"""Who listens to a training: events to callbacks, one at a time, and what they answer."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hbcd import core
from hbcd.callbacks.callback import Callback, Event, stops
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import StopReason

__all__ = ["Listeners", "as_callbacks"]

KINDS = ("begin", *core.EVENTS, "end")


def as_callbacks(value: Any) -> list[Any]:
    """Callbacks and functions of an event from None, one, or several."""
    if value is None:
        return []
    several = list(value) if isinstance(value, (list, tuple)) else [value]
    for one in several:
        if isinstance(one, type) or not (isinstance(one, Callback) or callable(one)):
            raise TypeError(
                f"callbacks={one!r}: must be an hbcd.Callback, a function of an event, or a list "
                "of them"
            )
    return several


def _is_written(callback: Callback, method: str) -> bool:
    own = method in vars(callback)
    return own or getattr(type(callback), method) is not getattr(Callback, method)


@dataclass(frozen=True)
class _Given:
    """Parameters at the begin and the end, where the core has no say."""

    parameters: NDArray[Any]

    @property
    def theta(self) -> NDArray[Any]:
        return self.parameters.copy()

    best_theta = theta


class Listeners:
    """The callbacks of one training.

    Attributes
    ----------
    wanted : int
        Bit k is set where somebody listens to events of the core of kind k.
    stopped : bool
        Somebody asked for the end.
    """

    def __init__(self, callbacks: Sequence[Any]) -> None:
        self._called: dict[str, list[Callable[[Event], Any]]] = {kind: [] for kind in KINDS}
        for callback in callbacks:
            for kind in KINDS:
                if not isinstance(callback, Callback):
                    self._called[kind].append(callback)
                elif _is_written(callback, f"on_{kind}"):
                    self._called[kind].append(getattr(callback, f"on_{kind}"))
        self.wanted = sum(1 << k for k, kind in enumerate(core.EVENTS) if self._called[kind])
        self.stopped = False
        self._latest = Event("begin")
        self._one_at_a_time = threading.Lock()

    def tell(self, event: Event) -> int:
        """Calls whoever listens to this kind; 0, or the stop code that they ask for."""
        with self._one_at_a_time:
            self._latest = event
            for called in self._called[event.what]:
                if self.stopped and event.what != "end":
                    break
                try:
                    self.stopped |= stops(called(event))
                except StopIteration:
                    self.stopped = True
        return int(StopReason.CALLBACK) if self.stopped else 0

    def around(
        self, theta: NDArray[Any], rows: int, started: float, train: Callable[[], FitReport]
    ) -> FitReport:
        """A training between its begin and its end."""
        points = _Given(theta)
        seconds = time.perf_counter() - started
        try:
            self.tell(Event("begin", rows=rows, seconds=seconds, _points=points))
            report = train()
        except BaseException:
            now = time.perf_counter() - started
            event = replace(self._latest, what="end", stop_reason=None, seconds=now)
            for called in self._called["end"]:
                # Whoever opened something may close it; what went wrong first is what is raised.
                with contextlib.suppress(Exception):
                    called(event)
            raise
        if self.stopped and not report.interrupted:
            report = replace(report, stop_reason=StopReason.CALLBACK)
        self.tell(
            Event(
                "end",
                phase=max(len(report.phases) - 1, 0),
                optimizer=report.phases[-1] if report.phases else "",
                rows=rows,
                loss=report.loss,
                validation_score=report.validation_score,
                best=report._best,
                n_fev=report.n_fev,
                n_iter=report.n_iter,
                seconds=report.seconds,
                stop_reason=report.stop_reason,
                _points=_Given(report.theta),
            )
        )
        return report
