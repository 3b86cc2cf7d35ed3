"""`hbcd.minimize`: a success is near the minimum, whatever the unit of f."""

import numpy as np
import pytest

import hbcd
from support.functions import METHODS, gradient_methods, rosenbrock
from support.more_garbow_hillstrom import MGH

SCALES = [1e-200, 1e-30, 1e-12, 1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e12, 1e30, 1e100]
each_scale = pytest.mark.parametrize("scale", SCALES)
residuals_of_rosenbrock = next(p for p in MGH if p.name == "rosenbrock").residuals


def bowl(x):
    d = x - np.array([0.25, -3.0])
    return float(d @ d), 2.0 * d


def offset_valley(x):
    """Condition 1000, and a minimum of 3."""
    d, w = x - 1.0, np.array([1.0, 1000.0])
    return float(w @ (d * d)) / 2.0 + 3.0, w * d


FUNCTIONS = {
    "bowl": (bowl, [-1.0, 0.5], [0.25, -3.0]),
    "rosenbrock": (rosenbrock, [-1.2, 1.0], [1.0, 1.0]),
    "valley": (offset_valley, [2.0, 0.0], [1.0, 1.0]),
}


def scaled(fun, scale):
    def both(x):
        f, g = fun(x)
        with np.errstate(over="ignore"):  # a first step may be far too long
            return scale * f, scale * g

    return both


@each_scale
@pytest.mark.parametrize("fun", FUNCTIONS)
@gradient_methods
def test_a_success_is_near_the_minimum_in_every_unit_of_f(name, fun, scale):
    fun, start, wanted = FUNCTIONS[fun]
    found = hbcd.minimize(scaled(fun, scale), start, METHODS[name])
    assert found.success
    # f is within 1e-9 of its start or pg within 1e-5: the flattest direction of all of these has a
    # curvature of 0.4 (rosenbrock), so that x is within some 1e-4.
    # ADAM steps by 0.05 until ten steps gain nothing.
    assert np.abs(found.x - wanted).max() < (5e-3 if name == "adam" else 1e-3)
    assert found.fun == scaled(fun, scale)(found.x)[0]


@each_scale
def test_residuals_of_any_size_are_solved(scale):
    seen = []

    def fun(x):
        r, jac = residuals_of_rosenbrock(x)
        seen.append(x)
        return np.sqrt(scale) * r, np.sqrt(scale) * jac

    for damping in ("nielsen", "trust_region", "marquardt", None):
        method = hbcd.LevenbergMarquardt(damping=damping)
        found = hbcd.minimize(fun, [-1.2, 1.0], method, residuals=True)
        assert found.success
        assert np.abs(found.x - 1.0).max() < 1e-4
        assert found.nfev > 5
    assert np.array_equal(seen[0], [-1.2, 1.0])


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-7, 1e-4])
def test_small_residuals_are_no_reason_to_stay_at_the_start(size):
    """The residuals of the issue: 1e-9 at x0, where nothing has been fitted yet."""
    found = hbcd.minimize(
        lambda x: size * np.array([x[0] - 2.0, 3.0 * (x[1] + 1.0), x[0] * x[1] + 2.0]),
        [1.0, 1.0],
        hbcd.LevenbergMarquardt(),
        jac=False,
        residuals=True,
    )
    assert found.success
    assert np.abs(found.x - [2.0, -1.0]).max() < 1e-4


@gradient_methods
def test_a_small_slope_far_away_is_no_minimum(name):
    """x in millions: the gradient at the start is below 1e-5, and f 9 times what it can be."""
    fun = lambda x: (float(((x / 1e6 - 1.0) ** 2).sum()) + 1.0, 2e-6 * (x / 1e6 - 1.0))  # noqa: E731
    method = hbcd.Adam(learning_rate=1e4) if name == "adam" else METHODS[name]
    found = hbcd.minimize(fun, [3e6, -2e6], method)
    assert found.success
    assert np.abs(found.x / 1e6 - 1.0).max() < 1e-2


def test_a_function_small_by_a_power_of_two_is_minimized_along_the_same_points():
    """Where the size of f is below 2**-7 the optimizer sees the same numbers."""
    runs = []
    for scale in (2.0**-30, 2.0**-300):
        seen = []

        def fun(x, seen=seen, scale=scale):
            seen.append(x.copy())
            return scaled(rosenbrock, scale)(x)

        hbcd.minimize(fun, [-1.2, 1.0])
        runs.append(np.array(seen))
    assert np.array_equal(*runs)


@pytest.mark.parametrize("name", ["lbfgs", "bfgs", "bb"])
@pytest.mark.parametrize("fun", FUNCTIONS)
def test_a_run_from_where_one_has_converged_is_a_success_at_once(name, fun):
    fun, start, _ = FUNCTIONS[fun]
    first = hbcd.minimize(fun, start, METHODS[name])
    second = hbcd.minimize(fun, first.x, METHODS[name])
    assert second.success
    assert second.fun <= first.fun
    assert second.nfev <= 50


def test_a_target_is_one_of_f_itself():
    for scale in (1e-12, 1.0, 1e30):
        stop = hbcd.Stop(target=5.0 * scale)
        found = hbcd.minimize(scaled(rosenbrock, scale), [-1.2, 1.0], stop=stop)
        assert found.status is hbcd.StopReason.TARGET
        assert 0.5 * scale < found.fun <= 5.0 * scale


def test_a_callback_is_told_f_itself():
    scale, told = 1e-12, []
    hbcd.minimize(
        scaled(bowl, scale),
        [-1.0, 0.5],
        callback=lambda intermediate_result: told.append(intermediate_result),
    )
    assert told
    assert all(result.fun == scale * bowl(result.x)[0] for result in told)


def test_a_search_that_may_not_search_is_no_success_on_a_small_function():
    """One evaluation a line search, and that one too far: nothing was found."""
    found = hbcd.minimize(
        lambda x: (1e-12 * float(x @ x) + (1e3 if abs(x[0]) < 2.9 else 0.0), 2e-12 * x),
        [3.0],
        hbcd.LBFGS(max_line_search=1),
    )
    assert not found.success


# ---- residuals whose squares are no numbers ------------------------------------------------------


def tiny_residuals(unit):
    def fun(x):
        r = np.array([x[0] - 3.0, 10.0 * (x[1] - x[0] ** 2)])
        return unit * r, unit * np.array([[1.0, 0.0], [-20.0 * x[0], 10.0]])

    return fun


LEAST_SQUARES = [hbcd.LevenbergMarquardt(), hbcd.LBFGS(), hbcd.BFGS(), hbcd.BarzilaiBorwein()]


@pytest.mark.parametrize("method", LEAST_SQUARES, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("unit", [1e-155, 1e-170, 1e-200, 1e-300])
def test_residuals_whose_squares_vanish_are_refused(method, unit):
    with pytest.raises(ValueError, match=r"whose square vanishes .*: multiply residuals") as error:
        hbcd.minimize(tiny_residuals(unit), [0.0, 0.0], method, residuals=True)
    factor = 2.0 ** int(str(error.value).rpartition("**")[2])  # the remedy that it names works
    found = hbcd.minimize(tiny_residuals(unit * factor), [0.0, 0.0], method, residuals=True)
    assert found.success
    assert found.x == pytest.approx([3.0, 9.0], rel=1e-5)


@pytest.mark.parametrize("method", LEAST_SQUARES, ids=lambda m: type(m).__name__)
def test_residuals_that_vanish_at_a_solution_are_no_fault(method):
    fun = tiny_residuals(1.0)
    start = [3.0, 9.0]
    assert hbcd.minimize(fun, start, method, residuals=True).success
    near = lambda x: (fun(x)[0] + 1e-200, fun(x)[1])  # noqa: E731
    assert hbcd.minimize(near, start, method, residuals=True).success
    found = hbcd.minimize(tiny_residuals(1e-130), [0.0, 0.0], method, residuals=True)
    assert found.success
    assert found.x == pytest.approx([3.0, 9.0], rel=1e-5)


# ---- methods whose values go up and down ---------------------------------------------------------


def history(fun, start, method):
    values = []

    def watch(intermediate_result):
        values.append(intermediate_result.fun)

    stop = hbcd.Stop(max_iterations=50_000)
    return hbcd.minimize(fun, start, method, callback=watch, stop=stop), np.array(values)


@pytest.mark.parametrize("step", ["bb1", "bb2", "abbmin"])
def test_one_short_step_of_barzilai_borwein_is_not_the_end(step):
    """On a valley of condition 1e8 single steps gain less than 1e-9 long before the end."""
    w = np.logspace(0, 8, 12)
    method = hbcd.BarzilaiBorwein(step=step)
    found, values = history(
        lambda x: (float(w @ (x * x)) / 2.0 + 1.0, w * x), 1.0 / np.sqrt(w), method
    )
    assert found.success
    gains = values[:-1] - values[1:]
    assert ((gains >= 0) & (gains <= 1e-9 * values[:-1]))[:-10].any()
    if found.status is hbcd.StopReason.DECREASE:
        assert values[-11:].max() - values[-1] <= 1e-9 * values[-11:].max()


def test_a_short_step_of_adam_is_not_the_end():
    """It turns around on each side of a valley: there, one step gains nothing."""
    method = hbcd.Adam(0.3)
    found, values = history(offset_valley, [2.0, 0.0], method)
    gains = values[:-1] - values[1:]
    assert ((gains >= 0) & (gains <= 1e-9 * values[:-1]))[:-10].any()
    assert found.status is hbcd.StopReason.DECREASE
    assert values[-11:].max() - values[-1] <= 1e-9 * values[-11:].max()
