"""What is measured: a method fits the training rows of a split and predicts both of its parts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd

from .data import Split

Array = NDArray[Any]

HIDDEN = (10, 10, 10)
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
PROGRESS_POINTS = 80


@dataclass(frozen=True)
class Budget:
    """What every fit may use."""

    seconds: float = 10.0  # wall-clock limit of a fit of hbcd
    mlp_iterations: int = 500
    threads: int = 1


@dataclass(frozen=True)
class Outcome:
    """Predictions for both parts of a split, wall-clock seconds of the fit, what else is known."""

    train: Array
    test: Array
    seconds: float
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """A name for the tables, a key that tells it apart from every other method, and its fit."""

    name: str
    key: str
    fit: Callable[[Split, Budget], Outcome]


class Missing(Exception):
    """A method needs a package that is not installed."""


# ---- strategies put together from those of the library ---------------------------------------


@dataclass(frozen=True)
class Explore(hbcd.TrainingStrategy):
    """ICRS on the whole parameter vector.

    Parameters
    ----------
    all_rows : bool
        False: on one batch subset of 1.1 rows per parameter, as the hybrid explores.
    per_parameter : int
        Trials per parameter; 100 is what `Hybrid.paper()` uses.
    """

    all_rows: bool = False
    per_parameter: int = 100

    def phases(self, network: hbcd.Network, n_rows: int) -> list[hbcd.Phase]:
        search = hbcd.ICRS(max_evaluations=self.per_parameter * network.n_parameters)
        rows = None if self.all_rows else min(subset_rows(network), n_rows)
        return [hbcd.Phase(search, batch_rows=rows)]


@dataclass(frozen=True)
class OnSubset(hbcd.TrainingStrategy):
    """An optimizer on the whole vector and one batch subset of 1.1 rows per parameter."""

    optimizer: hbcd.Optimizer
    max_iterations: int

    def phases(self, network: hbcd.Network, n_rows: int) -> list[hbcd.Phase]:
        rows = min(subset_rows(network), n_rows)
        return [
            hbcd.Phase(self.optimizer, batch_rows=rows, inner_iterations=self.max_iterations),
        ]


@dataclass(frozen=True)
class Stages(hbcd.TrainingStrategy):
    """Strategies one after another, each from the best parameters of those before."""

    parts: tuple[hbcd.TrainingStrategy, ...]

    def phases(self, network: hbcd.Network, n_rows: int) -> list[hbcd.Phase]:
        return [phase for part in self.parts for phase in part.phases(network, n_rows)]


@dataclass(frozen=True)
class WithTolerance(hbcd.TrainingStrategy):
    """A strategy whose block phases use another sensitivity tolerance."""

    strategy: hbcd.TrainingStrategy
    sensitivity_tol: float

    def phases(self, network: hbcd.Network, n_rows: int) -> list[hbcd.Phase]:
        return [
            phase
            if phase.selector is None
            else replace(phase, sensitivity_tol=self.sensitivity_tol)
            for phase in self.strategy.phases(network, n_rows)
        ]


def subset_rows(network: hbcd.Network) -> int:
    """Rows of the article's batch subset: 1.1 per parameter."""
    return math.ceil(round(1.1 * network.n_parameters, 9))


# ---- methods ---------------------------------------------------------------------------------


def ours(
    name: str,
    strategy: hbcd.TrainingStrategy | None,
    *,
    hidden: tuple[int, ...] = HIDDEN,
    activation: str = "tanh",
    start: int | None = None,
    seconds: float | None = None,
    max_evaluations: int | None = None,
    only_limits: bool = False,
) -> Method:
    """A fit of `HybridRegressor`.

    Parameters
    ----------
    strategy : TrainingStrategy or None
        None: the estimator's default, whatever that is.
    start : int or None
        Seed of weights and training; None: that of the split.
    seconds, max_evaluations : limits beside those of the budget, if any
    only_limits : bool
        No tolerance ends the fit, only its limits do.
    """
    tolerances: dict[str, Any] = {"pg_tol": 0.0, "f_tol": None} if only_limits else {}

    def fit(split: Split, budget: Budget) -> Outcome:
        limit = budget.seconds if seconds is None else min(seconds, budget.seconds)
        model = hbcd.HybridRegressor(
            hidden,
            activation,
            random_state=split.seed if start is None else start,
            n_threads=budget.threads,
            max_time=limit,
            stop=hbcd.Stop(max_evaluations=max_evaluations, **tolerances),
        )
        if strategy is not None:
            model.set_params(strategy=strategy)
        began = time.perf_counter()
        model.fit(split.train_x, split.train_y)
        took = time.perf_counter() - began
        about = describe(model.report_, limit)
        return Outcome(model.predict(split.train_x), model.predict(split.test_x), took, about)

    key = repr((strategy, hidden, activation, start, seconds, max_evaluations, *tolerances))
    apart = [] if activation == "tanh" else [activation]
    apart += [] if hidden == HIDDEN else ["-".join(map(str, hidden))]
    apart += [] if start is None else [f"start {start}"]
    return Method(", ".join([name, *apart]), key, fit)


def describe(report: hbcd.FitReport, limit: float) -> dict[str, Any]:
    """Cost of a run, the blocks it visited, and (seconds, evaluations) along it."""
    history = report.history
    blocks = history.block[(history.event == "visit") & (history.block >= 0)]
    picked = np.unique(np.linspace(0, len(history) - 1, PROGRESS_POINTS).astype(int))
    points = history.iloc[picked] if len(history) else history
    return {
        "evaluations": report.n_fev,
        "iterations": report.n_iter,
        "stopped": report.stop_reason.name.lower(),
        "seconds_limit": limit,
        "visits": "".join(BASE36[int(block)] for block in blocks),
        "progress": [
            [round(float(s), 6), int(n)] for s, n in zip(points.seconds, points.n_fev, strict=True)
        ],
    }


PAPER = "Hybrid.paper()"
DEFAULT = "default of HybridRegressor"


def paper(**changes: Any) -> Method:
    """The article's settings."""
    return ours(PAPER, hbcd.Hybrid.paper(), **changes)


def default(**changes: Any) -> Method:
    """What a user gets who asks for nothing."""
    return ours(DEFAULT, None, **changes)


#: ICRS and L-BFGS on everything at once, by the rows that they see.
ICRS_SUBSET, LBFGS_SUBSET = "ICRS, 1.1 P rows", "L-BFGS, 1.1 P rows"
ICRS_ALL, JOINT = "ICRS, all rows", "L-BFGS, all rows"
WHOLE: dict[str, hbcd.TrainingStrategy] = {
    ICRS_SUBSET: Explore(),
    LBFGS_SUBSET: OnSubset(hbcd.LBFGS(memory=20), 2000),  # iterations, as `FullBatch` has it
    ICRS_ALL: Explore(all_rows=True),
    JOINT: hbcd.FullBatch(),
}


def whole(name: str, **changes: Any) -> Method:
    """One of `WHOLE`."""
    return ours(name, WHOLE[name], **changes)
