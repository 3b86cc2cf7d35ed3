"""Whole weights are repeated rows, for every loss: in full-batch training to rounding, where
batches are drawn in expectation."""

import numpy as np
import pytest

import hbcd
from support.loss_formulas import NAMES, problem

RNG = np.random.default_rng(0)
COPIES = RNG.integers(0, 4, 256)
FULL = {
    "lbfgs": hbcd.FullBatch(hbcd.LBFGS(), max_iterations=8),
    "lm": hbcd.FullBatch(hbcd.LevenbergMarquardt(), max_iterations=5),
    "adam": hbcd.FullBatch(hbcd.Adam(0.01), max_iterations=20),
    "blocks": hbcd.BlockCoordinateDescent(inner_iterations=2, epochs=2),
}


@pytest.mark.parametrize("strategy", FULL)
@pytest.mark.parametrize("name", NAMES)
def test_whole_weights_are_repeated_rows_in_training_to_rounding(name, strategy):
    _, network, theta, x, y = problem(name, 256, alpha=0.3)
    chosen = FULL[strategy]
    one = network.train(theta, x, y, COPIES, strategy=chosen, n_threads=1)
    repeated = np.repeat(x, COPIES, 0), np.repeat(y, COPIES, 0)
    # The penalty is divided by the number of rows, of which there are more now.
    alpha = network.alpha * np.sum(COPIES) / np.count_nonzero(COPIES)
    more = hbcd.Network(network.layers, network.loss, alpha=alpha)
    other = more.train(theta, *repeated, strategy=chosen, n_threads=1)
    assert one.loss < one.initial_loss
    # Sums in two orders differ by some 1e-16, which a few steps of training magnify.
    assert one.loss == pytest.approx(other.loss, rel=1e-8)
    np.testing.assert_allclose(one.theta, other.theta, rtol=1e-5, atol=1e-6)


class AtStart(hbcd.Optimizer):
    """Notes the gradient of every batch at the same parameters."""

    def __init__(self):
        self.seen = []

    def minimize(self, objective, x, box, stop, rng):
        self.seen.append(objective(x)[1].copy())
        return hbcd.StopReason.ITERATIONS


class Epochs(hbcd.TrainingStrategy):
    def __init__(self, probe, rows, epochs):
        self.probe, self.rows, self.epochs = probe, rows, epochs

    def phases(self, network, n_rows):
        return [hbcd.Phase(self.probe, batch_rows=self.rows, epochs=self.epochs)]


def drawn(network, theta, x, y, weight, rows):
    """Gradients of many batches, (batches, parameters)."""
    probe = AtStart()
    for seed in range(60):  # an epoch each: nothing improves, which would end them early
        strategy = Epochs(probe, rows, 1)
        network.train(theta, x, y, weight, strategy=strategy, rng=seed, n_threads=1)
    return np.array(probe.seen)


@pytest.mark.parametrize("name", NAMES)
def test_drawn_batches_of_weighted_rows_are_in_expectation_those_of_repeated_ones(name):
    _, network, theta, x, y = problem(name, 256)
    repeated = np.repeat(x, COPIES, 0), np.repeat(y, COPIES, 0)
    true = network.loss_and_gradient(theta, x, y, COPIES)[1]
    plain = network.loss_and_gradient(theta, x, y)[1]
    size = np.abs(true).max()
    assert np.abs(plain - true).max() > 0.03 * size  # what weights that are ignored would give
    for g in (
        drawn(network, theta, x, y, COPIES, 64),
        drawn(network, theta, *repeated, None, 64),
    ):
        # Batches of an epoch hold every row once, so that their mean is near the truth though
        # each of them is 0.1 to 0.6 of its size away; a mean of weights is biased by 1 in rows.
        assert len(g) >= 240
        assert g.std(axis=0).max() > 0.05 * size
        assert np.abs(g.mean(axis=0) - true).max() < 0.02 * size
