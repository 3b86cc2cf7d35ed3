"""Every local method on a sum of squares: was it solved, and after how many evaluations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RELATIVE, ABSOLUTE = 1e-5, 1e-10  # of the least sum of squares (published to six digits); if zero
BUDGET = 5000

# Every method goes on until it can find nothing better or has spent its evaluations: none loses for
# the scale its tolerances are meant for.  SciPy refuses less than the machine precision.
LEAST = float(np.finfo(float).eps)


@dataclass
class Run:
    """What one method did on one problem; `solved_at` is None if it never came near enough."""

    solved: bool
    solved_at: int | None
    evaluations: int
    value: float


class Counted:
    """The residuals of a problem, which counts its calls and notes the first that is near enough.

    A call that gives residuals and derivatives counts once, as does one that gives residuals;
    derivatives asked for alone, as least_squares does, do not count.
    """

    def __init__(self, problem: Any) -> None:
        self.problem = problem
        self.calls = 0
        self.solved_at: int | None = None

    def both(self, x: Any) -> tuple[Any, Any]:
        with np.errstate(all="ignore"):
            r, jacobian = self.problem.residuals(np.asarray(x, dtype=float))
            value = float(r @ r)
        self.calls += 1
        if self.solved_at is None and near(value, self.problem.f_min):
            self.solved_at = self.calls
        return r, jacobian

    def residuals(self, x: Any) -> Any:
        return self.both(x)[0]

    def jacobian(self, x: Any) -> Any:
        with np.errstate(all="ignore"):
            return self.problem.residuals(np.asarray(x, dtype=float))[1]

    def squares(self, x: Any) -> tuple[float, Any]:
        """r'r and its gradient."""
        r, jacobian = self.both(x)
        with np.errstate(all="ignore"):
            value = float(r @ r)
            return (value if np.isfinite(value) else np.inf), 2.0 * (jacobian.T @ r)


def near(value: float, f_min: float) -> bool:
    return bool(value - f_min <= max(RELATIVE * f_min, ABSOLUTE if f_min == 0 else 0.0))


def _ours(method: Any, with_residuals: bool = False) -> Callable[[Counted], Any]:
    import hbcd

    stop = hbcd.Stop(pg_tol=0.0, f_tol=0.0, max_evaluations=BUDGET)

    def run(counted: Counted) -> Any:
        fun = counted.both if with_residuals else counted.squares
        return hbcd.minimize(fun, counted.problem.x0, method, stop=stop, residuals=with_residuals).x

    return run


def _scipy(method: str, **options: Any) -> Callable[[Counted], Any]:
    from scipy.optimize import minimize

    def run(counted: Counted) -> Any:
        x0 = counted.problem.x0
        return minimize(counted.squares, x0, jac=True, method=method, options=options).x

    return run


def _least_squares(method: str, **options: Any) -> Callable[[Counted], Any]:
    from scipy.optimize import least_squares

    def run(counted: Counted) -> Any:
        return least_squares(
            counted.residuals,
            counted.problem.x0,
            counted.jacobian,
            method=method,
            ftol=LEAST,
            xtol=LEAST,
            gtol=LEAST,
            max_nfev=BUDGET,
            **options,
        ).x

    return run


def methods() -> dict[str, Callable[[Counted], Any]]:
    """Name -> the method; each is given the problem and returns the point it ends at."""
    import hbcd

    return {
        "hbcd LBFGS": _ours(hbcd.LBFGS()),
        "hbcd BFGS": _ours(hbcd.BFGS()),
        "SciPy L-BFGS-B": _scipy("L-BFGS-B", ftol=0.0, gtol=0.0, maxfun=BUDGET, maxiter=BUDGET),
        "SciPy BFGS": _scipy("BFGS", gtol=0.0, maxiter=BUDGET),
        "hbcd LM": _ours(hbcd.LevenbergMarquardt(), with_residuals=True),
        "hbcd LM, nielsen": _ours(hbcd.LevenbergMarquardt(damping="nielsen"), with_residuals=True),
        "SciPy trf": _least_squares("trf"),
        "SciPy trf, scaled": _least_squares("trf", x_scale="jac"),
        "SciPy lm": _least_squares("lm"),
    }


# What must not solve fewer than which of SciPy's.
COUNTERPARTS = {
    "hbcd LBFGS": ("SciPy L-BFGS-B",),
    "hbcd BFGS": ("SciPy L-BFGS-B",),
    "hbcd LM": ("SciPy trf", "SciPy lm"),
}


def race(problem: Any, method: Callable[[Counted], Any]) -> Run:
    """One method on one problem; a method that raises has solved nothing."""
    counted = Counted(problem)
    try:
        x = np.asarray(method(counted), dtype=float)
    except (ValueError, np.linalg.LinAlgError):
        return Run(False, None, counted.calls, float("inf"))
    evaluations = counted.calls
    value = counted.squares(x)[0]
    solved = near(value, problem.f_min)
    return Run(solved, counted.solved_at if solved else None, evaluations, value)
