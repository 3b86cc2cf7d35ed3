"""A Python function as the core calls it: a value, or residuals whose squares are summed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.validation import as_real

__all__ = ["Function", "Residuals"]

Array = NDArray[np.float64]


def _numbers(name: str, value: Any) -> Array:
    """What a function of the user returned, as float64."""
    if value is None:
        raise TypeError(f"{name}: returned None, must return numbers")
    return np.asarray(as_real(name, value), dtype=np.float64)


class Function:
    """fun and jac, counting, and keeping the last gradient."""

    returns = "f, gradient"
    derivatives = "gradient"

    def __init__(
        self,
        fun: Callable[..., Any],
        jac: Any,
        args: tuple[Any, ...],
        lo: Array | None,
        hi: Array | None,
    ) -> None:
        self.fun, self.jac, self.args = fun, jac, args
        self.lo = -np.inf if lo is None else lo
        self.hi = np.inf if hi is None else hi
        self.n_fev = self.n_jev = 0
        self.gradient: Array | None = None

    def __call__(self, x: Array, with_gradient: bool) -> tuple[float, Array | None]:
        """The value at x, and the gradient where it is wanted."""
        value, gradient = self.measure(x, with_gradient)
        if with_gradient:
            self.gradient = gradient
        return float(value), gradient

    def read(self, value: Any) -> Array:
        """What fun returned as an array of no axis."""
        if np.size(value) != 1:
            raise ValueError(f"fun: returned {np.size(value)} values, must return one number")
        return _numbers("fun", value).reshape(())

    def measure(self, x: Array, with_derivatives: bool) -> tuple[Array, Any]:
        """What fun returns at x and, if asked for, its derivatives: one more axis, of n."""
        value, slopes = self.ask(x)
        if not with_derivatives:
            return value, None
        if self.jac is not True:
            slopes = self.jac(x, *self.args) if callable(self.jac) else self.differences(x, value)
        self.n_jev += 1
        slopes = _numbers("jac", slopes)
        if slopes.shape != (*value.shape, x.size):
            raise ValueError(
                f"jac: {self.derivatives} has shape {slopes.shape}, "
                f"must be {(*value.shape, x.size)}"
            )
        return value, slopes

    def ask(self, x: Array) -> tuple[Array, Any]:
        """The value at x and, where fun returns both, its derivatives."""
        self.n_fev += 1
        if self.jac is not True:
            x = x.copy()  # fun may write into its argument, of which slopes are asked next
        value, slopes = self.fun(x, *self.args), None
        if self.jac is True:
            try:
                value, slopes = value
            except (TypeError, ValueError):
                told = (
                    value
                    if value is None or isinstance(value, (int, float))
                    else type(value).__name__
                )  # one line
                raise TypeError(
                    f"fun={told!s}: must be ({self.returns}) where jac is True"
                ) from None
        return self.read(value), slopes

    def differences(self, x: Array, value: Array) -> Array:
        """Forward differences with the step of scipy's default, backward where a bound is near."""
        step = np.sqrt(np.finfo(np.float64).eps) * np.where(x >= 0, 1.0, -1.0)
        step = step * np.maximum(1.0, np.abs(x))
        outside = (x + step > self.hi) | (x + step < self.lo)
        to = np.clip(x + np.where(outside, -step, step), self.lo, self.hi)
        slopes = np.zeros((*value.shape, x.size))
        for i in np.flatnonzero(to != x):  # lo = hi leaves no room, and no meaning to a slope
            moved = x.copy()
            moved[i] = to[i]
            self.n_fev += 1
            slopes[..., i] = (self.read(self.fun(moved, *self.args)) - value) / (to[i] - x[i])
        return slopes


class Residuals(Function):
    """``r'r / 2``: fun returns the residuals r (m,), jac their derivatives J (m, n)."""

    returns = "r, J"
    derivatives = "Jacobian"
    last: tuple[Array, Array, Any] | None = None  # point, residuals, and J or None

    def ask(self, x: Array) -> tuple[Array, Any]:
        """A step that is taken is followed by a model at its end: fun is called once for both."""
        if self.last is None or not np.array_equal(self.last[0], x):
            self.last = None  # fun may raise, and may write where it wrote before
            self.last = x.copy(), *super().ask(x)
        return self.last[1:]

    def __call__(self, x: Array, with_gradient: bool) -> tuple[float, Array | None]:
        """The value at x, and the gradient where it is wanted."""
        residuals, jacobian = self.measure(x, with_gradient)
        if with_gradient:
            self.gradient = jacobian.T @ residuals
        return 0.5 * float(residuals @ residuals), self.gradient if with_gradient else None

    def read(self, value: Any) -> Array:
        """What fun returned as a vector."""
        residuals = np.array(_numbers("fun", value), ndmin=1)  # a copy: fun may use its own again
        if residuals.ndim != 1:
            raise ValueError(f"fun: residuals have shape {residuals.shape}, must be a vector")
        return residuals

    def normal_equations(self, x: Array) -> tuple[float, Array, Array]:
        """f, J'r and J'J."""
        residuals, jacobian = self.measure(x, True)
        self.gradient = gradient = jacobian.T @ residuals
        return 0.5 * float(residuals @ residuals), gradient, jacobian.T @ jacobian
