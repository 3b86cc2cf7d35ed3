"""Boxes during training, and ADAM across batches."""

import numpy as np
import pytest

import hbcd
from support.training_runs import NET, OPTIMIZERS, THETA, X, Y, run_phases, train

# ---- the box -------------------------------------------------------------------------------------


class Spy(hbcd.Sensitivity):
    """The projected gradient; keeps the farthest any parameter ever was from zero."""

    def __init__(self):
        self.farthest, self.boxes = 0.0, []

    def measure(self, theta, gradient, block, box):
        self.farthest = max(self.farthest, float(np.abs(theta).max()))
        self.boxes.append((box[0].min(), box[1].max()))
        return hbcd.ProjectedGradient().measure(theta, gradient, block, box)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_box_holds_during_and_after_training(optimizer):
    spy, start = Spy(), 3.0 * THETA
    phase = hbcd.Phase(
        OPTIMIZERS[optimizer],
        hbcd.PingPong(),
        sensitivity=spy,
        batch_rows=100,
        inner_iterations=5,
        epochs=5,
        box=0.25,
    )
    report = run_phases(phase, theta=start)
    assert np.abs(start).max() > 0.25
    assert spy.farthest == 0.25  # it reached the bound and never passed it
    assert set(spy.boxes) == {(-0.25, 0.25)}
    # What was best may be the start itself, which nobody asked to lie in the box.
    assert np.abs(report.theta).max() <= 0.25 or np.array_equal(report.theta, start)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("box", [0.25, (-0.25, 0.25), (np.full(NET.n_parameters, -0.25), 0.25)])
def test_every_form_of_a_box_holds_for_all_parameters_at_once(optimizer, box):
    inside = 0.2 * np.sign(THETA)
    phase = hbcd.Phase(OPTIMIZERS[optimizer], inner_iterations=20, box=box)
    report = run_phases(phase, theta=inside)
    assert report.loss < report.initial_loss
    assert np.abs(report.theta).max() <= 0.25


def test_the_default_boxes_are_those_of_the_method():
    spies = Spy(), Spy()
    run_phases(
        hbcd.Phase(hbcd.ICRS(), hbcd.MostSensitive(), sensitivity=spies[0], inner_iterations=1),
        hbcd.Phase(hbcd.LBFGS(), hbcd.MostSensitive(), sensitivity=spies[1], inner_iterations=1),
    )
    assert set(spies[0].boxes) == {(-1.0, 1.0)}
    assert set(spies[1].boxes) == {(-10.0, 10.0)}


# ---- ADAM across batches -------------------------------------------------------------------------


class ResetAdam(hbcd.Adam):
    """ADAM over the bridge, which remembers nothing from batch to batch."""


def test_adam_keeps_its_moments_from_batch_to_batch():
    kept = train(hbcd.MiniBatch(hbcd.Adam(0.1), 40, epochs=30)).loss
    reset = train(hbcd.MiniBatch(ResetAdam(0.1), 40, epochs=30)).loss
    # Without moments every step is the sign of the gradient times the learning rate, and the end
    # is noise of that size: measured 120 times the loss.
    assert kept < 0.1 * reset


def test_mini_batches_of_all_rows_are_adam_itself():
    """One step a pass, ten passes, against algorithm 1 in NumPy."""
    theta, m, v = THETA.copy(), 0.0, 0.0
    for t in range(1, 11):
        _, g = NET.loss_and_gradient(theta, X, Y)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta -= 0.003 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    report = train(hbcd.MiniBatch(hbcd.Adam(0.003), len(X), epochs=10), stop=hbcd.Stop(f_tol=None))
    # Ten steps, each rounded to some eps of the parameters.
    assert np.abs(report.theta - theta).max() < 1e-13
