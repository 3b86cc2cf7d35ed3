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
        Adam, LBFGS, BFGS, BarzilaiBorwein, ICRS, LevenbergMarquardt (with `residuals`), or a
        custom optimizer.
    jac : True, callable, False, None, "2-point" or "3-point", default True
        True: `fun` returns the gradient too; a callable ``jac(x, *args)``; "3-point": central
        differences; the others: forward differences.  ICRS asks for no gradient: with it, `fun`
        may return f alone if jac is not True.
    bounds : scipy.optimize.Bounds, sequence of (lo, hi) pairs, or None
        None or infinities: no bound.  ICRS needs finite bounds on every variable, a finite
        distance apart.
    rng : None, int, Generator or SeedSequence
        Seed of the optimizers that draw.
    callback : callable, optional
        Called after each iteration as SciPy does: ``callback(intermediate_result=...)`` if its
        only parameter has that name, else ``callback(x)``.  `StopIteration` stops the run.
    args : tuple or object
        Further arguments of `fun` and `jac`; what is no tuple is the only one.
    stop : Stop, default Stop()
        Tolerances and limits.  Adam stops after 10 000 iterations if nothing limits it.
    residuals : bool, default False
        True: `fun` returns a vector of residuals r (m,) instead of f, and its derivatives are the
        Jacobian J (m, n) instead of the gradient (with `jac` True: ``fun(x) -> (r, J)``).  What is
        minimized is ``f = r'r / 2``, by any method; LevenbergMarquardt needs it.

    Returns
    -------
    scipy.optimize.OptimizeResult
        x, fun, jac (the gradient at x, NaN where differences had no room; absent where none was
        asked for there), nfev (calls of `fun`, those for differences too, which `max_evaluations`
        does not count), njev, nit, status (a `StopReason`), success, message.  x is the best point
        evaluated, whatever the status.

    Raises
    ------
    ValueError
        Bad shapes, values or bounds.  Exceptions of `fun`, `jac` and `callback` arrive intact.

    Notes
    -----
    The tolerances of `Stop` are meant for a function whose size where the run starts, the larger
    of ``|f|`` and its projected gradient, is about 1 or more.  A smaller one, of size ``2**-k``, is
    multiplied by the power of two that makes its size ``2**min(k, 7)``, which rounds nothing; and
    where the projected gradient at the start is below 1 after that, `pg_tol` is relative to it.
    So neither a small unit of f nor a flat start is taken for a minimum.  A run that finds no
    lower point is a success where rounding hides what is left to gain.  None of this applies to
    ICRS, which uses no tolerance of f, and to custom optimizers, which see f as it is.
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
