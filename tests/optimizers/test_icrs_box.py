"""ICRS and its box: one that cannot be searched is refused, and no trial is no success."""

import numpy as np
import pytest

import hbcd
from support.functions import METHODS, Recorder, gradient_methods

HUGE = float(np.finfo(np.float64).max)


def bowl(x):
    return float(((x - 0.25) ** 2).sum())


def distance(x):
    """As the bowl, but a number however large x is."""
    return float(np.abs(x - 0.25).max())


def search(bounds, x0=(0.5, 0.5), method=None, fun=bowl, **options):
    method = hbcd.ICRS() if method is None else method
    fun = Recorder(fun)
    found = hbcd.minimize(fun, x0, method, jac=False, bounds=bounds, rng=0, **options)
    assert len(fun.values) == found.nfev
    return found


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([(-1e308, 1e308)] * 2, r"lo=-1e\+308, hi=1e\+308 at variable 0: ICRS needs finite bounds"),
        ([(-1.0, 1.0), (-HUGE, HUGE)], "at variable 1: ICRS needs"),
        ([(-1.0, HUGE), (-HUGE, 0.1 * HUGE)], "at variable 1: ICRS needs"),
        ([(0.0, np.inf), (0.0, 1.0)], "lo=0, hi=inf at variable 0: ICRS needs"),
        ([(None, 0.0), (0.0, 1.0)], "lo=-inf, hi=0 at variable 0: ICRS needs"),
        (None, "lo=-inf, hi=inf at variable 0: ICRS needs"),
        ([(np.nan, 1.0)] * 2, "bounds: .*NaN"),
    ],
)
def test_a_box_that_cannot_be_drawn_from_is_refused_in_one_line(bounds, message):
    with pytest.raises(ValueError, match=message) as caught:
        search(bounds)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_optimizer_itself_refuses_such_a_box_too(dtype):
    side = np.full(2, np.finfo(dtype).max, dtype)
    x = np.zeros(2, dtype)
    objective = type("Objective", (), {"value": staticmethod(distance)})()
    if dtype is np.float64:
        with pytest.raises(ValueError, match="finite bounds on every variable, a finite distance"):
            hbcd.ICRS().minimize(objective, x, (-side, side))
    else:  # twice the largest float32 is a float64: the box is searched
        hbcd.ICRS(max_evaluations=50).minimize(objective, x, (-side, side), rng=0)
        assert np.isfinite(x).all()


def test_a_training_refuses_such_a_box_too():
    net = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)])
    x = np.linspace(0.0, 1.0, 20)[:, np.newaxis]
    with pytest.raises(ValueError, match="a finite distance apart"):
        net.train(net.init(0), x, x, strategy=hbcd.FullBatch(hbcd.ICRS(), box=1e308))


@pytest.mark.parametrize(
    "bounds", [[(-8e307, 8e307)] * 2, [(0.0, HUGE)] * 2, [(-1e300, 1.0), (0.0, 1e-300)]]
)
def test_a_wide_box_whose_width_is_a_number_is_searched(bounds):
    found = search(bounds, x0=(bounds[0][0] / 2, 0.0), fun=distance)
    assert found.nfev > 50
    assert np.isfinite(found.x).all()


def test_fixed_variables_stay_and_the_others_are_searched():
    found = search([(0.75, 0.75), (-1.0, 1.0)], x0=(0.0, 1.0))
    assert found.x[0] == 0.75
    assert abs(found.x[1] - 0.25) < 0.02
    assert found.success
    alone = search([(0.75, 0.75)] * 2)
    assert alone.success
    assert alone.nfev == 1
    assert (alone.x == 0.75).all()


@pytest.mark.parametrize(
    ("method", "x0"),
    [
        (hbcd.ICRS(tolerance=0.5), (0.5, 0.5)),
        (hbcd.ICRS(tolerance=0.02), (-1.0, 1.0)),
        (hbcd.ICRS(k1=1e-5), (0.5, 0.5)),
        (hbcd.ICRS(floor=0.0), (-1.0, 1.0)),
    ],
)
def test_no_trial_is_no_success(method, x0):
    found = search([(-1.0, 1.0)] * 2, x0, method)
    assert found.nfev == 1
    assert not found.success
    assert found.status is hbcd.StopReason.LINE_SEARCH


@pytest.mark.parametrize(
    ("options", "evaluations"),
    [
        ({"stop": hbcd.Stop(max_evaluations=1)}, 1),
        ({"stop": hbcd.Stop(max_iterations=0)}, 1),
        ({"stop": hbcd.Stop(max_seconds=0.0)}, 3),  # the clock is read after an iteration, n trials
        ({"method": hbcd.ICRS(max_evaluations=1)}, 1),
    ],
)
def test_no_budget_is_no_success(options, evaluations):
    found = search([(-1.0, 1.0)] * 2, **options)
    assert found.nfev <= evaluations
    assert not found.success


@gradient_methods
@pytest.mark.parametrize("side", [1e300, 1e308, HUGE])
def test_the_other_methods_search_the_widest_boxes(name, side):
    found = hbcd.minimize(
        lambda x: (bowl(x), 2.0 * (x - 0.25)),
        [3.0, -2.0],
        METHODS[name],
        bounds=[(-side, side)] * 2,
    )
    assert found.success
    assert np.abs(found.x - 0.25).max() < 1e-4
