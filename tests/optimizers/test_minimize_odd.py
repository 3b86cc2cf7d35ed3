"""The optimizers on functions without a minimum to speak of, and with holes."""

import numpy as np
import pytest

import hbcd
from support.functions import METHODS, each_method, gradient_methods

# ---- functions without a minimum to speak of -----------------------------------------------------


def saddle(x):
    return float(x[0] ** 2 - x[1] ** 2), np.array([2.0 * x[0], -2.0 * x[1]])


@each_method
def test_a_saddle_is_left_for_the_bounds(name):
    """The product s'y of the steps is negative there."""
    bounds = [(-2.0, 2.0)] * 2
    found = hbcd.minimize(saddle, [1.0, 1e-3], METHODS[name], bounds=bounds, rng=0)
    near = 0.1 if name == "icrs" else 1e-4
    assert found.fun == pytest.approx(-4.0, abs=near)
    assert abs(found.x[1]) == pytest.approx(2.0, abs=near)


@gradient_methods
@pytest.mark.parametrize("damping", [False, True])
def test_a_saddle_without_bounds_ends_with_numbers(name, damping):
    method = hbcd.LBFGS(damping=damping) if name == "lbfgs" else METHODS[name]
    with np.errstate(all="ignore"):
        found = hbcd.minimize(saddle, [1.0, 1e-3], method, stop=hbcd.Stop(max_iterations=200))
    assert np.isfinite(found.x).all()
    assert found.fun < saddle(np.array([1.0, 1e-3]))[0]


@gradient_methods
def test_at_the_saddle_point_itself_the_gradient_is_zero(name):
    found = hbcd.minimize(saddle, [0.0, 0.0], METHODS[name])
    assert found.status is hbcd.StopReason.GRADIENT
    assert found.nfev == 1


SLOPE = np.array([1.0, -3.0, 0.5])


def linear(x):
    return float(SLOPE @ x), SLOPE.copy()


@each_method
def test_a_linear_function_ends_in_its_corner(name):
    bounds = [(-1.0, 2.0)] * 3
    found = hbcd.minimize(linear, [0.1, 0.2, 0.3], METHODS[name], bounds=bounds, rng=0)
    if name == "icrs":
        assert found.fun == pytest.approx(-7.5, abs=0.1)
    else:
        assert np.abs(found.x - [-1.0, 2.0, -1.0]).max() <= 1e-5  # pg_tol


@gradient_methods
def test_a_linear_function_without_bounds_ends_with_numbers(name):
    stop = hbcd.Stop(max_iterations=300)
    with np.errstate(all="ignore"):
        found = hbcd.minimize(linear, np.zeros(3), METHODS[name], stop=stop)
    assert np.isfinite(found.x).all()
    assert np.isfinite(found.fun)
    assert found.fun < -1.0


@each_method
def test_a_constant_function_leaves_the_start_where_it_is(name):
    start = np.array([0.1, -0.2])
    found = hbcd.minimize(
        lambda x: (1.5, np.zeros(2)), start, METHODS[name], bounds=[(-1.0, 1.0)] * 2, rng=0
    )
    assert np.array_equal(found.x, start)
    assert found.fun == 1.5
    if name != "icrs":
        assert found.nfev == 1


# ---- objectives with holes -----------------------------------------------------------------------


def bowl(x):
    return float(((x - 0.25) ** 2).sum()), 2.0 * (x - 0.25)


class Holes:
    """The bowl, but no number where `is_hole(x, call)`."""

    def __init__(self, is_hole, hole, in_gradient=False):
        self.is_hole, self.hole, self.in_gradient = is_hole, hole, in_gradient
        self.good = []

    def __call__(self, x):
        f, g = bowl(x)
        self.calls = getattr(self, "calls", 0) + 1
        if not self.is_hole(x, self.calls):
            self.good.append(f)
            return f, g
        return (f, np.full(x.shape, self.hole)) if self.in_gradient else (self.hole, g)


HOLES = {
    "half space": lambda x, call: x[0] > 0.9,
    "every third": lambda x, call: call % 3 == 0,
    "all but the start": lambda x, call: call > 1,
}


@pytest.mark.parametrize("hole", [np.nan, np.inf])
@pytest.mark.parametrize("where", HOLES)
@pytest.mark.parametrize(
    ("name", "in_gradient"),
    [(name, False) for name in METHODS] + [(name, True) for name in METHODS if name != "icrs"],
)
def test_values_that_are_no_numbers_are_never_the_result(name, hole, where, in_gradient):
    fun = Holes(HOLES[where], hole, in_gradient)
    bounds = [(-2.0, 2.0)] * 3
    stop = hbcd.Stop(max_iterations=500)
    found = hbcd.minimize(fun, [-1.0, 0.5, 1.5], METHODS[name], bounds=bounds, rng=0, stop=stop)
    assert np.isfinite(found.x).all()
    assert found.fun == min(fun.good) == bowl(found.x)[0]


@gradient_methods
@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("in_gradient", [False, True])
def test_a_start_without_a_value_is_a_reason_and_not_a_success(name, hole, in_gradient):
    fun = Holes(lambda x, call: True, hole, in_gradient)
    start = np.array([0.5, 0.5])
    found = hbcd.minimize(fun, start, METHODS[name])
    assert found.status is hbcd.StopReason.NOT_FINITE
    assert not found.success
    assert np.array_equal(found.x, start)
    assert found.nfev == 1


def test_icrs_may_start_in_a_hole():
    fun = Holes(lambda x, call: x[0] == 0.5, np.nan)
    found = hbcd.minimize(fun, [0.5, 0.5], METHODS["icrs"], bounds=[(-1.0, 1.0)] * 2, rng=0)
    assert found.fun < 1e-4


@each_method
@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e12, 1e100])
def test_huge_and_tiny_functions_stay_numbers(name, scale):
    found = hbcd.minimize(
        lambda x: (scale * bowl(x)[0], scale * bowl(x)[1]),
        [-1.0, 0.5],
        METHODS[name],
        bounds=[(-2.0, 2.0)] * 2,
        rng=0,
        stop=hbcd.Stop(max_iterations=2000),
    )
    assert np.isfinite(found.x).all()
    assert found.fun <= scale * bowl(np.array([-1.0, 0.5]))[0]


ALONE = {"a value": lambda x: float(x @ x), "two residuals": lambda x: x - 1}


@pytest.mark.parametrize("case", ALONE)
def test_who_returns_no_derivatives_is_told_of_differences(case):
    residuals = case == "two residuals"
    with pytest.raises(TypeError, match="where jac is True, as it is unless given; jac=False"):
        hbcd.minimize(ALONE[case], [1.0, 2.0], residuals=residuals)
    assert hbcd.minimize(ALONE[case], [1.0, 2.0], residuals=residuals, jac=False).success


ANSWERS = {
    "nothing": (lambda x: None, "fun: returned None"),
    "text": (lambda x: "a", "fun: must hold numbers only"),
    "complex": (lambda x: 1j, "fun: Complex data not supported"),
    "three": (lambda x: (x @ x, x, 0), "fun=.*: must be .* where jac is True"),
    "no gradient": (lambda x: (x @ x, None), "jac: returned None"),
}


@pytest.mark.parametrize("residuals", [False, True])
@pytest.mark.parametrize("case", ANSWERS)
def test_a_function_that_returns_no_numbers_is_told_so(case, residuals):
    fun, message = ANSWERS[case]
    method = hbcd.LevenbergMarquardt() if residuals else hbcd.LBFGS()
    jac = case in ("three", "no gradient")
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        hbcd.minimize(fun, [1.0, 2.0], method, jac=jac, residuals=residuals)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("jac", ["differences", "callable"])
@pytest.mark.parametrize("residuals", [False, True])
def test_a_function_may_write_into_its_argument(residuals, jac):
    def fun(x):
        r = x - 1
        x[:] = 99.0
        return r if residuals else r @ r

    slopes = {(True, "callable"): lambda x: np.eye(2), (False, "callable"): lambda x: 2 * (x - 1)}
    method = hbcd.LevenbergMarquardt() if residuals else hbcd.LBFGS()
    found = hbcd.minimize(
        fun, [3.0, 4.0], method, jac=slopes.get((residuals, jac), False), residuals=residuals
    )
    np.testing.assert_allclose(found.x, 1.0, atol=1e-6)
