"""`hbcd.minimize`: the optimizers on any Python function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from hbcd.optimizers.base import Optimizer
from hbcd.optimizers.builtin import LBFGS
from hbcd.optimizers.engine import Problem, run
from hbcd.optimizers.observer import UserCallback
from hbcd.parts.stopping import Stop
from hbcd.utils.public import public

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["minimize"]


@public
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
    method = LBFGS() if method is None else method
    if not isinstance(method, Optimizer):
        raise TypeError(f"method={method!r}: must be an hbcd.Optimizer")
    if stop is not None and not isinstance(stop, Stop):
        raise TypeError(f"stop={stop!r}: must be an hbcd.Stop or None")
    return run(
        method,
        Problem(fun, x0, jac, bounds, args, residuals),
        Stop() if stop is None else stop,
        rng,
        None if callback is None else UserCallback(callback),
    )
