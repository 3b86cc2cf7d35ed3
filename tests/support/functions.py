"""Test functions and optimizers for the tests of `hbcd.minimize`."""

import numpy as np
import pytest

import hbcd

# ADAM's step has a fixed length: to come close in few iterations it needs a long one.
METHODS = {
    "adam": hbcd.Adam(learning_rate=0.05),
    "lbfgs": hbcd.LBFGS(),
    "bfgs": hbcd.BFGS(),
    "bb": hbcd.BarzilaiBorwein(),
    "icrs": hbcd.ICRS(max_evaluations=20_000),
}
GRADIENT_METHODS = [name for name in METHODS if name != "icrs"]
each_method = pytest.mark.parametrize("name", METHODS)
gradient_methods = pytest.mark.parametrize("name", GRADIENT_METHODS)

BOX = [(-4.0, 4.0)] * 3
CENTER = np.array([0.5, -1.0, 2.0])
SCALE = np.array([1.0, 5.0, 20.0])
START = np.array([3.0, 3.0, -3.0])


def value(x):
    return float(SCALE @ (x - CENTER) ** 2)


def gradient(x):
    return 2.0 * SCALE * (x - CENTER)


def both(x):
    return value(x), gradient(x)


def rosenbrock(x):
    a, b = x
    f = 100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2
    return f, np.array([-400.0 * a * (b - a * a) - 2.0 * (1.0 - a), 200.0 * (b - a * a)])


class Recorder:
    """fun that keeps every point, every value, and may fail at its k-th call."""

    def __init__(self, fun=both, fail_at=None, error=None):
        self.fun, self.fail_at, self.error = fun, fail_at, error
        self.points, self.values = [], []

    def __call__(self, x):
        if len(self.values) + 1 == self.fail_at:
            raise self.error
        answer = self.fun(x)
        self.points.append(x.copy())
        self.values.append(answer[0] if isinstance(answer, tuple) else answer)
        return answer


class Mine(Exception):
    """An exception that nobody else raises."""
