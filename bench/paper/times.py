"""The headline table: seconds in all, and seconds to a test R2, every evaluation counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import hbcd

from . import article
from .baselines import BASELINES
from .context import Context, Figure, Found
from .data import Source, Split
from .methods import (
    DEFAULT,
    ICRS_ALL,
    ICRS_SUBSET,
    JOINT,
    PAPER,
    WHOLE,
    Explore,
    Method,
    Stages,
    ours,
)
from .plots_settings import bars_of_times
from .records import Record, as_record
from .tables import Row, published, summarize

FIRST, RATIO = 0.002, 1.25  # checks: at this share of a run's seconds, then ever later
BCD, ICRS_BCD = "BCD, all rows", "ICRS, then BCD on all rows"
STRATEGIES: dict[str, hbcd.TrainingStrategy | None] = {
    ICRS_SUBSET: WHOLE[ICRS_SUBSET],
    ICRS_ALL: WHOLE[ICRS_ALL],
    BCD: hbcd.BlockCoordinateDescent(),
    ICRS_BCD: Stages((Explore(), hbcd.BlockCoordinateDescent())),
    JOINT: WHOLE[JOINT],
    PAPER: hbcd.Hybrid.paper(),
    DEFAULT: None,
}


def checks(progress: list[list[float]], seconds: float) -> list[int]:
    """Numbers of evaluations at which a run is looked at, from the (seconds, evaluations) of it."""
    shares = [FIRST]
    while shares[-1] < 1.0:
        shares.append(min(1.0, shares[-1] * RATIO))
    known = np.array([[0.0, 0.0], *progress])
    counts = np.interp(np.array(shares) * seconds, known[:, 0], known[:, 1])
    return sorted({max(1, round(count)) for count in counts})


def time_to(
    make: Callable[[int | None], Method], part: Split, target: float, context: Context
) -> Record:
    """Seconds until a run first has this test R2.

    The same seed gives the same bits, so a run that is limited to k evaluations is the longer run
    as it was then: each check trains anew up to it, and its seconds are those of that training
    alone.  A run whose end is below the target counts as its full time.
    """
    budget = context.store.budget
    end = context.store.fit(make(None), part)
    assert end is not None  # nothing of ours is missing
    found = {**end, "target": target, "reached": end["r2_test"] >= target}
    found["seconds_to"] = end["seconds"]
    found["evaluations_to"] = end["evaluations"]
    if found["reached"]:
        for limit in checks(end["progress"], end["seconds"]):
            record = as_record(make(limit), part, make(limit).fit(part, budget))
            if record["r2_test"] >= target:
                found["seconds_to"] = min(record["seconds"], end["seconds"])
                found["evaluations_to"] = record["evaluations"]
                break
    for name in ("progress", "sample", "visits"):
        found.pop(name, None)
    return found


def records(context: Context, source: Source, name: str) -> list[Record]:
    """The times of one method, one record per run."""
    target = article.TARGETS[source.name]
    what = f"time to {target}, checks {FIRST} {RATIO}"

    def make(limit: int | None) -> Method:
        return ours(name, STRATEGIES[name], max_evaluations=limit)

    return [
        context.store.keep(
            make(None),
            part,
            what,
            lambda part=part: time_to(make, part, target, context),
        )
        for part in context.splits(source)
    ]


def row_of(context: Context, source: Source, name: str) -> Row:
    """The metrics of the full runs with the times beside them."""
    found = records(context, source, name)
    row = summarize(name, found, context.records(BASELINES[0], source))
    never = sum(not record["reached"] for record in found)
    seconds = np.array([record["seconds_to"] for record in found])
    row["seconds to target"] = float(np.median(seconds))
    row["slowest to target"] = float(seconds.max())
    row["never"] = never
    return row


def run(context: Context) -> Found:
    """All methods on both tables."""
    found = Found("times", "Times")
    rows: list[Row] = []
    panels: list[tuple[str, float, dict[str, Any]]] = []
    for source in context.sources.values():
        for (name, what), figures in article.PUBLISHED.items():
            if name == source.name and "seconds" in figures:
                rows.append(published(name, what.removesuffix(", time"), figures))
        own = [row_of(context, source, name) for name in STRATEGIES]
        rows += own
        panels.append(
            (source.name, article.TARGETS[source.name], {row["what"]: row for row in own})
        )
    targets = ", ".join(f"{value} on {name}" for name, value in article.TARGETS.items())
    found.text.append(
        f"Targets of test R²: {targets}. A run is checked at {FIRST:.1%} of its seconds and then "
        f"each time {RATIO - 1:.0%} later; the check itself is not counted. Where the end is below "
        "the target the full time counts, and `never` says in how many runs. Nothing is selected "
        "on test rows: what is looked at is the point that the training alone would return."
    )
    found.figures.append(
        Figure(
            "times",
            "Median seconds in all and to the target; a hatched bar never got there in most runs.",
            (13, 5.4),
            lambda figure: bars_of_times(figure, panels),
        )
    )
    table = context.table("times", "Seconds", rows, list(context.sources.values()))
    table.extra = ("seconds to target", "slowest to target", "never")
    found.tables.append(table)
    return found
