"""Who looks on after each iteration of a run on a function: the user's callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.optimizers.function import Function
from hbcd.parts.stopping import StopReason
from hbcd.utils.signatures import parameters_of

__all__ = ["Converged", "Observer", "UserCallback"]

Array = NDArray[np.float64]


class Converged(StopIteration):
    """Raised by an observer that finds a test of its own fulfilled."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Observer:
    """Looks on; raises StopIteration to end the run."""

    def begin(self, function: Function, x: Array, f: float, gradient: Array) -> None:
        """Before the first iteration, where the gradient at the start is known.

        Parameters
        ----------
        function : Function
        x : ndarray of shape (n,)
        f : float
        gradient : ndarray of shape (n,)
        """

    def iteration(self, x: Array, f: float, gradient: Array | None) -> None:
        """After an iteration.

        Parameters
        ----------
        x : ndarray of shape (n,)
        f : float
        gradient : ndarray of shape (n,), or None where it is not known
        """


class UserCallback(Observer):
    """SciPy's two kinds of callback.

    Parameters
    ----------
    callback : callable
        ``callback(intermediate_result=...)`` if that is its only parameter, else ``callback(x)``.
    """

    def __init__(self, callback: Callable[..., Any]) -> None:
        if not callable(callback):
            raise TypeError(f"callback={callback!r}: must be callable or None")
        try:
            names = set(parameters_of(callback))
        except (TypeError, ValueError):
            names = set()
        self.callback, self.wants_result = callback, names == {"intermediate_result"}

    def iteration(self, x: Array, f: float, gradient: Array | None) -> None:
        """Calls it."""
        if not self.wants_result:
            self.callback(x)
            return
        from scipy.optimize import OptimizeResult

        self.callback(intermediate_result=OptimizeResult(x=x, fun=f))
