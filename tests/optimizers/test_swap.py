"""Every optimizer is one word in `hbcd.minimize` and in SciPy's `minimize`."""

import contextlib

import numpy as np
import pytest
from scipy.optimize import minimize as scipy_minimize

import hbcd
from support.functions import BOX, CENTER, SCALE, START, both


class Halving(hbcd.Optimizer):
    """A custom optimizer: from x halfway to where Newton's method goes."""

    def minimize(self, objective, x, box, stop, rng):
        for _ in range(40):
            x -= objective(x)[1] / (4.0 * SCALE)
        return hbcd.StopReason.GRADIENT


class Renamed(hbcd.BarzilaiBorwein):
    """A subclass of a built-in one."""


# How far from the minimum a success may end; ICRS draws at random.
TABLE = {
    hbcd.Adam(0.05): 1e-4,
    hbcd.LBFGS(): 1e-5,
    hbcd.BFGS(): 1e-5,
    hbcd.BarzilaiBorwein(): 1e-5,
    hbcd.ICRS(max_evaluations=20_000): 0.02,
    hbcd.LevenbergMarquardt(): 1e-5,
    Halving(): 1e-5,
    Renamed(): 1e-5,
}
each_optimizer = pytest.mark.parametrize("optimizer", TABLE, ids=lambda o: type(o).__name__)
NEEDS_RESIDUALS = (hbcd.LevenbergMarquardt,)
NEEDS_LAYERS = (hbcd.ExactOutput,)


def test_no_optimizer_is_missing_here():
    public = {
        part
        for part in (getattr(hbcd, name) for name in hbcd.__all__)
        if isinstance(part, type) and issubclass(part, hbcd.Optimizer)
    }
    assert public == {
        hbcd.Optimizer,
        *NEEDS_LAYERS,
        *(type(optimizer) for optimizer in TABLE if type(optimizer) not in (Halving, Renamed)),
    }


def residuals(x):
    root = np.sqrt(2.0 * SCALE)
    return root * (x - CENTER), np.diag(root)


@each_optimizer
def test_it_is_one_word_in_minimize(optimizer):
    of_squares = isinstance(optimizer, NEEDS_RESIDUALS)
    fun = residuals if of_squares else both
    found = hbcd.minimize(fun, START, optimizer, bounds=BOX, rng=0, residuals=of_squares)
    assert found.success
    assert np.abs(found.x - CENTER).max() < TABLE[optimizer]


@each_optimizer
def test_it_is_one_word_in_scipys_minimize(optimizer):
    def run():
        return scipy_minimize(
            both, START, method=optimizer.scipy, jac=True, bounds=BOX, options={"rng": 0}
        )

    if isinstance(optimizer, NEEDS_RESIDUALS):
        with pytest.raises(ValueError, match="LevenbergMarquardt needs a fun that returns resid"):
            run()
        return
    found = run()
    assert found.success
    assert np.abs(found.x - CENTER).max() < TABLE[optimizer]
    assert np.array_equal(found.x, hbcd.minimize(both, START, optimizer, bounds=BOX, rng=0).x)


def test_what_solves_a_layer_minimizes_no_function():
    for optimizer in (hbcd.ExactOutput(), hbcd.ExactOutput(hbcd.LBFGS())):
        with pytest.raises(ValueError, match="is for the last layer of a network"):
            hbcd.minimize(both, START, optimizer)
        with pytest.raises(ValueError, match="is for the last layer of a network"):
            scipy_minimize(both, START, method=optimizer.scipy, jac=True)


# ---- options -------------------------------------------------------------------------------------

COUNTS = {
    hbcd.LBFGS: ["memory", "max_line_search"],
    hbcd.BFGS: ["max_line_search", "memory_limit"],
    hbcd.BarzilaiBorwein: ["history", "abb_memory"],
    hbcd.ICRS: ["max_failures", "max_evaluations"],
    hbcd.LevenbergMarquardt: ["memory_limit"],
}


@pytest.mark.parametrize("size", [10_001, 2**31, 2**61, 2**62, 2**63, 2**70])
@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in COUNTS for name in COUNTS[k]])
def test_a_count_of_any_size_runs_or_is_refused_by_name(kind, name, size):
    def run():
        optimizer = kind(**{name: size})
        of_squares = isinstance(optimizer, NEEDS_RESIDUALS)
        fun = residuals if of_squares else both
        return hbcd.minimize(fun, START, optimizer, bounds=BOX, rng=0, residuals=of_squares)

    largest = 10_000 if name == "memory" else 2**62
    if size > largest:
        with pytest.raises(ValueError, match=f"^{name}={size}: must be at most"):
            run()
    elif name in ("history", "abb_memory") and size >= 2**31:  # 16 GiB, which may be there
        with pytest.raises(MemoryError) if size > 2**31 else contextlib.suppress(MemoryError):
            run()
    else:
        assert run().fun < both(START)[0]


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (hbcd.LBFGS, {"memory": 20_000}, "memory=20000: must be at most 10000"),
        (hbcd.LBFGS, {"damping": 2}, "damping=2: must be True or False"),
        (hbcd.LBFGS, {"armijo": 0.5, "wolfe": 0.5}, "wolfe=0.5: must be greater than 0.5"),
        (hbcd.LBFGS, {"wolfe": 1.0}, "wolfe=1.0: must be less than 1"),
        (hbcd.BFGS, {"armijo": float("nan")}, "armijo=nan: must be finite"),
        (hbcd.ICRS, {"cumulative": "no"}, "cumulative='no': must be True or False"),
        (hbcd.ICRS, {"reset_width": None}, "reset_width=None: must be True or False"),
        (hbcd.ICRS, {"floor": 0.6}, "floor=0.6: must be at most 0.5"),
        (hbcd.ICRS, {"k2": 1.0}, "k2=1.0: must be less than 1"),
        (hbcd.LevenbergMarquardt, {"block_diagonal": 1}, "block_diagonal=1: must be True or"),
        (hbcd.LevenbergMarquardt, {"variable_projection": "a"}, "variable_projection='a': must"),
        (hbcd.BarzilaiBorwein, {"step_min": 1.0, "step_max": 0.5}, "step_max=0.5: must be at"),
        (hbcd.BarzilaiBorwein, {"step_max": float("inf")}, "step_max=inf: must be finite"),
        (hbcd.Adam, {"beta2": 1.0}, "beta2=1.0: must be less than 1"),
    ],
)
def test_an_option_outside_its_range_is_refused_by_name(kind, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        kind(**options)
