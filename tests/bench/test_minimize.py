"""bench/minimize: its problems are the published ones, and it counts what it says."""

import numpy as np
import pytest

from bench.minimize import global_search as GLOBAL
from bench.minimize import local_search as LOCAL
from bench.minimize.nist import problems

NIST = problems()


@pytest.mark.parametrize("problem", NIST[::2], ids=lambda problem: problem.name)
def test_nist_certified_parameters_have_the_certified_sum_of_squares(problem):
    r, _ = problem.residuals(problem.certified)
    assert r @ r == pytest.approx(problem.f_min, rel=1e-9)  # 11 digits given


@pytest.mark.parametrize("landscape", GLOBAL.landscapes(), ids=lambda landscape: landscape.name)
def test_a_landscape_has_its_least_value_at_its_minimizer_and_nowhere_below(landscape):
    assert landscape.fun(landscape.x_min) == pytest.approx(landscape.f_min, rel=1e-6, abs=1e-6)
    drawn = np.random.default_rng(0).uniform(landscape.lo, landscape.hi, (1000, landscape.lo.size))
    near = landscape.x_min + 1e-3 * np.random.default_rng(1).normal(size=drawn.shape)
    values = [landscape.fun(x) for x in (*drawn, *near)]
    assert min(values) >= landscape.f_min - 1e-9 * max(abs(landscape.f_min), 1.0)


def test_a_search_stops_at_its_budget_and_keeps_its_best():
    landscape = GLOBAL.landscapes()[0]
    for search in GLOBAL.searches().values():
        seen = []
        spy = GLOBAL.Landscape(
            "spy",
            lambda x, seen=seen: seen.append(landscape.fun(x)) or seen[-1],
            landscape.lo,
            landscape.hi,
            landscape.f_min,
            landscape.x_min,
        )
        gap = GLOBAL.best(spy, search, 0, 300)
        assert len(seen) == 300
        assert gap == min(seen) - landscape.f_min


def test_a_sum_of_squares_is_counted_until_it_is_near_enough():
    problem = next(p for p in NIST if p.name == "Misra1a, 2")
    methods = LOCAL.methods()
    run = LOCAL.race(problem, methods["SciPy trf"])
    assert run.solved
    assert 1 < run.solved_at <= run.evaluations
    stays = LOCAL.race(problem, lambda counted: counted.squares(problem.x0) and problem.x0)
    assert not stays.solved
    assert stays.solved_at is None
    assert stays.evaluations == 1
