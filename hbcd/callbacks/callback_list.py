"""The callbacks of a training: each event to each of them, one at a time, and their answers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hbcd import core
from hbcd.callbacks.callback import Callback, Event, stops
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import StopReason

__all__ = ["CallbackList", "as_callbacks"]

KINDS = ("begin", *core.EVENTS, "end")


def as_callbacks(value: Any) -> list[Any]:
    """A list of callbacks and functions of an event.

    Parameters
    ----------
    value : None, Callback, function of an `Event`, or list of them

    Returns
    -------
    list of Callback or callable
        A new list.

    Raises
    ------
    TypeError
        Something else, such as a class.
    """
    if value is None:
        return []
    several = list(value) if isinstance(value, (list, tuple)) else [value]
    for callback in several:
        is_one = isinstance(callback, Callback) or callable(callback)
        if isinstance(callback, type) or not is_one:
            raise TypeError(
                f"callbacks={callback!r}: must be an hbcd.Callback, a function of an event, or a "
                "list of them"
            )
    return several


def _is_written(callback: Callback, method: str) -> bool:
    own = method in vars(callback)
    return own or getattr(type(callback), method) is not getattr(Callback, method)


@dataclass(frozen=True)
class _Parameters:
    """The parameters at the begin and the end, when no call of the core holds them."""

    parameters: NDArray[Any]

    @property
    def theta(self) -> NDArray[Any]:
        return self.parameters.copy()

    best_theta = theta


class CallbackList:
    """The callbacks of one training.

    Parameters
    ----------
    callbacks : sequence of Callback or callable
        What `as_callbacks` made.

    Attributes
    ----------
    wanted : int
        Bit k is set where a callback takes events of the core of kind k (`hbcd.core.EVENTS`).
    stopped : bool
        A callback has asked for the end of the training.
    """

    def __init__(self, callbacks: Sequence[Any]) -> None:
        self._methods: dict[str, list[Callable[[Event], Any]]] = {kind: [] for kind in KINDS}
        for callback in callbacks:
            for kind in KINDS:
                if not isinstance(callback, Callback):
                    self._methods[kind].append(callback)
                elif _is_written(callback, f"on_{kind}"):
                    self._methods[kind].append(getattr(callback, f"on_{kind}"))
        self._is_empty = not callbacks
        self.wanted = sum(1 << k for k, kind in enumerate(core.EVENTS) if self._methods[kind])
        self.stopped = False
        self._latest: Event | None = None
        self._one_at_a_time = threading.Lock()

    def call(self, event: Event) -> int:
        """Calls the callbacks for this kind of event.

        Parameters
        ----------
        event : Event

        Returns
        -------
        int
            0, or the stop code where one has asked for the end of the training.
        """
        with self._one_at_a_time:
            self._latest = event
            for method in self._methods[event.what]:
                if self.stopped and event.what != "end":
                    break
                try:
                    self.stopped |= stops(method(event))
                except StopIteration:
                    self.stopped = True
        return int(StopReason.CALLBACK) if self.stopped else 0

    def begin(self, theta: NDArray[Any], rows: int, seconds: float, network: Any = None) -> None:
        """A training begins.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
        rows : int
        seconds : float
            Since `Network.train` was called.
        network : Network, optional
            None: there is none yet.
        """
        if not self._is_empty:
            points = _Parameters(theta)
            self.call(Event("begin", rows=rows, seconds=seconds, network=network, _points=points))

    def end(self, report: FitReport, rows: int) -> None:
        """The training is over.

        Parameters
        ----------
        report : FitReport
        rows : int
        """
        if self._is_empty:
            return
        self.call(
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
                network=report.network,
                _points=_Parameters(report.theta),
            )
        )

    def fail(self, seconds: float) -> None:
        """The training ends by an exception.

        Callbacks may close what they have opened; an exception of theirs is dropped, because the
        one that ended the training is raised.

        Parameters
        ----------
        seconds : float
            Since `Network.train` was called.
        """
        if self._latest is None:
            return
        event = replace(self._latest, what="end", stop_reason=None, seconds=seconds)
        for method in self._methods["end"]:
            with contextlib.suppress(Exception):
                method(event)
