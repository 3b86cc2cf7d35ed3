"""Unconstrained sums of squares with analytic Jacobians and known minima, in plain NumPy.

From J. J. More, B. S. Garbow, K. E. Hillstrom, "Testing unconstrained optimization software", ACM
Trans. Math. Softw. 7 (1981) 17-41; the numbers in the comments are theirs.

Every problem of `MGH` has ``name, n, x0, fun, residuals, f_min``: ``fun(x) -> (f, g)``,
``residuals(x) -> (r, J)``, and `f_min` lists the values of known local minima, the global one
first.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Problem:
    """One minimization problem."""

    name: str
    x0: np.ndarray
    fun: Callable
    f_min: list
    bounds: list | None = None
    residuals: Callable | None = None  # ``residuals(x) -> (r, J)`` with f = r'r

    @property
    def n(self):
        return len(self.x0)


MGH = []


def _mgh(name, x0, *f_min):
    """Register ``residuals(x) -> (r, J)`` as the problem of minimizing r'r."""

    def register(residuals):
        def fun(x):
            # A trial step of a line search may be far too long: it then has an infinite value.
            with np.errstate(all="ignore"):
                r, jac = residuals(np.asarray(x, dtype=float))
                return float(r @ r), 2.0 * (jac.T @ r)

        start = np.asarray(x0, dtype=float)
        MGH.append(Problem(name, start, fun, list(f_min), residuals=residuals))
        return residuals

    return register


# ---- two to four variables -----------------------------------------------------------------------


@_mgh("rosenbrock", [-1.2, 1.0], 0.0)  # 1
def rosenbrock(x):
    a, b = x
    return np.array([10.0 * (b - a * a), 1.0 - a]), np.array([[-20.0 * a, 10.0], [-1.0, 0.0]])


@_mgh("freudenstein_roth", [0.5, -2.0], 0.0, 48.98425367924002)  # 2
def _freudenstein_roth(x):
    a, b = x
    r = np.array([-13.0 + a + ((5.0 - b) * b - 2.0) * b, -29.0 + a + ((b + 1.0) * b - 14.0) * b])
    return r, np.array([[1.0, 10.0 * b - 3.0 * b * b - 2.0], [1.0, 3.0 * b * b + 2.0 * b - 14.0]])


@_mgh("powell_badly_scaled", [0.0, 1.0], 0.0)  # 3
def _powell_badly_scaled(x):
    a, b = x
    r = np.array([1e4 * a * b - 1.0, np.exp(-a) + np.exp(-b) - 1.0001])
    return r, np.array([[1e4 * b, 1e4 * a], [-np.exp(-a), -np.exp(-b)]])


@_mgh("brown_badly_scaled", [1.0, 1.0], 0.0)  # 4
def _brown_badly_scaled(x):
    a, b = x
    return np.array([a - 1e6, b - 2e-6, a * b - 2.0]), np.array([[1.0, 0.0], [0.0, 1.0], [b, a]])


@_mgh("beale", [1.0, 1.0], 0.0)  # 5
def _beale(x):
    a, b = x
    i = np.arange(1, 4)
    return np.array([1.5, 2.25, 2.625]) - a * (1.0 - b**i), np.column_stack(
        [b**i - 1.0, a * i * b ** (i - 1)]
    )


@_mgh("jennrich_sampson", [0.3, 0.4], 124.36218235561)  # 6, m = 10
def _jennrich_sampson(x):
    i = np.arange(1, 11)
    grown = np.exp(np.outer(i, x))
    return 2.0 + 2.0 * i - grown.sum(axis=1), -i[:, None] * grown


@_mgh("helical_valley", [-1.0, 0.0, 0.0], 0.0)  # 7
def _helical_valley(x):
    a, b, c = x
    turn = np.arctan(b / a) / (2.0 * np.pi) + (0.5 if a < 0 else 0.0)
    square = a * a + b * b
    radius = np.sqrt(square)
    slope = 100.0 / (2.0 * np.pi * square)
    jac = [
        [slope * b, -slope * a, 10.0],
        [10.0 * a / radius, 10.0 * b / radius, 0.0],
        [0.0, 0.0, 1.0],
    ]
    return np.array([10.0 * (c - 10.0 * turn), 10.0 * (radius - 1.0), c]), np.array(jac)


@_mgh("bard", [1.0, 1.0, 1.0], 8.214877306578994e-3, 17.428693333333)  # 8, the second at infinity
def _bard(x):
    y = np.array(
        [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    )
    u = np.arange(1.0, 16.0)
    v = 16.0 - u
    w = np.minimum(u, v)
    bottom = v * x[1] + w * x[2]
    return y - x[0] - u / bottom, np.column_stack(
        [-np.ones(15), u * v / bottom**2, u * w / bottom**2]
    )


@_mgh("gaussian", [0.4, 1.0, 0.0], 1.12793276961912e-8)  # 9
def _gaussian(x):
    half = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521]
    y = np.array([*half, 0.3989, *half[::-1]])
    shift = (8.0 - np.arange(1, 16)) / 2.0 - x[2]
    bell = np.exp(-x[1] * shift**2 / 2.0)
    return x[0] * bell - y, np.column_stack(
        [bell, -x[0] * bell * shift**2 / 2.0, x[0] * bell * x[1] * shift]
    )


_GULF_T = np.arange(1, 100) / 100.0
_GULF_Y = 25.0 + (-50.0 * np.log(_GULF_T)) ** (2.0 / 3.0)


def gulf_residuals(x):
    distance = np.abs(_GULF_Y - x[1])
    power = distance ** x[2]
    fall = np.exp(-power / x[0])
    logarithm = np.log(np.where(distance > 0, distance, 1.0))
    toward = x[2] * power / np.where(distance > 0, distance, 1.0) * np.sign(_GULF_Y - x[1])
    return fall - _GULF_T, (fall / x[0])[:, None] * np.column_stack(
        [power / x[0], toward, -power * logarithm]
    )


_mgh("gulf", [5.0, 2.5, 0.15], 0.0, 0.0380)(gulf_residuals)  # 11, m = 99


@_mgh("box_3d", [0.0, 10.0, 20.0], 0.0)  # 12, m = 10
def _box_3d(x):
    t = 0.1 * np.arange(1, 11)
    a, b, c = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t) - np.exp(-10.0 * t)
    return a - b - x[2] * c, np.column_stack([-t * a, t * b, -c])


@_mgh("wood", [-3.0, -1.0, -3.0, -1.0], 0.0)  # 14
def wood(x):
    a, b, c, d = x
    s90, s10 = np.sqrt(90.0), np.sqrt(10.0)
    r = [
        10.0 * (b - a * a),
        1.0 - a,
        s90 * (d - c * c),
        1.0 - c,
        s10 * (b + d - 2.0),
        (b - d) / s10,
    ]
    jac = [
        [-20.0 * a, 10.0, 0.0, 0.0],
        [-1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, -2.0 * s90 * c, s90],
        [0.0, 0.0, -1.0, 0.0],
        [0.0, s10, 0.0, s10],
        [0.0, 1.0 / s10, 0.0, -1.0 / s10],
    ]
    return np.array(r), np.array(jac)


@_mgh(
    "kowalik_osborne", [0.25, 0.39, 0.415, 0.39], 3.0750560384924e-4, 1.02734e-3
)  # 15, second at infinity
def _kowalik_osborne(x):
    y = np.array(
        [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
    )
    u = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
    top, bottom = u * (u + x[1]), u * (u + x[2]) + x[3]
    ratio = top / bottom
    columns = [-ratio, -x[0] * u / bottom, x[0] * ratio * u / bottom, x[0] * ratio / bottom]
    return y - x[0] * ratio, np.column_stack(columns)


@_mgh("brown_dennis", [25.0, 5.0, -5.0, -1.0], 85822.2016263563)  # 16, m = 20
def _brown_dennis(x):
    t = np.arange(1, 21) / 5.0
    a, b = x[0] + t * x[1] - np.exp(t), x[2] + x[3] * np.sin(t) - np.cos(t)
    return a * a + b * b, 2.0 * np.column_stack([a, a * t, b, b * np.sin(t)])


@_mgh("biggs_exp6", [1.0, 2.0, 1.0, 1.0, 1.0, 1.0], 0.0, 5.65564992e-3, 0.30636677)  # 18, m = 13
def _biggs_exp6(x):
    t = 0.1 * np.arange(1, 14)
    y = np.exp(-t) - 5.0 * np.exp(-10.0 * t) + 3.0 * np.exp(-4.0 * t)
    a, b, c = np.exp(-t * x[0]), np.exp(-t * x[1]), np.exp(-t * x[4])
    r = x[2] * a - x[3] * b + x[5] * c - y
    return r, np.column_stack([-t * x[2] * a, t * x[3] * b, a, -b, -t * x[5] * c, c])


# ---- any number of variables ---------------------------------------------------------------------


def _watson(x):  # 20
    n = len(x)
    t = (np.arange(1, 30) / 29.0)[:, None]
    j = np.arange(n)
    powers = t**j
    slopes = np.zeros((29, n))
    slopes[:, 1:] = j[1:] * powers[:, :-1]
    value = powers @ x
    r = np.concatenate([slopes @ x - value**2 - 1.0, [x[0], x[1] - x[0] ** 2 - 1.0]])
    jac = np.zeros((31, n))
    jac[:29] = slopes - 2.0 * value[:, None] * powers
    jac[29, 0], jac[30, 0], jac[30, 1] = 1.0, -2.0 * x[0], 1.0
    return r, jac


_mgh("watson_6", np.zeros(6), 2.28767005355e-3)(_watson)
_mgh("watson_9", np.zeros(9), 1.399760138e-6)(_watson)


def _extended_rosenbrock(x):  # 21
    n = len(x)
    i = np.arange(0, n, 2)
    r, jac = np.empty(n), np.zeros((n, n))
    r[i], r[i + 1] = 10.0 * (x[i + 1] - x[i] ** 2), 1.0 - x[i]
    jac[i, i], jac[i, i + 1], jac[i + 1, i] = -20.0 * x[i], 10.0, -1.0
    return r, jac


_mgh("extended_rosenbrock_10", np.tile([-1.2, 1.0], 5), 0.0)(_extended_rosenbrock)
_mgh("extended_rosenbrock_100", np.tile([-1.2, 1.0], 50), 0.0)(_extended_rosenbrock)


def _extended_powell(x):  # 22, and 13 for n = 4
    n = len(x)
    i = np.arange(0, n, 4)
    a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
    r, jac = np.empty(n), np.zeros((n, n))
    s5, s10 = np.sqrt(5.0), np.sqrt(10.0)
    r[i], r[i + 1], r[i + 2], r[i + 3] = (
        a + 10.0 * b,
        s5 * (c - d),
        (b - 2.0 * c) ** 2,
        s10 * (a - d) ** 2,
    )
    jac[i, i], jac[i, i + 1], jac[i + 1, i + 2], jac[i + 1, i + 3] = 1.0, 10.0, s5, -s5
    jac[i + 2, i + 1], jac[i + 2, i + 2] = 2.0 * (b - 2.0 * c), -4.0 * (b - 2.0 * c)
    jac[i + 3, i], jac[i + 3, i + 3] = 2.0 * s10 * (a - d), -2.0 * s10 * (a - d)
    return r, jac


_mgh("powell_singular", [3.0, -1.0, 0.0, 1.0], 0.0)(_extended_powell)
_mgh("extended_powell_40", np.tile([3.0, -1.0, 0.0, 1.0], 10), 0.0)(_extended_powell)


def _penalty_1(x):  # 23
    n = len(x)
    root = np.sqrt(1e-5)
    return np.append(root * (x - 1.0), x @ x - 0.25), np.vstack([root * np.eye(n), 2.0 * x])


_mgh("penalty_1_4", np.arange(1, 5), 2.249977500e-5)(_penalty_1)
_mgh("penalty_1_10", np.arange(1, 11), 7.08765146709e-5)(_penalty_1)


def _penalty_2(x):  # 24
    n = len(x)
    root = np.sqrt(1e-5)
    i = np.arange(1, n)
    grown = np.exp(x / 10.0)
    weight = n - np.arange(n)
    r, jac = np.empty(2 * n), np.zeros((2 * n, n))
    r[0], jac[0, 0] = x[0] - 0.2, 1.0
    r[1:n] = root * (grown[1:] + grown[:-1] - np.exp((i + 1) / 10.0) - np.exp(i / 10.0))
    jac[i, i], jac[i, i - 1] = root * grown[1:] / 10.0, root * grown[:-1] / 10.0
    r[n : 2 * n - 1] = root * (grown[1:] - np.exp(-0.1))
    jac[n - 1 + i, i] = root * grown[1:] / 10.0
    r[-1], jac[-1] = weight @ x**2 - 1.0, 2.0 * weight * x
    return r, jac


_mgh("penalty_2_4", np.full(4, 0.5), 9.37629e-6)(_penalty_2)
_mgh("penalty_2_10", np.full(10, 0.5), 2.93660e-4)(_penalty_2)


@_mgh("variably_dimensioned", 1.0 - np.arange(1, 11) / 10.0, 0.0)  # 25
def _variably_dimensioned(x):
    j = np.arange(1, len(x) + 1)
    total = j @ (x - 1.0)
    return np.concatenate([x - 1.0, [total, total**2]]), np.vstack(
        [np.eye(len(x)), j, 2.0 * total * j]
    )


@_mgh("trigonometric", np.full(10, 0.1), 0.0, 2.79506e-5, 4.22e-5)  # 26
def _trigonometric(x):
    n = len(x)
    i = np.arange(1, n + 1)
    r = n - np.cos(x).sum() + i * (1.0 - np.cos(x)) - np.sin(x)
    return r, np.tile(np.sin(x), (n, 1)) + np.diag(i * np.sin(x) - np.cos(x))


@_mgh("brown_almost_linear", np.full(10, 0.5), 0.0, 1.0)  # 27
def _brown_almost_linear(x):
    n = len(x)
    r, jac = x + x.sum() - (n + 1.0), np.eye(n) + 1.0
    r[-1] = np.prod(x) - 1.0
    jac[-1] = [np.prod(np.delete(x, j)) for j in range(n)]
    return r, jac


def _discrete_boundary_points(n):
    return np.arange(1, n + 1) / (n + 1.0)


@_mgh("discrete_boundary", (lambda t: t * (t - 1.0))(_discrete_boundary_points(10)), 0.0)  # 28
def _discrete_boundary(x):
    n = len(x)
    h, t = 1.0 / (n + 1.0), _discrete_boundary_points(n)
    padded = np.concatenate([[0.0], x, [0.0]])
    r = 2.0 * x - padded[:-2] - padded[2:] + h * h * (x + t + 1.0) ** 3 / 2.0
    return r, np.diag(2.0 + 1.5 * h * h * (x + t + 1.0) ** 2) - np.eye(n, k=1) - np.eye(n, k=-1)


@_mgh("broyden_tridiagonal", np.full(30, -1.0), 0.0)  # 30
def _broyden_tridiagonal(x):
    n = len(x)
    padded = np.concatenate([[0.0], x, [0.0]])
    r = (3.0 - 2.0 * x) * x - padded[:-2] - 2.0 * padded[2:] + 1.0
    return r, np.diag(3.0 - 4.0 * x) - np.eye(n, k=-1) - 2.0 * np.eye(n, k=1)


@_mgh("broyden_banded", np.full(30, -1.0), 0.0)  # 31
def _broyden_banded(x):
    n = len(x)
    i = np.arange(n)
    gap = i[None, :] - i[:, None]
    near = ((gap >= -5) & (gap <= 1) & (gap != 0)).astype(float)
    r = x * (2.0 + 5.0 * x**2) + 1.0 - near @ (x * (1.0 + x))
    return r, np.diag(2.0 + 15.0 * x**2) - near * (1.0 + 2.0 * x)


@_mgh("linear_full_rank", np.ones(10), 10.0)  # 32, m = 20
def _linear_full_rank(x):
    n, m = len(x), 20
    jac = np.full((m, n), -2.0 / m)
    jac[:n] += np.eye(n)
    return jac @ x - 1.0, jac


@_mgh("linear_rank_1", np.ones(10), 20.0 * 19.0 / (2.0 * 41.0))  # 33, m = 20
def _linear_rank_1(x):
    jac = np.outer(np.arange(1.0, 21.0), np.arange(1.0, len(x) + 1.0))
    return jac @ x - 1.0, jac


def _chebyquad(x):  # 35
    n = len(x)
    u = 2.0 * x - 1.0
    # Shifted Chebyshev polynomials 0..n at x, and their slopes.
    value, slope = np.ones((n + 1, n)), np.zeros((n + 1, n))
    value[1], slope[1] = u, 2.0
    for i in range(1, n):
        value[i + 1] = 2.0 * u * value[i] - value[i - 1]
        slope[i + 1] = 4.0 * value[i] + 2.0 * u * slope[i] - slope[i - 1]
    i = np.arange(1, n + 1)
    integral = np.where(i % 2 == 0, -1.0 / np.maximum(i * i - 1.0, 1.0), 0.0)
    return value[1:].mean(axis=1) - integral, slope[1:] / n


_mgh("chebyquad_7", np.arange(1, 8) / 8.0, 0.0)(_chebyquad)
_mgh("chebyquad_8", np.arange(1, 9) / 9.0, 3.51687372568e-3)(_chebyquad)
