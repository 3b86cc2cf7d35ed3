"""`n_fev` is the number of evaluations made, `max_evaluations` their limit, for any optimizer."""

import numpy as np
import pytest

import hbcd
from support.custom_parts import Listed

X = np.random.default_rng(3).normal(size=(200, 3))  # one tile: one call of the loss an evaluation
Y = np.sin(X[:, :1]) + 0.5 * X[:, 1:2]


class Counted(hbcd.Loss):
    """Half the squared error, and how often it was asked for."""

    def __init__(self):
        self.calls = 0

    def evaluate(self, output, target, gradient=None):
        self.calls += 1
        difference = output - target
        if gradient is not None:
            gradient[:] = difference
        return 0.5 * (difference**2).sum(axis=1)


class Elsewhere(hbcd.Optimizer):
    """Looks beside the start, never at it."""

    def minimize(self, objective, x, box, stop, rng):
        for _ in range(2):
            x += 0.01
            objective(x)


class Downhill(hbcd.Optimizer):
    """Begins at the start."""

    def minimize(self, objective, x, box, stop, rng):
        for step in (0.1, 0.03):
            _, gradient = objective(x)
            x -= step * gradient


class Returning(hbcd.Optimizer):
    """Asks again and again for what is known, value and gradient, and once for something new."""

    def minimize(self, objective, x, box, stop, rng):
        start = x.copy()
        for _ in range(3):
            objective(start)
            objective.value(start)
        x -= 0.05 * objective(start)[1]
        objective.value(x)


class Blind(hbcd.Optimizer):
    """Evaluates nothing: the point it hands back is measured for it."""

    def minimize(self, objective, x, box, stop, rng):
        x *= 0.999


class Endless(hbcd.Optimizer):
    """Goes on until the objective says that the run is over."""

    def minimize(self, objective, x, box, stop, rng):
        while True:
            x += 1e-3
            objective.value(x)


OWN = [Elsewhere(), Downhill(), Returning(), Blind(), Endless()]
BUILT_IN = [hbcd.LBFGS(), hbcd.BFGS(), hbcd.Adam(), hbcd.BarzilaiBorwein()]
each_optimizer = pytest.mark.parametrize(
    "optimizer", [*OWN, *BUILT_IN], ids=lambda o: type(o).__name__
)
each_selector = pytest.mark.parametrize("selector", [None, hbcd.PingPong(), hbcd.MostSensitive()])


def run(optimizer, selector, limit, held_out=False, **options):
    """(evaluations made, the report) of a training with a loss that counts."""
    loss = Counted()
    layers = [hbcd.InputLayer(3), hbcd.HiddenLayer(4, hbcd.Tanh()), hbcd.OutputLayer(1)]
    net = hbcd.Network(layers, loss=loss)
    phase = hbcd.Phase(optimizer, selector, inner_iterations=3, **options)
    theta = net.init(1)
    loss.calls = 0
    report = net.train(
        theta,
        X,
        Y,
        strategy=Listed(phase),
        stop=hbcd.Stop(max_evaluations=limit),
        eval_set=(X[:50], Y[:50]) if held_out else None,
        rng=0,
    )
    return loss.calls, report


@each_optimizer
@each_selector
@pytest.mark.parametrize(
    "options", [{"epochs": 3, "visits_per_batch": 4}, {"batch_rows": 40, "epochs": 2}]
)
def test_what_is_reported_is_what_was_made(optimizer, selector, options):
    made, report = run(optimizer, selector, 60, **options)
    assert made == report.n_fev
    made, report = run(optimizer, selector, 60, held_out=True, **options)
    assert made == report.n_fev + 1  # what comes out is compared with other calls of the core


@each_optimizer
@each_selector
@pytest.mark.parametrize("limit", [1, 2, 7, 20])
def test_no_more_are_made_than_the_limit_and_the_measurement_at_the_end(optimizer, selector, limit):
    made, report = run(optimizer, selector, limit, epochs=50, visits_per_batch=3)
    assert made <= limit + 1
    assert report.n_fev == made
    made, _ = run(optimizer, selector, limit, held_out=True, epochs=50, visits_per_batch=3)
    assert (
        made <= max(limit, 2) + 3
    )  # the start is measured on both sets of rows, and so is the end


def test_known_points_cost_nothing():
    """The start of a visit is known from the choice of the block: 1 of 7 asked for is new."""
    made, report = run(Returning(), hbcd.PingPong(), None, epochs=1, visits_per_batch=2)
    first, visits = 1, 2 * (1 + 1)
    assert made == report.n_fev == first + visits  # the end is known from the last visit
