"""Three hidden layers of 5, 10, 15 and 20 neurons."""

from __future__ import annotations

from .context import Context, Figure, Found
from .methods import DEFAULT, PAPER, default, paper
from .plots_settings import lines_over_widths
from .records import Record
from .tables import published

WIDTHS = (5, 10, 15, 20)


def run(context: Context) -> Found:
    """Both tables, the article's settings and the default."""
    found = Found("widths", "Widths")
    rows, panels = [], []
    for source in context.sources.values():
        rows.append(published(source.name, "widths", {}, "in a figure only"))
        lines: dict[str, list[list[Record]]] = {PAPER: [], DEFAULT: []}
        for width in WIDTHS:
            for make, name in ((paper, PAPER), (default, DEFAULT)):
                method = make(hidden=(width,) * 3)
                rows.append(context.row(method, source, what=f"{width}-{width}-{width}, {name}"))
                lines[name].append(context.records(method, source))
        panels.append((source.name, lines))
    found.text.append(
        f"Every fit gets at most {context.store.budget.seconds:g} s; where the clock ended fits, "
        "a note says how many. ICRS makes 100 trials per parameter on 1.1 rows per parameter, so "
        "its time grows with the square of the number of parameters, and Hybrid.paper() on wide "
        "layers may be cut off before the descent has begun."
    )
    found.figures.append(
        Figure(
            "widths",
            "Mean test R² and median seconds by width; bars are standard deviations. Hollow: the "
            "clock ended at least half of the fits.",
            (12, 8),
            lambda figure: lines_over_widths(figure, WIDTHS, panels),
        )
    )
    title = "Widths of three hidden layers"
    found.tables.append(context.table("widths", title, rows, list(context.sources.values())))
    return found
