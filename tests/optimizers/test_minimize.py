"""`hbcd.minimize`: what goes in and what comes back."""

import numpy as np
import pytest
from scipy.optimize import Bounds, OptimizeResult

import hbcd
from support.functions import (
    BOX,
    CENTER,
    METHODS,
    START,
    Recorder,
    both,
    each_method,
    gradient,
    gradient_methods,
    value,
)

# ---- what comes back -----------------------------------------------------------------------------


@each_method
def test_the_result_is_scipys_with_every_field_filled(name):
    start, fun = START.copy(), Recorder()
    found = hbcd.minimize(fun, start, method=METHODS[name], bounds=BOX, rng=0)
    assert isinstance(found, OptimizeResult)
    assert found.x.shape == (3,)
    assert found.x.dtype == np.float64
    assert found.fun == value(found.x)
    assert isinstance(found.fun, float)
    assert found.nfev == len(fun.values)
    assert found.nit > 0
    assert isinstance(found.status, hbcd.StopReason)
    assert found.success is True
    assert found.message == str(found.status)
    assert ("jac" in found) == (name != "icrs")
    assert np.array_equal(start, START)


# The function is convex: the stopping tests leave less than these distances (ICRS stops by width:
# its box is 8 wide, its tolerance 1e-4 of it, and it is random).
@each_method
def test_a_convex_function_is_minimized_inside_a_box(name):
    found = hbcd.minimize(both, START, method=METHODS[name], bounds=BOX, rng=0)
    assert np.abs(found.x - CENTER).max() < {"icrs": 0.02}.get(name, 1e-4)


@gradient_methods
def test_no_bounds_are_needed_where_gradients_are(name):
    found = hbcd.minimize(both, START, method=METHODS[name])
    assert found.success
    assert np.abs(found.x - CENTER).max() < 1e-4


def test_the_default_method_is_lbfgs():
    ours, named = hbcd.minimize(both, START), hbcd.minimize(both, START, method=hbcd.LBFGS())
    assert np.array_equal(ours.x, named.x)
    assert ours.nfev == named.nfev


@pytest.mark.parametrize("bad", [None, [], [(-1.0, None)] * 3, [(None, None)] * 3])
def test_icrs_without_finite_bounds_says_so(bad):
    with pytest.raises(ValueError, match="finite bounds" if bad != [] else "pairs"):
        hbcd.minimize(value, START, method=hbcd.ICRS(), jac=False, bounds=bad)


# ---- gradients -----------------------------------------------------------------------------------


@gradient_methods
def test_every_form_of_the_gradient_leads_to_the_minimum(name):
    forms = [(both, True), (value, gradient), (value, False)]
    found = [hbcd.minimize(f, START, method=METHODS[name], jac=jac, bounds=BOX) for f, jac in forms]
    assert np.array_equal(found[0].x, found[1].x)
    # Forward differences are wrong by about sqrt(eps) times the second derivative, 40 here.
    assert np.abs(found[2].x - found[0].x).max() < 1e-4


def test_differences_are_counted_as_evaluations():
    fun = Recorder(value)
    found = hbcd.minimize(fun, START, jac=False)
    assert found.nfev == len(fun.values)
    assert found.nfev == 4 * found.njev  # each gradient of 3 variables is 4 values


def test_icrs_asks_for_no_gradient():
    def never(x):
        raise AssertionError("icrs asked for a gradient")

    found = hbcd.minimize(value, START, method=METHODS["icrs"], jac=never, bounds=BOX, rng=0)
    assert found.success


# ---- bounds --------------------------------------------------------------------------------------

LO, HI = np.array([0.0, 0.0, -np.inf]), np.array([np.inf, 3.0, 1.5])
PAIRS = [(0.0, None), (0.0, 3.0), (None, 1.5)]


@gradient_methods
def test_pairs_and_scipys_bounds_mean_the_same(name):
    pairs = hbcd.minimize(both, START, method=METHODS[name], bounds=PAIRS)
    vectors = hbcd.minimize(both, START, method=METHODS[name], bounds=Bounds(LO, HI))
    assert np.array_equal(pairs.x, vectors.x)
    assert np.abs(pairs.x - [0.5, 0.0, 1.5]).max() < 1e-4
    assert pairs.x[1] == 0.0
    assert pairs.x[2] == 1.5


@each_method
@pytest.mark.parametrize("form", ["both", "value"])
def test_nothing_outside_the_bounds_is_ever_evaluated(name, form):
    """Also where the start lies outside, and where the minimum lies on the bounds, which is where
    differences would step over them."""
    lo, hi = np.array([1.0, -0.5, -2.0]), np.array([2.0, 3.0, 1.0])
    fun = Recorder(both if form == "both" else value)
    outside = np.array([9.0, -9.0, 0.5])
    found = hbcd.minimize(
        fun, outside, method=METHODS[name], jac=form == "both", bounds=Bounds(lo, hi), rng=0
    )
    points = np.array(fun.points)
    assert (points >= lo).all()
    assert (points <= hi).all()
    assert np.array_equal(points[0], [2.0, -0.5, 0.5])
    assert found.fun < fun.values[0]
    if name != "icrs":  # a search that starts in a corner may end near it
        assert np.abs(found.x - [1.0, -0.5, 1.0]).max() < 1e-9


@pytest.mark.parametrize("form", ["both", "value"])
def test_a_variable_whose_bounds_are_equal_does_not_move(form):
    fun = both if form == "both" else value
    bounds = [(-4.0, 4.0), (1.0, 1.0), (-4.0, 4.0)]
    found = hbcd.minimize(fun, START, jac=form == "both", bounds=bounds)
    assert found.x[1] == 1.0
    assert np.abs(found.x[[0, 2]] - CENTER[[0, 2]]).max() < 1e-4


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x0": []}, ValueError, "x0"),
        ({"x0": [[1.0, 2.0]]}, ValueError, "x0"),
        ({"x0": [1.0, np.nan, 1.0]}, ValueError, "x0.*finite"),
        ({"x0": [1.0, np.inf, 1.0]}, ValueError, "x0.*finite"),
        ({"x0": ["a", "b", "c"]}, ValueError, "x0: must hold numbers only"),
        ({"method": "L-BFGS-B"}, TypeError, "method='L-BFGS-B'"),
        ({"method": hbcd.LBFGS}, TypeError, "method"),
        ({"bounds": [(0.0, 1.0)]}, ValueError, "bounds.*3 pairs"),
        ({"bounds": [(0.0, 1.0, 2.0)] * 3}, ValueError, "bounds"),
        ({"bounds": [(1.0, 0.0)] * 3}, ValueError, "bounds.*lo <= hi"),
        ({"bounds": [(np.nan, 1.0)] * 3}, ValueError, "bounds.*NaN"),
        ({"bounds": Bounds([0.0, 0.0], [1.0, 1.0])}, ValueError, "bounds"),
        ({"rng": "seed"}, TypeError, "rng='seed'"),
        ({"rng": -1}, ValueError, "rng=-1"),
        ({"rng": True}, TypeError, "rng=True"),
        ({"fun": lambda x: 1.0}, TypeError, r"fun=1\.0.*gradient"),
        ({"fun": lambda x: None}, TypeError, "fun=None.*gradient"),
        ({"fun": lambda x: (x, x)}, ValueError, "fun: returned 3 values"),
        ({"fun": lambda x: (1.0, x[:2])}, ValueError, r"gradient has shape \(2,\)"),
        ({"fun": lambda x: (1.0, 0.0)}, ValueError, r"gradient has shape \(\)"),
    ],
)
def test_bad_input_is_one_clear_error(change, error, message):
    arguments = {"fun": both, "x0": START, **change}
    with pytest.raises(error, match=message):
        hbcd.minimize(**arguments)


def test_a_number_is_a_vector_of_one():
    found = hbcd.minimize(lambda x: (float((x[0] - 2.0) ** 2), 2.0 * (x - 2.0)), 5.0)
    assert found.x.shape == (1,)
    assert abs(found.x[0] - 2.0) < 1e-5


def test_a_value_may_come_as_an_array_of_one():
    found = hbcd.minimize(lambda x: np.array([value(x)]), START, jac=False)
    assert np.abs(found.x - CENTER).max() < 1e-4


# ---- the optimizer's own method ------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_optimizer_moves_a_vector_of_either_precision_in_place(name, dtype):
    def fun(x):
        assert x.dtype == dtype
        return both(x)

    x, box = START.astype(dtype), (np.full(3, -4.0), np.full(3, 4.0))
    reason = METHODS[name].minimize(fun, x, box, rng=0)
    assert isinstance(reason, hbcd.StopReason)
    # In float32 a decrease of f below 1e-7 of it cannot be seen: x is known to its root, times
    # the scale of x and the ratio of curvatures.
    near = {"icrs": 0.02}.get(name, 1e-2 if dtype == np.float32 else 1e-4)
    assert np.abs(x - CENTER).max() < near
