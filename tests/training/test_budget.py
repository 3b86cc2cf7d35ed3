"""Limits of a training: one budget, used up at the same place whoever spends it."""

import time

import pytest

import hbcd
from hbcd.training.budget import Budget
from support.training_runs import NET, THETA, X, Y, train

ENDLESS = hbcd.Stop(pg_tol=0.0, f_tol=None)
REASONS = {
    "max_evaluations": hbcd.StopReason.EVALUATIONS,
    "max_iterations": hbcd.StopReason.ITERATIONS,
    "max_seconds": hbcd.StopReason.TIME,
}


def limited(**limits):
    return hbcd.Stop(pg_tol=0.0, f_tol=None, **limits)


# ---- the class -----------------------------------------------------------------------------------


def test_what_is_spent_is_no_longer_left():
    budget = Budget(limited(max_evaluations=10, max_iterations=5))
    budget.spend(4, 3)
    assert (budget.left().max_evaluations, budget.left().max_iterations) == (6, 2)
    assert budget.used_up() is None
    budget.spend(1, 2)
    assert budget.used_up() is hbcd.StopReason.ITERATIONS
    budget.spend(100, 0)
    assert budget.used_up() is hbcd.StopReason.EVALUATIONS


def test_what_is_left_of_a_limit_that_is_used_up_measures_a_start_and_nothing_more():
    budget = Budget(limited(max_evaluations=10, max_iterations=5, max_seconds=0.0))
    budget.spend(11, 7)
    left = budget.left()
    assert (left.max_evaluations, left.max_iterations, left.max_seconds) == (1, 0, 0.0)


def test_a_share_of_the_limits_is_used_up_before_the_whole():
    budget = Budget(limited(max_evaluations=10))
    budget.spend(5, 0)
    assert budget.used_up(0.5) is hbcd.StopReason.EVALUATIONS
    assert budget.used_up() is None
    assert budget.left(0.8).max_evaluations == 3


def test_seconds_run_from_the_start():
    budget = Budget(limited(max_seconds=100.0), time.perf_counter() - 60)
    assert 39 < budget.left().max_seconds <= 40
    assert budget.used_up(0.5) is hbcd.StopReason.TIME
    assert budget.used_up() is None


def test_what_nothing_limits_is_never_used_up():
    budget = Budget(ENDLESS, time.perf_counter() - 1e9)
    budget.spend(10**9, 10**9)
    assert budget.used_up() is None
    assert budget.left() == ENDLESS


@pytest.mark.parametrize(("limit", "parts"), [(10, 4), (11, 4), (3, 3), (100, 7)])
def test_parts_are_the_whole(limit, parts):
    budget = Budget(limited(max_evaluations=limit + 5, max_iterations=2 * limit))
    budget.spend(5, 0)
    shares = [budget.parts(parts, 1)(k) for k in range(parts)]
    assert sum(share.max_evaluations for share in shares) == limit
    assert sum(share.max_iterations for share in shares) == 2 * limit
    assert max(s.max_evaluations for s in shares) - min(s.max_evaluations for s in shares) <= 1


def test_time_is_shared_by_those_that_follow_each_other():
    budget = Budget(limited(max_seconds=60.0))
    assert 29 < budget.parts(4, 2)(1).max_seconds <= 30


# ---- every place that spends one -----------------------------------------------------------------


class OneByOne(hbcd.TrainingStrategy):
    """Drives its phases itself, without an end."""

    def run(self, run_phase, problem):
        while True:
            run_phase(hbcd.Phase(hbcd.LBFGS(), stop=hbcd.Stop(0.0, None, max_iterations=3)))


LONG = hbcd.FullBatch(hbcd.BarzilaiBorwein(), 10**6)
PLACES = {
    "one call of the core": LONG,
    "phases one by one": OneByOne(),
    "a sequence in one call": hbcd.Sequence([hbcd.FullBatch(max_iterations=3), LONG]),
    "a sequence step by step": hbcd.Sequence([hbcd.FullBatch(max_iterations=3), OneByOne()]),
    "several starts": hbcd.MultiStart(LONG, 3),
    "several starts one by one": hbcd.MultiStart(OneByOne(), 3),
    "starts, then a sequence": hbcd.Sequence([hbcd.MultiStart(hbcd.FullBatch(), 2), LONG]),
    "a search in front": hbcd.Hybrid(shell=LONG),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("limit", "most"), [("max_evaluations", 40), ("max_iterations", 31), ("max_seconds", 0.2)]
)
def test_a_limit_ends_the_training_wherever_it_is_used_up(place, limit, most):
    before = time.perf_counter()
    report = train(PLACES[place], stop=limited(**{limit: most}))
    seconds = time.perf_counter() - before
    starts = 3 if "starts" in place else 1
    assert report.stop_reason is REASONS[limit]
    assert report.loss <= report.initial_loss
    if limit == "max_evaluations":
        # The last point of every start is measured, that it counts.
        assert most <= report.n_fev <= most + 2 * starts
    elif limit == "max_iterations":
        assert most - starts < report.n_iter <= most
    else:
        assert 0.1 < report.seconds <= seconds < 5.0


@pytest.mark.parametrize("place", PLACES)
def test_no_time_at_all_leaves_the_start(place):
    report = train(PLACES[place], stop=limited(max_seconds=0.0))
    assert report.stop_reason is hbcd.StopReason.TIME
    assert report.initial_loss == NET.loss_and_gradient(THETA, X, Y)[0]
    assert report.loss <= report.initial_loss


@pytest.mark.parametrize("strategy", ["fast", "bcd", "multi_start"])
@pytest.mark.parametrize(
    ("limit", "most", "least"),
    [("max_fun", 300, 280), ("max_iter", 200, 150), ("max_time", 0.3, 0.0)],
)
def test_the_choice_of_a_penalty_and_the_training_share_one_budget(strategy, limit, most, least):
    model = hbcd.HybridRegressor(
        strategy=strategy, random_state=0, n_threads=1, stop=ENDLESS, **{limit: most}
    )
    report = model.fit(X, Y).report_
    spent = {"max_fun": report.n_fev, "max_iter": report.n_iter, "max_time": report.seconds}
    room = {"max_fun": 30, "max_iter": 0, "max_time": 3.0}  # one measurement for each start
    assert least <= spent[limit] <= most + room[limit]
