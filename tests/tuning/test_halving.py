"""How many candidates a budget allows, and for how long they train."""

import numpy as np
import pytest

import hbcd
from hbcd.tuning.shortened import Shortened
from support.tuning import model, table


def cost(rungs):
    return sum(rung.share * rung.candidates for rung in rungs)


@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize("rungs", [1, 2, 3, 5])
@pytest.mark.parametrize("budget", [2, 3, 4, 7, 20, 100])
def test_a_plan_costs_no_more_than_its_budget_and_one_candidate_more_would(eta, rungs, budget):
    halving = hbcd.SuccessiveHalving(eta=eta, rungs=rungs)
    plan = halving.plan(budget)
    # Shares such as 1/9 are rounded.
    assert cost(plan) <= budget - 1 + 1e-9
    more = [-(-(plan[0].candidates + 1) // eta**k) * rung.share for k, rung in enumerate(plan)]
    assert sum(more) > budget - 1
    assert plan[-1].share == 1.0
    assert len(plan) == min(rungs, budget - 1)


def test_each_rung_trains_eta_times_as_long_with_one_of_eta_candidates():
    plan = hbcd.SuccessiveHalving(eta=3, rungs=3).plan(20)
    assert [rung.candidates for rung in plan] == [54, 18, 6]
    assert [rung.share for rung in plan] == [pytest.approx(1 / 9), pytest.approx(1 / 3), 1.0]


def test_a_space_that_the_budget_covers_is_tried_whole_and_to_the_end():
    assert hbcd.SuccessiveHalving().plan(10, most=9) == [
        type(hbcd.SuccessiveHalving().plan(2)[0])(1.0, 9)
    ]
    plan = hbcd.SuccessiveHalving().plan(10, most=12)
    assert [rung.candidates for rung in plan] == [12, 4, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eta": 1}, "eta=1: must be at least 2"),
        ({"rungs": 0}, "rungs=0: must be at least 1"),
        ({"group": 0}, "group=0: must be at least 1"),
        ({"eta": 2.5}, "eta=2.5: must be an integer"),
        ({"pruning": 1}, "pruning=1: must be True or False"),
    ],
)
def test_bad_settings_are_told_in_one_line(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        hbcd.SuccessiveHalving(**options)


STRATEGIES = [
    hbcd.Hybrid.fast(),
    hbcd.Hybrid.paper(),
    hbcd.FullBatch(max_iterations=200, check_every=20),
    hbcd.FullBatch(hbcd.BarzilaiBorwein(), max_iterations=200),
    hbcd.MiniBatch(hbcd.Adam(), batch_rows=16, epochs=9),
    hbcd.BlockCoordinateDescent(epochs=9),
    hbcd.MultiStart(hbcd.FullBatch(max_iterations=100), starts=2),
    hbcd.Sequence([hbcd.MiniBatch(hbcd.Adam(), epochs=9), hbcd.Finish(max_iterations=90)]),
]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: type(s).__name__)
def test_a_shortened_strategy_costs_a_share_of_the_whole_one(strategy):
    X, y = table(200)
    stop = hbcd.Stop(pg_tol=0.0, f_tol=None)
    whole, short = (
        model(alpha=0.0, strategy=s, stop=stop, max_iter=None, validation_fraction=None)
        .fit(X, y)
        .report_
        for s in (strategy, Shortened(strategy, 1 / 3))
    )
    assert short.phases == whole.phases
    # A search for a start is not shortened, and a line search may take several evaluations.
    assert short.n_iter <= 0.75 * whole.n_iter
    assert short.n_iter >= 0.2 * whole.n_iter


def test_the_whole_share_trains_as_the_strategy_itself():
    X, y = table()
    thetas = [
        model(strategy=s).fit(X, y).theta_
        for s in (hbcd.Hybrid.fast(), Shortened(hbcd.Hybrid.fast(), 1.0))
    ]
    assert np.array_equal(*thetas)


def test_a_shortened_strategy_holds_out_resumes_and_goes_on_as_the_whole_one():
    network = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(30), hbcd.OutputLayer(1)])
    whole = hbcd.Hybrid.fast()
    short = Shortened(whole, 0.5)
    assert short.resumes is whole.resumes is True
    assert short.planned is True
    assert short.hold_out_share(network, 100) == whole.hold_out_share(network, 100) == 0.15
    assert short.after(network.init(0)) == Shortened(whole.after(network.init(0)), 0.5)
    other = short.with_parts(selector=hbcd.PingPong())
    assert other.strategy.shell.selector == hbcd.PingPong()
    assert other.share == 0.5
    assert short.is_compiled(network)
