"""`hbcd.minimize`: callbacks, limits, exceptions and seeds."""

import threading
import time

import numpy as np
import pytest

import hbcd
from support.functions import (
    BOX,
    METHODS,
    START,
    Mine,
    Recorder,
    both,
    each_method,
    gradient_methods,
    rosenbrock,
    value,
)

# ---- callbacks -----------------------------------------------------------------------------------


@each_method
def test_both_kinds_of_callback_see_every_iteration(name):
    points, results = [], []

    def with_point(x):
        points.append(x.copy())
        x[:] = np.nan  # a copy: the run does not notice

    def with_result(intermediate_result):
        results.append(intermediate_result)

    stop = hbcd.Stop(max_iterations=7)
    for callback in (with_point, with_result):
        found = hbcd.minimize(
            both, START, METHODS[name], bounds=BOX, rng=0, callback=callback, stop=stop
        )
    assert len(points) == len(results) == found.nit
    for x, result in zip(points, results, strict=True):
        assert np.array_equal(x, result.x)
        assert result.fun == value(x)
    assert found.fun <= min(result.fun for result in results)


@each_method
@pytest.mark.parametrize("k", [1, 2, 5])
def test_stop_iteration_in_the_callback_keeps_the_best(name, k):
    fun, calls = Recorder(rosenbrock), []

    def callback(x):
        calls.append(x)
        if len(calls) == k:
            raise StopIteration

    start, bounds = [-1.2, 1.0], [(-2.0, 2.0)] * 2
    found = hbcd.minimize(fun, start, METHODS[name], bounds=bounds, rng=0, callback=callback)
    assert found.status is hbcd.StopReason.CALLBACK
    assert not found.success
    assert found.nit == k
    assert found.fun == min(fun.values)
    assert rosenbrock(found.x)[0] == found.fun


# ---- limits --------------------------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("k", range(1, 51))
def test_a_stop_at_any_iteration_returns_the_best_point_evaluated(name, k):
    fun = Recorder(rosenbrock)
    stop = hbcd.Stop(max_iterations=k, pg_tol=0.0, f_tol=None)
    bounds = [(-2.0, 2.0)] * 2
    method = METHODS[name] if name != "icrs" else hbcd.ICRS(tolerance=0.0)
    found = hbcd.minimize(fun, [-1.2, 1.0], method, bounds=bounds, rng=0, stop=stop)
    assert found.nit <= k
    assert found.fun == min(fun.values)
    assert rosenbrock(found.x)[0] == found.fun


@each_method
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
def test_the_limit_on_evaluations_is_never_exceeded(name, limit):
    fun = Recorder(rosenbrock)
    stop = hbcd.Stop(max_evaluations=limit, pg_tol=0.0, f_tol=None)
    bounds = [(-2.0, 2.0)] * 2
    found = hbcd.minimize(fun, [-1.2, 1.0], METHODS[name], bounds=bounds, rng=0, stop=stop)
    assert found.nfev == len(fun.values) == limit
    assert found.status is hbcd.StopReason.EVALUATIONS
    assert found.fun == min(fun.values)


def test_the_budget_of_icrs_is_its_own_and_never_exceeded():
    fun = Recorder(value)
    method = hbcd.ICRS(max_evaluations=57, tolerance=0.0)
    found = hbcd.minimize(fun, START, method, jac=False, bounds=BOX, rng=0)
    assert len(fun.values) == 57
    assert found.status is hbcd.StopReason.EVALUATIONS


@each_method
def test_a_target_ends_the_run_at_once(name):
    fun = Recorder()
    found = hbcd.minimize(
        fun, START, METHODS[name], bounds=BOX, rng=0, stop=hbcd.Stop(target=30.0, f_tol=None)
    )
    assert found.status is hbcd.StopReason.TARGET
    assert found.success
    assert found.fun <= 30.0
    assert min(fun.values[:-1]) > 30.0  # the last evaluation was the first to reach it


@each_method
def test_a_time_limit_ends_a_run_that_has_no_other_end(name):
    def endless(x):
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        return float(np.exp(-x).sum()), -np.exp(-x)

    stop = hbcd.Stop(max_seconds=0.05, pg_tol=0.0, f_tol=None)
    method = METHODS[name] if name != "icrs" else hbcd.ICRS(tolerance=0.0)
    bounds = [(0.0, 1e3)] * 10
    began = time.perf_counter()
    found = hbcd.minimize(endless, np.zeros(10), method, bounds=bounds, rng=0, stop=stop)
    seconds = time.perf_counter() - began
    if found.status is not hbcd.StopReason.TIME:  # done before, at the upper bound
        assert name in ("lbfgs", "bb")
    # An iteration of ICRS is 10 trials of 1 ms here; the rest is for a busy machine.
    assert seconds < 0.5
    assert found.fun <= 10.0


# ---- exceptions ----------------------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_an_exception_of_fun_arrives_as_the_same_object(name, k):
    error = Mine()
    fun = Recorder(rosenbrock, fail_at=k, error=error)
    with pytest.raises(Mine) as caught:
        hbcd.minimize(fun, [-1.2, 1.0], METHODS[name], bounds=[(-2.0, 2.0)] * 2, rng=0)
    assert caught.value is error
    assert len(fun.values) == k - 1


@gradient_methods
@pytest.mark.parametrize("error", [Mine(), KeyboardInterrupt(), StopIteration(), SystemExit(3)])
def test_an_exception_of_jac_arrives_as_the_same_object(name, error):
    def jac(x):
        raise error

    with pytest.raises(type(error)) as caught:
        hbcd.minimize(value, START, METHODS[name], jac=jac)
    assert caught.value is error


@each_method
def test_an_exception_of_the_callback_arrives_as_the_same_object(name):
    error = Mine()

    def callback(x):
        raise error

    with pytest.raises(Mine) as caught:
        hbcd.minimize(both, START, METHODS[name], bounds=BOX, rng=0, callback=callback)
    assert caught.value is error


# ---- seeds ---------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    def run(rng):
        return hbcd.minimize(value, START, hbcd.ICRS(), jac=False, bounds=BOX, rng=rng).x

    assert np.array_equal(run(7), run(7))
    assert not np.array_equal(run(7), run(8))
    assert np.array_equal(run(np.random.default_rng(7)), run(np.random.default_rng(7)))
    generator = np.random.default_rng(7)
    assert not np.array_equal(run(generator), run(generator))  # a generator moves on


def test_numpys_global_generator_is_neither_read_nor_moved():
    def run():
        return hbcd.minimize(value, START, hbcd.ICRS(), jac=False, bounds=BOX, rng=7).x

    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = run()
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.random(5)  # noqa: NPY002
    assert np.array_equal(run(), first)


def test_runs_on_two_threads_equal_runs_in_sequence():
    def run(seed):
        return hbcd.minimize(value, START, hbcd.ICRS(), jac=False, bounds=BOX, rng=seed).x

    alone, together = [run(seed) for seed in range(4)], [None] * 4

    def work(seed):
        together[seed] = run(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(alone, together)
