"""Callbacks: the class to subclass, and the events that a training calls it with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.stopping import StopReason
from hbcd.utils.public import public

__all__ = ["Callback", "Event", "stops"]

NAN = math.nan


@public
@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened in a training; what a `Callback` is called with.

    Attributes
    ----------
    what : str
        "begin", "block_begin", "block_end", "sweep_end", "improved" or "end".
    start : int
        Which start of a `MultiStart`, or network of a fit by members, it is about, from 0; else 0.
    phase, epoch, step, block, rows : int
        As in the history; `epoch` is the number of the pass in its phase, block -1: all parameters.
    optimizer : str
        Class name of the phase's optimizer.
    loss : float
        On the rows of the batch at a block, on all training rows at the end of a sweep; NaN where
        it is not known.
    validation_loss, validation_score : float
        At the end of a sweep, where rows are held out: their loss, and the metric of
        `EarlyStopping` in its own sense; else NaN.
    best : float
        Best value so far of what decides which parameters are kept: that metric, else the loss on
        held-out rows, else the training loss.
    n_fev, n_iter : int
        Evaluations and iterations so far, of this start; without those that chose a penalty before
        the training, which a report counts.
    seconds : float
        Since the training began.
    stop_reason : StopReason or None
        At the end, why the training stopped (None: by an exception); at the end of a block, why the
        optimizer did.
    network : Network or None
        What `theta` are parameters of: `Grow` changes it from block to block.  None where the
        training ends by an exception, and where members begin.
    """

    what: str
    start: int = 0
    phase: int = 0
    optimizer: str = ""
    epoch: int = 0
    step: int = 0
    block: int = -1
    rows: int = 0
    loss: float = NAN
    validation_loss: float = NAN
    validation_score: float = NAN
    best: float = NAN
    n_fev: int = 0
    n_iter: int = 0
    seconds: float = 0.0
    stop_reason: StopReason | None = None
    network: Any = field(default=None, repr=False, compare=False)
    _points: Any = field(default=None, repr=False, compare=False)

    @property
    def theta(self) -> NDArray[Any]:
        """A copy of the present parameters, to be had only while the callback runs."""
        return self._points.theta  # type: ignore[no-any-return]

    @property
    def best_theta(self) -> NDArray[Any]:
        """A copy of the best parameters so far, to be had only while the callback runs."""
        return self._points.best_theta  # type: ignore[no-any-return]


@public
class Callback:
    """Base of callbacks: write the methods you need; the others cost nothing.

    Each gets an `Event`.  One that returns True, or raises `StopIteration`, ends the training:
    ``stop_reason`` is CALLBACK, the best parameters are kept, and nothing but `on_end` is called
    again.  Any other exception reaches the caller of the training as it is, and leaves a model that
    was fitted before as it was.

    Methods are called from within the training, one at a time, also where the starts of a
    `MultiStart` run side by side: their events come mixed, and `Event.start` tells them apart, with
    one begin and one end for all of them.
    """

    def on_begin(self, event: Event) -> bool | None:
        """Training begins: all input is checked, nothing is measured."""
        return None

    def on_block_begin(self, event: Event) -> bool | None:
        """A visit of a block, or of all parameters at once, begins."""
        return None

    def on_block_end(self, event: Event) -> bool | None:
        """A visit is over, and in the history."""
        return None

    def on_sweep_end(self, event: Event) -> bool | None:
        """A pass over the data, or a phase, is over: losses of all rows are measured."""
        return None

    def on_improved(self, event: Event) -> bool | None:
        """What was measured at the end of this sweep is the best so far."""
        return None

    def on_end(self, event: Event) -> bool | None:
        """Training is over, also by an exception (then `Event.stop_reason` is None)."""
        return None

    def __sklearn_clone__(self) -> Callback:
        """Clones of an estimator keep its callbacks: they belong to the user."""
        return self


def stops(answer: Any) -> bool:
    """Whether a callback's answer asks for the end: True, and no other value that counts as it.

    Parameters
    ----------
    answer : object
        What a callback returned.

    Returns
    -------
    bool
    """
    return isinstance(answer, (bool, np.bool_)) and bool(answer)
