"""Figure 3: which layer each selection rule picks, and what each rule reaches."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import hbcd

from .context import Context, Figure, Found
from .methods import Method, ours, paper
from .plots_fits import layer_choices
from .records import Record
from .tables import published

MOST_SENSITIVE = "most sensitive"
RULES: dict[str, hbcd.BlockSelector] = {
    MOST_SENSITIVE: hbcd.MostSensitive(),
    "random": hbcd.RandomBlock(),
    "forward": hbcd.ForwardSequential(),
    "ping-pong": hbcd.PingPong(),
    "backward (ours)": hbcd.Backward(),
}


def method(rule: str) -> Method:
    """`Hybrid.paper()` with another selection rule."""
    if rule == MOST_SENSITIVE:
        return paper()
    hybrid = hbcd.Hybrid.paper()
    shell = replace(hybrid.shell, selector=RULES[rule])
    return ours(f"{rule} layer", replace(hybrid, shell=shell))


def run(context: Context) -> Found:
    """Every rule on both tables; everything but the rule as in `Hybrid.paper()`."""
    found = Found("fig3", "Figure 3: selection of layers")
    rows = []
    for source in context.sources.values():
        rows.append(published(source.name, "selection rules", {}, "in a figure only"))
        panels = []
        for rule in RULES:
            rows.append(context.row(method(rule), source, what=f"{rule}, else Hybrid.paper()"))
            panels.append((rule, context.records(method(rule), source)))
        shares = "; ".join(f"{rule} {_shares(records)}" for rule, records in panels)
        found.text.append(
            f"{source.name}: share of the visits per layer, input side first: {shares}."
        )
        found.figures.append(
            Figure(
                f"fig3_{source.name.lower()}",
                f"{source.name}: share of the visits that each layer gets along the run (seed 0), "
                "and test R² of every run. Layer 1 is next to the inputs.",
                (13.5, 8.4),
                partial(layer_choices, panels=panels),
            )
        )
    title = "Selection rules within Hybrid.paper()"
    found.tables.append(context.table("fig3", title, rows, list(context.sources.values())))
    return found


def _shares(records: list[Record]) -> str:
    visits = "".join(record["visits"] for record in records)
    return " / ".join(f"{visits.count(layer) / len(visits):.0%}" for layer in sorted(set(visits)))
