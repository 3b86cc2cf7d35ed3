"""Boxes during training, and ADAM across batches."""

import numpy as np
import pytest

import hbcd
from hbcd.training import registry
from support.training_runs import NET, OPTIMIZERS, THETA, Phases, X, Y, run_phases, train

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


class Box(hbcd.Sensitivity):
    """The projected gradient; keeps the boxes that it was given."""

    def __init__(self):
        self.seen = []

    def measure(self, theta, gradient, block, box):
        self.seen.append(None if box is None else (box[0].copy(), box[1].copy()))
        return hbcd.ProjectedGradient().measure(theta, gradient, block, box)


ONE_VISIT = {"selector": hbcd.MostSensitive(), "inner_iterations": 1, "epochs": 1}


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "icrs"])
def test_nothing_is_bounded_unless_asked_for(optimizer):
    spy = Box()
    run_phases(hbcd.Phase(OPTIMIZERS[optimizer], sensitivity=spy, **ONE_VISIT))
    assert spy.seen
    assert set(spy.seen) == {None}


@pytest.mark.parametrize("optimizer", [hbcd.ICRS(), hbcd.ExactOutput(hbcd.ICRS())])
def test_a_random_search_has_a_box_of_its_own_that_holds_its_start_and_nothing_after_it(optimizer):
    first, second, after = Box(), Box(), Box()
    start = THETA.copy()
    start[0] = -3.0
    run_phases(
        hbcd.Phase(hbcd.LBFGS(), sensitivity=first, **ONE_VISIT),
        hbcd.Phase(optimizer, sensitivity=second, **ONE_VISIT),
        hbcd.Phase(hbcd.LBFGS(), sensitivity=after, **ONE_VISIT),
        theta=start,
    )
    assert set(first.seen) == set(after.seen) == {None}
    lo, hi = second.seen[0]
    assert np.array_equal(lo, -hi)
    assert hi[0] > 3.0  # the parameter is not moved, and has room on both sides
    assert (hi == 1.0).sum() >= NET.n_parameters - 5
    assert hi.min() == 1.0


@pytest.mark.parametrize("strategy", ["fast", "multi_start", "full_batch", "bcd", "batch_shell"])
def test_a_line_beyond_every_guess_is_found(strategy):
    x = np.linspace(-1, 1, 200)[:, np.newaxis]
    line = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)])
    for slope, offset in ((3.0, 25.0), (-400.0, 1.0), (0.0, -1e4)):
        report = line.train(
            line.init(0), x, slope * x[:, 0] + offset, strategy=registry.strategy(strategy),
            stop=hbcd.Stop(f_tol=None), rng=0,
        )  # fmt: skip
        assert report.theta == pytest.approx([slope, offset], abs=1e-3)
        assert report.at_bounds == 0


def test_a_search_in_front_does_not_bind_what_follows():
    x = np.linspace(-1, 1, 200)[:, np.newaxis]
    line = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)])
    strategy = hbcd.Sequence([hbcd.FullBatch(hbcd.ICRS()), hbcd.FullBatch()])
    report = line.train(line.init(0), x, 30 * x[:, 0] - 7, strategy=strategy)
    assert report.theta == pytest.approx([30.0, -7.0], abs=1e-3)


def test_the_box_of_a_search_is_laid_around_the_parameters_at_its_beginning():
    x = np.linspace(-1, 1, 200)[:, np.newaxis]
    line = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)])
    spy = Box()
    search = hbcd.Phase(hbcd.ICRS(), sensitivity=spy, **ONE_VISIT)
    found = hbcd.Phase(hbcd.LBFGS())
    line.train(line.init(0), x, 30 * x[:, 0] - 7, strategy=Phases(found, search))
    assert spy.seen[0][1] == pytest.approx([60.0, 14.0], rel=1e-4)


# ---- a stop at a bound ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "held"),
    [
        (lambda: hbcd.FullBatch(box=10.0), 1),  # of 3 and 25, the second
        (lambda: hbcd.FullBatch(hbcd.BFGS(), box=(-1.0, 2.0)), 2),
        (lambda: hbcd.BatchShell(box=(None, 20.0)), 1),
        (lambda: hbcd.MultiStart(hbcd.FullBatch(box=10.0), 2), 1),
        (lambda: hbcd.Sequence([hbcd.FullBatch(), hbcd.FullBatch(box=2.0)]), 0),  # best: before
        (lambda: hbcd.FullBatch(box=(None, 30.0)), 0),
        (lambda: hbcd.FullBatch(), 0),
    ],
)
def test_a_stop_at_a_bound_says_so(make, held):
    x = np.linspace(-1, 1, 200)[:, np.newaxis]
    line = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)])
    report = line.train(line.init(0), x, 3 * x[:, 0] + 25, strategy=make())
    assert report.at_bounds == held
    if held:
        assert f"{held} of 2 parameters" in report.message
    else:
        assert report.message == str(report.stop_reason)


def test_a_bound_that_holds_nothing_back_is_not_counted():
    x = np.linspace(-1, 1, 200)[:, np.newaxis]
    line = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)])
    for side, target in (((-1.0, None), 25 + 3 * x), ((None, 1.0), -25 - 3 * x)):
        start = np.full(2, side[0] or side[1])  # on the bound, and the loss falls inwards
        report = line.train(
            start, x, target, strategy=hbcd.FullBatch(box=side), stop=hbcd.Stop(max_iterations=0)
        )
        assert np.array_equal(report.theta, start)
        assert report.at_bounds == 0


def test_a_stop_at_the_bounds_of_a_layer_says_so():
    x = np.linspace(-1, 1, 200)[:, np.newaxis]
    line = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1, weight_bounds=(0, None))])
    falling = line.train(line.init(0), x, -3 * x[:, 0], strategy=hbcd.FullBatch())
    rising = line.train(line.init(0), x, 3 * x[:, 0], strategy=hbcd.FullBatch())
    assert (falling.at_bounds, rising.at_bounds) == (1, 0)


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
