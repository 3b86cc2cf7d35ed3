"""Figures 5 and 6: with and without BCD + ICRS, on CCPP and on SIEC."""

from __future__ import annotations

from dataclasses import replace

import hbcd

from . import article
from .context import Context, Figure, Found
from .data import Source
from .methods import JOINT, PAPER, Method, ours, paper, whole
from .plots_fits import with_and_without
from .tables import published

SAME_BATCHES = "same batches, all layers at once, no ICRS"
NO_ICRS = "BCD on the same batches, no ICRS"
NO_BCD = "ICRS, then all layers at once on the same batches"
FEW_STEPS = "ADAM, batches of 256, 10 epochs"


def without(name: str) -> Method:
    """`Hybrid.paper()` less a part of it, or joint training as it is usually done."""
    hybrid = hbcd.Hybrid.paper()
    joint = replace(hybrid.shell, selector=None)
    strategies: dict[str, hbcd.TrainingStrategy] = {
        SAME_BATCHES: joint,
        NO_ICRS: hybrid.shell,
        NO_BCD: replace(hybrid, shell=joint),
        FEW_STEPS: hbcd.MiniBatch(hbcd.Adam(), epochs=10),
    }
    return whole(JOINT) if name == JOINT else ours(name, strategies[name])


WITHOUT = (SAME_BATCHES, NO_ICRS, NO_BCD, JOINT, FEW_STEPS)


def run_for(context: Context, source: Source, figure: str) -> Found:
    """The comparison on one table."""
    found = Found(figure, f"Figure {figure[-1]}: with and without BCD + ICRS on {source.name}")
    rows = []
    for what in ("BCD+ICRS", "without BCD+ICRS"):
        figures = article.PUBLISHED.get((source.name, what), {})
        rows.append(published(source.name, what, figures, "" if figures else article.SILENT))
    panels = [(f"with: {PAPER}", context.records(paper(), source))]
    rows.append(context.row(paper(), source, what=f"with: {PAPER}"))
    for name in WITHOUT:
        rows.append(context.row(without(name), source, what=f"without: {name}"))
        panels.append((f"without: {name}", context.records(without(name), source)))
    found.figures.append(
        Figure(
            figure,
            f"{source.name}: test rows of seed 0, residuals, and test R² of every run.",
            (15, 8.4),
            lambda page: with_and_without(page, panels, source.unit),
        )
    )
    title = f"{source.name}: with and without BCD + ICRS"
    found.tables.append(context.table(figure, title, rows, [source]))
    return found


def run_ccpp(context: Context) -> Found:
    """Figure 5."""
    return run_for(context, context.sources["ccpp"], "fig5")


def run_siec(context: Context) -> Found:
    """Figure 6."""
    return run_for(context, context.sources["siec"], "fig6")
