"""CCPP with networks of any size, a minute a fit: how far a configuration of hbcd gets.

    HBCD_DATA=DIR python -m bench.bigger [--splits 5] [--minutes 1] [--only WORD ...] [--json FILE]
    python -m bench.bigger --rows | --kin40k [--baseline PATH] [--only WORD ...] [--json FILE]

Test R2 on the article's table, `train_test_split(test_size=0.2, random_state=s)`, s = 0, 1, ...;
single networks on two threads, and means of networks that differ by their start alone, one thread
each on two processes.  Beside them HistGradientBoosting, and a neighbor's value: what it gets tells
how much of the table's detail is rows that are nearly the same in both parts, which a smooth
function cannot use.  Nothing is chosen on test rows but the line that is quoted as the best.

--rows: 200 000 and 10^6 generated rows of ten columns, beside LightGBM's defaults.  --kin40k: that
table beside networks of PyTorch that get the same CPU seconds.  Both exit with 1 if a bar is
missed, and go on from what their --json file has; see bench.tables --uci.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

THREADS = 2


def network(hidden: tuple[int, ...], alpha: float, seconds: float, **options: Any) -> Any:
    import hbcd

    return hbcd.HybridRegressor(
        hidden,
        alpha=alpha,
        max_time=seconds,
        n_threads=THREADS,
        validation_fraction=None,
        **options,
    )


def mean_of(members: int, hidden: tuple[int, ...], alpha: float, seconds: float) -> Any:
    """The mean of `members` networks, each given its share of the time."""
    from sklearn.ensemble import BaggingRegressor

    each = network(hidden, alpha, 0.95 * seconds * THREADS / members).set_params(n_threads=1)
    return BaggingRegressor(each, members, bootstrap=False, n_jobs=THREADS)


def trees(seconds: float) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=500)


def neighbors(seconds: float) -> Any:
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), KNeighborsRegressor(3, weights="distance"))


def configurations() -> dict[str, Callable[[float], Any]]:
    """Name -> an estimator that takes so many seconds at most."""
    return {
        "4-10-10-10-1": lambda s: network((10, 10, 10), 0.0, s),
        "4-60-60-1, alpha 0.01": lambda s: network((60, 60), 0.01, s),
        "4-100-100-1, alpha 0.1": lambda s: network((100, 100), 0.1, s),
        "mean of 20: 4-10-10-10-1": lambda s: mean_of(20, (10, 10, 10), 0.0, s),
        "mean of 20: 4-30-30-30-1, alpha 0.003": lambda s: mean_of(20, (30,) * 3, 3e-3, s),
        "mean of 40: 4-40-40-1, alpha 0.001": lambda s: mean_of(40, (40, 40), 1e-3, s),
        "HistGradientBoosting, 500 trees": trees,
        "3 nearest neighbors": neighbors,
    }


def gains(make: Callable[[float], Any], parts: list[Any], seed: int, seconds: float) -> Any:
    """Train and test R2, and seconds, of one fit."""
    x, x_test, y, y_test = parts
    model = make(seconds)
    if "random_state" in model.get_params():
        model.set_params(random_state=seed)
    started = time.perf_counter()
    model.fit(x, y)
    spent = time.perf_counter() - started
    return model.score(x, y), model.score(x_test, y_test), spent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rows", action="store_true", help="200 000 and 10^6 rows of ten columns")
    parser.add_argument("--kin40k", action="store_true", help="beside PyTorch in the same seconds")
    parser.add_argument("--baseline", type=Path, help="a built checkout of the first build")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.rows or options.kin40k:
        from bench.bigger import many_rows

        return many_rows.rows(options) if options.rows else many_rows.kin40k(options)
    ccpp(options)
    return 0


def ccpp(options: argparse.Namespace) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))
    from sklearn.model_selection import train_test_split

    import hbcd

    x, y = hbcd.fetch_ccpp(return_X_y=True)
    splits = [
        train_test_split(x, y, test_size=0.2, random_state=seed) for seed in range(options.splits)
    ]
    found = {}
    print(f"{'configuration':40} {'test R2':>8} {'+-':>7} {'train R2':>9} {'most s':>7}")
    for name, make in configurations().items():
        if options.only and not any(word in name for word in options.only):
            continue
        runs = [gains(make, parts, seed, 60 * options.minutes) for seed, parts in enumerate(splits)]
        train, test, seconds = np.array(runs).T
        found[name] = {"test": test.tolist(), "train": train.tolist(), "seconds": seconds.tolist()}
        print(
            f"{name:40} {test.mean():8.4f} {np.std(test):7.4f} {train.mean():9.4f} "
            f"{seconds.max():7.1f}",
            flush=True,
        )
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
