"""Batches end by the sensitivities on all rows where a tolerance is given (METHOD 2.2, line 15)."""

import numpy as np
import pytest

import hbcd
from support.custom_parts import Listed

X = np.random.default_rng(5).normal(size=(600, 3))
Y = np.sin(2 * X[:, :1]) - X[:, 1:2] * X[:, 2:] + np.random.default_rng(6).normal(size=(600, 1))
NET = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4, hbcd.Tanh()), hbcd.OutputLayer(1)])
BATCHES = {"batch_rows": 300, "inner_iterations": 1, "visits_per_batch": 1, "epochs": 30}


class Ends(hbcd.Callback):
    """Sensitivities on all rows at the end of each pass."""

    def __init__(self, measure):
        self.measure, self.most = measure, []

    def on_sweep_end(self, event):
        values = NET.sensitivities(event.theta, X, Y, measure=self.measure)
        self.most.append(float(np.abs(values).max()))


def run(selector, tolerance, measure=None, callback=None):
    measure = hbcd.ProjectedGradient() if measure is None else measure
    phase = hbcd.Phase(
        hbcd.LBFGS(), selector, sensitivity=measure, sensitivity_tol=tolerance, **BATCHES
    )
    callbacks = [] if callback is None else [callback]
    return NET.train(NET.init(1), X, Y, strategy=Listed(phase), rng=0, callbacks=callbacks)


@pytest.mark.parametrize("selector", [hbcd.MostSensitive(), hbcd.PingPong(), hbcd.RandomBlock()])
@pytest.mark.parametrize(
    ("measure", "tolerance"), [(hbcd.ProjectedGradient(), 0.06), (hbcd.GradientNorm(), 0.11)]
)
def test_the_phase_ends_after_the_first_pass_that_is_within_the_tolerance(
    selector, measure, tolerance
):
    ends = Ends(measure)
    report = run(selector, tolerance, measure, ends)
    assert report.stop_reason is hbcd.StopReason.SENSITIVITY
    assert 1 < len(ends.most) < BATCHES["epochs"]
    assert min(ends.most[:-1]) > tolerance >= ends.most[-1]


def test_a_tolerance_that_is_not_given_ends_no_batches():
    report = run(hbcd.MostSensitive(), None)
    passes = report.history[report.history.event == "epoch"]
    assert report.stop_reason is not hbcd.StopReason.SENSITIVITY
    assert len(passes) > 2


def test_a_tolerance_of_zero_changes_nothing_but_asks():
    """The measurement brings a gradient, at no evaluation more."""
    plain, asked = run(hbcd.PingPong(), None), run(hbcd.PingPong(), 0.0)
    assert np.array_equal(plain.theta, asked.theta)
    assert plain.n_fev == asked.n_fev


def test_a_custom_sensitivity_ends_the_phase_too():
    class Largest(hbcd.Sensitivity):
        def measure(self, theta, gradient, block, box):
            return float(np.abs(gradient[block]).max())

    ends = Ends(Largest())
    report = run(hbcd.PingPong(), 0.06, Largest(), ends)
    assert report.stop_reason is hbcd.StopReason.SENSITIVITY
    assert min(ends.most[:-1]) > 0.06 >= ends.most[-1]
