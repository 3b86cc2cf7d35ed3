"""Selectors that go by what the visits of a run taught: their laws, and what they are told."""

import numpy as np
import pytest

import hbcd
from support.selector_runs import Watching, problem, train

GSL, PER_OPERATION = hbcd.LipschitzWeighted(), hbcd.DecreasePerOperation()
each_rule = pytest.mark.parametrize("rule", [GSL, PER_OPERATION], ids=["gsl", "per_operation"])


def score(rule, about):
    with np.errstate(divide="ignore", invalid="ignore"):
        if rule == GSL:
            return about.gradient_norms / np.sqrt(about.curvatures)
        return about.gains * about.gradient_norms**2 / about.operations


def learned(seed, n=5, **change):
    rng = np.random.default_rng(seed)
    values = {
        "gradient_norms": 10.0 ** rng.normal(size=n),
        "curvatures": 10.0 ** rng.normal(size=n),
        "gains": 10.0 ** rng.normal(size=n),
        "operations": 10.0 ** rng.normal(size=n),
        "last_visits": np.arange(n) + 1,
    }
    return hbcd.BlockState(n, np.ones(n), **{**values, **change})


@each_rule
@pytest.mark.parametrize("seed", range(20))
def test_the_block_of_the_best_score_is_chosen(rule, seed):
    about = learned(seed)
    best = int(np.argmax(score(rule, about)))
    assert rule.next_block(about) == best
    # A third time in a row it is the second best.
    order = np.argsort(-score(rule, about))
    again = learned(seed, last=best, repeats=2)
    assert rule.next_block(again) == order[1]


@each_rule
def test_a_block_never_visited_comes_first(rule):
    nan = {"curvatures": [1.0, np.nan, 1.0, 1.0, 1.0], "gains": [1.0, np.nan, 1.0, 1.0, 1.0]}
    assert rule.next_block(learned(0, last_visits=[1, 0, 2, 3, 4], **nan)) == 1
    # Visited, but without news: it has nothing to say.
    assert rule.next_block(learned(0, last_visits=[1, 9, 2, 3, 4], **nan)) != 1


@each_rule
def test_without_anything_learned_every_block_is_visited_once(rule):
    _, visits = train(rule)
    assert sorted(visits.block[:4]) == [0, 1, 2, 3]


@each_rule
def test_of_blocks_never_visited_the_most_sensitive_comes_first(rule):
    """In their order in the network, from the input up, deep tanh nets would not recover."""
    watching = Watching(rule)
    train(watching)
    left = {0, 1, 2, 3}
    for about, block in watching.seen[:4]:
        assert block == max(left, key=lambda one: about.sensitivities[one])
        left.remove(block)


@each_rule
def test_what_the_rules_are_told_follows_from_the_history(rule):
    watching = Watching(rule)
    report, visits = train(watching)
    net, theta, x, y = problem()
    gains = np.full(len(net.blocks), np.nan)
    _, gradient = net.loss_and_gradient(theta, x, y)
    start = [np.linalg.norm(gradient[block]) for block in net.blocks]
    assert watching.seen[0][0].gradient_norms == pytest.approx(start, rel=1e-12)
    for (about, block), line in zip(watching.seen, visits.itertuples(), strict=True):
        assert np.array_equal(about.gains, gains, equal_nan=True)
        assert np.isnan(about.curvatures[np.isnan(gains)]).all()
        assert (about.curvatures[~np.isnan(gains)] > 0).all()
        gain = (line.loss_before - line.loss) / about.gradient_norms[block] ** 2
        gains[block] = gain if np.isnan(gains[block]) else 0.5 * (gains[block] + gain)
    assert report.loss < report.initial_loss


def test_gradient_norms_leave_out_the_variables_that_a_bound_holds():
    net, theta, x, y = problem()
    theta = np.asarray(theta, dtype=np.float64)
    _, gradient = net.loss_and_gradient(theta, x, y)
    third = np.arange(theta.size) % 3
    box = np.where(third == 0, theta, -10.0), np.where(third == 1, theta, 10.0)
    held = np.where(gradient > 0, third == 0, third == 1)
    assert 0 < held.sum() < theta.size / 2
    watching = Watching(GSL)
    strategy = hbcd.BatchShell(hbcd.LBFGS(), watching, min_batch_rows=len(x), epochs=1, box=box)
    net.train(theta, x, y, strategy=strategy)
    free = [np.linalg.norm(np.where(held, 0.0, gradient)[block]) for block in net.blocks]
    assert watching.seen[0][0].gradient_norms == pytest.approx(free, rel=1e-12)


def test_operations_count_the_evaluations_of_the_last_visit():
    watching = Watching(hbcd.ForwardSequential())
    _, visits = train(watching)
    net, *_ = problem()
    every, checked = net.n_parameters, 0
    for step in range(1, len(visits) - 1):
        block, about = watching.seen[step][1], watching.seen[step + 1][0]
        own = visits.n_fev.iloc[step] - visits.n_fev.iloc[step - 1] - 1  # one: the gradient before
        below = net.blocks[block].start
        assert about.operations[block] == 3 * every + below + 2 * (every - below) * own
        checked += 1
    assert checked == 22


def test_the_curvature_of_a_quadratic_loss_is_that_of_its_hessian():
    """One layer, no activation: L along a step lies between the extreme eigenvalues."""
    layers = [hbcd.InputLayer(3), hbcd.OutputLayer(1)]
    net, rng = hbcd.Network(layers), np.random.default_rng(0)
    x = rng.normal(size=(300, 3)) * [1.0, 3.0, 0.3]
    y = x @ [1.0, -1.0, 2.0] + rng.normal(size=300)
    watching = Watching(GSL)
    strategy = hbcd.BlockCoordinateDescent(hbcd.LBFGS(), watching, inner_iterations=1, epochs=2)
    net.train(net.init(0), x, y, strategy=strategy, stop=hbcd.Stop(0.0, 0.0))
    ones = np.column_stack([x, np.ones(300)])
    eigenvalues = np.linalg.eigvalsh(ones.T @ ones / 300)
    assert np.isnan(watching.seen[0][0].curvatures[0])
    curvature = watching.seen[1][0].curvatures[0]
    assert eigenvalues[0] <= curvature <= eigenvalues[-1]


class OwnLipschitzWeighted(hbcd.BlockSelector):
    """The rule as a user would write it, with what `BlockState` tells."""

    def next_block(self, about):
        known = np.nan_to_num(score(GSL, about), nan=-1.0)
        values = np.where(about.last_visits == 0, np.inf, known)
        if about.repeats >= 2:
            values[about.last] = -2.0
        best = np.flatnonzero(values == values.max())
        oldest = best[about.last_visits[best] == about.last_visits[best].min()]
        return int(oldest[np.argmax(np.abs(about.sensitivities[oldest]))])


def test_a_selector_of_ones_own_can_do_what_the_built_in_does():
    own, own_visits = train(OwnLipschitzWeighted())
    built_in, visits = train(GSL)
    assert own_visits.block.tolist() == visits.block.tolist()
    assert np.array_equal(own.theta, built_in.theta)


@each_rule
def test_the_choice_does_not_depend_on_the_number_of_threads(rule):
    layers = [hbcd.InputLayer(3), *map(hbcd.HiddenLayer, (8, 8)), hbcd.OutputLayer(1)]
    net, rng = hbcd.Network(layers), np.random.default_rng(0)
    x = rng.normal(size=(4000, 3))
    strategy = hbcd.BatchShell(selector=rule, epochs=3, growth=2.0, visits_per_batch=3)

    def fit(threads):
        return net.train(net.init(0), x, np.sin(x).sum(1), strategy=strategy, n_threads=threads)

    one, two = fit(1), fit(2)
    assert one.history.block.tolist() == two.history.block.tolist()
    assert np.array_equal(one.theta, two.theta)


def test_a_choice_with_the_wrong_number_of_values_is_refused():
    for name in ("gradient_norms", "curvatures", "gains", "operations"):
        with pytest.raises(ValueError, match=rf"{name}: must have n_blocks=2 values"):
            hbcd.BlockState(2, [1.0, 2.0], **{name: [1.0]})
