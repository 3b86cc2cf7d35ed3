"""Every optimizer as a method of `scipy.optimize.minimize`."""

import numpy as np
import pytest
from scipy.optimize import OptimizeResult
from scipy.optimize import minimize as scipy_minimize

import hbcd
from support.functions import BOX, CENTER, METHODS, START, both, each_method, rosenbrock, value


@each_method
def test_scipy_runs_every_method_to_the_same_point(name):
    method = METHODS[name]
    ours = hbcd.minimize(both, START, method, bounds=BOX, rng=0)
    theirs = scipy_minimize(
        both, START, method=method.scipy, jac=True, bounds=BOX, options={"rng": 0}
    )
    assert isinstance(theirs, OptimizeResult)
    assert np.array_equal(ours.x, theirs.x)
    assert ours.fun == theirs.fun
    assert ours.status is theirs.stop_reason
    assert theirs.status == 0


@each_method
def test_scipys_arguments_reach_the_function(name):
    def shifted(x, shift, factor):
        return factor * value(x - shift)

    found = scipy_minimize(
        shifted,
        START,
        args=(0.25, 3.0),
        method=METHODS[name].scipy,
        bounds=BOX,
        options={"rng": 0},
    )
    assert np.abs(found.x - CENTER - 0.25).max() < {"icrs": 0.02}.get(name, 1e-3)


@each_method
def test_scipys_names_of_limits_are_understood(name):
    def run(**options):
        return scipy_minimize(
            rosenbrock,
            [-1.2, 1.0],
            method=METHODS[name].scipy,
            jac=True,
            bounds=[(-2.0, 2.0)] * 2,
            options={"rng": 0, "f_tol": None, "pg_tol": 0.0, **options},
        )

    assert run(maxiter=3).nit == run(max_iterations=3).nit == 3
    assert run(maxfun=6).nfev == run(max_evaluations=6).nfev == 6
    assert run(target=5.0).fun <= 5.0


def test_scipys_tol_sets_both_tolerances():
    def run(tol):
        return scipy_minimize(rosenbrock, [-1.2, 1.0], method=hbcd.LBFGS().scipy, jac=True, tol=tol)

    rough, fine = run(1e-1), run(1e-10)
    assert rough.nit < fine.nit
    assert fine.fun < 1e-12 < rough.fun


@each_method
@pytest.mark.parametrize("kind", ["point", "result"])
def test_scipys_callbacks_are_called_and_may_stop(name, kind):
    seen = []

    def point(x):
        seen.append(x)
        if len(seen) == 3:
            raise StopIteration

    def result(intermediate_result):
        point(intermediate_result.x)

    found = scipy_minimize(
        rosenbrock,
        [-1.2, 1.0],
        method=METHODS[name].scipy,
        jac=True,
        bounds=[(-2.0, 2.0)] * 2,
        callback={"point": point, "result": result}[kind],
        options={"rng": 0},
    )
    assert len(seen) == 3
    assert found.stop_reason is hbcd.StopReason.CALLBACK
    assert found.status == 99
    assert found.message == "`callback` raised `StopIteration`."
    assert not found.success


def test_what_scipy_passes_and_we_cannot_do_is_refused():
    with pytest.raises(ValueError, match="constraints"):
        scipy_minimize(
            both,
            START,
            method=hbcd.LBFGS().scipy,
            jac=True,
            constraints={"type": "ineq", "fun": np.sum},
        )
