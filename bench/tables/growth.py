"""Networks that grow, beside fixed widths on the tables, and where the right size is known.

A target that is the output of a network of k neurons, with noise of a thousandth of its deviation:
what grows should end near k neurons and below an error of 1e-3 against the target without noise.
"""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Mapping, Sequence

import numpy as np

from bench.tables.bars import Bar, geometric, lines, means, ratios
from bench.tables.problems import Parts, Problem, Refused, data_home, uci_tables
from bench.tables.runs import HBCD, ROOT, Book, Method, Run, error_of, fingerprint, measure

__all__ = ["GROW", "SIZES", "known_size", "known_sizes", "methods", "run", "size_bars"]

GROW = "grow"
FIXED = ((10,), (20,), (40,), (20, 20), (40, 40), (20, 20, 20))
SIZES = (3, 5, 10, 20, 30)
NEAR, ERROR = 0.3, 1e-3
COLUMNS, ROWS, TEST_ROWS, SEEDS, NOISE = 4, 2000, 5000, 3, 1e-3


def methods() -> list[Method]:
    """What grows, and one network of each of the fixed widths."""
    import hbcd

    if not hasattr(hbcd, "Grow"):
        raise Refused("--grow: this version of hbcd has no Grow")
    build = f"hbcd {hbcd.__version__} {fingerprint(ROOT)}"
    known = inspect.signature(hbcd.HybridRegressor).parameters
    one = {"members": 1} if "members" in known else {}
    sizes = {GROW: GROW, **{"-".join(map(str, widths)): list(widths) for widths in FIXED}}
    return [
        Method(name, HBCD, build, {"hidden_layer_sizes": widths, **one})
        for name, widths in sizes.items()
    ]


# ---- where the right size is known


def known_size(neurons: int) -> Problem:
    """The output of a network of so many neurons whose weights are not small."""

    def parts(split: int) -> Parts:
        rng = np.random.default_rng([split, neurons])
        incoming = rng.normal(size=(COLUMNS, neurons))
        incoming *= 2.0 / np.linalg.norm(incoming, axis=0)
        bias = rng.uniform(-2.0, 2.0, neurons)
        outgoing = rng.choice((-1.0, 1.0), neurons) * rng.uniform(0.5, 1.5, neurons)
        x = rng.uniform(-1.0, 1.0, (ROWS + TEST_ROWS, COLUMNS))
        y = np.tanh(x @ incoming + bias) @ outgoing
        y /= y.std()
        noisy = y[:ROWS] + NOISE * rng.normal(size=ROWS)
        return Parts(x[:ROWS], noisy, x[ROWS:], y[ROWS:])

    return Problem(f"{neurons} neurons", False, SEEDS, parts)


def known_sizes() -> list[Problem]:
    return [known_size(neurons) for neurons in SIZES]


def size_bars(sizes: Sequence[int], runs: Mapping[tuple[str, int, str], Run]) -> list[Bar]:
    """The mean number of neurons within 30 % of the right one, the mean error at most 1e-3."""
    found = []
    for neurons in sizes:
        name = f"{neurons} neurons"
        each = [runs.get((name, seed, GROW)) for seed in range(SEEDS)]
        what = f"grow on a network of {name}: neurons within {100 * NEAR:.0f} %, error <= {ERROR:g}"
        if any(run is None or run.failed or run.widths is None for run in each):
            found.append(Bar(what, "", None))
            continue
        ends = [sum(run.widths) for run in each]
        error = float(np.mean([run.error for run in each]))
        near = abs(float(np.mean(ends)) - neurons) <= NEAR * neurons
        measured = f"{', '.join(map(str, ends))} at a mean error of {error:.2g}"
        found.append(Bar(what, measured, near and error <= ERROR))
    return found


# ---- the run


def run(options: Namespace) -> tuple[list[Bar], Book]:
    """Everything measured and printed; the bars and what they were read from."""
    tried = methods()
    book = Book(options.json)
    measure(known_sizes(), tried[:1], book, error_of)
    bars = size_bars(SIZES, book.runs)
    tables = uci_tables(data_home())
    if not tables:
        print("tables: skipped, HBCD_DATA names no folder with uci/*/data.csv.gz")
        return bars, book
    problems = [one for one in tables if not options.only or one.name in options.only]
    measure(problems, tried, book, error_of)
    table = means(problems, book.runs)
    print(f"\n{lines(table, [method.name for method in tried])}\n")
    for method in tried[1:]:
        error = ratios(table, GROW, method.name, lambda mean: mean.error)
        cpu = ratios(table, GROW, method.name, lambda mean: mean.cpu)
        if error:
            print(
                f"grow over {method.name}: error {geometric(error.values()):.3f}, CPU "
                f"{geometric(cpu.values()):.2f} (geometric means over {len(error)} tables)"
            )
    return bars, book
