"""A local optimum under constraints: the augmented Lagrangian, minimized in the box by L-BFGS.

Each round minimizes ``f + rho / 2 sum_k d(c_k + lambda_k / rho)**2`` in the box, d the distance
from the interval between the limits of constraint k; then ``lambda_k = rho d(...)`` with its sign,
and rho grows where the constraints are hardly met better than before (Nocedal and Wright,
Numerical optimization, 2006, section 17.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hbcd.design.scaled_problem import Point, ScaledProblem
from hbcd.optimizers.builtin import LBFGS
from hbcd.optimizers.minimize import minimize
from hbcd.parts.stopping import Stop

__all__ = ["MET", "LocalOptimum", "local_optimum", "violation"]

Array = NDArray[np.float64]
MET = 1e-7  # scaled distance from a limit at which a constraint counts as met
EXACT = 1e-10  # where the rounds end
# With a first rho of 10 runs from other starts lost their optima to that without limits.
ROUNDS, FIRST_RHO, MOST_RHO, FASTER = 40, 100.0, 1e8, 0.25
INNER = Stop(pg_tol=1e-10, f_tol=1e-15, max_iterations=300)


@dataclass(frozen=True)
class LocalOptimum:
    """Where a run from one start ended.

    Attributes
    ----------
    u : ndarray of shape (variables,)
    f : float
        The scaled objective.
    violation : float
        The largest scaled distance from the limits.
    """

    u: Array
    f: float
    violation: float


def violation(c: Array, least: Array, most: Array) -> Array:
    """The largest distance of constraints (..., constraints) from their limits, (...,)."""
    found: Array = np.abs(c - np.clip(c, least, most)).max(axis=-1, initial=0.0)
    return found


def local_optimum(problem: ScaledProblem, start: Array) -> LocalOptimum:
    """The optimum that a start leads to.

    Parameters
    ----------
    problem : ScaledProblem
    start : ndarray of shape (variables,)
        From 0 to 1.
    """
    least, most = problem.limits
    u, bounds = start, [(0.0, 1.0)] * start.size
    multipliers, rho, before = np.zeros(least.size), FIRST_RHO, np.inf
    known: tuple[Array, Point] | None = None

    def lagrangian(x: Array) -> tuple[float, Array]:
        nonlocal known
        here = problem.at(x)
        known = x.copy(), here
        shifted = here.c + multipliers / rho
        apart = shifted - np.clip(shifted, least, most)
        value = here.f + 0.5 * rho * float(apart @ apart)
        return value, here.gradient + rho * apart @ here.jacobian

    rounds = 0 if not start.size else ROUNDS if least.size else 1
    for _ in range(rounds):
        u = minimize(lagrangian, u, LBFGS(), True, bounds, stop=INNER).x
        here = known[1] if known is not None and np.array_equal(known[0], u) else problem.at(u)
        shifted = here.c + multipliers / rho
        nearest = np.clip(shifted, least, most)
        multipliers = rho * (shifted - nearest)
        unmet = float(np.abs(here.c - nearest).max(initial=0.0))
        if unmet <= EXACT:
            break
        if unmet > FASTER * before:
            rho = min(10.0 * rho, MOST_RHO)
        before = unmet
    here = problem.at(u)
    return LocalOptimum(u, here.f, float(violation(here.c, least, most)))
