"""Functions with many minima, and searches that ask for values only, at equal evaluations.

The functions are the usual ones; M. Jamil, X.-S. Yang, "A literature survey of benchmark functions
for global optimization problems", Int. J. Math. Model. Numer. Optim. 4 (2013) 150-194, has their
sources.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Landscape:
    """One function over a box with its global minimum."""

    name: str
    fun: Callable[[Any], float]
    lo: Any
    hi: Any
    f_min: float
    x_min: Any


def rastrigin(x: Any) -> float:
    return float(10 * x.size + (x * x - 10 * np.cos(2 * np.pi * x)).sum())


def ackley(x: Any) -> float:
    hill = 20 * np.exp(-0.2 * np.sqrt((x * x).mean()))
    return float(20 + np.e - hill - np.exp(np.cos(2 * np.pi * x).mean()))


def griewank(x: Any) -> float:
    waves = np.cos(x / np.sqrt(np.arange(1, x.size + 1))).prod()
    return float(1 + x @ x / 4000 - waves)


def schwefel(x: Any) -> float:
    return float(418.9828872724338 * x.size - (x * np.sin(np.sqrt(np.abs(x)))).sum())


def rosenbrock(x: Any) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def levy(x: Any) -> float:
    w = 1 + (x - 1) / 4
    inner = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return float(np.sin(np.pi * w[0]) ** 2 + inner + last)


def styblinski_tang(x: Any) -> float:
    return float(((x * x - 16) * x * x + 5 * x).sum() / 2)


def michalewicz(x: Any) -> float:
    i = np.arange(1, x.size + 1)
    return float(-(np.sin(x) * np.sin(i * x * x / np.pi) ** 20).sum())


def shubert(x: Any) -> float:
    i = np.arange(1, 6)[:, None]
    return float((i * np.cos((i + 1) * x + i)).sum(axis=0).prod())


def branin(x: Any) -> float:
    bend = x[1] - 5.1 / (4 * np.pi**2) * x[0] ** 2 + 5 / np.pi * x[0] - 6
    return float(bend**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x[0]) + 10)


def goldstein_price(x: Any) -> float:
    a, b = x
    one = 19 - 14 * a + 3 * a * a - 14 * b + 6 * a * b + 3 * b * b
    two = 18 - 32 * a + 12 * a * a + 48 * b - 36 * a * b + 27 * b * b
    return float((1 + (a + b + 1) ** 2 * one) * (30 + (2 * a - 3 * b) ** 2 * two))


def six_hump_camel(x: Any) -> float:
    a, b = x * x
    return float((4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (4 * b - 4) * b)


HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN = {
    3: (
        [[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]],
        [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]],
    ),
    6: (
        [
            [10, 3, 17, 3.5, 1.7, 8],
            [0.05, 10, 17, 0.1, 8, 14],
            [3, 3.5, 1.7, 10, 17, 8],
            [17, 8, 0.05, 10, 0.1, 14],
        ],
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ],
    ),
}


def hartmann(weights: Any, centers: Any, x: Any) -> float:
    return float(-HEIGHTS @ np.exp(-(weights * (x - centers) ** 2).sum(axis=1)))


# Least values, and where they lie to six digits or more.
MICHALEWICZ = {2: -1.801303410098554, 5: -4.687658179088148, 10: -9.660151715641349}
MICHALEWICZ_AT = [2.202906, 1.570796, 1.284992, 1.923058, 1.720470]
MICHALEWICZ_AT += [1.570796, 1.454414, 1.756087, 1.655717, 1.570796]
CAMEL_AT = [0.08984201, -0.71265640]
HARTMANN_AT = {
    3: [0.114614, 0.555649, 0.852547],
    6: [0.20168951, 0.15001069, 0.47687397, 0.27533243, 0.31165162, 0.65730053],
}


def landscapes() -> list[Landscape]:
    found = []

    def add(name: str, fun: Any, lo: Any, hi: Any, f_min: float, x_min: Any, n: int) -> None:
        low, high = (np.broadcast_to(np.asarray(v, dtype=float), n).copy() for v in (lo, hi))
        at = np.broadcast_to(np.asarray(x_min, dtype=float), n).copy()
        found.append(Landscape(f"{name}, {n}", fun, low, high, f_min, at))

    for n in (2, 5, 10):
        add("Rastrigin", rastrigin, -5.12, 5.12, 0.0, 0.0, n)
        add("Ackley", ackley, -32.768, 32.768, 0.0, 0.0, n)
        add("Griewank", griewank, -600, 600, 0.0, 0.0, n)
        add("Schwefel", schwefel, -500, 500, 0.0, 420.96874636, n)
        add("Rosenbrock", rosenbrock, -5, 10, 0.0, 1.0, n)
        add("Levy", levy, -10, 10, 0.0, 1.0, n)
        add("Styblinski-Tang", styblinski_tang, -5, 5, -39.16616570377142 * n, -2.90353403, n)
        add("Michalewicz", michalewicz, 0, np.pi, MICHALEWICZ[n], MICHALEWICZ_AT[:n], n)
    add("Shubert", shubert, -10, 10, -186.7309088310239, [-7.08350641, 4.85805688], 2)
    add("Branin", branin, [-5, 0], [10, 15], 0.39788735772973816, [np.pi, 2.275], 2)
    add("Goldstein-Price", goldstein_price, -2, 2, 3.0, [0, -1], 2)
    add("six-hump camel", six_hump_camel, [-3, -2], [3, 2], -1.031628453489877, CAMEL_AT, 2)
    for n, f_min in ((3, -3.862782147820756), (6, -3.3223680114155156)):
        weights, centers = HARTMANN[n]
        fun = partial(hartmann, np.array(weights), np.array(centers) / 1e4)
        add("Hartmann", fun, 0, 1, f_min, HARTMANN_AT[n], n)
    return found


class Spent(Exception):
    """The evaluations are spent."""


class Watched:
    """A function that keeps the best of its first `budget` values and then ends the search."""

    def __init__(self, landscape: Landscape, budget: int) -> None:
        self.landscape, self.left, self.best = landscape, budget, np.inf

    def __call__(self, x: Any, _: Any = None) -> float:
        if self.left == 0:
            raise Spent
        self.left -= 1
        value = self.landscape.fun(np.asarray(x, dtype=float))
        self.best = min(self.best, value)
        return value


def icrs(watched: Watched, seed: int, **options: Any) -> None:
    """ICRS from uniform random points, again where its width is used up."""
    import hbcd

    rng = np.random.default_rng(seed)
    box = watched.landscape
    method = hbcd.ICRS(**options)
    while watched.left:
        x0 = rng.uniform(box.lo, box.hi)
        limit = hbcd.Stop(max_evaluations=watched.left)
        pairs = list(zip(box.lo, box.hi, strict=True))
        hbcd.minimize(watched, x0, method, jac=False, bounds=pairs, rng=rng, stop=limit)


def differential_evolution(watched: Watched, seed: int) -> None:
    """SciPy's with its own population; its end by convergence and its polish are switched off."""
    from scipy.optimize import differential_evolution as search

    bounds = list(zip(watched.landscape.lo, watched.landscape.hi, strict=True))
    search(watched, bounds, rng=seed, tol=0.0, maxiter=10**6, polish=False)


def crs2(watched: Watched, seed: int) -> None:
    """NLopt's controlled random search with local mutation."""
    import nlopt

    box = watched.landscape
    nlopt.srand(seed + 1)
    search = nlopt.opt(nlopt.GN_CRS2_LM, box.lo.size)
    search.set_lower_bounds(box.lo)
    search.set_upper_bounds(box.hi)
    search.set_min_objective(watched)
    search.set_maxeval(watched.left)
    search.optimize(np.random.default_rng(seed).uniform(box.lo, box.hi))


def searches() -> dict[str, Callable[[Watched, int], None]]:
    found = {
        "hbcd ICRS": icrs,
        "hbcd ICRS, 25 failures": partial(icrs, failures_per_parameter=25),
        "SciPy differential_evolution": differential_evolution,
    }
    if importlib.util.find_spec("nlopt") is not None:
        found["NLopt CRS2"] = crs2
    return found


def best(landscape: Landscape, search: Callable[[Watched, int], None], seed: int, n: int) -> float:
    """Least value above the minimum among the first n evaluations."""
    watched = Watched(landscape, n)
    with suppress(Spent):
        search(watched, seed)
    return max(float(watched.best) - landscape.f_min, 0.0)
