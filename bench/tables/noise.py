"""Made problems on which the mean or a ridge regression is hard to beat, and a default may do harm.

Targets of the test rows are free of noise where there is anything else than noise to predict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.tables.problems import Parts, Problem

__all__ = ["noise_problems"]

Array = NDArray[Any]
TEST_ROWS = 10_000
SPLITS = 3
Draw = Callable[[np.random.Generator, int], tuple[Array, Array, Array]]  # x, wanted, y


def pure(columns: int) -> Draw:
    """Targets that no column tells anything of."""

    def draw(rng: np.random.Generator, rows: int) -> tuple[Array, Array, Array]:
        y = rng.normal(size=rows)
        return rng.normal(size=(rows, columns)), y, y

    return draw


def line(columns: int, used: int, noise: Callable[[np.random.Generator, int], Array]) -> Draw:
    """The sum of some of the columns, and noise in units of its deviation."""

    def draw(rng: np.random.Generator, rows: int) -> tuple[Array, Array, Array]:
        x = rng.normal(size=(rows, columns))
        f = x[:, :used].sum(axis=1) / np.sqrt(used)
        return x, f, f + noise(rng, rows)

    return draw


def lognormal(rng: np.random.Generator, rows: int) -> tuple[Array, Array, Array]:
    """Targets over several decades; the mean of each is the one that squares ask for."""
    x = rng.normal(size=(rows, 4))
    f = np.exp(x[:, 0] + 0.5 * x[:, 1])
    return x, f, f * rng.lognormal(-0.125, 0.5, rows)


def normal(deviation: float) -> Callable[[np.random.Generator, int], Array]:
    return lambda rng, rows: deviation * rng.normal(size=rows)


def student(degrees: float) -> Callable[[np.random.Generator, int], Array]:
    return lambda rng, rows: rng.standard_t(degrees, size=rows)


DRAWN: dict[str, tuple[int, Draw]] = {
    "noise, 2000 x 30": (2000, pure(30)),
    "noise, 200 x 5": (200, pure(5)),
    "noise, 50 x 100": (50, pure(100)),
    "a line in noise, 50 x 100": (50, line(100, 5, normal(1.0))),
    "a line in noise, 1000 x 10": (1000, line(10, 3, normal(3.0))),
    "heavy tails (t2), 1000 x 6": (1000, line(6, 3, student(2.0))),
    "lognormal targets, 1000 x 4": (1000, lognormal),
    "a straight line, 200 x 5": (200, line(5, 5, normal(0.1))),
    "a straight line without noise, 5000 x 3": (5000, line(3, 3, normal(0.0))),
    "one column, 100 x 1": (100, line(1, 1, normal(0.3))),
}


def noise_problems() -> list[Problem]:
    """The problems; a split is a seed of its own."""
    return [_problem(name, rows, draw) for name, (rows, draw) in DRAWN.items()]


def _problem(name: str, rows: int, draw: Draw) -> Problem:
    def parts(split: int) -> Parts:
        rng = np.random.default_rng([split, rows])
        x, _, y = draw(rng, rows)
        x_test, wanted, _ = draw(rng, TEST_ROWS)
        return Parts(x, y, x_test, wanted)

    return Problem(name, False, SPLITS, parts)
