"""What the scores of tables.py say: paired differences, ranks, verdicts, and the table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.tables.race import OURS, SOLVERS, Entry

__all__ = ["Line", "line", "mean_ranks", "seconds", "table", "verdicts"]

Results = dict[str, dict[str, Entry]]  # data set -> estimator -> entry
ERRORS = 2.0  # standard errors that ours may be worse by
RANK = 1.1  # of two: better on nine tables of ten
STEEL = ("SIEC", 0.99998)  # where R2 near 1 is the measure


@dataclass(frozen=True)
class Line:
    """Ours against the better solver on one data set.

    Attributes
    ----------
    solver : str
        Of the two, the one with the higher mean score on this data set.
    difference : float
        Mean of ours less theirs over the folds.
    error : float
        Its standard error: the folds are paired.
    """

    solver: str
    difference: float
    error: float

    @property
    def worse(self) -> bool:
        """Whether ours is worse by more than two standard errors."""
        return self.difference < -ERRORS * self.error


def line(entries: dict[str, Entry]) -> Line:
    """What the entries of one data set say; the better solver is known only afterwards."""
    solver = max(SOLVERS, key=lambda name: entries[name].mean)
    apart = np.subtract(entries[OURS].scores, entries[solver].scores)
    return Line(solver, float(apart.mean()), float(apart.std(ddof=1) / math.sqrt(apart.size)))


def mean_ranks(results: Results) -> tuple[float, float]:
    """Mean rank of ours and of the better solver, 1 the better of two; a tie is 1.5 for both."""
    ours = [1.5 - 0.5 * np.sign(line(entries).difference) for entries in results.values()]
    mean = float(np.mean(ours))
    return mean, 3.0 - mean


def seconds(results: Results) -> tuple[float, float]:
    """Seconds of ours on all data sets, and those of the better solver of each."""
    ours = sum(entries[OURS].total for entries in results.values())
    theirs = sum(entries[line(entries).solver].total for entries in results.values())
    return ours, theirs


def verdicts(results: Results) -> list[tuple[str, str, bool]]:
    """The bars: what, measured, whether it is met."""
    rank, other = mean_ranks(results)
    worse = [name for name, entries in results.items() if line(entries).worse]
    found = [
        (f"mean rank <= {RANK:g}", f"{rank:.2f} against {other:.2f}", rank <= RANK),
        (
            "nowhere worse by more than 2 standard errors",
            "nowhere" if not worse else ", ".join(worse),
            not worse,
        ),
    ]
    name, least = STEEL
    if name in results:
        mean = results[name][OURS].mean
        found.append((f"R2 on {name} >= {least}", f"{mean:.6f}", mean >= least))
    return found


def table(results: Results) -> str:
    """One row per data set, in Markdown."""
    heads = ["data set", "score", OURS, *SOLVERS, "ours less the better", "error"]
    heads += [f"s, {name}" for name in (OURS, *SOLVERS)]
    rows = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, entries in results.items():
        found = line(entries)
        cells: list[Any] = [name, "R2" if entries[OURS].kind == "r2" else "accuracy"]
        cells += [f"{entries[one].mean:.4f}" for one in (OURS, *SOLVERS)]
        mark = ", worse" if found.worse else ""
        cells += [f"{found.difference:+.4f} ({found.solver}{mark})", f"{found.error:.4f}"]
        cells += [f"{entries[one].total:.2f}" for one in (OURS, *SOLVERS)]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)
