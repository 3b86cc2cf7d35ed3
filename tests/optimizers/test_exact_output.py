"""The last layer solved exactly, alone and beside another optimizer."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

import hbcd
from support.custom_parts import Scale
from support.training_runs import NET, THETA, X, Y, network, run_phases, train

LM = hbcd.LevenbergMarquardt
both_precisions = pytest.mark.parametrize("dtype", [np.float64, np.float32])
LAST = NET.blocks[-1]


def hidden_outputs(net, theta, x):
    layers = [*net.layers[1:-1]]
    below = hbcd.Network([net.layers[0], *layers])
    return np.hstack([below.predict(theta[: below.n_parameters], x), np.ones((len(x), 1))])


class LastBlock(hbcd.BlockSelector):
    def next_block(self, about):
        return about.n_blocks - 1


def solve_output(net, theta, x, y, box=100.0, ridge=0.0, **options):
    phase = hbcd.Phase(hbcd.ExactOutput(ridge=ridge), LastBlock(), epochs=1, box=box)
    return run_phases(phase, net=net, theta=theta, x=x, y=y, **options)


@both_precisions
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_output_layer_is_that_of_lstsq(outputs, weighted, dtype):
    rng = np.random.default_rng(outputs)
    net = network(3, 6, 5, outputs)
    x, y = rng.normal(size=(500, 3)), rng.normal(size=(500, outputs))
    weight = rng.integers(0, 4, 500).astype(float) if weighted else None
    theta = net.init(1).astype(dtype)
    report = solve_output(net, theta, x, y, sample_weight=weight)
    last = net.blocks[-1]
    phi = hidden_outputs(net, theta.astype(float), x)
    root = np.sqrt(np.ones(500) if weight is None else weight)[:, np.newaxis]
    wanted = np.linalg.lstsq(root * phi, root * y, rcond=None)[0]
    # The normal equations square the condition of phi, some 50; rounding is that of the weights.
    tolerance = 1e-3 if dtype is np.float32 else 1e-10
    assert np.abs(report.theta[last].reshape(6, outputs) - wanted).max() < tolerance
    assert (report.theta[: last.start] == theta[: last.start]).all()


def test_the_output_layer_between_bounds_is_that_of_scipy():
    rng = np.random.default_rng(4)
    net = network(3, 8, 2)
    x, y = rng.normal(size=(300, 3)), 5.0 * rng.normal(size=(300, 2)) + 2.0
    theta = net.init(2)
    theta *= 0.25 / np.abs(theta).max()
    report = solve_output(net, theta, x, y, box=0.25)
    found, phi = report.theta[net.blocks[-1]].reshape(9, 2), hidden_outputs(net, theta, x)
    for k in range(2):
        wanted = lsq_linear(phi, y[:, k], (-0.25, 0.25), method="bvls", tol=1e-14).x
        assert (np.abs(wanted) >= 0.25).any()
        assert np.abs(found[:, k] - wanted).max() < 1e-8


def test_a_singular_output_layer_is_solved_all_the_same():
    """Two neurons are twins and one is dead: many solutions, all of one loss."""
    net = network(3, 4, 1)
    theta = net.init(0)
    weights = theta[:12].reshape(3, 4)
    weights[:, 1], weights[:, 2] = weights[:, 0], 0.0
    theta[12:16] = [theta[12], theta[12], 0.0, 0.3]
    phi = hidden_outputs(net, theta, X)
    best = np.linalg.lstsq(phi, Y[:, np.newaxis], rcond=None)[0]
    wanted = 0.5 * float(np.mean((phi @ best - Y[:, np.newaxis]) ** 2))
    for ridge in (0.0, 1e-8):
        report = solve_output(net, theta, X, Y, ridge=ridge)
        assert report.loss == pytest.approx(wanted, rel=1e-6)


def test_a_solution_that_is_not_better_is_not_taken():
    report = solve_output(NET, THETA, X, Y)
    again = solve_output(NET, report.theta, X, Y, ridge=10.0)  # draws the weights to zero
    assert (again.theta == report.theta).all()
    assert again.loss == report.loss


def test_a_linear_network_is_solved_at_once():
    net = network(3, 1)
    report = train(hbcd.FullBatch(hbcd.ExactOutput(), box=100.0), net=net, theta=net.init(0))
    a = np.hstack([X, np.ones((len(X), 1))])
    assert np.abs(report.theta - np.linalg.lstsq(a, Y, rcond=None)[0]).max() < 1e-6


@pytest.mark.parametrize("inner", [hbcd.LBFGS(), LM(), hbcd.Adam(0.01), hbcd.BarzilaiBorwein()])
def test_other_blocks_are_handed_to_the_inner_optimizer(inner):
    """Forward: until the last block is reached, it is the inner optimizer's run."""
    runs = [
        run_phases(
            hbcd.Phase(
                o, hbcd.ForwardSequential(), inner_iterations=3, epochs=1, visits_per_batch=2
            )
        )
        for o in (hbcd.ExactOutput(inner), inner)
    ]
    assert (runs[0].theta == runs[1].theta).all()
    mixed = run_phases(
        hbcd.Phase(
            hbcd.ExactOutput(inner),
            hbcd.ForwardSequential(),
            inner_iterations=3,
            epochs=10,
            visits_per_batch=3,
        )
    )
    _, gradient = NET.bind(X, Y)(mixed.theta)
    assert np.abs(gradient[LAST]).max() < 1e-6
    assert mixed.loss < runs[1].loss


def test_a_custom_layer_may_stand_below_an_exact_output():
    net = hbcd.Network([hbcd.InputLayer(3), Scale(), hbcd.OutputLayer(1)])
    report = train(
        hbcd.BlockCoordinateDescent(hbcd.ExactOutput(hbcd.LBFGS()), hbcd.PingPong(), epochs=2),
        net=net,
        theta=net.init(0),
    )
    linear = network(3, 1)
    best = train(hbcd.FullBatch(hbcd.ExactOutput()), net=linear, theta=linear.init(0))
    assert report.loss == pytest.approx(best.loss, rel=1e-9)
