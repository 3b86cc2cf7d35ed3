"""The default on problems it was not chosen on: test R2 and seconds beside scikit-learn's.

    python -m bench.shapes [--seeds 3] [--only WORD ...] [--threads 2] [--out DIR]

Friedman's three functions, noisy sines, few and many rows and columns, several outputs, noise with
heavy tails.  Every method gets its own defaults, the same shape of network where it is one (hbcd
also the widths and the penalty that it chooses itself), and the same rows; nets of scikit-learn get
standardized columns and targets, as hbcd gives itself.  Writes DIR/shapes.json and
DIR/shapes.md.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

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


def r2(f: Any, predicted: Any) -> float:
    """Against the noise-free values, so that 1 can be reached; the mean over outputs."""
    f, predicted = f.reshape(len(f), -1), predicted.reshape(len(f), -1)
    return float(np.mean(1 - np.square(f - predicted).mean(axis=0) / f.var(axis=0)))


def methods(hidden: tuple[int, ...], threads: int) -> dict[str, Callable[[int], Any]]:
    """Name -> an estimator for a seed."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import hbcd

    def mlp(seed: int, **options: Any) -> Any:
        net = MLPRegressor(
            hidden_layer_sizes=hidden, activation="tanh", random_state=seed, **options
        )
        return TransformedTargetRegressor(
            make_pipeline(StandardScaler(), net), transformer=StandardScaler()
        )

    return {
        "hbcd": lambda s: hbcd.HybridRegressor(hidden, random_state=s, n_threads=threads),
        "hbcd, 4 starts": lambda s: hbcd.HybridRegressor(
            hidden, strategy="multi_start", random_state=s, n_threads=threads
        ),
        "hbcd, its own widths": lambda s: hbcd.HybridRegressor(random_state=s, n_threads=threads),
        "MLP adam": lambda s: mlp(s),
        "MLP adam, early stopping": lambda s: mlp(s, early_stopping=True),
        "MLP lbfgs": lambda s: mlp(s, solver="lbfgs", max_iter=1000),
        "HistGradientBoosting": lambda s: MultiOutputRegressor(
            HistGradientBoostingRegressor(random_state=s)
        ),
        "least squares": lambda s: LinearRegression(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="problems whose name has a word")
    parser.add_argument("--hidden", type=int, nargs="+", default=[10, 10, 10])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("shapes"))
    options = parser.parse_args()
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{name}_NUM_THREADS", str(options.threads))
    warnings.filterwarnings("ignore", message=".*(iterations|ITERATIONS|LIMIT).*")
    tried = methods(tuple(options.hidden), options.threads)
    results, lines = (
        [],
        ["| problem | " + " | ".join(tried) + " |", "|---" * (len(tried) + 1) + "|"],
    )
    for problem, (rows, draw) in PROBLEMS.items():
        if options.only and not any(word in problem for word in options.only):
            continue
        cells = []
        for name, make in tried.items():
            scores, seconds = [], []
            for seed in range(options.seeds):
                rng = np.random.default_rng([seed, rows])
                x, _, y = draw(rng, rows)
                test_x, test_f, _ = draw(rng, TEST_ROWS)
                y = y.reshape(rows, -1)
                if y.shape[1] == 1 and not name.startswith("Hist"):
                    y = y[:, 0]
                began = time.perf_counter()
                model = make(seed).fit(x, y)
                seconds.append(time.perf_counter() - began)
                scores.append(r2(test_f, model.predict(test_x)))
            results.append({"problem": problem, "method": name, "r2": scores, "seconds": seconds})
            cells.append(f"{np.mean(scores):.4f} ({np.median(seconds):.2f} s)")
        lines.append(f"| {problem} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "shapes.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "shapes.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
