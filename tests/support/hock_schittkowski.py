"""Bound-constrained problems with analytic gradients and known minima, in plain NumPy.

From W. Hock, K. Schittkowski, "Test examples for nonlinear programming codes" (1981).  Every
problem of `HS` is a `support.more_garbow_hillstrom.Problem` with `bounds`, a list of ``(lo, hi)``.
"""

import numpy as np

from support.more_garbow_hillstrom import Problem, gulf_residuals, rosenbrock, wood

HS = []


def _hs(name, x0, bounds, *f_min):
    """Register ``fun(x) -> (f, g)`` with bounds."""

    def register(fun):
        HS.append(Problem(name, np.asarray(x0, dtype=float), fun, list(f_min), bounds))
        return fun

    return register


_NONE = (-np.inf, np.inf)


def _sum_of_squares(residuals):
    def fun(x):
        r, jac = residuals(np.asarray(x, dtype=float))
        return float(r @ r), 2.0 * (jac.T @ r)

    return fun


_hs("hs1", [-2.0, 1.0], [_NONE, (-1.5, np.inf)], 0.0)(_sum_of_squares(rosenbrock))
_hs("hs2", [-2.0, 1.0], [_NONE, (1.5, np.inf)], 0.0504261879, 4.941229318)(
    _sum_of_squares(rosenbrock)
)


@_hs("hs3", [10.0, 1.0], [_NONE, (0.0, np.inf)], 0.0)
def _hs3(x):
    gap = x[1] - x[0]
    return float(x[1] + 1e-5 * gap**2), np.array([-2e-5 * gap, 1.0 + 2e-5 * gap])


@_hs("hs4", [1.125, 0.125], [(1.0, np.inf), (0.0, np.inf)], 8.0 / 3.0)
def _hs4(x):
    return float((x[0] + 1.0) ** 3 / 3.0 + x[1]), np.array([(x[0] + 1.0) ** 2, 1.0])


@_hs("hs5", [0.0, 0.0], [(-1.5, 4.0), (-3.0, 3.0)], -np.sqrt(3.0) / 2.0 - np.pi / 3.0)
def _hs5(x):
    a, b = x
    f = np.sin(a + b) + (a - b) ** 2 - 1.5 * a + 2.5 * b + 1.0
    return float(f), np.cos(a + b) + 2.0 * (a - b) * np.array([1.0, -1.0]) + np.array([-1.5, 2.5])


# At the start point the gradient is almost zero: a method that stops there has done nothing wrong.
_hs("hs25", [100.0, 12.5, 3.0], [(0.1, 100.0), (0.0, 25.6), (0.0, 5.0)], 0.0, 32.835)(
    _sum_of_squares(gulf_residuals)
)
_hs("hs38", [-3.0, -1.0, -3.0, -1.0], [(-10.0, 10.0)] * 4, 0.0)(_sum_of_squares(wood))


@_hs("hs45", [2.0] * 5, [(0.0, float(i)) for i in range(1, 6)], 1.0)
def _hs45(x):
    return float(2.0 - np.prod(x) / 120.0), np.array(
        [-np.prod(np.delete(x, i)) / 120.0 for i in range(5)]
    )


@_hs("hs110", [9.0] * 10, [(2.001, 9.999)] * 10, -45.77846971)
def _hs110(x):
    low, high, root = np.log(x - 2.0), np.log(10.0 - x), np.prod(x) ** 0.2
    f = float((low**2 + high**2).sum() - root)
    return f, 2.0 * low / (x - 2.0) - 2.0 * high / (10.0 - x) - 0.2 * root / x
