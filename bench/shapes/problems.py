"""Problems that the defaults were not chosen on, with the values before noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["PROBLEMS", "TEST_ROWS", "friedman", "sines"]

Problem = Callable[[np.random.Generator, int], tuple[Any, Any, Any]]
TEST_ROWS = 5000


def friedman(kind: int, noise: float) -> Problem:
    """J. Friedman, "Multivariate adaptive regression splines", Ann. Statist. 19 (1991)."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
        u = rng.uniform(size=(n, 10 if kind == 1 else 4))
        if kind == 1:
            f = 10 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2
            f += 10 * u[:, 3] + 5 * u[:, 4]
            return u, f, f + noise * rng.normal(size=n)
        low, high = np.array([0, 40 * np.pi, 0, 1]), np.array([100, 560 * np.pi, 1, 11])
        x = low + u * (high - low)
        reactance = x[:, 1] * x[:, 2] - 1 / (x[:, 1] * x[:, 3])
        f = np.hypot(x[:, 0], reactance) if kind == 2 else np.arctan2(reactance, x[:, 0])
        return x, f, f + noise * rng.normal(size=n)

    return draw


def sines(columns: int, outputs: int = 1, tails: float | None = None) -> Problem:
    """Sines of a few directions; noise of a tenth of the spread, or Student's t with `tails`."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
        fixed = np.random.default_rng(columns)
        directions = fixed.normal(size=(columns, 3)) / np.sqrt(columns)
        mix = fixed.normal(size=(3, outputs))
        x = rng.normal(size=(n, columns))
        f = np.sin(2 * x @ directions) @ mix
        shape = f.shape
        noise = rng.normal(size=shape) if tails is None else rng.standard_t(tails, size=shape)
        y = f + 0.1 * f.std() * noise
        return x, f, y

    return draw


PROBLEMS: dict[str, tuple[int, Problem]] = {
    "Friedman 1, 200 rows": (200, friedman(1, 1.0)),
    "Friedman 1, 5000 rows": (5000, friedman(1, 1.0)),
    "Friedman 2, 1000 rows": (1000, friedman(2, 125.0)),
    "Friedman 3, 1000 rows": (1000, friedman(3, 0.1)),
    "sines of 1 column, 500 rows": (500, sines(1)),
    "sines of 50 columns, 2000 rows": (2000, sines(50)),
    "4 outputs of 6 columns, 3000 rows": (3000, sines(6, outputs=4)),
    "heavy tails (t2), 6 columns, 3000 rows": (3000, sines(6, tails=2.0)),
    "sines of 3 columns, 200 000 rows": (200_000, sines(3)),
}
