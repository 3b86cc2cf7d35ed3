"""Every optimizer inside every loop, at equal seconds."""

from __future__ import annotations

import hbcd

from .context import Context, Figure, Found
from .methods import Method, ours
from .plots_settings import grid_of_scores
from .tables import published

SECONDS = 1.0  # of every fit
ENDLESS = 10**6  # epochs: only the clock ends a run

#: Optimizer and iterations per visit; one iteration of ICRS is a trial per parameter.
OPTIMIZERS: dict[str, tuple[hbcd.Optimizer, int]] = {
    "ADAM": (hbcd.Adam(), 10),
    "L-BFGS": (hbcd.LBFGS(), 2),
    "BB": (hbcd.BarzilaiBorwein(), 5),
    "ICRS": (hbcd.ICRS(), 3),
}
LOOPS = ("plain batches", "BCD", "batch shell", "hybrid")


def strategy(name: str, loop: str) -> hbcd.TrainingStrategy:
    """An optimizer inside a loop; batches are of 1.1 rows per parameter."""
    optimizer, inner = OPTIMIZERS[name]
    if loop == "BCD":
        return hbcd.BlockCoordinateDescent(optimizer, inner_iterations=inner, epochs=ENDLESS)
    if loop == "plain batches":
        return hbcd.BatchShell(
            optimizer, None, inner_iterations=inner, visits_per_batch=1, epochs=ENDLESS
        )
    shell = hbcd.BatchShell(optimizer, inner_iterations=inner, epochs=ENDLESS)
    return shell if loop == "batch shell" else hbcd.Hybrid(shell=shell)


def method(name: str, loop: str) -> Method:
    """A combination under the clock."""
    return ours(f"{name}, {loop}", strategy(name, loop), seconds=SECONDS, only_limits=True)


def run(context: Context) -> Found:
    """Four optimizers in four loops on CCPP."""
    found = Found("combos", "Optimizers and loops")
    source = next(iter(context.sources.values()))
    rows = [published(source.name, "combinations", {}, "in a figure only")]
    scores = {}
    for name in OPTIMIZERS:
        for loop in LOOPS:
            rows.append(context.row(method(name, loop), source))
            scores[name, loop] = context.values(method(name, loop), source)
    limit = min(SECONDS, context.store.budget.seconds)
    found.text.append(
        f"Equal budgets: every fit gets {limit:g} s of wall-clock time; no tolerance ends it "
        "earlier, only passes over the data that bring nothing better (see its seconds). "
        "Plain batches take all layers at once, BCD one layer on all rows, the batch shell one "
        "layer on batches of 1.1 rows per parameter, the hybrid is the shell after ICRS."
    )
    found.figures.append(
        Figure(
            "combos",
            f"{source.name}: mean test R² (standard deviation) after {limit:g} s.",
            (9.5, 5),
            lambda figure: grid_of_scores(figure, list(OPTIMIZERS), LOOPS, scores),
        )
    )
    found.tables.append(
        context.table("combos", f"{source.name}: optimizers and loops", rows, [source])
    )
    return found
