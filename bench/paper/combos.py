"""Every optimizer inside every loop, at equal numbers of evaluated rows."""

from __future__ import annotations

import hbcd

from .context import Context, Figure, Found
from .data import Source
from .methods import HIDDEN, Method, ours, subset_rows
from .plots_settings import grid_of_scores
from .tables import published

SEARCHES = 2  # the budget of every fit: so many times the rows that the hybrid's search evaluates
ENDLESS = 10**6  # epochs: only the budget ends a run

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


def budget(source: Source, n_train: int) -> tuple[int, int, int]:
    """Rows that a fit may evaluate, and the evaluations that these are on a batch and on all rows.

    Rows and not seconds: a budget of seconds would depend on what else the machine does.
    """
    hidden = [hbcd.HiddenLayer(width, hbcd.Tanh()) for width in HIDDEN]
    layers = [hbcd.InputLayer(source.x.shape[1]), *hidden, hbcd.OutputLayer(1)]
    network = hbcd.Network(layers)
    batch = min(subset_rows(network), n_train)
    rows = SEARCHES * 100 * network.n_parameters * batch
    return rows, rows // batch, max(1, rows // n_train)


def method(name: str, loop: str, source: Source, n_train: int) -> Method:
    """A combination within the budget."""
    _, on_batch, on_all = budget(source, n_train)
    limit = on_all if loop == "BCD" else on_batch
    return ours(f"{name}, {loop}", strategy(name, loop), max_evaluations=limit, only_limits=True)


def run(context: Context) -> Found:
    """Four optimizers in four loops on CCPP."""
    found = Found("combos", "Optimizers and loops")
    source = next(iter(context.sources.values()))
    rows = [published(source.name, "combinations", {}, "in a figure only")]
    scores = {}
    n_train = len(context.splits(source)[0].train)
    for name in OPTIMIZERS:
        for loop in LOOPS:
            combination = method(name, loop, source, n_train)
            rows.append(context.row(combination, source))
            scores[name, loop] = context.values(combination, source)
    allowed, on_batch, on_all = budget(source, n_train)
    found.text.append(
        f"Equal budgets: every fit may evaluate {allowed:.3g} rows, {SEARCHES} times what the "
        f"search of the hybrid takes, which are {on_batch} evaluations on batches or {on_all} on "
        "all rows; no tolerance ends it earlier, only passes over the data that bring nothing "
        "better. A value counts as much as a value with its gradient, which favors gradients. "
        "Plain batches take all layers at once, BCD one layer on all rows, the batch shell one "
        "layer on batches of 1.1 rows per parameter, the hybrid is the shell after ICRS."
    )
    found.figures.append(
        Figure(
            "combos",
            f"{source.name}: mean test R² (standard deviation) after {allowed:.3g} rows.",
            (9.5, 5),
            lambda figure: grid_of_scores(figure, list(OPTIMIZERS), LOOPS, scores),
        )
    )
    found.tables.append(
        context.table("combos", f"{source.name}: optimizers and loops", rows, [source])
    )
    return found
