"""Figure 2: sigmoid, tanh, ReLU and leaky ReLU on both tables."""

from __future__ import annotations

from functools import partial

from .context import Context, Figure, Found
from .methods import DEFAULT, PAPER, default, paper
from .plots_fits import actual_against_predicted
from .tables import published

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu")


def run(context: Context) -> Found:
    """Each activation with the article's settings and with the default."""
    found = Found("fig2", "Figure 2: activations")
    rows = []
    for source in context.sources.values():
        rows.append(published(source.name, "activations", {}, "in a figure only"))
        panels = []
        for activation in ACTIVATIONS:
            for make, name in ((paper, PAPER), (default, DEFAULT)):
                method = make(activation=activation)
                rows.append(context.row(method, source, what=f"{activation}, {name}"))
            records = context.records(paper(activation=activation), source)
            panels.append((activation.replace("_", " "), records))
        found.figures.append(
            Figure(
                f"fig2_{source.name.lower()}",
                f"{source.name}: {PAPER}, activations; test rows of seed 0, test R² over "
                f"{context.runs} random splits.",
                (15, 7.4),
                partial(actual_against_predicted, panels=panels, unit=source.unit),
            )
        )
    title = "Activations, 10-10-10 hidden neurons"
    found.tables.append(context.table("fig2", title, rows, list(context.sources.values())))
    return found
