"""What do explanations cost beside scikit-learn's inspection and SciPy's Sobol indices?

    python -m bench.explain [--rows 2000] [--repeats 5] [--threads 1]

The same fitted models on the same rows: a network of 10-10-10 on numbers, the default (networks
by members) on the same, and 10-10-10 on a table with texts, gaps and dates.  Partial dependence of
all columns that both know how to change, at 50 values; permutation importance with 5 repeats; Sobol
indices of 4096 points.  Ours without intervals as theirs, and with 200 bootstrap samples and the
spread of the networks.  CPU seconds, medians of repeats taken in turns; the largest difference of
the figures relative to their range.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

OUR_OWN = {"members": False, "n_bootstrap": 0}
KINDS = ("partial dependence", "permutation importance", "Sobol indices")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000, help="explained, default 2000")
    parser.add_argument("--repeats", type=int, default=5, help="of every measurement, default 5")
    parser.add_argument("--threads", type=int, default=1, help="of predict, default 1")
    return parser.parse_args()


def tables(rows: int) -> dict[str, tuple[Any, Any]]:
    """Rows to train and to explain on, by name."""
    import numpy as np
    import pandas as pd

    import hbcd

    X, y = hbcd.make_plant(2 * rows, rng=0, return_X_y=True)
    frame = pd.DataFrame(X, columns=["AT", "V", "AP", "RH"])
    frame["shift"] = np.array(["early", "late", "night"])[np.arange(len(X)) % 3]
    frame["unit"] = np.array(["north", "south"])[np.arange(len(X)) % 2]
    frame["when"] = pd.date_range("2024-01-01", periods=len(X), freq="h")
    frame.loc[::10, "V"] = np.nan
    return {"numbers": (X, y), "numbers, texts, gaps, dates": (frame, y)}


def models(rows: int, threads: int) -> dict[str, tuple[Any, Any, Any]]:
    """A fitted model, and rows with targets to explain it on, by name."""
    import hbcd

    found = {}
    for name, (X, y) in tables(rows).items():
        own: dict[str, Any] = {"random_state": 0, "n_threads": threads}
        mixed = "texts" in name
        if mixed:
            own |= {"missing": "indicator", "dates": "features"}
        net = hbcd.HybridRegressor((10, 10, 10), members=1, max_iter=300, **own)
        found[f"10-10-10, {name}"] = (net.fit(X[:rows], y[:rows]), X[rows:], y[rows:])
        if not mixed:
            whole = hbcd.HybridRegressor(**own).fit(X[:rows], y[:rows])
            found[f"default, {name}"] = (whole, X[rows:], y[rows:])
    return found


def theirs(model: Any, X: Any, y: Any) -> dict[str, Callable[[], Any]]:
    """What scikit-learn and SciPy compute."""
    import numpy as np
    from scipy import stats
    from sklearn.inspection import partial_dependence, permutation_importance

    columns = list(range(X.shape[1]))
    texts = None if isinstance(X, np.ndarray) else ["shift", "unit"]

    def dependence() -> Any:
        shown = columns if isinstance(X, np.ndarray) else ["AT", "AP", "RH", "shift", "unit"]
        return [
            partial_dependence(
                model, X, [one], categorical_features=texts, grid_resolution=50, method="brute",
                kind="average",
            )
            for one in shown
        ]  # fmt: skip

    found: dict[str, Callable[[], Any]] = {
        KINDS[0]: dependence,
        KINDS[1]: lambda: permutation_importance(model, X, y, n_repeats=5, random_state=0),
    }
    if isinstance(X, np.ndarray):
        low, high = X.min(axis=0), X.max(axis=0)
        spread = [stats.uniform(a, b - a) for a, b in zip(low, high, strict=True)]
        found[KINDS[2]] = lambda: stats.sobol_indices(
            func=lambda x: model.predict(np.ascontiguousarray(x.T)), n=4096, dists=spread,
            rng=np.random.default_rng(0),
        )  # fmt: skip
    return found


def ours(model: Any, X: Any, y: Any, grids: list[Any], **own: Any) -> dict[str, Callable[[], Any]]:
    """The same by hbcd, of the same columns and values."""
    from hbcd.explain import partial_dependence, permutation_importance, sobol_indices

    def dependence() -> Any:
        return [
            partial_dependence(model, X, name, grid={name: values}, **own) for name, values in grids
        ]

    return {
        KINDS[0]: dependence,
        KINDS[1]: lambda: permutation_importance(model, X, y, n_repeats=5, **own),
        KINDS[2]: lambda: sobol_indices(model, X, n_points=4096, **own),
    }


def difference(kind: str, one: Any, other: Any) -> float:
    """The largest one of the figures, relative to their range."""
    import numpy as np

    if kind == KINDS[0]:
        pairs = [(a.average[:, 0], b["average"][0]) for a, b in zip(one, other, strict=True)]
    elif kind == KINDS[1]:
        pairs = [(one.mean, other.importances_mean)]
    else:
        pairs = [(one.total[:, 0], other.total_order)]
    return max(float(np.abs(a - b).max() / max(np.ptp(b), 1e-300)) for a, b in pairs)


def main() -> int:
    """Prints a line for each model and kind of explanation."""
    options = arguments()
    for name in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{name}_NUM_THREADS"] = str(options.threads)  # before anything counts them
    print(
        "model, explanation: CPU s of scikit-learn or SciPy, hbcd, hbcd with intervals; difference"
    )
    for name, (model, X, y) in models(options.rows, options.threads).items():
        rivals = theirs(model, X, y)
        shown = [0, 1, 2, 3] if not hasattr(X, "columns") else ["AT", "AP", "RH", "shift", "unit"]
        grids = [
            (place, found["grid_values"][0])
            for place, found in zip(shown, rivals[KINDS[0]](), strict=True)
        ]
        sides = [
            rivals,
            ours(model, X, y, grids, **OUR_OWN),
            ours(model, X, y, grids),
        ]
        for kind in KINDS:
            times: list[list[float]] = [[], [], []]
            results: list[Any] = [None, None, None]
            for _ in range(options.repeats):
                for k, side in enumerate(sides):
                    if kind not in side:
                        continue
                    begin = time.process_time()
                    results[k] = side[kind]()
                    times[k].append(time.process_time() - begin)
            medians = [statistics.median(each) if each else float("nan") for each in times]
            far = difference(kind, results[1], results[0]) if results[0] is not None else 0.0
            cells = ", ".join(f"{seconds:.3f}" for seconds in medians)
            print(f"{name}, {kind}: {cells}; {far:.1e}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
