"""Custom optimizers: subclasses of built-in ones, and new ones."""

import numpy as np
import pytest

import hbcd
from support.custom_parts import Listed, X, Y, assert_same_run, both_precisions, dense

OPTIMIZERS = [hbcd.LBFGS(), hbcd.Adam(0.01), hbcd.BarzilaiBorwein(), hbcd.LBFGS(3, damping=True)]
OPTIMIZERS.append(hbcd.BFGS())


def custom_optimizer(optimizer):
    class Custom(type(optimizer)):
        calls = 0

        def minimize(self, objective, x, box=None, stop=None, rng=None):
            type(self).calls += 1
            return super().minimize(objective, x, box, stop, rng)

    return Custom(**vars(optimizer))


@both_precisions
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("selector", [None, hbcd.PingPong()])
def test_an_optimizer_that_calls_super_gives_the_same_bits(optimizer, selector, dtype):
    custom, net = custom_optimizer(optimizer), dense(hbcd.Tanh(), hbcd.Tanh())
    options = {"inner_iterations": 30, "epochs": 3 if selector else None, "box": 0.9}
    strategies = [Listed(hbcd.Phase(o, selector, **options)) for o in (custom, optimizer)]
    assert_same_run(net, net, *strategies, dtype)
    assert custom.calls >= (3 if selector else 1)


def test_a_random_search_that_calls_super_searches():
    """Its numbers come from another generator: the same law, not the same bits."""
    custom, net = custom_optimizer(hbcd.ICRS(max_evaluations=2000)), dense(hbcd.Tanh())
    report = net.train(net.init(0), X, Y, strategy=hbcd.FullBatch(custom, box=1.0))
    assert custom.calls == 1
    assert report.loss < 0.2 * report.initial_loss
    assert np.abs(report.theta).max() <= 1.0


def test_a_subclass_of_an_optimizer_without_methods_runs_the_built_in():
    class Renamed(hbcd.LBFGS):
        pass

    net = dense(hbcd.Tanh())
    strategies = [Listed(hbcd.Phase(o, inner_iterations=20)) for o in (Renamed(), hbcd.LBFGS())]
    assert_same_run(net, net, *strategies, np.float64)
    found = hbcd.minimize(lambda x: (float(x @ x), 2 * x), [1.0, 2.0], Renamed())
    assert np.abs(found.x).max() < 1e-5


def parabola(x):
    return float((x - 3.0) @ (x - 3.0)), 2.0 * (x - 3.0)


def test_custom_optimizers_minimize_any_function():
    class Newton(hbcd.Optimizer):
        def minimize(self, objective, x, box, stop, rng):
            for _ in range(5):
                _, g = objective(x)
                x -= g / 2.0
            return hbcd.StopReason.GRADIENT

    found = hbcd.minimize(parabola, [0.0], Newton())
    assert found.x[0] == 3.0
    assert found.status is hbcd.StopReason.GRADIENT
    assert found.nfev == 5  # the point it leaves behind was measured already


def test_the_best_point_that_a_custom_optimizer_evaluated_is_kept():
    class Wanderer(hbcd.Optimizer):
        def minimize(self, objective, x, box, stop, rng):
            for target in (2.0, 3.1, 50.0):
                x[:] = target
                objective(x)
            x[:] = 1e6

    found = hbcd.minimize(parabola, [0.0], Wanderer())
    assert found.x[0] == 3.1


class Jump(hbcd.Optimizer):
    """Goes far away without a look at where it was."""

    def minimize(self, objective, x, box, stop, rng):
        x += 5.0


@pytest.mark.parametrize("rows", [None, 50])
def test_a_block_visit_that_leads_uphill_is_undone(rows):
    net = dense(hbcd.Tanh())
    theta = net.init(0)
    phase = hbcd.Phase(Jump(), hbcd.PingPong(), batch_rows=rows, epochs=2)
    report = net.train(theta, X, Y, strategy=Listed(phase))
    visits = report.history[report.history.event == "visit"]
    assert len(visits) >= 2
    assert np.array_equal(visits.loss, visits.loss_before)
    assert (report.history.loss[report.history.event == "epoch"] == report.initial_loss).all()
    assert np.array_equal(report.theta, theta)


# ---- what an optimizer leaves behind -------------------------------------------------------------


class Rebinds(hbcd.Optimizer):
    """Sets its variable x to a new array, and leaves the one that it was given as it was."""

    def minimize(self, objective, x, box, stop, rng):
        for _ in range(stop.max_iterations or 3):
            _, gradient = objective(x)
            x = x - 0.1 * gradient


class RebindsOnce(hbcd.Optimizer):
    def minimize(self, objective, x, box, stop, rng):
        x = x - 0.1 * objective(x)[1]


class Stays(hbcd.Optimizer):
    """Has a tolerance of its own, and says so."""

    def minimize(self, objective, x, box, stop, rng):
        objective(x)
        return hbcd.StopReason.GRADIENT


def test_an_optimizer_that_rebinds_x_has_the_best_point_it_evaluated():
    found = hbcd.minimize(parabola, [0.0], Rebinds())
    assert found.x[0] == pytest.approx(1.08, rel=1e-14)  # two steps of 0.2 (3 - x), rounded
    assert found.fun == parabola(found.x)[0]


IN_PLACE = "RebindsOnce.minimize: left x where the gradient is .*: must change x in place"


def test_an_optimizer_that_never_moves_x_though_it_could_is_told_how():
    with pytest.raises(ValueError, match=IN_PLACE):
        hbcd.minimize(parabola, [0.0], RebindsOnce())
    with pytest.raises(ValueError, match=IN_PLACE):
        hbcd.minimize(parabola, [0.0], RebindsOnce(), bounds=[(-1.0, 1.0)])
    net = dense(hbcd.Tanh())
    for strategy in (
        hbcd.FullBatch(RebindsOnce()),
        hbcd.MiniBatch(RebindsOnce(), 20),
        hbcd.BlockCoordinateDescent(RebindsOnce()),
    ):
        with pytest.raises(ValueError, match=IN_PLACE):
            net.train(net.init(0), X, Y, strategy=strategy)


def test_an_optimizer_may_stay_where_nothing_is_to_be_gained_or_where_it_says_why():
    assert hbcd.minimize(parabola, [3.0], RebindsOnce()).x[0] == 3.0
    held = hbcd.minimize(parabola, [0.0], RebindsOnce(), bounds=[(-1.0, 0.0)])
    assert held.x[0] == 0.0
    assert hbcd.minimize(parabola, [0.0], Stays()).status is hbcd.StopReason.GRADIENT


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("reason", [None, hbcd.StopReason.GRADIENT])
@pytest.mark.parametrize("looks", [0, 2])
def test_an_optimizer_that_leaves_no_numbers_ends_as_not_finite_at_its_best_point(
    bad, reason, looks
):
    class Diverges(hbcd.Optimizer):
        def minimize(self, objective, x, box, stop, rng):
            for _ in range(looks):
                x += 1.0
                objective(x)
            x[0] = bad
            return reason

    found = hbcd.minimize(parabola, [0.0, 0.0], Diverges())
    assert found.status is hbcd.StopReason.NOT_FINITE
    assert not found.success
    assert found.x.tolist() == [looks, looks]
    net = dense(hbcd.Tanh())
    theta = net.init(0)
    report = net.train(theta, X, Y, strategy=hbcd.BlockCoordinateDescent(Diverges()))
    assert report.stop_reason is hbcd.StopReason.NOT_FINITE
    assert np.isfinite(report.theta).all()
    assert report.loss <= report.initial_loss
