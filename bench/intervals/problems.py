"""Tables on which intervals are judged: generated ones, and published ones where they are there.

The form of the intervals was chosen on other generated tables, and on other seeds of the published.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["GENERATED", "PUBLISHED", "split"]

Array = NDArray[np.float64]
Split = tuple[Array, Array, Array, Array]
TEST_ROWS = 2000


def _plane(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    x = rng.normal(size=(n, 6))
    return x, x @ np.array([1.0, -0.7, 0.5, 0.3, 0.0, 0.0])


def _bumps(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    x = rng.uniform(-2, 2, size=(n, 2))
    near, far = ((x - c) ** 2 for c in (np.array([0.8, 0.5]), np.array([-1.0, -0.6])))
    return x, 2.0 * np.exp(-near.sum(axis=1)) - 1.5 * np.exp(-2.0 * far.sum(axis=1))


def _ratio(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    x = rng.uniform(0.2, 2, size=(n, 4))
    return x, x[:, 0] * x[:, 1] / (0.5 + x[:, 2]) + np.sqrt(x[:, 3])


def _thresholds(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    x = rng.normal(size=(n, 8))
    f = np.tanh(3.0 * x[:, 0]) + 0.7 * np.tanh(2.0 * (x[:, 1] - 1.0)) * x[:, 2]
    return x, f + 0.4 * np.abs(x[:, 3])


def _gauss(rng: np.random.Generator, x: Array, f: Array) -> Array:
    return 0.3 * rng.normal(size=len(f))


def _heavy(rng: np.random.Generator, x: Array, f: Array) -> Array:
    return 0.25 * rng.standard_t(3, size=len(f))


def _varying(rng: np.random.Generator, x: Array, f: Array) -> Array:
    """Noise that grows with the mean and with an input that has no other part, from 0.1 to 0.9."""
    z = (f - f.mean()) / f.std() + (x[:, -1] - x[:, -1].mean()) / x[:, -1].std()
    return np.asarray(0.3 * np.exp(0.55 * np.clip(z, -2, 2)) * rng.normal(size=len(f)))


FUNCTIONS = {"plane": _plane, "bumps": _bumps, "ratio": _ratio, "thresholds": _thresholds}
NOISES = {"gauss": _gauss, "heavy": _heavy, "varying": _varying}
GENERATED = (
    "plane-gauss-100",
    "bumps-gauss-300",
    "ratio-gauss-1000",
    "thresholds-gauss-20000",
    "ratio-heavy-100",
    "thresholds-heavy-500",
    "bumps-heavy-2000",
    "plane-heavy-5000",
    "bumps-varying-200",
    "ratio-varying-500",
    "thresholds-varying-2000",
    "plane-varying-10000",
)


def _generated(name: str, seed: int) -> Split:
    kind, noise, rows = name.split("-")
    n, rng = int(rows), np.random.default_rng([seed, GENERATED.index(name)])
    x, f = FUNCTIONS[kind](rng, n + TEST_ROWS)
    y = f + NOISES[noise](rng, x, f)
    return x[:n], y[:n], x[n:], y[n:]


def _parted(x: Array, y: Array, seed: int) -> Split:
    order = np.random.default_rng(seed).permutation(len(y))
    test = min(len(y) // 5, 2 * TEST_ROWS)
    x, y = np.asarray(x, np.float64)[order], np.asarray(y, np.float64)[order]
    return x[test:], y[test:], x[:test], y[:test]


def _diabetes(seed: int) -> Split:
    from sklearn.datasets import load_diabetes

    return _parted(*load_diabetes(return_X_y=True), seed)


def _friedman1(seed: int) -> Split:
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(500 + TEST_ROWS, noise=1.0, random_state=seed)
    return x[:500], y[:500], x[500:], y[500:]


def _friedman2(seed: int) -> Split:
    from sklearn.datasets import make_friedman2

    x, y = make_friedman2(1000 + TEST_ROWS, noise=100.0, random_state=seed)
    return x[:1000], y[:1000], x[1000:], y[1000:]


def _ccpp(seed: int) -> Split:
    import hbcd

    return _parted(*hbcd.fetch_ccpp(return_X_y=True), seed)


def _siec(seed: int) -> Split:
    import hbcd

    return _parted(*hbcd.fetch_siec(return_X_y=True), seed)


PUBLISHED: dict[str, Callable[[int], Split]] = {
    "diabetes": _diabetes,
    "friedman1": _friedman1,
    "friedman2": _friedman2,
    "CCPP": _ccpp,
    "SIEC": _siec,
}


def split(name: str, seed: int) -> Split:
    """Rows to train on and rows to test on: X, y, X, y.

    Parameters
    ----------
    name : str
    seed : int
    """
    return PUBLISHED[name](seed) if name in PUBLISHED else _generated(name, seed)
