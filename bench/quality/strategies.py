"""The strategies of hbcd in quality.py.

A fit tells nobody its weights while it runs, so every check is a plain fit of its own with
``max_time`` at the check and the same seed: what it returns is what a longer fit had at that time.
A fit that ends by itself before its limit has the same model at all later checks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hbcd
from bench.quality.race import Snapshots, Task

UNTIL_THE_END = 10**6  # passes: the time limit decides


def full_batch(optimizer: Any) -> hbcd.TrainingStrategy:
    return hbcd.FullBatch(optimizer, max_iterations=None)


def strategies() -> dict[str, Callable[[], hbcd.TrainingStrategy]]:
    """By name; `hbcd.LevenbergMarquardt` where this version has it."""
    made: dict[str, Callable[[], hbcd.TrainingStrategy]] = {
        "hbcd Hybrid.fast": hbcd.Hybrid.fast,
        "hbcd Hybrid.paper": hbcd.Hybrid.paper,
        "hbcd FullBatch LBFGS": lambda: full_batch(hbcd.LBFGS(memory=20)),
        "hbcd FullBatch BFGS": lambda: full_batch(hbcd.BFGS()),
        "hbcd BlockCoordinateDescent": lambda: hbcd.BlockCoordinateDescent(epochs=UNTIL_THE_END),
        "hbcd BatchShell": lambda: replace(hbcd.BatchShell(), epochs=UNTIL_THE_END),
    }
    levenberg = getattr(hbcd, "LevenbergMarquardt", None)
    if levenberg is not None:
        made["hbcd FullBatch LevenbergMarquardt"] = lambda: full_batch(levenberg())
    return made


def run(make: Callable[[], hbcd.TrainingStrategy], task: Task) -> Snapshots:
    """One fit per check.  Scaling the table is part of a fit, and of its time.

    A hybrid ends as it does by default; the others go on as long as they gain anything.
    """
    train_x, test_x, train_y, _ = task.parts
    stop = None if isinstance(make(), hbcd.Hybrid) else hbcd.Stop(pg_tol=1e-9, f_tol=0.0)
    found = Snapshots(predict=lambda model: model.predict(test_x))
    for check in task.checks:
        model = hbcd.HybridRegressor(
            task.hidden,
            activation="tanh",
            strategy=make(),
            random_state=task.seed,
            n_threads=task.threads,
            max_time=check,
            stop=stop,
        )
        started = time.perf_counter()
        model.fit(train_x, train_y)
        seconds = time.perf_counter() - started
        ended = model.report_.stop_reason is not hbcd.StopReason.TIME
        found.add(seconds if ended else check, model)
        if ended:
            break
    return found
