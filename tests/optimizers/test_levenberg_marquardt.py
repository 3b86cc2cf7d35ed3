"""Levenberg-Marquardt on functions: residuals in, the minimum of half their squares out."""

import numpy as np
import pytest
from scipy.optimize import least_squares, lsq_linear

import hbcd
from support.more_garbow_hillstrom import MGH

EXACT = hbcd.Stop(pg_tol=1e-12, f_tol=None, max_iterations=2000)
DAMPINGS = ["nielsen", "trust_region", "marquardt"]
each_damping = pytest.mark.parametrize("damping", DAMPINGS)


def solve(residuals, x0, damping="nielsen", stop=EXACT, **options):
    method = hbcd.LevenbergMarquardt(damping=damping)
    return hbcd.minimize(residuals, x0, method, residuals=True, stop=stop, **options)


def guarded(residuals):
    def fun(x):
        with np.errstate(all="ignore"):  # a trial step may be far too long
            return residuals(x)

    return fun


# ---- Moré, Garbow and Hillstrom -----------------------------------------------------------------


@each_damping
@pytest.mark.parametrize("problem", MGH, ids=lambda problem: problem.name)
def test_it_finds_a_known_minimum_or_what_scipy_finds(problem, damping):
    stop = hbcd.Stop(pg_tol=1e-9, f_tol=1e-14, max_iterations=1000)
    found = solve(guarded(problem.residuals), problem.x0, damping, stop)
    with np.errstate(all="ignore"):
        theirs = least_squares(
            lambda x: problem.residuals(x)[0],
            problem.x0,
            lambda x: problem.residuals(x)[1],
            method="trf",
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-10,
        )
    known = [0.5 * value for value in problem.f_min]
    near = [value for value in [*known, theirs.cost] if found.fun <= value * (1 + 1e-6) + 1e-8]
    assert near, (found.fun, known, theirs.cost)
    assert found.fun >= min(known) - 1e-9


def test_convergence_is_quadratic_where_the_residual_vanishes():
    values = []
    rosenbrock = next(p for p in MGH if p.name == "rosenbrock").residuals

    def watch(intermediate_result):
        values.append(intermediate_result.fun)

    found = solve(rosenbrock, [-1.2, 1.0], callback=watch)
    assert found.success
    assert found.fun < 1e-25
    errors = np.sqrt(values)
    # Nielsen's mu falls by three an iteration, so at least by that linearly; the last step is
    # then from some 1e-5 to rounding.
    assert errors[-1] <= 0.1 * errors[-2] <= 0.01 * errors[-3]


def test_a_linear_problem_takes_few_steps_to_the_solution_of_lstsq():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50, 8)), rng.normal(size=50)
    found = solve(lambda x: (a @ x - b, a), np.zeros(8))
    # The last steps lower f by less than its rounding, eps f: x is within the root of that.
    assert np.abs(found.x - np.linalg.lstsq(a, b, rcond=None)[0]).max() < 1e-7
    assert found.nit <= 15  # mu, 1e-3 at first, falls by 3 an iteration


@each_damping
def test_dependent_columns_are_no_obstacle(damping):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(30, 4)), rng.normal(size=30)
    a = np.hstack([a, a[:, :2], np.zeros((30, 1))])
    stop = hbcd.Stop(pg_tol=1e-9, f_tol=None)
    found = solve(lambda x: (a @ x - b, a), np.ones(7), damping, stop)
    best = np.linalg.lstsq(a, b, rcond=None)[0]
    assert found.fun == pytest.approx(0.5 * float((a @ best - b) @ (a @ best - b)), rel=1e-12)
    assert found.x[6] == 1.0  # a column of zeros moves nothing


# ---- bounds --------------------------------------------------------------------------------------


@each_damping
@pytest.mark.parametrize("seed", range(10))
def test_a_linear_problem_in_a_box_is_solved_as_scipy_solves_it(seed, damping):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(40, 10)), 3.0 * rng.normal(size=40)
    lo, hi = -rng.uniform(0.0, 0.2, 10), rng.uniform(0.0, 0.2, 10)
    seen = []

    def fun(x):
        seen.append(x.copy())
        return a @ x - b, a

    found = solve(fun, rng.normal(size=10), damping, bounds=list(zip(lo, hi, strict=True)))
    theirs = lsq_linear(a, b, (lo, hi), method="bvls", tol=1e-14)
    assert ((theirs.x <= lo) | (theirs.x >= hi)).any()
    assert np.abs(found.x - theirs.x).max() < 1e-6  # the root of the rounding of f
    assert (found.x[theirs.x <= lo] == lo[theirs.x <= lo]).all()
    assert (found.x[theirs.x >= hi] == hi[theirs.x >= hi]).all()
    assert all((lo <= x).all() and (x <= hi).all() for x in seen)


@each_damping
def test_rosenbrock_against_a_wall(damping):
    rosenbrock = next(p for p in MGH if p.name == "rosenbrock").residuals
    found = solve(rosenbrock, [-1.2, 1.0], damping, bounds=[(-2.0, 0.5), (None, 2.0)])
    assert found.x[0] == 0.5
    assert found.x[1] == pytest.approx(0.25, abs=1e-9)
    assert found.fun == pytest.approx(0.125, rel=1e-12)


def test_a_variable_leaves_the_bound_it_started_on():
    found = solve(lambda x: (x - 0.5, np.eye(2)), [1.0, -1.0], bounds=[(-1.0, 1.0)] * 2)
    assert np.abs(found.x - 0.5).max() < 1e-9


# ---- what is asked of the function, and what is returned ----------------------------------------


def test_the_best_point_is_kept_at_every_limit():
    rosenbrock = next(p for p in MGH if p.name == "rosenbrock").residuals
    last = np.inf
    for limit in range(1, 40):
        values = []

        def fun(x, values=values):
            r, jac = rosenbrock(x)
            values.append(0.5 * float(r @ r))
            return r, jac

        found = solve(fun, [-1.2, 1.0], stop=hbcd.Stop(max_evaluations=limit, f_tol=None))
        assert len(values) == found.nfev <= limit
        assert found.fun == min(values)
        assert found.fun <= last
        last = found.fun


def test_a_refused_step_costs_a_value_and_no_jacobian():
    rosenbrock = next(p for p in MGH if p.name == "rosenbrock").residuals
    found = hbcd.minimize(
        lambda x: rosenbrock(x)[0],
        [-1.2, 1.0],
        hbcd.LevenbergMarquardt(),
        jac=lambda x: rosenbrock(x)[1],
        residuals=True,
    )
    assert found.njev == found.nit + 1
    assert found.nfev > found.nit + 1  # some steps were refused


def test_differences_stand_in_for_a_jacobian():
    found = hbcd.minimize(
        lambda x, k: np.array([10.0 * (x[1] - x[0] ** 2), k - x[0]]),
        [-1.2, 1.0],
        hbcd.LevenbergMarquardt(),
        jac=False,
        args=(1.0,),
        residuals=True,
    )
    assert np.abs(found.x - 1.0).max() < 1e-5  # the default pg_tol


@pytest.mark.parametrize("method", [hbcd.LBFGS(), hbcd.BarzilaiBorwein()])
def test_every_method_minimizes_residuals(method):
    a = np.diag([1.0, 2.0, 3.0])
    found = hbcd.minimize(lambda x: (a @ x - 1.0, a), np.zeros(3), method, residuals=True)
    assert np.abs(found.x - 1.0 / np.diag(a)).max() < 1e-4
    assert found.fun < 1e-8


def test_an_objective_of_a_network_is_minimized_directly():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, 3))
    net = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4), hbcd.OutputLayer(1)])
    objective, theta = net.bind(x, np.sin(x[:, 0])), net.init(0)
    before = objective.value(theta)
    stop = hbcd.Stop(max_iterations=20)
    assert hbcd.LevenbergMarquardt().minimize(objective, theta, stop=stop) is not None
    assert objective.value(theta) < 0.01 * before


def test_exceptions_of_the_function_arrive_intact():
    class Mine(Exception):
        pass

    for call in range(1, 8):
        count = [0]

        def fun(x, count=count, call=call):
            count[0] += 1
            if count[0] == call:
                raise Mine
            return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]), np.array(
                [[-20.0 * x[0], 10.0], [-1.0, 0.0]]
            )

        with pytest.raises(Mine):
            solve(fun, [-1.2, 1.0])
        assert count[0] == call


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"damping": "none"}, "damping='none': must be"),
        ({"mu": 0.0}, "mu=0.0"),
        ({"ridge": -1.0}, "ridge=-1.0"),
        ({"memory_limit": 0}, "memory_limit=0"),
        ({"block_diagonal": True, "variable_projection": True}, "block_diagonal=True: must be"),
    ],
)
def test_options_outside_their_range(options, message):
    with pytest.raises(ValueError, match=message):
        hbcd.LevenbergMarquardt(**options)


def test_errors_say_what_is_wrong():
    lm = hbcd.LevenbergMarquardt(memory_limit=1000)
    needs = "n=12: Levenberg-Marquardt needs 1152 bytes, more than memory_limit=1000"
    with pytest.raises(ValueError, match=needs):
        hbcd.minimize(lambda x: (x, np.eye(12)), np.ones(12), lm, residuals=True)
    with pytest.raises(ValueError, match="residuals=False: must be True"):
        hbcd.minimize(lambda x: (float(x @ x), 2 * x), np.ones(2), hbcd.LevenbergMarquardt())
    with pytest.raises(ValueError, match=r"Jacobian has shape \(2, 3\), must be \(3, 3\)"):
        solve(lambda x: (x, np.eye(3)[:2]), np.ones(3))
    with pytest.raises(ValueError, match=r"residuals have shape \(2, 2\)"):
        solve(lambda x: (np.ones((2, 2)), np.eye(2)), np.ones(2))
    with pytest.raises(TypeError, match="r, J"):
        hbcd.minimize(lambda x: 1.0, np.ones(2), lm, residuals=True)
    with pytest.raises(ValueError, match="ExactOutput"):
        hbcd.minimize(lambda x: (x, np.eye(2)), np.ones(2), hbcd.ExactOutput(), residuals=True)


# ---- a trust region ------------------------------------------------------------------------------


def test_the_scale_of_a_variable_changes_no_step_of_a_trust_region():
    """x_i / s_i for x_i: with powers of two nothing is rounded otherwise, whatever their size."""
    rosenbrock = next(p for p in MGH if p.name == "rosenbrock").residuals
    scale = np.array([2.0**6, 2.0**-5])

    def scaled(x):
        r, jac = rosenbrock(x * scale)
        return r, jac * scale

    method = hbcd.LevenbergMarquardt(damping="trust_region")
    start = np.array([-1.2, 1.0])
    for limit in range(1, 12):
        stop = hbcd.Stop(pg_tol=0.0, f_tol=None, max_iterations=limit)
        plain = hbcd.minimize(rosenbrock, start, method, residuals=True, stop=stop)
        other = hbcd.minimize(scaled, start / scale, method, residuals=True, stop=stop)
        # Equal but for the secant's and the factor's order of rounding.
        assert other.x * scale == pytest.approx(plain.x, rel=1e-9)


def test_the_first_step_is_as_long_as_the_radius_or_the_whole_one():
    rng = np.random.default_rng(3)
    a, b, x0 = rng.normal(size=(40, 5)), rng.normal(size=40), 10.0 * rng.normal(size=5)
    size = np.sqrt(np.einsum("mi,mi->i", a, a))
    whole = np.linalg.lstsq(a, b, rcond=None)[0] - x0
    stop = hbcd.Stop(max_iterations=1)
    for radius in (1e-3, 1e-2, 0.1, 10.0):
        method = hbcd.LevenbergMarquardt(damping="trust_region", radius=radius)
        found = hbcd.minimize(lambda x: (a @ x - b, a), x0, method, residuals=True, stop=stop)
        asked = radius * np.linalg.norm(size * x0)
        if np.linalg.norm(size * whole) <= asked:
            assert found.x - x0 == pytest.approx(whole, rel=1e-9)
        else:
            assert np.linalg.norm(size * (found.x - x0)) == pytest.approx(asked, rel=0.1)


def test_a_function_gets_a_trust_region_and_a_network_does_not():
    scaled = next(p for p in MGH if p.name == "powell_badly_scaled")
    runs = {
        damping: hbcd.minimize(
            guarded(scaled.residuals),
            scaled.x0,
            hbcd.LevenbergMarquardt(damping=damping),
            residuals=True,
        )
        for damping in (None, "trust_region", "nielsen")
    }
    assert runs[None].nfev == runs["trust_region"].nfev != runs["nielsen"].nfev
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    net = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4), hbcd.OutputLayer(1)])
    thetas = [
        net.train(
            net.init(0),
            x,
            np.sin(x[:, 0]),
            strategy=hbcd.FullBatch(hbcd.LevenbergMarquardt(damping=damping), 5),
        ).theta
        for damping in (None, "nielsen", "trust_region")
    ]
    assert (thetas[0] == thetas[1]).all()
    assert not (thetas[0] == thetas[2]).all()


def test_the_point_of_the_last_call_is_not_asked_for_again():
    asked = []
    rosenbrock = next(p for p in MGH if p.name == "rosenbrock").residuals

    def fun(x):
        asked.append(tuple(x))
        return rosenbrock(x)

    found = solve(fun, [-1.2, 1.0])
    assert found.nfev == len(asked) == len(set(asked))


@each_damping
def test_a_matrix_that_is_not_finite_is_reported(damping):
    with np.errstate(over="ignore"):
        found = solve(lambda x: (x * 1e300 - 1.0, 1e300 * np.eye(2)), [5e-300, 0.0], damping)
    assert found.status is hbcd.StopReason.NOT_FINITE
