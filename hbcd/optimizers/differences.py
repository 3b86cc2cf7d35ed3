"""Derivatives from differences of values, inside bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.validation import as_real

__all__ = ["Differences"]

Array = NDArray[np.float64]
Measure = Callable[[list[Array]], list[Array]]


@dataclass(frozen=True)
class Differences:
    """How derivatives are approximated.

    Parameters
    ----------
    central : bool
        Points on both sides, with an error in step**2; else on one side, with one in step.
    step : float or vector, optional
        Absolute step of each variable.
    relative_step : float or vector, optional
        Step relative to ``max(1, |x|)``; by default eps**(1/2), and eps**(1/3) for central ones.
    evaluate : callable
        As `map`: ``evaluate(fun, points)`` gives the values, in order.
    """

    central: bool = False
    step: Any = None
    relative_step: Any = None
    evaluate: Callable[..., Iterable[Any]] = map

    def check_size(self, n: int) -> None:
        """ValueError where a step is none for n variables."""
        for name, step in (("eps", self.step), ("finite_diff_rel_step", self.relative_step)):
            if step is None:
                continue
            values = as_real(name, step)
            if values.size not in (1, n) or values.ndim > 1 or not (values > 0).all():
                raise ValueError(f"{name}: must be positive numbers, 1 or {n} of them")

    def slopes(self, x: Array, value: Array, lo: Any, hi: Any, measure: Measure) -> Array:
        """Derivatives at x: one more axis, of n; 0 where lo = hi, which leaves no room.

        Parameters
        ----------
        x : ndarray of shape (n,)
        value : ndarray
            What the function returns at x.
        lo, hi : ndarray of shape (n,), or infinities
        measure : callable
            Values at a list of points.
        """
        step = self._steps(x)
        if self.central:
            below, above = np.maximum(x - step, lo), np.minimum(x + step, hi)
        else:
            step = np.where(x >= 0, step, -step)
            outside = (x + step > hi) | (x + step < lo)
            below, above = x, np.clip(x + np.where(outside, -step, step), lo, hi)
        slopes = np.zeros((*value.shape, x.size))
        moves = np.flatnonzero(above != below)
        ends = [_moved(x, i, above[i]) for i in moves]
        if self.central:
            ends += [_moved(x, i, below[i]) for i in moves]
        values = measure(ends)
        for k, i in enumerate(moves):
            from_value = values[moves.size + k] if self.central else value
            slopes[..., i] = (values[k] - from_value) / (above[i] - below[i])
        return slopes

    def _steps(self, x: Array) -> Array:
        if self.step is not None:
            return np.broadcast_to(np.asarray(self.step, dtype=np.float64), x.shape)
        relative = self.relative_step
        if relative is None:
            relative = np.finfo(np.float64).eps ** (1 / 3 if self.central else 1 / 2)
        return np.asarray(relative) * np.maximum(1.0, np.abs(x))


def _moved(x: Array, i: Any, to: float) -> Array:
    point = x.copy()
    point[i] = to
    return point
