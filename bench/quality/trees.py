"""Boosted trees in quality.py: trained once, each tree with the time it was ready.

They take the table as it is.  What is predicted with the trees at hand at a check is what a fit
that ended there would predict.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.quality.race import Array, Snapshots, Task

MOST_TREES = 20_000  # the budget decides
HIST_TREES = 1000  # where it can't: more than these tables bear
RATE = 0.1


def prefixes(seconds: list[float], task: Task, predict: Any) -> Snapshots:
    """Models that are numbers of trees, one for each check at which there is another number."""
    found = Snapshots(predict=predict)
    for check in task.checks:
        trees = int(np.searchsorted(seconds, check, side="right"))
        if trees and (not found.models or trees != found.models[-1]):
            found.add(seconds[trees - 1], trees)
    return found


def xgboost(task: Task) -> Snapshots:
    import xgboost as xgb

    train_x, test_x, train_y, _ = task.parts
    seconds: list[float] = []
    started = time.perf_counter()

    class Clock(xgb.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            seconds.append(time.perf_counter() - started)
            return seconds[-1] > task.budget

    options = {"eta": RATE, "max_depth": 6, "nthread": task.threads, "seed": task.seed}
    rows = xgb.DMatrix(np.asarray(train_x), label=np.asarray(train_y), nthread=task.threads)
    model = xgb.train({**options, "tree_method": "hist"}, rows, MOST_TREES, callbacks=[Clock()])
    test = xgb.DMatrix(np.asarray(test_x))
    return prefixes(seconds, task, lambda k: model.predict(test, iteration_range=(0, k)))


def lightgbm(task: Task) -> Snapshots:
    import lightgbm as lgb

    train_x, test_x, train_y, _ = task.parts
    seconds: list[float] = []
    started = time.perf_counter()

    def clock(env: Any) -> None:
        seconds.append(time.perf_counter() - started)
        if seconds[-1] > task.budget:
            raise lgb.callback.EarlyStopException(env.iteration, [])

    rows = lgb.Dataset(np.asarray(train_x), label=np.asarray(train_y))
    options = {"learning_rate": RATE, "num_threads": task.threads, "seed": task.seed}
    options |= {"verbosity": -1, "objective": "regression"}
    model = lgb.train(options, rows, MOST_TREES, callbacks=[clock])
    test = np.asarray(test_x)
    return prefixes(seconds, task, lambda k: model.predict(test, num_iteration=k))


def hist_gradient_boosting(task: Task) -> Snapshots:
    """scikit-learn tells nobody when a tree is ready: it is when the next one begins to grow."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.ensemble._hist_gradient_boosting import gradient_boosting

    train_x, test_x, train_y, _ = task.parts
    seconds: list[float] = []
    grower = gradient_boosting.TreeGrower
    started = time.perf_counter()

    class Timed(grower):
        def grow(self) -> None:
            super().grow()
            seconds.append(time.perf_counter() - started)

    model = HistGradientBoostingRegressor(
        learning_rate=RATE, max_iter=HIST_TREES, early_stopping=False, random_state=task.seed
    )
    gradient_boosting.TreeGrower = Timed
    try:
        model.fit(np.asarray(train_x), np.asarray(train_y))
    finally:
        gradient_boosting.TreeGrower = grower
    staged: list[Array] = list(model.staged_predict(np.asarray(test_x)))
    return prefixes(seconds, task, lambda k: staged[k - 1])
