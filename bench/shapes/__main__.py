"""The default on problems it was not chosen on: test R2 and seconds beside scikit-learn's.

    python -m bench.shapes [--seeds 3] [--only WORD ...] [--threads 2] [--out DIR]

Friedman's three functions, noisy sines, few and many rows and columns, several outputs, noise with
heavy tails.  Every method gets its own defaults, the same shape of network where it is one (hbcd
also what it chooses itself at each effort), and the same rows; nets of scikit-learn get
standardized columns and targets, as hbcd gives itself.  LightGBM and CatBoost take part where they
are installed.  Writes DIR/shapes.json and DIR/shapes.md.
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

from bench.shapes.problems import PROBLEMS, TEST_ROWS
from bench.tables.against import installed, ours
from bench.tables.rivals import RIVALS

EFFORTS = ("fast", "balanced", "best")
TREES = ("HistGradientBoosting", "LightGBM", "CatBoost")  # on one thread


def r2(f: Any, predicted: Any) -> float:
    """Against the noise-free values, so that 1 can be reached; the mean over outputs."""
    f, predicted = f.reshape(len(f), -1), predicted.reshape(len(f), -1)
    return float(np.mean(1 - np.square(f - predicted).mean(axis=0) / f.var(axis=0)))


def methods(hidden: tuple[int, ...], threads: int) -> dict[str, Callable[[int], Any]]:
    """Name -> an estimator for a seed."""
    from sklearn.compose import TransformedTargetRegressor
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

    def own(**options: Any) -> Callable[[int], Any]:
        return lambda s: hbcd.HybridRegressor(random_state=s, n_threads=threads, **options)

    def trees(name: str) -> Callable[[int], Any]:
        return lambda s: MultiOutputRegressor(RIVALS[name].make(False, s))

    return {
        "hbcd": own(hidden_layer_sizes=hidden),
        "hbcd, 4 starts": own(hidden_layer_sizes=hidden, strategy="multi_start"),
        **{f"hbcd, {one.name}": own(**one.options) for one in ours(EFFORTS)},
        "MLP adam": lambda s: mlp(s),
        "MLP adam, early stopping": lambda s: mlp(s, early_stopping=True),
        "MLP lbfgs": lambda s: mlp(s, solver="lbfgs", max_iter=1000),
        **{one.name: trees(one.name) for one in installed(TREES)},
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
                if y.shape[1] == 1 and name not in TREES:
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
