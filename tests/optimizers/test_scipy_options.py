"""SciPy's options of L-BFGS-B and BFGS, given to `.scipy`: with SciPy's meaning, or refused."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import LbfgsInvHessProduct, OptimizeWarning
from scipy.optimize import minimize as scipy_minimize

import hbcd
from support.functions import METHODS, each_method, rosenbrock, value

START = [1.3, 0.7, 0.8, 1.9, 1.2]


def chain(x):
    """Rosenbrock's function of any number of variables."""
    a, b = x[:-1], x[1:]
    f = float((100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2).sum())
    g = np.zeros_like(x)
    g[:-1] = -400.0 * a * (b - a * a) - 2.0 * (1.0 - a)
    g[1:] += 200.0 * (b - a * a)
    return f, g


def chain_value(x):
    return chain(x)[0]


def run(method, fun=chain, x0=START, jac=True, bounds=None, **options):
    return scipy_minimize(fun, x0, method=method.scipy, jac=jac, bounds=bounds, options=options)


both_methods = pytest.mark.parametrize("method", [hbcd.LBFGS(), hbcd.BFGS()], ids=repr)


# ---- stopping ------------------------------------------------------------------------------------


@both_methods
def test_gtol_is_the_largest_element_of_the_gradient_as_it_is(method):
    for gtol in (1e1, 1e-1, 1e-3, 1e-6):
        found = run(method, gtol=gtol, f_tol=None)
        assert found.stop_reason is hbcd.StopReason.GRADIENT
        assert np.abs(found.jac).max() <= gtol
    small = scipy_minimize(
        lambda x: (1e-9 * chain(x)[0], 1e-9 * chain(x)[1]),
        START,
        method=method.scipy,
        jac=True,
        options={"gtol": 1e-5},
    )
    assert small.nit == 0  # SciPy's test is absolute
    assert small.success


@both_methods
@pytest.mark.parametrize("order", [1, 2, 3.5, np.inf, -np.inf])
def test_norm_is_the_order_in_which_the_gradient_is_measured(method, order):
    found = run(method, norm=order, gtol=1e-4, f_tol=None)
    assert found.success
    assert np.linalg.norm(found.jac, ord=order) <= 1e-4
    assert run(method, norm=order, gtol=1e9).nit == 0


@both_methods
def test_ftol_is_the_relative_decrease_of_an_iteration(method):
    nits = [run(method, ftol=ftol, gtol=0.0).nit for ftol in (1e-1, 1e-4, 1e-12)]
    assert nits == sorted(nits)
    assert nits[0] < nits[2]


@both_methods
def test_xrtol_is_the_relative_length_of_a_step(method):
    points = [np.array(START)]

    def callback(x):
        points.append(x)

    found = scipy_minimize(
        chain, START, method=method.scipy, jac=True, callback=callback, options={"xrtol": 1e-2}
    )
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    limits = 1e-2 * (1e-2 + np.linalg.norm(points[1:], axis=1))
    assert found.success
    assert lengths[-1] <= limits[-1]
    assert (lengths[:-1] > limits[:-1]).all()
    assert np.array_equal(found.x, points[-1])


@each_method
@pytest.mark.parametrize("maxiter", [3, 2.1, 3.0, np.float64(2.5), np.int64(3)])
def test_maxiter_may_be_no_integer(name, maxiter):
    found = run(
        METHODS[name], rosenbrock, [-1.2, 1.0], True, [(-2.0, 2.0)] * 2, maxiter=maxiter, rng=0
    )
    assert found.nit == 3
    assert found.status == 1
    assert not found.success


def test_maxfun_counts_the_calls_for_differences_too():
    for maxfun in (7, 30, 61):
        found = run(hbcd.LBFGS(), chain_value, jac=None, maxfun=maxfun)
        assert found.status == 1
        assert maxfun <= found.nfev <= maxfun + 20 * 6  # SciPy too ends the iteration first
    assert run(hbcd.LBFGS(), maxfun=np.inf).success


# ---- the optimizer -------------------------------------------------------------------------------


def test_names_of_scipy_set_the_fields_of_the_optimizer():
    pairs = [
        (hbcd.LBFGS(), {"maxcor": 3}, hbcd.LBFGS(memory=3)),
        (hbcd.LBFGS(), {"maxls": 1}, hbcd.LBFGS(max_line_search=1)),
        (hbcd.BFGS(), {"c1": 0.3, "c2": 0.4}, hbcd.BFGS(armijo=0.3, wolfe=0.4)),
        (hbcd.BFGS("first"), {"c2": 0.1}, hbcd.BFGS("first", wolfe=0.1)),
    ]
    for method, options, wanted in pairs:
        far = [10.3, 20.7, 10.8, 1.9, -1.2]
        ours, theirs = run(method, x0=far, **options), run(wanted, x0=far)
        assert np.array_equal(ours.x, theirs.x)
        assert ours.nfev == theirs.nfev != run(method, x0=far).nfev


def test_the_first_inverse_hessian_is_where_bfgs_starts():
    """With that of a quadratic function, one step of length 1 ends the run."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(6, 6))
    a = a @ a.T + np.eye(6)
    b = 0.1 * rng.normal(size=6)

    def quadratic(x):
        return float(0.5 * x @ a @ x - b @ x), a @ x - b

    told, plain = (
        run(hbcd.BFGS(), quadratic, np.zeros(6), hess_inv0=matrix)
        for matrix in (np.linalg.inv(a), None)
    )
    for found in (told, plain):
        assert np.abs(found.x - np.linalg.solve(a, b)).max() < 1e-5
        assert np.abs(quadratic(found.x)[1]).max() <= 1e-5
    assert told.nit <= 2 < plain.nit


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (-np.eye(5), "hess_inv0: must be positive definite"),
        (np.diag([1.0, 1.0, 0.0, 1.0, 1.0]), "hess_inv0: must be positive definite"),
        (np.eye(5)[:4], r"hess_inv0: has shape \(4, 5\)"),
        (np.eye(4), r"hess_inv0: has shape \(4, 4\), must be \(5, 5\)"),
        (np.triu(np.ones((5, 5))), "hess_inv0: must be symmetric"),
    ],
)
def test_a_bad_first_inverse_hessian_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        run(hbcd.BFGS(), hess_inv0=matrix)


def test_a_first_inverse_hessian_and_bounds_are_not_taken_together():
    with pytest.raises(ValueError, match="hess_inv0: must be None with bounds"):
        run(hbcd.BFGS(), bounds=[(-5.0, 5.0)] * 5, hess_inv0=np.eye(5))
    assert run(hbcd.BFGS(), bounds=[(None, None)] * 5, hess_inv0=np.eye(5)).success


# ---- differences ---------------------------------------------------------------------------------


def spacing(**options):
    """By how much the points for the first gradient differ from x0."""
    points = []

    def fun(x):
        points.append(x.copy())
        return chain(x)[0]

    x0 = np.array([2.0, 3.0, 0.5, 1.0, -8.0])
    run(hbcd.LBFGS(), fun, x0, None, maxiter=1, **options)
    return np.diag(np.array(points[1:6]) - x0)


def test_steps_of_differences_are_those_asked_for():
    root = np.sqrt(np.finfo(float).eps)
    assert spacing() == pytest.approx(root * np.array([2.0, 3.0, 1.0, 1.0, -8.0]), rel=1e-6)
    assert np.abs(spacing(eps=1e-4)) == pytest.approx(np.full(5, 1e-4), rel=1e-6)
    steps = np.array([1e-4, 1e-3, 1e-4, 1e-5, 1e-2])
    assert np.abs(spacing(eps=steps)) == pytest.approx(steps, rel=1e-6)
    relative = 1e-4 * np.array([2.0, 3.0, 1.0, 1.0, -8.0])
    assert spacing(finite_diff_rel_step=1e-4) == pytest.approx(relative, rel=1e-6)
    assert np.array_equal(spacing(finite_diff_rel_step=None), spacing())


@pytest.mark.parametrize("workers", [1, 2, "threads"])
def test_workers_change_who_computes_and_not_what(workers):
    alone = run(hbcd.LBFGS(), chain_value, jac=None)
    with ThreadPoolExecutor(2) as pool:
        chosen = pool.map if workers == "threads" else workers
        found = run(hbcd.LBFGS(), chain_value, jac=None, workers=chosen)
    assert np.array_equal(found.x, alone.x)
    assert found.nfev == alone.nfev


# ---- what comes back -----------------------------------------------------------------------------


def test_the_inverse_hessian_comes_back_as_from_scipy():
    limited, whole = run(hbcd.LBFGS(memory=4)), run(hbcd.BFGS())
    assert isinstance(limited.hess_inv, LbfgsInvHessProduct)
    assert limited.hess_inv.n_corrs == 4
    assert isinstance(whole.hess_inv, np.ndarray)
    assert whole.hess_inv.shape == (5, 5)
    theirs = scipy_minimize(chain, START, jac=True, method="BFGS").hess_inv
    # Both are approximations of the same matrix, from other steps.
    assert np.linalg.norm(whole.hess_inv - theirs) < 0.5 * np.linalg.norm(theirs)
    assert "hess_inv" not in run(hbcd.BarzilaiBorwein())


def test_all_iterates_come_back_when_asked_for():
    found = run(hbcd.BFGS(), return_all=True)
    assert len(found.allvecs) == found.nit + 1
    assert np.array_equal(found.allvecs[0], START)
    assert np.array_equal(found.allvecs[-1], found.x)
    assert "allvecs" not in run(hbcd.BFGS())


def test_disp_tells_the_end_and_warns_where_it_is_no_success(capsys):
    run(hbcd.BFGS(), disp=True)
    told = capsys.readouterr().out
    assert "Iterations: " in told
    assert "Function evaluations: " in told
    with pytest.warns(OptimizeWarning, match="limit on iterations"):
        run(hbcd.BFGS(), disp=True, maxiter=2)
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(hbcd.BFGS(), disp=False, maxiter=2)
        run(hbcd.LBFGS(), iprint=-1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("status", "options", "fun"),
    [
        (0, {}, chain),
        (1, {"maxiter": 2}, chain),
        (1, {"max_evaluations": 2}, chain),
        (2, {"maxls": 1}, chain),
        (3, {}, lambda x: (np.nan, x)),
    ],
)
def test_the_status_is_scipys(status, options, fun):
    found = run(hbcd.LBFGS(), fun, **options)
    assert found.status == status
    assert found.success == (status == 0)
    assert isinstance(found.stop_reason, hbcd.StopReason)
    assert found.message


def test_fixed_variables_are_said_to_be_the_reason():
    found = run(hbcd.LBFGS(), bounds=[(1.0, 1.0)] * 5)
    assert found.success
    assert found.nfev == 1
    assert found.message == "All independent variables were fixed by bounds."


def test_a_hessian_that_is_not_used_is_a_warning():
    with pytest.warns(RuntimeWarning, match="hess: is not used by LBFGS"):
        scipy_minimize(chain, START, method=hbcd.LBFGS().scipy, jac=True, hess=lambda x: np.eye(5))


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (hbcd.LBFGS(), {"xatol": 1}, r"options=\['xatol'\]: must be among \[.*'gtol'"),
        (hbcd.LBFGS(), {"hess_inv0": np.eye(5)}, r"options=\['hess_inv0'\].*for LBFGS"),
        (hbcd.BFGS(), {"maxcor": 5}, r"options=\['maxcor'\].*for BFGS"),
        (hbcd.ICRS(), {"gtol": 1e-5}, r"options=\['gtol'\].*for ICRS"),
        (hbcd.Adam(), {"c1": 0.1, "maxls": 3}, r"options=\['c1', 'maxls'\].*for Adam"),
        (hbcd.LBFGS(), {"maxcor": 0}, "maxcor=0: must be at least 1"),
        (hbcd.LBFGS(), {"maxcor": 20_000}, "maxcor=20000: must be at most 10000"),
        (hbcd.LBFGS(), {"maxls": 0}, "maxls=0: must be at least 1"),
        (hbcd.LBFGS(), {"maxls": 2.5}, r"maxls=2\.5: must be an integer"),
        (hbcd.BFGS(), {"c1": 0.5, "c2": 2}, "c1=0.5, c2=2: 'c1' and 'c2' must satisfy"),
        (hbcd.BFGS(), {"c1": -0.1, "c2": 0.1}, "'c1' and 'c2'"),
        (hbcd.BFGS(), {"c1": 0.95}, "c1=0.95, c2=0.9: 'c1' and 'c2' must satisfy"),
        (hbcd.LBFGS(), {"gtol": -1.0}, "gtol=-1.0: must be at least 0"),
        (hbcd.LBFGS(), {"ftol": "a"}, "ftol='a': must be a number"),
        (hbcd.LBFGS(), {"xrtol": -1.0}, "xrtol=-1.0: must be at least 0"),
        (hbcd.LBFGS(), {"norm": "l2"}, "norm='l2': must be a number"),
        (hbcd.LBFGS(), {"maxiter": -1}, "maxiter=-1: must be at least 0"),
        (hbcd.LBFGS(), {"maxiter": np.nan}, "maxiter=nan: must be at least 0"),
        (hbcd.LBFGS(), {"maxiter": "many"}, "maxiter='many': must be a number"),
        (hbcd.LBFGS(), {"maxfun": 0}, "maxfun=0: must be at least 1"),
        (hbcd.LBFGS(), {"workers": 0}, "workers=0: must be at least 1"),
        (hbcd.LBFGS(), {"workers": 1.5}, r"workers=1\.5: must be an integer"),
        (hbcd.LBFGS(), {"eps": 0.0}, "eps: must be positive numbers, 1 or 5 of them"),
        (hbcd.LBFGS(), {"eps": [1e-8, 1e-8]}, "eps: must be positive numbers, 1 or 5 of them"),
        (hbcd.LBFGS(), {"finite_diff_rel_step": -1}, "finite_diff_rel_step: must be positive"),
    ],
)
def test_what_an_option_cannot_be_is_one_line_with_scipys_name(method, options, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        run(method, bounds=[(-5.0, 5.0)] * 5 if method == hbcd.ICRS() else None, **options)
    assert "\n" not in str(caught.value)


def test_constraints_are_refused():
    with pytest.raises(ValueError, match="constraints: must be empty"):
        scipy_minimize(
            value, [0.0], method=hbcd.LBFGS().scipy, constraints={"type": "ineq", "fun": np.sum}
        )
