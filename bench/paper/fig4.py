"""Figure 4: ICRS against L-BFGS over several runs."""

from __future__ import annotations

from . import article
from .baselines import BASELINES
from .context import Context, Figure, Found, note
from .data import Source
from .methods import ICRS_SUBSET, JOINT, LBFGS_SUBSET, WHOLE, whole
from .plots_fits import run_by_run
from .records import Record
from .tables import Row, published, summarize

FIRST_START = 100  # seeds of the random starts on one split: others than those of the splits
ONE_SPLIT = (ICRS_SUBSET, LBFGS_SUBSET, JOINT)


def from_starts(context: Context, name: str, source: Source) -> list[Record]:
    """Runs on one split (seed 0) from as many random starts as there are runs."""
    part = context.splits(source)[0]
    found = [
        context.store.fit(whole(name, start=FIRST_START + run), part) for run in range(context.runs)
    ]
    return [record for record in found if record is not None]


def article_rows(source: Source) -> list[Row]:
    """What the article says of its five runs."""
    found = []
    for name in ("ICRS, five runs", "L-BFGS, five runs"):
        figures = article.PUBLISHED.get((source.name, name), {})
        found.append(published(source.name, name, figures, "" if figures else article.SILENT))
    return found


def run(context: Context) -> Found:
    """Test R2 of every run: random splits with random starts, and one split with random starts."""
    found = Found("fig4", "Figure 4: ICRS against L-BFGS")
    rows, panels = [], []
    for source in context.sources.values():
        rows += article_rows(source) + [context.row(whole(name), source) for name in WHOLE]
        runs = {name: context.values(whole(name), source) for name in WHOLE}
        panels.append((f"{source.name}, random splits and starts", runs))
        linear = context.records(BASELINES[0], source)[:1] * context.runs
        starts = {name: from_starts(context, name, source) for name in ONE_SPLIT}
        for name, records in starts.items():
            row = summarize(f"{name}, random starts", records, linear, note(records))
            rows.append({**row, "split": "one random split"})
        scores = {name: [r["r2_test"] for r in records] for name, records in starts.items()}
        panels.append((f"{source.name}, one split, random starts", scores))
    found.figures.append(
        Figure(
            "fig4",
            "Test R² of every run. The bands on CCPP are the article's five runs.",
            (13, 9),
            lambda figure: run_by_run(figure, panels),
        )
    )
    found.text.append(
        "ICRS makes 100 trials per parameter, L-BFGS at most 2000 iterations, every fit at most "
        f"{context.store.budget.seconds:g} s."
    )
    title = "ICRS against L-BFGS"
    found.tables.append(context.table("fig4", title, rows, list(context.sources.values())))
    return found
