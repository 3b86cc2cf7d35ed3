"""What the penalty draws weights to: 0, or the weights that training goes on from."""

from __future__ import annotations

import numpy as np
import pytest

import hbcd
from hbcd import core
from support.custom_parts import Listed
from support.reference import random_network, worst

EXACT, SINGLE = 1e-12, 1e-5
ALPHA, ROWS = 20.0, 300


def problem(depth=2):
    rng = np.random.default_rng(0)
    net, theta = random_network(rng, depth, 4, 2, "tanh")
    x, y = rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, 2))
    center = theta + rng.normal(size=theta.size)
    return net, theta, center, x, y


def weights_only(net, theta):
    """theta with zeros for the biases."""
    return np.concatenate([np.r_[w.ravel(), 0 * b] for w, b in net.weights(theta)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_penalty_is_of_the_distance_to_its_center(dtype):
    net, theta, center, x, y = problem()
    theta, center = theta.astype(dtype), center.astype(dtype)
    with_center = core.Data(dtype, x, y, None, penalty=ALPHA / ROWS)
    with_center.draw_to(center)
    without, own = core.Data(dtype, x, y, None), net.network.core_network(dtype)
    plain, full = np.empty_like(theta), np.empty_like(theta)
    f, with_f = own.loss(without, theta, plain, 1), own.loss(with_center, theta, full, 1)
    w = theta.astype(float) - center.astype(float)
    room = EXACT if dtype == np.float64 else SINGLE
    assert with_f == pytest.approx(f + 0.5 * ALPHA * (w @ w) / ROWS, rel=EXACT)
    assert worst(full, plain.astype(float) + ALPHA * w / ROWS) <= room
    normal = own.normal(with_center, theta, -1, 1)
    assert normal[0] == with_f
    assert worst(normal[1], full.astype(float)) <= room
    some = core.take_rows(with_center, np.arange(ROWS), 1)
    del with_center
    assert own.loss(some, theta, None, 1) == with_f
    some.draw_to(None)
    assert own.loss(some, theta, None, 1) == pytest.approx(
        f + 0.5 * ALPHA * (weights_only(net, theta.astype(float)) ** 2).sum() / ROWS, rel=1e-6
    )


@pytest.mark.parametrize("size", [1, -1])
def test_a_center_of_another_network_is_refused(size):
    net, theta, center, x, y = problem()
    data = core.Data(np.float64, x, y, None, penalty=1.0)
    data.draw_to(np.resize(center, center.size + size))
    with pytest.raises(ValueError, match="size"):
        net.network.core_network(np.float64).loss(data, theta, None, 1)
    network = hbcd.Network(net.network.layers, alpha=1.0)
    with pytest.raises(ValueError, match="theta: "):
        network.train(theta, x, y, penalty_center=np.resize(center, center.size + size))


class Still(hbcd.Optimizer):
    """Moves nothing; keeps the loss of every batch that it is given."""

    def __init__(self):
        self.seen = []

    def minimize(self, objective, x, box, stop, rng):
        self.seen.append(objective(x)[0])
        return hbcd.StopReason.ITERATIONS


def test_every_batch_and_every_block_carries_it():
    net, theta, center, x, y = problem()
    w = theta - center
    for shell in (
        lambda part: hbcd.MiniBatch(part, 60, epochs=1),
        lambda part: hbcd.BlockCoordinateDescent(part, epochs=2),
    ):
        seen = []
        for alpha in (0.0, ALPHA):
            part = Still()
            network = hbcd.Network(net.network.layers, alpha=alpha)
            network.train(theta, x, y, strategy=shell(part), rng=0, penalty_center=center)
            seen.append(np.array(part.seen))
        assert len(seen[0]) >= 2
        np.testing.assert_allclose(seen[1] - seen[0], 0.5 * ALPHA * (w @ w) / ROWS, rtol=EXACT)


def test_the_output_layer_is_solved_with_it():
    net, theta, center, x, y = problem(depth=1)
    network = hbcd.Network(net.network.layers, alpha=ALPHA)
    phase = hbcd.Phase(
        hbcd.ExactOutput(ridge=0.0), hbcd.Backward(), box=100.0, inner_iterations=1, epochs=1
    )
    report = network.train(theta, x, y, strategy=Listed(phase), penalty_center=center)
    gradient = hbcd.Network(net.network.layers).loss_and_gradient(report.theta, x, y)[1]
    gradient = gradient + ALPHA * (report.theta - center) / ROWS
    assert np.abs(gradient[net.blocks[-1]]).max() <= 1e-12


@pytest.mark.parametrize("strategy", ["fast", "bcd", "full_batch"])
def test_training_stays_at_a_center_that_fits(strategy):
    net, theta, _, x, _ = problem()
    network = hbcd.Network(net.network.layers, alpha=ALPHA)
    strategy = hbcd.HybridRegressor(strategy=strategy).strategy
    made = {"fast": hbcd.Hybrid.fast(), "bcd": hbcd.BlockCoordinateDescent()}.get(
        strategy, hbcd.FullBatch()
    )
    y = network.predict(theta, x)
    report = network.train(theta, x, y, strategy=made.after(theta), penalty_center=theta)
    np.testing.assert_allclose(report.theta, theta, rtol=1e-9)
    assert report.initial_loss < 1e-20
