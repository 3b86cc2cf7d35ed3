"""What the runs of tables.py say: means over splits, ratios, ranks, and the bars.

Errors and log-losses are such that less is better.  A bar that needs what was not measured is
neither met nor missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bench.tables.problems import Problem
from bench.tables.rivals import MLP
from bench.tables.runs import Run

__all__ = [
    "BASE",
    "CLASS_RIVALS",
    "RANKED",
    "Bar",
    "Mean",
    "class_bars",
    "lines",
    "means",
    "missed",
    "noise_bars",
    "summary",
    "uci_bars",
]

BASE = "first build"
RANKED = ("CatBoost", "XGBoost", "LightGBM", "HistGradientBoosting", "ExtraTrees", MLP)
CLASS_RIVALS = ("LightGBM", "CatBoost", "HistGradientBoosting", "MLP", "logistic regression")
SAFE = ("mean", "ridge")
ERROR_BARS = {"fast": 0.87, "balanced": 0.80, "best": 0.68}
CPU_BARS = {"fast": 1.0, "balanced": 3.0, "best": 40.0}
RANK_BARS = {"balanced": 2.0, "best": 1.4}
NOISY, NOISY_BAR = ("forest", "skillcraft"), 1.015
CATBOOST_BAR = 1.5
MANY, MANY_ERROR, MANY_CPU = "kin40k", 0.045, 2.2
CLASS_RANK_BAR = 1.8
NOISE_BAR = 0.02


class Mean(NamedTuple):
    """Mean error and mean CPU seconds over the splits of a problem."""

    error: float
    cpu: float


Means = dict[str, dict[str, Mean]]  # problem -> method -> mean
Ratio = Callable[[Mean], float]


@dataclass(frozen=True)
class Bar:
    """A bar, what was measured, and whether it is met; None where that was not measured."""

    what: str
    measured: str
    met: bool | None

    def __str__(self) -> str:
        verdict = "not measured" if self.met is None else "pass" if self.met else "FAIL"
        return f"{self.what}: {self.measured}: {verdict}" if self.measured else (
            f"{self.what}: {verdict}"
        )  # fmt: skip


def means(problems: Iterable[Problem], runs: Mapping[tuple[str, int, str], Run]) -> Means:
    """Over all splits; a method that failed on a split or was not run there has no mean."""
    found: Means = {}
    names = sorted({method for _, _, method in runs})
    for problem in problems:
        found[problem.name] = {}
        for name in names:
            each = [runs.get((problem.name, split, name)) for split in range(problem.splits)]
            if all(run is not None and run.failed is None for run in each):
                error, cpu = np.mean([(run.error, run.cpu) for run in each], axis=0)
                found[problem.name][name] = Mean(float(error), float(cpu))
    return found


def ratios(table: Means, name: str, base: str, of: Ratio) -> dict[str, float]:
    """Problem -> what `of` gives for one method over that of the other, where both are known."""
    return {
        problem: of(entries[name]) / of(entries[base])
        for problem, entries in table.items()
        if name in entries and base in entries
    }


def geometric(values: Iterable[float]) -> float:
    return float(np.exp(np.mean(np.log(list(values)))))


def mean_rank(table: Means, name: str, rivals: Sequence[str]) -> float | None:
    """Mean over problems of the rank of a method among it and rivals, 1 the least error.

    Methods of equal error share the mean of their ranks.  None where a problem lacks one of them.
    """
    ranks = []
    for entries in table.values():
        if name not in entries or any(rival not in entries for rival in rivals):
            return None
        own = entries[name].error
        others = np.array([entries[rival].error for rival in rivals])
        ranks.append(1 + (others < own).sum() + 0.5 * (others == own).sum())
    return float(np.mean(ranks)) if ranks else None


# ---- the bars


def _of_ratios(what: str, found: dict[str, float], measure: str, limit: float) -> Bar:
    """A bar on the mean, the geometric mean or the largest of ratios."""
    if not found:
        return Bar(what, "", None)
    value = {"mean": np.mean, "geometric": geometric, "largest": max}[measure](
        list(found.values())
    )  # fmt: skip
    over = "" if measure == "largest" else f" over {len(found)} tables"
    return Bar(f"{what} <= {limit:g}", f"{value:.3f}{over}", bool(value <= limit))


def _of_rank(what: str, table: Means, name: str, rivals: Sequence[str], limit: float) -> Bar:
    rank = mean_rank(table, name, rivals)
    if rank is None:
        return Bar(what, "", None)
    return Bar(f"{what} <= {limit:g}", f"{rank:.2f} of {len(rivals) + 1}", rank <= limit)


def _error(mean: Mean) -> float:
    return mean.error


def _cpu(mean: Mean) -> float:
    return mean.cpu


def uci_bars(table: Means) -> list[Bar]:
    """Error and CPU against the first build and CatBoost, mean ranks, noisy tables, many rows."""
    found = [
        _of_ratios(f"{name}: geometric mean of the error over that of the first build's default",
                   ratios(table, name, BASE, _error), "geometric", limit)
        for name, limit in ERROR_BARS.items()
    ]  # fmt: skip
    for noisy in NOISY:
        here = {noisy: table.get(noisy, {})}
        found += [
            _of_ratios(f"{name} on {noisy}: error over that of the first build's default",
                       ratios(here, name, BASE, _error), "largest", NOISY_BAR)
            for name in ERROR_BARS
        ]  # fmt: skip
    found += [
        _of_ratios(f"{name}: mean of the CPU seconds over those of the first build's default",
                   ratios(table, name, BASE, _cpu), "mean", limit)
        for name, limit in CPU_BARS.items()
    ]  # fmt: skip
    found += [
        _of_rank(f"{name}: mean rank", table, name, RANKED, limit)
        for name, limit in RANK_BARS.items()
    ]
    catboost = ratios(table, "balanced", "CatBoost", _cpu)
    found.append(_of_ratios("balanced: geometric mean of the CPU seconds over those of CatBoost",
                            catboost, "geometric", CATBOOST_BAR))  # fmt: skip
    return found + _many_rows(table.get(MANY, {}))


def _many_rows(entries: dict[str, Mean]) -> list[Bar]:
    what = f"balanced on {MANY}: error"
    mean = entries.get("balanced")
    first = Bar(what, "", None)
    if mean is not None:
        met = mean.error <= MANY_ERROR
        first = Bar(f"{what} <= {MANY_ERROR:g}", f"{mean.error:.4f}", met)
    over = ratios({MANY: entries}, "balanced", BASE, _cpu)
    what = f"balanced on {MANY}: CPU seconds over those of the first build's default"
    return [first, _of_ratios(what, over, "largest", MANY_CPU)]


def class_bars(table: Means) -> list[Bar]:
    """The rank of balanced by log-loss."""
    name = "balanced"
    what = f"{name}: mean rank by log-loss"
    return [_of_rank(what, table, name, CLASS_RIVALS, CLASS_RANK_BAR)]


def noise_bars(table: Means, names: Iterable[str]) -> list[Bar]:
    """R2 of each method against the better of mean and ridge, on every problem."""
    found = []
    for name in names:
        for problem, entries in table.items():
            what = f"{name} on {problem}: R2 below the better of mean and ridge by <= {NOISE_BAR:g}"
            if any(one not in entries for one in (name, *SAFE)):
                found.append(Bar(what, "", None))
                continue
            own, safe = r2(entries[name]), max(r2(entries[one]) for one in SAFE)
            measured = f"{own:.3f} against {safe:.3f}"
            found.append(Bar(what, measured, bool(own >= safe - NOISE_BAR)))
    return found


def r2(mean: Mean) -> float:
    return 1 - mean.error**2


def missed(bars: Iterable[Bar]) -> bool:
    """Whether a bar was measured and not met."""
    return any(bar.met is False for bar in bars)


# ---- tables in Markdown


def lines(table: Means, names: Sequence[str]) -> str:
    """One row per problem: error and CPU seconds of every method."""
    rows = ["| table | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for problem, entries in table.items():
        cells = [
            f"{entries[name].error:.4f} ({entries[name].cpu:.2f} s)" if name in entries else ""
            for name in names
        ]
        rows.append(f"| {problem} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def summary(table: Means, names: Sequence[str], rivals: Sequence[str]) -> str:
    """One row per method: error and CPU against the first build, rank among it and the rivals."""
    over = f"/ {BASE}"
    heads = ["method", f"error {over}, geometric mean", f"CPU {over}, mean", "geometric mean"]
    heads += ["CPU / CatBoost, geometric mean", "mean rank among it and the rivals"]
    rows = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in names:
        errors = list(ratios(table, name, BASE, _error).values())
        cpu = list(ratios(table, name, BASE, _cpu).values())
        catboost = list(ratios(table, name, "CatBoost", _cpu).values())
        rank = mean_rank(table, name, [one for one in rivals if one != name])
        cells = [f"{geometric(errors):.3f}" if errors else ""]
        cells += [f"{np.mean(cpu):.2f}", f"{geometric(cpu):.2f}"] if cpu else ["", ""]
        cells += [f"{geometric(catboost):.2f}" if catboost else ""]
        cells += ["" if rank is None else f"{rank:.2f}"]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)
