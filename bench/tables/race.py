"""The folds of tables.py: every rival on every fold of a data set, its scores and its seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.tables.data_sets import DataSet

__all__ = ["OURS", "SOLVERS", "Entry", "estimators", "folds", "race"]

Array = NDArray[Any]
OURS = "hbcd"
SOLVERS = ("adam", "lbfgs")


@dataclass(frozen=True)
class Entry:
    """What an estimator did on a data set: a score and seconds of fit and predict per fold.

    `kind` is "r2" or "accuracy".
    """

    kind: str
    scores: list[float]
    seconds: list[float]

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores))

    @property
    def total(self) -> float:
        return float(np.sum(self.seconds))


def folds(data: DataSet, x: Array, y: Array, k: int, seed: int) -> list[tuple[Array, Array]]:
    """Rows to train on and to test on, k times; every fold has its share of every class."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if data.classes else KFold
    return list(kind(k, shuffle=True, random_state=seed).split(x, y))


def estimators(
    classes: bool, seed: int, *, standardized_targets: bool = False
) -> dict[str, Callable[[], Any]]:
    """hbcd and scikit-learn's MLP with either solver, all else as it comes."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    import hbcd

    ours = hbcd.HybridClassifier if classes else hbcd.HybridRegressor
    theirs = MLPClassifier if classes else MLPRegressor

    def rival(solver: str) -> Any:
        model = theirs(solver=solver, random_state=seed)
        if classes or not standardized_targets:
            return model
        return TransformedTargetRegressor(model, transformer=StandardScaler())

    made: dict[str, Callable[[], Any]] = {OURS: lambda: ours(random_state=seed, n_threads=1)}
    return made | {solver: lambda solver=solver: rival(solver) for solver in SOLVERS}


def race(
    data: DataSet, k: int, seed: int, *, standardized_targets: bool = False
) -> dict[str, Entry]:
    """All estimators take turns on every fold, in a Pipeline behind a StandardScaler, one thread.

    The score is R2, or accuracy for classes.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    x, y = data.make()
    made = estimators(data.classes, seed, standardized_targets=standardized_targets)
    scores: dict[str, list[float]] = {name: [] for name in made}
    seconds: dict[str, list[float]] = {name: [] for name in made}
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # iterations that ran out: its defaults are what is asked
        for train, test in folds(data, x, y, k, seed):
            for name, make in made.items():
                model = make_pipeline(StandardScaler(), make())
                started = time.perf_counter()
                model.fit(x[train], y[train])
                model.predict(x[test])
                seconds[name].append(time.perf_counter() - started)
                scores[name].append(float(model.score(x[test], y[test])))
    kind = "accuracy" if data.classes else "r2"
    return {name: Entry(kind, scores[name], seconds[name]) for name in made}
