"""Coverage and width of intervals, beside MAPIE, conformalized quantiles and Gaussian processes.

    HBCD_DATA=DIR python -m bench.intervals [--quick] [--seeds 20] [--rival-seeds 3]
        [--only TABLE ...] [--methods NAME ...] [--json FILE] [--times]

Twelve generated tables of 100 to 20 000 rows with Gaussian, heavy-tailed and varying noise, and
published ones where they are there.  Seeds begin at 100.  The median of times is over 200 calls.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np

import hbcd
from bench.intervals.methods import METHODS, MOST_ROWS, judged
from bench.intervals.problems import GENERATED, PUBLISHED, split
from bench.intervals.verdict import coverage_lines, rival_lines

FIRST_SEED = 100
QUICK = ("plane-gauss-100", "thresholds-heavy-500", "ratio-varying-500", "diabetes")


def main() -> None:
    """Runs what is asked for and prints both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.intervals", description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="four tables, 5 seeds, 1 of rivals")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rival-seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[*GENERATED, *PUBLISHED])
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--json", type=Path, help="runs that are done are read, new ones added")
    parser.add_argument("--times", action="store_true", help="only the time of an interval")
    args = parser.parse_args()
    if args.times:
        print("\n".join(times()))
        return
    if args.quick:
        args.seeds, args.rival_seeds, args.only = 5, 1, list(QUICK)
    logging.disable(logging.INFO)  # MAPIE has the root logger print
    judged("hbcd", split("plane-gauss-100", 0), 0)  # what is loaded once is no one's time
    runs: list[dict[str, Any]] = []
    if args.json and args.json.exists():
        runs = json.loads(args.json.read_text())
    done = {(run["method"], run["table"], run["seed"]) for run in runs}
    for table in args.only:
        try:
            _run(table, args, runs, done)
        except (OSError, ImportError) as error:
            print(f"{table}: left out: {error}")
    print("\n".join(coverage_lines(runs, args.only)))
    print("\n".join(rival_lines(runs, args.only)))
    print("\n".join(times()))


def _run(table: str, args: argparse.Namespace, runs: list[dict[str, Any]], done: Any) -> None:
    """Every method on a table that is not done yet."""
    for seed in range(FIRST_SEED, FIRST_SEED + args.seeds):
        parts = split(table, seed)
        for method in args.methods:
            rival = method != "hbcd"
            if (method, table, seed) in done or (rival and seed >= FIRST_SEED + args.rival_seeds):
                continue
            if len(parts[0]) > MOST_ROWS.get(method, len(parts[0])):
                continue
            # What others need for a test row grows with the rows that they were trained on.
            few = (*parts[:2], parts[2][:1000], parts[3][:1000]) if rival else parts
            found = {"method": method, "table": table, "seed": seed, **judged(method, few, seed)}
            runs.append(found)
            share, width = found["coverage"]["0.9"], found["width"]
            print(f"{table:<26}{seed:>4} {method:<12}{share:>7.3f}{width:>10.4g}"
                  f"{found['seconds']:>8.2f} s", flush=True)  # fmt: skip
        if args.json:
            args.json.write_text(json.dumps(runs))


def times() -> list[str]:
    """Microseconds of an interval for one row, and of 10^5 rows for each."""
    lines = ["", "microseconds: intervals, and predictions beside"]
    for table in ("ratio-gauss-1000", "diabetes", "CCPP"):
        try:
            x, y, to, _ = split(table, FIRST_SEED)
        except OSError:
            continue
        model = hbcd.HybridRegressor(random_state=0, n_threads=1).fit(x, y)
        one, many = to[:1].copy(), np.resize(to, (10**5, to.shape[1]))
        found = [
            _microseconds(work, row, repeats) / len(row)
            for row, repeats in ((one, 200), (many, 5))
            for work in (model.predict_interval, model.predict)
        ]
        lines.append(f"{table:<26}one row {found[0]:6.1f} ({found[1]:.1f}), of 1e5 rows each "
                     f"{found[2]:.2f} ({found[3]:.2f})")  # fmt: skip
    return lines


def _microseconds(work: Any, rows: Any, repeats: int) -> float:
    work(rows)
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work(rows)
        found.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(found))


if __name__ == "__main__":
    main()
