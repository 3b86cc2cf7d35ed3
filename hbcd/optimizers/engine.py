"""One run of an optimizer on a Python function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.optimizers.bounds import read_bounds
from hbcd.optimizers.differences import Differences
from hbcd.optimizers.function import Function, Residuals
from hbcd.optimizers.observer import Converged, Observer
from hbcd.optimizers.scale import Basis, Scale, is_exhausted, projected_gradient
from hbcd.parts.stopping import Stop, StopReason
from hbcd.utils.validation import as_real, as_seed

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["SOLVED", "Method", "Problem", "run"]

Array = NDArray[np.float64]

FORWARD = Differences()
SOLVED = {
    StopReason.GRADIENT,
    StopReason.DECREASE,
    StopReason.TARGET,
    StopReason.WIDTH,
}


class Method(Protocol):
    """What is asked of an optimizer here: `hbcd.Optimizer` has it."""

    value_only: ClassVar[bool]

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
        ...


@dataclass(frozen=True)
class Problem:
    """What is minimized: the parameters of `hbcd.minimize` of these names, and two more.

    Parameters
    ----------
    differences : Differences
        How derivatives are approximated where `jac` gives none.
    basis : ndarray of shape (n, n), optional
        The optimizer moves z in ``x = x0 + basis z``; without bounds only.
    """

    fun: Callable[..., Any]
    x0: Any
    jac: Any = None
    bounds: Any = None
    args: Any = ()
    residuals: bool = False
    differences: Differences = FORWARD
    basis: Array | None = None

    def start(self) -> Array:
        """`x0` as a vector of finite numbers."""
        x = np.array(as_real("x0", self.x0), dtype=np.float64)
        if x.ndim == 0:
            x = x.reshape(1)
        if x.ndim != 1 or x.size == 0:
            raise ValueError(f"x0: has shape {x.shape}, must be a vector of at least one number")
        if not np.isfinite(x).all():
            raise ValueError("x0: must be finite")
        return x

    def basis_of(self, n: int, lo: Array | None, hi: Array | None) -> Array | None:
        """`basis`, where it is one of n variables without bounds."""
        if self.basis is None:
            return None
        if self.basis.shape != (n, n):
            raise ValueError(f"hess_inv0: has shape {self.basis.shape}, must be {(n, n)}")
        if lo is not None and hi is not None and np.isfinite([lo, hi]).any():
            raise ValueError("hess_inv0: must be None with bounds")
        return self.basis

    def function(self, n: int, lo: Array | None, hi: Array | None) -> Function:
        """`fun` and `jac` as the core calls them."""
        jac, differences = self.jac, self.differences
        if isinstance(jac, str) and jac in ("2-point", "3-point"):
            differences = replace(differences, central=jac == "3-point")
        elif not (callable(jac) or jac is None or isinstance(jac, (bool, np.bool_))):
            raise ValueError(
                f"jac={jac!r}: must be True, a callable, or for differences False, '2-point' or "
                "'3-point'"
            )
        differences.check_size(n)
        args = self.args if isinstance(self.args, tuple) else (self.args,)
        kind = Residuals if self.residuals else Function
        jac = bool(jac) if isinstance(jac, np.bool_) else jac
        return kind(self.fun, jac, args, lo, hi, differences)


def run(
    method: Method,
    problem: Problem,
    stop: Stop,
    rng: Any = None,
    observer: Observer | None = None,
    absolute: bool = False,
) -> OptimizeResult:
    """Runs an optimizer on a problem; the result is that of `hbcd.minimize`.

    Parameters
    ----------
    method : Optimizer
    problem : Problem
    stop : Stop
    rng : None, int, Generator or SeedSequence
    observer : Observer, optional
    absolute : bool
        `pg_tol` is meant for f as it is, however small that is.
    """
    x, seed = problem.start(), as_seed("rng", rng)
    lo, hi = read_bounds(problem.bounds, x.size)
    if lo is not None or hi is not None:
        x = np.clip(x, lo, hi)
    method, stop = method.for_function(x.size, stop, (lo, hi), problem.residuals)
    basis = Basis(x, problem.basis_of(x.size, lo, hi))
    function, scale = problem.function(x.size, lo, hi), Scale()
    watch = None if observer is None else _Watch(observer, function, basis)
    if getattr(method, "runs_compiled", False) and not method.value_only:
        f, gradient = function.begin(x)
        scale = Scale.at(f, projected_gradient(x, gradient, lo, hi))
        if watch is not None:
            watch.begin(x, f, gradient, scale)
            if watch.converged is not None:
                return _result({"f": f, "n_iter": 0}, x, function, Scale(), stop, watch)
    normal = getattr(function, "normal_equations", None)
    z = basis.start()
    result = core.minimize(
        method,
        scale.of_function(basis.of_function(function)),
        z,
        lo,
        hi,
        scale.of_stop(stop, absolute),
        seed,
        watch,
        normal=None if normal is None else scale.of_function(normal),
    )
    return _result(result, basis.point(z), function, scale, stop, watch)


class _Watch:
    """Calls an observer after each iteration, with x and f as the user knows them."""

    def __init__(self, observer: Observer, function: Function, basis: Basis) -> None:
        self.observer, self.function, self.basis = observer, function, basis
        self.factor = 1.0
        self.converged: Converged | None = None

    def begin(self, x: Array, f: float, gradient: Array, scale: Scale) -> None:
        self.factor = scale.factor
        try:
            self.observer.begin(self.function, x.copy(), f, gradient)
        except Converged as found:
            self.converged = found

    def __call__(self, z: Array, f: float) -> None:
        x = self.basis.point(z)
        try:
            self.observer.iteration(x, f / self.factor, self.function.gradient_at(x))
        except Converged as found:
            self.converged = found
            raise


def _result(
    result: dict[str, Any],
    x: Array,
    function: Function,
    scale: Scale,
    stop: Stop,
    watch: _Watch | None,
) -> OptimizeResult:
    from scipy.optimize import OptimizeResult

    f, gradient = result["f"] / scale.factor, function.gradient_at(x)
    if not np.isfinite(f):
        f = function.value_at(x, f)
    if watch is not None and watch.converged is not None:
        reason = watch.converged.reason
    else:
        reason = StopReason(result["status"]) if result["status"] > 0 else StopReason.ITERATIONS
    if not np.isfinite(f) and reason in SOLVED:
        reason = StopReason.NOT_FINITE  # nothing that was tried had a value
    if (
        reason is StopReason.LINE_SEARCH
        and gradient is not None
        and projected_gradient(x, gradient, function.lo, function.hi) <= scale.allowed(stop)
        and is_exhausted(x, f, gradient)
    ):
        reason = StopReason.GRADIENT
    found = OptimizeResult(
        x=x,
        fun=f,
        nfev=function.n_fev,
        nit=result["n_iter"],
        status=reason,
        success=reason in SOLVED,
        message=str(reason),
    )
    if function.n_jev:
        found["njev"] = function.n_jev
    if gradient is not None:
        found["jac"] = function.with_unknown(gradient)
    return found
