"""A Python function as the core calls it: a value, or residuals whose squares are summed."""

from __future__ import annotations

from collections.abc import Callable
from math import frexp, isfinite, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.optimizers.differences import Differences
from hbcd.utils.validation import as_real

__all__ = ["Function", "Residuals"]

Array = NDArray[np.float64]
SMALLEST = 1e-140  # of residuals: sums of squares of numbers far below it are rounded to nothing
FLOAT64 = np.dtype(np.float64)


def _numbers(name: str, value: Any) -> Array:
    """What a function of the user returned, as float64."""
    if value is None:
        raise TypeError(f"{name}: returned None, must return numbers")
    if type(value) is np.ndarray and value.dtype is FLOAT64:
        return value
    return np.asarray(as_real(name, value), dtype=np.float64)


class _Call:
    """fun with its further arguments; it can be sent to another process."""

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.fun, self.args = fun, args

    def __call__(self, x: Array) -> Any:
        return self.fun(x, *self.args)


class Function:
    """fun and jac: counts their calls, and keeps the gradient at the lowest point so far."""

    returns = "f, gradient"
    derivatives = "gradient"

    def __init__(
        self,
        fun: Callable[..., Any],
        jac: Any,
        args: tuple[Any, ...],
        lo: Array | None,
        hi: Array | None,
        differences: Differences,
    ) -> None:
        if not callable(fun):
            raise TypeError(f"fun={fun!r}: must be callable")
        self.jac, self.args, self.differences = jac, args, differences
        self.call = _Call(fun, args) if args else fun
        self.lo = -np.inf if lo is None else lo
        self.hi = np.inf if hi is None else hi
        self.n_fev = self.n_jev = 0
        self._lowest: list[tuple[float, Array, Array]] = []  # the first and the last one
        self._start: tuple[Array, float, Array] | None = None

    def __call__(self, x: Array, with_gradient: bool) -> tuple[float, Array | None]:
        """The value at x, and the gradient where it is wanted."""
        if self._start is not None:
            start, self._start = self._start, None
            if (start[0] == x).all():
                return start[1:]
        point = x.copy() if self.jac is True else x  # fun may write into its argument
        value, gradient = self.measure(x, with_gradient)
        f = float(value)
        if with_gradient:
            self.keep(point, f, gradient)
        return f, gradient

    def begin(self, x: Array) -> tuple[float, Array]:
        """The value and the gradient where a run starts, which is going to ask for them again."""
        f, gradient = self(x.copy(), True)
        assert gradient is not None
        self._start = x.copy(), f, gradient
        return f, gradient

    def keep(self, x: Array, f: float, gradient: Array) -> None:
        """Keeps a gradient, and x itself, where f is the lowest so far."""
        if not self._lowest:
            self._lowest = [(f, x, gradient.copy())]
            return
        first = self._lowest[0]
        if not (f <= first[0] or isnan(first[0])):
            return
        if not (isfinite(gradient.dot(gradient)) or np.isfinite(gradient).all()):
            return
        found = f, x, gradient.copy()
        self._lowest = [first, found] if f == first[0] else [found]

    def gradient_at(self, x: Array) -> Array | None:
        """The gradient at x where it is known: at the lowest point."""
        for _, point, gradient in self._lowest:
            if (point == x).all():
                return gradient
        return None

    def value_at(self, x: Array, otherwise: float) -> float:
        """What fun returned at x where the gradient there is known."""
        values = [f for f, point, _ in self._lowest if np.array_equal(point, x)]
        return values[0] if values else otherwise

    def with_unknown(self, gradient: Array) -> Array:
        """A copy with NaN where lo = hi left no room for differences."""
        gradient = gradient.copy()
        if self.jac is not True and not callable(self.jac):
            gradient[np.broadcast_to(np.equal(self.lo, self.hi), gradient.shape)] = np.nan
        return gradient

    def read(self, value: Any) -> Array:
        """What fun returned as an array of no axis."""
        if isinstance(value, float):
            return np.asarray(value)
        self.refuse_pair(value, axes=1)
        if np.size(value) != 1:
            raise ValueError(f"fun: returned {np.size(value)} values, must return one number")
        return _numbers("fun", value).reshape(())

    def refuse_pair(self, value: Any, axes: int) -> None:
        """TypeError where fun returns derivatives, of so many axes, that jac says it does not."""
        if self.jac is not True and isinstance(value, tuple) and len(value) == 2:
            if np.ndim(value[1]) != axes:
                return
            jac = "a callable" if callable(self.jac) else repr(self.jac)
            raise TypeError(
                f"fun: returned a pair where jac is {jac}: jac=True says that it returns "
                f"({self.returns})"
            )

    def measure(self, x: Array, with_derivatives: bool) -> tuple[Array, Any]:
        """What fun returns at x and, if asked for, its derivatives: one more axis, of n."""
        value, slopes = self.ask(x)
        if not with_derivatives:
            return value, None
        if callable(self.jac):
            slopes = self.jac(x, *self.args)
        elif self.jac is not True:
            slopes = self.differences.slopes(x, value, self.lo, self.hi, self.values)
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
        value, slopes = self.call(x), None
        if self.jac is True:
            try:
                if isinstance(value, np.ndarray) and value.ndim == 1 and x.size > 1:
                    raise TypeError  # one vector, whatever its length
                value, slopes = value
            except (TypeError, ValueError):
                short = value is None or isinstance(value, (int, float))
                shown = value if short else type(value).__name__  # one line
                raise TypeError(
                    f"fun={shown}: must be ({self.returns}) where jac is True, as it is unless "
                    "given; jac=False takes differences of fun"
                ) from None
        return self.read(value), slopes

    def values(self, points: list[Array]) -> list[Array]:
        """The values at some points, in the order of the points."""
        self.n_fev += len(points)
        return [self.read(value) for value in self.differences.evaluate(self.call, points)]


class Residuals(Function):
    """``r'r / 2``: fun returns the residuals r (m,), jac their derivatives J (m, n)."""

    returns = "r, J"
    derivatives = "Jacobian"
    # The last point with its residuals and, where asked for, their derivatives.
    last: tuple[Array, Array, Any] | None = None
    last_model: tuple[Array, Array, Array] | None = None

    def ask(self, x: Array) -> tuple[Array, Any]:
        """A step that is taken is followed by a model at its end: fun is called once for both."""
        if self.last is None or not np.array_equal(self.last[0], x):
            self.last = None  # fun may raise, and may write where it wrote before
            self.last = x.copy(), *super().ask(x)
        return self.last[1:]

    def model(self, x: Array) -> tuple[Array, Array]:
        """R and J, measured once where they are asked for again at the same point."""
        if self.last_model is None or not np.array_equal(self.last_model[0], x):
            self.last_model = None
            self.last_model = x.copy(), *self.measure(x, True)
        return self.last_model[1:]

    def __call__(self, x: Array, with_gradient: bool) -> tuple[float, Array | None]:
        """The value at x, and the gradient where it is wanted."""
        if not with_gradient:
            residuals = self.measure(x, False)[0]
            return 0.5 * float(residuals @ residuals), None
        f, gradient, _ = self.normal_equations(x, matrix=False)
        return f, gradient

    def begin(self, x: Array) -> tuple[float, Array]:
        """The value and the gradient where a run starts, unless squares vanish there."""
        found = super().begin(x)
        residuals, jacobian = self.model(x)
        sizes = float(np.abs(residuals).max()), float(np.abs(jacobian).max())
        if sizes[0] > 0 and max(sizes) < SMALLEST:
            raise ValueError(
                f"fun: the largest residual is {sizes[0]:.3g} at the start, whose square vanishes "
                "beside its rounding: multiply residuals and Jacobian by a large number, such as "
                f"2.0**{-frexp(max(sizes))[1]}"
            )
        return found

    def read(self, value: Any) -> Array:
        """What fun returned as a vector."""
        self.refuse_pair(value, axes=2)
        residuals = np.array(_numbers("fun", value), ndmin=1)  # a copy: fun may use its own again
        if residuals.ndim != 1:
            raise ValueError(f"fun: residuals have shape {residuals.shape}, must be a vector")
        if residuals.size == 0:
            raise ValueError("fun: returned no residuals, must return at least one")
        return residuals

    def normal_equations(self, x: Array, matrix: bool = True) -> tuple[float, Array, Any]:
        """f, J'r and, if asked for, J'J."""
        residuals, jacobian = self.model(x)
        f, gradient = 0.5 * float(residuals @ residuals), jacobian.T @ residuals
        assert self.last_model is not None
        self.keep(self.last_model[0], f, gradient)
        return f, gradient, jacobian.T @ jacobian if matrix else None
