"""What quality.py measures: splits, checks, and how long a method takes to reach an R2."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import hbcd
from bench.first_light.checks import least_squares_r2, split

Array = np.ndarray
CHECKS = 20  # every 5 % of the budget
FINER = 5  # and halves of the first one: the fastest methods need less than 5 %


@dataclass(frozen=True)
class Goal:
    """A test R2 to reach; with `gain` above that of least squares on the same split."""

    r2: float
    gain: bool = False

    @property
    def name(self) -> str:
        return f"gain {self.r2:.3f}" if self.gain else f"R2 {self.r2:g}"


GOALS = {
    "ccpp": [
        Goal(0.931),
        Goal(0.945),
        Goal(0.950),
        Goal(0.952),
        Goal(0.018, True),
        Goal(0.02, True),
    ],
    "siec": [Goal(0.99), Goal(0.999), Goal(0.9999)],
    "plant": [Goal(0.96), Goal(0.97), Goal(0.975)],
}


def tables(names: Sequence[str]) -> dict[str, Any]:
    """The data sets that are at hand; the simulated plant always is."""
    fetchers: dict[str, Callable[[], Any]] = {"plant": hbcd.make_plant}
    if os.environ.get("HBCD_DATA"):
        fetchers |= {"ccpp": hbcd.fetch_ccpp, "siec": hbcd.fetch_siec}
    for name in names:
        if name not in fetchers:
            print(f"{name} left out: HBCD_DATA is not set")
    return {name: fetchers[name]() for name in names if name in fetchers}


@dataclass(frozen=True)
class Task:
    """One split of one table, as it is and standardized by its training part."""

    table: str
    seed: int
    parts: list[Any]  # train X, test X, train y, test y
    hidden: tuple[int, ...]
    threads: int
    budget: float

    @property
    def checks(self) -> list[float]:
        """Seconds at which the test R2 is looked at."""
        step = self.budget / CHECKS
        return [step / 2**k for k in range(FINER, 0, -1)] + [step * k for k in range(1, CHECKS + 1)]

    def standardized(self) -> tuple[Array, Array, Array, float, float]:
        """Train X, train y, test X, and the mean and spread that turn predictions back."""
        x, test_x, y, _ = (np.asarray(part, dtype=np.float64) for part in self.parts)
        mean, spread = x.mean(axis=0), np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
        scale = (float(y.mean()), float(y.std()))
        return (x - mean) / spread, (y - scale[0]) / scale[1], (test_x - mean) / spread, *scale

    def r2(self, predicted: Array) -> float:
        y = np.asarray(self.parts[3], dtype=np.float64)
        return float(1 - ((y - np.ravel(predicted)) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def make_task(name: str, data: Any, seed: int, options: Any) -> Task:
    parts = split(data, seed)
    hidden = tuple(options.hidden)
    return Task(name, seed, parts, hidden, options.threads, options.budget)


@dataclass
class Snapshots:
    """Models as they were while a method trained: seconds of training, and what each predicts."""

    seconds: list[float] = field(default_factory=list)
    models: list[Any] = field(default_factory=list)
    predict: Callable[[Any], Array] = lambda model: model

    def add(self, seconds: float, model: Any) -> None:
        self.seconds.append(seconds)
        self.models.append(model)

    def curve(self, task: Task) -> list[float]:
        """Test R2 at every check: that of the last model at hand by then; before the first: NaN."""
        scores: dict[int, float] = {}
        found = []
        for check in task.checks:
            k = int(np.searchsorted(self.seconds, check, side="right")) - 1
            if k >= 0 and k not in scores:
                scores[k] = task.r2(self.predict(self.models[k]))
            found.append(scores.get(k, float("nan")))
        return found


def seconds_to(
    curve: Sequence[float], task: Task, goal: Goal, least_squares: float
) -> float | None:
    """The first check that sees the goal reached; None: never."""
    bar = goal.r2 + (least_squares if goal.gain else 0.0)
    return next((t for t, r2 in zip(task.checks, curve, strict=True) if r2 >= bar), None)


def result(method: str, task: Task, curve: list[float]) -> dict[str, Any]:
    """One line of the JSON file."""
    base = least_squares_r2(task.parts)
    reached = {g.name: seconds_to(curve, task, g, base) for g in GOALS[task.table]}
    seen = [r2 for r2 in curve if np.isfinite(r2)]
    return {
        "table": task.table,
        "seed": task.seed,
        "method": method,
        "budget": task.budget,
        "checks": task.checks,
        "r2": [None if not np.isfinite(r2) else r2 for r2 in curve],
        "least_squares": base,
        "last": seen[-1] if seen else None,
        "seconds_to": reached,
    }
