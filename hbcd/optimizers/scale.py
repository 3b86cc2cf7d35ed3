"""The scales of a function and of its variables."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.stopping import Stop

__all__ = ["Basis", "Scale", "is_exhausted", "projected_gradient"]

Array = NDArray[np.float64]


def projected_gradient(x: Array, gradient: Array, lo: Any, hi: Any) -> float:
    """``max_i |P(x - g)_i - x_i|``, P the projection onto the bounds, without rounding x - g."""
    if lo is None and hi is None:
        return float(np.abs(gradient).max())
    with np.errstate(over="ignore", invalid="ignore"):
        down = np.inf if lo is None else x - lo
        up = np.inf if hi is None else hi - x
        return float(np.abs(np.clip(gradient, -up, down)).max())


def is_exhausted(x: Array, f: float, gradient: Array) -> bool:
    """Whether rounding hides what could still be gained at x.

    Either f is flat, ``sum_i |g_i| max(|x_i|, 1) <= 1e-9 |f|``, or x is as exact as it can be: its
    rounding alone changes f by more than a thousandth, ``sum_i |g_i x_i| eps >= 1e-3 |f|``.
    """
    size = np.abs(gradient)
    flat = float(size @ np.maximum(np.abs(x), 1.0)) <= 1e-9 * abs(f)
    rounding = float(size @ np.abs(x)) * float(np.finfo(np.float64).eps)
    return flat or rounding >= 1e-3 * abs(f)


# The tolerances of `Stop` are meant for functions that are about 2**7 where a search starts.
USUAL, LARGEST = 7, 60


@dataclass(frozen=True)
class Scale:
    """What a function measures at the start of a run.

    Parameters
    ----------
    factor : float
        The optimizer sees ``factor * f``, a power of two, so that nothing is rounded: 1 for
        functions of usual size.
    gradient : float
        Projected gradient at the start, of f itself.
    """

    factor: float = 1.0
    gradient: float = np.inf

    @classmethod
    def at(cls, f: float, gradient: float) -> Scale:
        """The scale of a function with these values at its start.

        Its size is the larger of ``|f|`` and the projected gradient.  One of size ``2**-k`` is made
        to be ``2**min(k, 7)``, one beyond ``2**60`` to be that.
        """
        size = max(abs(f), gradient)
        if not math.isfinite(size) or size <= 0:
            return cls(gradient=gradient)
        exponent = math.frexp(size)[1]
        wanted = min(-exponent, USUAL) if exponent < 0 else min(exponent, LARGEST)
        return cls(math.ldexp(1.0, min(wanted - exponent, 1000)), gradient)

    def of_stop(self, stop: Stop, absolute: bool) -> Stop:
        """Tolerances and target for ``factor * f``; `absolute`: `pg_tol` is one of f itself."""
        unit = self.factor if absolute else self._gradient_unit()
        if unit == self.factor == 1.0:
            return stop
        return replace(
            stop,
            pg_tol=stop.pg_tol * unit,
            target=None if stop.target is None else stop.target * self.factor,
        )

    def _gradient_unit(self) -> float:
        """What the projected gradient is compared with: 1, or what it was at a flat start."""
        return min(1.0, self.factor * self.gradient)

    def allowed(self, stop: Stop) -> float:
        """The projected gradient of f itself that passes where rounding hides what is left."""
        return stop.pg_tol * max(1.0, self.gradient)

    def of_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``factor * f`` and its gradient, or its normal equations."""
        if self.factor == 1.0:
            return function

        def scaled(*args: Any) -> tuple[Any, ...]:
            with np.errstate(over="ignore"):  # infinite is no number, as it is for the core
                return tuple(
                    None if part is None else self.factor * part for part in function(*args)
                )

        return scaled


@dataclass(frozen=True)
class Basis:
    """Variables z in ``x = origin + matrix z``; z is x itself where there is no matrix.

    Parameters
    ----------
    origin : ndarray of shape (n,)
    matrix : ndarray of shape (n, n) or None
    """

    origin: Array
    matrix: Array | None

    def start(self) -> Array:
        """Z of the origin; the optimizer moves it in place."""
        return self.origin.copy() if self.matrix is None else np.zeros_like(self.origin)

    def point(self, z: Array) -> Array:
        """X."""
        return z if self.matrix is None else self.origin + self.matrix @ z

    def of_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """F and its gradient by z."""
        matrix = self.matrix
        if matrix is None:
            return function

        def of_z(z: Array, with_gradient: bool) -> tuple[float, Array | None]:
            f, gradient = function(self.point(z), with_gradient)
            return f, None if gradient is None else matrix.T @ gradient

        return of_z
