"""The optimizers on any Python function: `hbcd.minimize`, and as methods of scipy.optimize."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.optimizers.builtin import ICRS, LBFGS, ExactOutput, LevenbergMarquardt, Optimizer
from hbcd.optimizers.function import Function, Residuals
from hbcd.parts.stopping import Stop, StopReason
from hbcd.utils.validation import as_seed, box_vectors

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["minimize", "scipy_method"]

Array = NDArray[np.float64]

SOLVED = {
    StopReason.GRADIENT,
    StopReason.DECREASE,
    StopReason.TARGET,
    StopReason.WIDTH,
}


def minimize(
    fun: Callable[..., Any],
    x0: ArrayLike,
    method: Optimizer | None = None,
    jac: bool | Callable[..., Any] = True,
    bounds: Any = None,
    rng: Any = None,
    callback: Callable[..., Any] | None = None,
    *,
    args: tuple[Any, ...] = (),
    stop: Stop | None = None,
    residuals: bool = False,
) -> OptimizeResult:
    """Minimizes a function of several variables with one of hbcd's optimizers.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> (f, gradient)`` if `jac` is True, else ``fun(x, *args) -> f``.
    x0 : array_like of shape (n,)
        Start; moved into the bounds if it lies outside.
    method : Optimizer, default LBFGS()
        Adam, LBFGS, BFGS, BarzilaiBorwein, ICRS, LevenbergMarquardt (with `residuals`), or an
        optimizer of one's own.
    jac : True, callable or False, default True
        True: `fun` returns the gradient too; a callable ``jac(x, *args)``; False: forward
        differences.  ICRS asks for no gradient: with it, `fun` may return f alone if jac is False.
    bounds : scipy.optimize.Bounds, sequence of (lo, hi) pairs, or None
        None or infinities: no bound.  ICRS needs finite bounds on every variable.
    rng : None, int, Generator or SeedSequence
        Seed of the optimizers that draw.
    callback : callable, optional
        Called after each iteration as SciPy does: ``callback(intermediate_result=...)`` if its
        parameter has that name, else ``callback(x)``.  `StopIteration` stops the run.
    args : tuple
        Further arguments of `fun` and `jac`.
    stop : Stop, default Stop()
        Tolerances and limits.  Adam stops after 10 000 iterations if nothing limits it.
    residuals : bool, default False
        True: `fun` returns a vector of residuals r (m,) instead of f, and its derivatives are the
        Jacobian J (m, n) instead of the gradient (with `jac` True: ``fun(x) -> (r, J)``).  What is
        minimized is ``f = r'r / 2``, by any method; LevenbergMarquardt needs it.

    Returns
    -------
    scipy.optimize.OptimizeResult
        x, fun, jac (of the last gradient asked for; absent for ICRS), nfev (calls of `fun`, those
        for differences too, which `max_evaluations` does not count), njev, nit, status (a
        `StopReason`), success, message.  x is the best point evaluated, whatever the status.

    Raises
    ------
    ValueError
        Bad shapes, values or bounds.  Exceptions of `fun`, `jac` and `callback` arrive intact.
    """
    from scipy.optimize import OptimizeResult

    method = LBFGS() if method is None else method
    if not isinstance(method, Optimizer):
        raise TypeError(f"method={method!r}: must be an hbcd.Optimizer")
    x = np.array(x0, dtype=np.float64, copy=True)
    if x.ndim == 0:
        x = x.reshape(1)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"x0: has shape {x.shape}, must be a vector of at least one number")
    if not np.isfinite(x).all():
        raise ValueError("x0: must be finite")
    lo, hi = _bounds(bounds, x.size)
    _check_method(method, x.size, residuals)
    kind = Residuals if residuals else Function
    function = kind(fun, jac, tuple(args), lo, hi)
    result = core.minimize(
        _completed(method, x.size, stop),
        function,
        x,
        lo,
        hi,
        _limits(method, stop),
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


def _check_method(method: Optimizer, n: int, residuals: bool) -> None:
    """ValueError where a method needs something else than this function of n variables."""
    if isinstance(method, ExactOutput):
        raise ValueError(f"method={method!r}: is for the last layer of a network, not a function")
    if isinstance(method, LevenbergMarquardt) and not residuals:
        raise ValueError(
            "residuals=False: must be True, LevenbergMarquardt needs a fun that returns residuals"
        )
    method.check_size(n)


def _completed(method: Optimizer, n: int, stop: Stop | None) -> Optimizer:
    """What a method leaves open: the budget of ICRS without any limit, the damping of steps."""
    if type(method) is LevenbergMarquardt and method.damping is None:
        return replace(method, damping="trust_region")
    unlimited = stop is None or (
        stop.max_evaluations is None and stop.max_iterations is None and stop.max_seconds is None
    )
    if type(method) is ICRS and method.max_evaluations is None and unlimited:
        return replace(method, max_evaluations=100 * n)
    return method


def _limits(method: Optimizer, stop: Stop | None) -> Stop:
    stop = Stop() if stop is None else stop
    native = getattr(method, "_native", None)
    if native == "adam" and stop.max_iterations is None and stop.max_seconds is None:
        return replace(stop, max_iterations=10_000)
    return stop


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


def scipy_method(optimizer: Optimizer) -> Callable[..., OptimizeResult]:
    """An optimizer as a `method` of ``scipy.optimize.minimize``.

    Options understood: every field of `Stop`, `rng`, and SciPy's `maxiter` and `maxfun`; SciPy's
    `tol` sets `pg_tol` and `f_tol`.
    """

    def method(
        fun: Callable[..., Any],
        x0: ArrayLike,
        args: tuple[Any, ...] = (),
        *,
        jac: Any = None,
        hess: Any = None,
        hessp: Any = None,
        bounds: Any = None,
        constraints: Any = (),
        callback: Callable[..., Any] | None = None,
        rng: Any = None,
        tol: float | None = None,
        maxiter: int | None = None,
        maxfun: int | None = None,
        **options: Any,
    ) -> OptimizeResult:
        if constraints is not None and np.size(constraints) > 0:
            raise ValueError("constraints: must be empty; bounds are the only ones supported")
        unknown = set(options) - set(Stop.__dataclass_fields__)
        if unknown:
            raise TypeError(f"options={sorted(unknown)}: must be fields of hbcd.Stop")
        if tol is not None:
            options = {"pg_tol": tol, "f_tol": tol, **options}
        if maxiter is not None:
            options["max_iterations"] = maxiter
        if maxfun is not None:
            options["max_evaluations"] = maxfun
        return minimize(
            fun,
            x0,
            method=optimizer,
            jac=jac if callable(jac) else bool(jac),
            bounds=bounds,
            rng=rng,
            callback=callback,
            args=args if isinstance(args, tuple) else (args,),
            stop=Stop(**options),
        )

    return method
