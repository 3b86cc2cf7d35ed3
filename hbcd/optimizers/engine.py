"""One run of an optimizer on a Python function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.optimizers.function import Function, Residuals
from hbcd.parts.stopping import Stop, StopReason
from hbcd.utils.validation import as_seed, box_vectors

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["SOLVED", "Method", "minimize_function"]

Array = NDArray[np.float64]

SOLVED = {
    StopReason.GRADIENT,
    StopReason.DECREASE,
    StopReason.TARGET,
    StopReason.WIDTH,
}


class Method(Protocol):
    """What is asked of an optimizer here: `hbcd.Optimizer` has it."""

    def for_function(
        self, n: int, stop: Stop, box: tuple[Any, Any], residuals: bool
    ) -> tuple[Any, Stop]:
        """What runs on a function of n variables.

        Parameters
        ----------
        n : int
        stop : Stop
        box : (lo, hi)
        residuals : bool
        """


def minimize_function(
    method: Method,
    fun: Callable[..., Any],
    x0: ArrayLike,
    jac: Any,
    bounds: Any,
    rng: Any,
    callback: Callable[..., Any] | None,
    args: Any,
    stop: Stop,
    residuals: bool,
) -> OptimizeResult:
    """Runs `method`; the parameters and the result are those of `hbcd.minimize`."""
    from scipy.optimize import OptimizeResult

    x = np.array(x0, dtype=np.float64, copy=True)
    if x.ndim == 0:
        x = x.reshape(1)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"x0: has shape {x.shape}, must be a vector of at least one number")
    if not np.isfinite(x).all():
        raise ValueError("x0: must be finite")
    lo, hi = _bounds(bounds, x.size)
    method, stop = method.for_function(x.size, stop, (lo, hi), residuals)
    kind = Residuals if residuals else Function
    function = kind(fun, jac, tuple(args), lo, hi)
    result = core.minimize(
        method,
        function,
        x,
        lo,
        hi,
        stop,
        as_seed("rng", rng),
        None if callback is None else _callback(callback),
        normal=getattr(function, "normal_equations", None),
    )
    reason = StopReason(result["status"]) if result["status"] > 0 else StopReason.ITERATIONS
    if not np.isfinite(result["f"]) and reason in SOLVED:
        reason = StopReason.NOT_FINITE  # nothing that was tried had a value
    found = OptimizeResult(
        x=x,
        fun=result["f"],
        nfev=function.n_fev,
        nit=result["n_iter"],
        status=reason,
        success=reason in SOLVED,
        message=str(reason),
    )
    if function.gradient is not None:
        found["jac"] = function.gradient
        found["njev"] = function.n_jev
    return found


def _bounds(bounds: Any, n: int) -> tuple[Array | None, Array | None]:
    """Scipy's Bounds, or pairs, as two vectors."""
    if bounds is None:
        return None, None
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        return box_vectors("bounds", (bounds.lb, bounds.ub), n, np.float64)
    pairs = list(bounds)
    if len(pairs) != n or any(np.size(pair) != 2 for pair in pairs):
        raise ValueError(f"bounds: must be {n} pairs (lo, hi), one for each variable")
    lo = np.array([-np.inf if pair[0] is None else pair[0] for pair in pairs], dtype=np.float64)
    hi = np.array([np.inf if pair[1] is None else pair[1] for pair in pairs], dtype=np.float64)
    return box_vectors("bounds", (lo, hi), n, np.float64)


def _callback(callback: Callable[..., Any]) -> Callable[[Array, float], None]:
    """SciPy's two kinds of callback as one."""
    try:
        names = set(inspect.signature(callback).parameters)
    except (TypeError, ValueError):
        names = set()
    if names == {"intermediate_result"}:
        from scipy.optimize import OptimizeResult

        def with_result(x: Array, f: float) -> None:
            callback(intermediate_result=OptimizeResult(x=x, fun=f))

        return with_result

    def with_point(x: Array, f: float) -> None:
        callback(x)

    return with_point
