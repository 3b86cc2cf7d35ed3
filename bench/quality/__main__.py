"""Seconds to a test R2: hbcd's strategies, scikit-learn, PyTorch, boosted trees, in one run.

    python -m bench.quality [--quick] [--tables ccpp siec] [--threads 2] [--out DIR]

All methods take turns on each split of each table, with the same threads.  The test R2 is looked at
every 5 % of the budget, and at five halvings of the first 5 %; looking is not counted.  Nothing is
chosen by test rows.  Writes DIR/quality.json, DIR/quality.md and DIR/quality.png.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.util
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", choices=["plant", "ccpp", "siec"])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--budget", type=float, help="seconds per method and split, 10")
    parser.add_argument("--quick", action="store_true", help="2 s per method, 2 splits")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hidden", type=int, nargs="+", default=[10, 10, 10])
    parser.add_argument("--only", nargs="+", metavar="WORD", help="methods whose name has a word")
    parser.add_argument("--out", type=Path, default=Path("quality"))
    options = parser.parse_args()
    if options.budget is None:
        options.budget = 2.0 if options.quick else 10.0
    if options.quick:
        options.splits = min(options.splits, 2)
    if options.budget <= 0 or options.splits < 1 or options.threads < 1:
        parser.error("--budget, --splits, --threads: must be positive")
    if options.tables is None:
        options.tables = ["ccpp", "siec"] if os.environ.get("HBCD_DATA") else ["plant"]
    return options


def limit_threads(threads: int) -> None:
    """Before anything is imported that counts processors."""
    for name in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads at rest leave the others alone
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def methods() -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """Name -> the package it needs, and what runs it."""
    from bench.quality import networks as nets
    from bench.quality import strategies as ours
    from bench.quality import trees as trees

    found: dict[str, tuple[str, Callable[[Any], Any]]] = {
        name: ("hbcd", partial(ours.run, make)) for name, make in ours.strategies().items()
    }
    return found | {
        "scikit-learn MLP adam": ("sklearn", nets.sklearn_adam),
        "scikit-learn MLP lbfgs": ("sklearn", nets.sklearn_lbfgs),
        "PyTorch Adam": ("torch", nets.torch_adam),
        "PyTorch LBFGS": ("torch", nets.torch_lbfgs),
        "XGBoost": ("xgboost", trees.xgboost),
        "LightGBM": ("lightgbm", trees.lightgbm),
        "HistGradientBoosting": ("sklearn", trees.hist_gradient_boosting),
    }


def present(options: argparse.Namespace) -> dict[str, Callable[[Any], Any]]:
    """The methods asked for whose package is installed; names the others."""
    chosen = {}
    for name, (package, run) in methods().items():
        if options.only and not any(word in name for word in options.only):
            continue
        if importlib.util.find_spec(package) is None:
            print(f"{name} left out: {package} is not installed")
        else:
            chosen[name] = run
    return chosen


def warm_up(runs: list[Callable[[Any], Any]], options: argparse.Namespace) -> None:
    """Every method once on a small table: what first use imports or compiles is not timed."""
    import hbcd
    from bench.quality.race import Task, split

    parts = split(hbcd.make_plant(300), 0)
    for run in runs:
        with contextlib.suppress(Exception):  # it will fail again, and be named
            run(Task("plant", 0, parts, tuple(options.hidden), options.threads, 0.05))


def race(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every method on every split; another one begins on each."""
    from bench.quality.race import make_task, result, tables

    chosen = list(present(options).items())
    warm_up([run for _, run in chosen], options)
    results = []
    for table, data in tables(options.tables).items():
        for seed in range(options.splits):
            task = make_task(table, data, seed, options)
            turn = seed % max(1, len(chosen))
            for name, run in chosen[turn:] + chosen[:turn]:
                started = time.perf_counter()
                try:
                    line = result(name, task, run(task).curve(task))
                except Exception as error:
                    if name.startswith("hbcd"):
                        raise
                    reason = f"{type(error).__name__}: {str(error)[:200]}"
                    print(f"  {table} split {seed}: {name} failed, {reason}", flush=True)
                    continue
                results.append(line)
                last = "no model" if line["last"] is None else f"R2 {line['last']:.5f}"
                took = time.perf_counter() - started
                print(f"  {table} split {seed}: {name}: {last} ({took:.0f} s)", flush=True)
    order = [name for name, _ in chosen]
    return sorted(results, key=lambda r: (r["table"], order.index(r["method"]), r["seed"]))


def main() -> int:
    options = arguments()
    limit_threads(options.threads)
    import numpy as np

    import hbcd
    from bench.quality.table import draw, markdown

    results = race(options)
    if not results:
        print("nothing to measure")
        return 1
    text = markdown(results)
    print(f"\n{text}")
    options.out.mkdir(parents=True, exist_ok=True)
    meta = {
        "what": "quality",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "options": {key: str(value) for key, value in vars(options).items() if key != "out"},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "config": {key: str(value) for key, value in hbcd.show_config().items()},
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }
    file = options.out / "quality.json"
    file.write_text(json.dumps({"meta": meta, "results": results}, indent=1) + "\n")
    (options.out / "quality.md").write_text(text + "\n", encoding="utf-8")
    if importlib.util.find_spec("matplotlib") is not None:
        shape = "-".join(map(str, options.hidden))
        title = f"hidden layers {shape}, threads {options.threads}, splits {options.splits}"
        draw(results, title, options.out / "quality.png")
    print(f"written: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
