"""What `hbcd.minimize` takes as SciPy's `minimize` does, and what it refuses in one line."""

import numpy as np
import pytest
from scipy.optimize import Bounds

import hbcd
from support.functions import START, both, gradient, value

# ---- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "lo", "hi"),
    [
        (Bounds(0, 0.5), [0.0] * 3, [0.5] * 3),
        (Bounds(-1.0, [0.5, 1.0, np.inf]), [-1.0] * 3, [0.5, 1.0, np.inf]),
        (Bounds([0.0], 0.5), [0.0] * 3, [0.5] * 3),
        (Bounds(ub=0.25), [-np.inf] * 3, [0.25] * 3),
        (np.array([[0.0, 0.5]] * 3), [0.0] * 3, [0.5] * 3),
        ([(0, 0.5), [None, 1], np.array([-1.0, 2.0])], [0.0, -np.inf, -1.0], [0.5, 1.0, 2.0]),
    ],
)
def test_bounds_of_every_form_are_those_of_each_variable(bounds, lo, hi):
    pairs = list(zip(lo, hi, strict=True))
    found, wanted = (hbcd.minimize(both, START, bounds=form) for form in (bounds, pairs))
    assert np.array_equal(found.x, wanted.x)
    assert (found.x >= lo).all()
    assert (found.x <= hi).all()
    assert found.success


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (Bounds([0.0, 0.0], [1.0, 1.0]), r"not compatible with the length of `x0`: lb has shape"),
        (Bounds(np.zeros((3, 1)), 1.0), "lb has shape"),
        ([(0.0, 1.0)] * 2, r"must be 3 pairs \(lo, hi\)"),
        ([(0.0, 1.0, 2.0)] * 3, r"must be 3 pairs \(lo, hi\)"),
        (Bounds([0.0, 2.0, 0.0], 1.0), "lo=2, hi=1 at variable 1: An upper bound is less than"),
        ([(0.0, 1.0), (0.0, np.nan), (0.0, 1.0)], "lo=0, hi=nan at variable 1: NaN"),
        ([(0.0, 1.0)] * 2 + [(np.inf, np.inf)], "lo=inf, hi=inf at variable 2: must leave"),
        ([(-np.inf, -np.inf)] * 3, "lo=-inf, hi=-inf at variable 0: must leave"),
        ([("a", 1.0)] * 3, "bounds: lo: must hold numbers only"),
        (5, "bounds=5: must be scipy.optimize.Bounds or 3 pairs"),
    ],
)
def test_bad_bounds_are_one_line_with_the_variable(bounds, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        hbcd.minimize(both, START, bounds=bounds)
    assert "\n" not in str(caught.value)


def test_where_all_variables_are_fixed_the_value_there_is_the_result():
    for jac, fun in ((True, both), (False, value)):
        found = hbcd.minimize(fun, START, jac=jac, bounds=Bounds([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]))
        assert np.array_equal(found.x, [1.0, 2.0, 3.0])
        assert found.fun == value(found.x)
        assert found.success
        assert found.nfev == 1


def test_the_slope_of_a_fixed_variable_is_unknown_to_differences():
    bounds = [(-4.0, 4.0), (1.0, 1.0), (-4.0, 4.0)]
    found = hbcd.minimize(value, START, jac=False, bounds=bounds)
    assert np.isnan(found.jac).tolist() == [False, True, False]
    assert hbcd.minimize(both, START, bounds=bounds).jac[1] == gradient(found.x)[1] == 20.0


# ---- x0, args, stop, jac, fun, callback ----------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x0": [1 + 1j, 2.0, 3.0]}, "x0: Complex data not supported"),
        ({"x0": np.array(["1", "2", "3"])}, "x0: must hold numbers only"),
        ({"x0": None}, "x0: "),
        ({"x0": [[1.0], [2.0]]}, r"x0: has shape \(2, 1\), must be a vector"),
        ({"stop": {}}, r"stop=\{\}: must be an hbcd.Stop or None"),
        ({"stop": 10}, "stop=10: must be an hbcd.Stop or None"),
        ({"jac": False}, r"fun: returned a pair where jac is False: jac=True says"),
        ({"jac": None}, r"fun: returned a pair where jac is None: jac=True says"),
        ({"jac": gradient}, r"fun: returned a pair where jac is a callable: jac=True says"),
        ({"jac": "cs"}, "jac='cs': must be True, a callable, or for differences"),
        ({"jac": 1.5}, r"jac=1\.5: must be True, a callable, or for differences"),
        ({"fun": 3}, "fun=3: must be callable"),
        ({"callback": 3}, "callback=3: must be callable or None"),
    ],
)
def test_what_is_no_argument_is_one_line(change, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        hbcd.minimize(**{"fun": both, "x0": START, **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("args", [(2.0,), 2, 2.0, [2.0], np.float64(2.0)])
def test_further_arguments_need_no_tuple(args):
    def fun(x, factor):
        factor = factor[0] if isinstance(factor, list) else factor
        return factor * value(x), factor * gradient(x)

    found = hbcd.minimize(fun, START, args=args)
    assert np.array_equal(found.x, hbcd.minimize(fun, START, args=(2.0,)).x)


@pytest.mark.parametrize("residuals", [[], np.empty(0), np.empty((0,))])
def test_no_residuals_are_no_problem_to_solve(residuals):
    for jac in (False, True):
        with pytest.raises(ValueError, match="fun: returned no residuals"):
            hbcd.minimize(
                lambda x, jac=jac: (residuals, np.empty((0, 2))) if jac else residuals,
                [1.0, 2.0],
                hbcd.LevenbergMarquardt(),
                jac=jac,
                residuals=True,
            )


def test_residuals_and_a_jacobian_need_jac_true():
    with pytest.raises(TypeError, match=r"jac is False: jac=True says that it returns \(r, J\)"):
        hbcd.minimize(
            lambda x: (x, np.eye(2)),
            [1.0, 2.0],
            hbcd.LevenbergMarquardt(),
            jac=False,
            residuals=True,
        )
    # Two residuals as a pair of numbers are residuals.
    found = hbcd.minimize(
        lambda x: (x[0] - 1.0, x[1] + 1.0),
        [3.0, 3.0],
        hbcd.LevenbergMarquardt(),
        jac=False,
        residuals=True,
    )
    assert np.abs(found.x - [1.0, -1.0]).max() < 1e-6


# ---- derivatives ---------------------------------------------------------------------------------


def test_central_differences_are_the_better_ones_and_stay_inside_bounds():
    def fun(x):
        seen.append(x.copy())
        return float(np.exp(x).sum() - 2.0 * x.sum())

    errors, bounds = {}, [(0.1, 3.0)] * 3
    for jac in ("2-point", "3-point"):
        seen = []
        found = hbcd.minimize(fun, [3.0, 0.1, 1.0], jac=jac, bounds=bounds)
        errors[jac] = np.abs(found.jac - (np.exp(found.x) - 2.0)).max()
        assert all((x >= 0.1).all() and (x <= 3.0).all() for x in seen)
        assert found.nfev == len(seen)
        assert np.abs(found.x - np.log(2.0)).max() < 1e-4
    assert errors["3-point"] < 0.1 * errors["2-point"]


def test_the_gradient_of_the_result_is_that_at_its_point():
    for method in (hbcd.LBFGS(), hbcd.BFGS(), hbcd.BarzilaiBorwein(), hbcd.Adam(0.05)):
        for limit in (3, 4, 5, 6, 17):
            stop = hbcd.Stop(max_iterations=limit, pg_tol=0.0, f_tol=None)
            found = hbcd.minimize(both, START, method, stop=stop)
            # ADAM asks for no gradient at its last point, which may be the best one.
            if "jac" in found or not isinstance(method, hbcd.Adam):
                assert np.array_equal(found.jac, gradient(found.x))


@pytest.mark.parametrize("method", [hbcd.LBFGS(), hbcd.LevenbergMarquardt()], ids=repr)
def test_a_function_that_writes_into_its_argument_has_its_gradient_told(method):
    residuals = isinstance(method, hbcd.LevenbergMarquardt)

    def fun(x):
        r, jac = x - 1.0, np.eye(2)
        x[:] = 99.0
        return (r, jac) if residuals else (0.5 * float(r @ r), r)

    found = hbcd.minimize(fun, [3.0, 4.0], method, residuals=residuals)
    assert found.jac == pytest.approx(found.x - 1.0, abs=1e-12)


@pytest.mark.parametrize("method", [hbcd.LBFGS(), hbcd.BFGS(), hbcd.BarzilaiBorwein()], ids=repr)
@pytest.mark.parametrize("apart", [False, True])
def test_a_gradient_that_is_written_into_one_array_again_and_again_is_told_as_it_was(method, apart):
    kept = np.empty(3)

    def into_kept(x):
        kept[:] = gradient(x)
        return kept

    def pair(x):
        return value(x), into_kept(x)

    for limit in range(1, 12):
        stop = hbcd.Stop(max_evaluations=limit, pg_tol=0.0, f_tol=None)
        function, jac = (value, into_kept) if apart else (pair, True)
        found = hbcd.minimize(function, START, method, jac=jac, stop=stop)
        assert np.array_equal(found.jac, gradient(found.x))


def test_values_without_a_number_do_not_hide_the_gradient_of_the_best():
    def fun(x):
        calls.append(x.copy())
        return np.nan if len(calls) % 3 == 2 else value(x), gradient(x)

    for method in (hbcd.LBFGS(), hbcd.BFGS(), hbcd.BarzilaiBorwein()):
        calls = []
        found = hbcd.minimize(fun, START, method, stop=hbcd.Stop(max_iterations=4, pg_tol=0.0))
        assert np.array_equal(found.jac, gradient(found.x))
