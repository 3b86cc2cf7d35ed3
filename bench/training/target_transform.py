"""Targets over several decades: the error of the default fit with transforms and without.

    python -m bench.training.target_transform [--rows N ...] [--effort NAME] [--seeds N]

Generated tables whose targets are skewed: by factors, counts, zeros, or a law that is a sum.  Test
rows are 5000, and their targets the true means.  The ratio of both errors and that of the CPU
seconds are geometric means over seeds; the worst seed and what was chosen stand beside.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd

Array = NDArray[Any]
Table = tuple[Array, Array, Array]  # inputs, means of the targets, targets
TEST_ROWS = 5000


def lognormal(rng: np.random.Generator, rows: int) -> Table:
    """Factors, and a lognormal error of 0.5."""
    x = rng.normal(size=(rows, 4))
    f = x[:, 0] + 0.5 * x[:, 1] * np.sign(x[:, 2])
    return x, np.exp(f + 0.125), np.exp(f + 0.5 * rng.normal(size=rows))


def prices(rng: np.random.Generator, rows: int) -> Table:
    """Factors that depend on each other, and an error of 15 %."""
    x = rng.uniform(size=(rows, 6))
    f = np.exp(1 + 1.5 * x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3])
    return x, f * np.exp(0.15**2 / 2), f * np.exp(0.15 * rng.normal(size=rows))


def power_law(rng: np.random.Generator, rows: int) -> Table:
    """A product of powers, and an error of 2 %."""
    x = rng.uniform(0.1, 2, size=(rows, 3))
    f = x[:, 0] ** 3 * x[:, 1] ** 2 / x[:, 2]
    return x, f, f * (1 + 0.02 * rng.normal(size=rows))


def _rate(x: Array, start: float) -> Array:
    return np.asarray(np.exp(start + 0.8 * x[:, 0] + 0.5 * np.sin(2 * x[:, 1])))


def counts(rng: np.random.Generator, rows: int) -> Table:
    """Poisson counts, many of them 0."""
    x = rng.normal(size=(rows, 5))
    return x, _rate(x, 0.5), rng.poisson(_rate(x, 0.5)).astype(float)


def wide_counts(rng: np.random.Generator, rows: int) -> Table:
    """Counts whose variance grows with the square of the mean."""
    x = rng.normal(size=(rows, 5))
    return x, _rate(x, 1.5), rng.poisson(_rate(x, 1.5) * rng.gamma(2, 0.5, rows)).astype(float)


def zeros(rng: np.random.Generator, rows: int) -> Table:
    """Half of the targets are 0, the others lognormal."""
    x = rng.normal(size=(rows, 5))
    share, f = 1 / (1 + np.exp(-x[:, 2])), np.exp(3 + x[:, 0] + 0.5 * x[:, 1])
    some = rng.random(rows) < share
    return x, share * f * np.exp(0.125), some * f * np.exp(0.5 * rng.normal(size=rows))


def skewed_errors(rng: np.random.Generator, rows: int) -> Table:
    """A sum, and exponential errors."""
    x = rng.normal(size=(rows, 4))
    f = x[:, 0] + x[:, 1] ** 2
    return x, f + 1.0, f + rng.exponential(size=rows)


def squares(rng: np.random.Generator, rows: int) -> Table:
    """A sum of squares, and normal errors."""
    x = rng.normal(size=(rows, 4))
    f = (x**2).sum(axis=1)
    return x, f, f + 0.3 * rng.normal(size=rows)


TABLES: tuple[Callable[[np.random.Generator, int], Table], ...] = (
    lognormal, prices, power_law, counts, wide_counts, zeros, skewed_errors, squares,
)  # fmt: skip


def measured(table: Any, rows: int, seed: int, effort: Any) -> tuple[float, float, str]:
    """Ratios of error and CPU seconds, "auto" to None, and what it has chosen."""
    x, _, y = table(np.random.default_rng([seed, rows]), rows)
    x_test, mean, _ = table(np.random.default_rng([seed, rows, 1]), TEST_ROWS)
    errors, seconds = [], []
    for transform in (None, "auto"):
        model = hbcd.HybridRegressor(
            random_state=seed, n_threads=1, effort=effort, target_transform=transform
        )
        begun = time.process_time()
        model.fit(x, y)
        seconds.append(time.process_time() - begun)
        errors.append(np.sqrt(np.mean((model.predict(x_test) - mean) ** 2)))
    chosen = "none" if model.target_transform_ is None else model.target_transform_.names[0]
    return errors[1] / errors[0], seconds[1] / seconds[0], chosen


def mean_of(ratios: list[float]) -> float:
    return float(np.exp(np.mean(np.log(ratios))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[300, 1000, 3000], metavar="N")
    parser.add_argument("--effort", default="balanced", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="default 5")
    options = parser.parse_args()
    print("| table | rows | error | worst seed | CPU | chosen |\n|---|---|---|---|---|---|")
    every: list[float] = []
    for table in TABLES:
        for rows in options.rows:
            runs = [measured(table, rows, seed, options.effort) for seed in range(options.seeds)]
            errors, seconds, chosen = (list(part) for part in zip(*runs, strict=True))
            every += errors
            names = ", ".join(f"{chosen.count(name)} {name}" for name in dict.fromkeys(chosen))
            title = table.__name__.replace("_", " ")
            print(
                f"| {title} | {rows} | {mean_of(errors):.2f} | {max(errors):.2f} | "
                f"{mean_of(seconds):.2f} | {names} |",
                flush=True,
            )
    print(f"\nall: {mean_of(every):.3f}, worst {max(every):.2f}")


if __name__ == "__main__":
    main()
