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
