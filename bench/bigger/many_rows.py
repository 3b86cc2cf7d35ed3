"""Many rows: the default beside LightGBM's on 2 10^5 and 10^6, beside PyTorch on kin40k."""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from bench.shapes.problems import TEST_ROWS, friedman, sines
from bench.tables.against import baseline, finish, installed, ours
from bench.tables.bars import MANY, Bar, Mean, Means, lines, means
from bench.tables.problems import Parts, Problem, data_home, uci_tables
from bench.tables.rivals import versions
from bench.tables.runs import Book, Method, error_of, measure

__all__ = ["kin40k", "kin40k_bars", "rows", "rows_bars", "torch_methods"]

TREES = "LightGBM"
TIME_BAR = 3.0
DRAWN = {"Friedman 1": friedman(1, 1.0), "sines": sines(10)}
SIZES = {200_000: 3, 1_000_000: 1}  # rows -> seeds
NETS = [
    {"widths": widths, "activation": activation, "rate": rate}
    for widths in ([64, 64], [128, 128])
    for activation in ("Tanh", "SiLU")
    for rate in (2e-2, 1e-2, 3e-3)
]


def main_method(methods: list[Method]) -> Method:
    """The effort that the bars are on, or the default where there are no efforts."""
    return next((one for one in methods if one.name == "balanced"), methods[0])


# ---- 2 10^5 and 10^6 rows of ten columns


def generated() -> list[Problem]:
    """Ten columns; test targets are free of noise."""
    return [
        Problem(f"{name}, {count} x 10", False, seeds, _drawer(name, count))
        for count, seeds in SIZES.items()
        for name in DRAWN
    ]


def _drawer(name: str, count: int):
    def parts(split: int) -> Parts:
        rng = np.random.default_rng([split, count])
        x, _, y = DRAWN[name](rng, count)
        x_test, f, _ = DRAWN[name](rng, TEST_ROWS)
        return Parts(x, y.reshape(-1), x_test, f.reshape(-1))

    return parts


def rows_bars(table: Means, name: str = "balanced") -> list[Bar]:
    """Time at most three times LightGBM's, and a lower error, on every problem."""
    found = []
    for problem, entries in table.items():
        what = f"{name} against {TREES}'s defaults, {problem}: CPU seconds <= {TIME_BAR:g} x"
        if name not in entries or TREES not in entries:
            found += [Bar(what, "", None), Bar(f"{problem}: lower error", "", None)]
            continue
        own, theirs = entries[name], entries[TREES]
        ratio = own.cpu / theirs.cpu
        found.append(Bar(what, f"{ratio:.2f} x", ratio <= TIME_BAR))
        measured = f"{own.error:.4f} against {theirs.error:.4f}"
        found.append(Bar(f"{problem}: lower error", measured, own.error < theirs.error))
    return found


def rows(options: Namespace) -> int:
    """1 if a bar is missed."""
    methods = [main_method(ours(["balanced"])), *baseline(options.baseline), *installed((TREES,))]
    book = Book(options.json)
    problems = [
        one for one in generated()
        if not options.only or any(word in one.name for word in options.only)
    ]  # fmt: skip
    measure(problems, methods, book, error_of)
    table = means(problems, book.runs)
    print(f"\n{lines(table, [method.name for method in methods])}\n")
    return finish(rows_bars(table), book)


# ---- kin40k beside PyTorch in the same CPU seconds


def torch_methods(seconds: float) -> list[Method]:
    """Networks of PyTorch that are given so many CPU seconds; none where it is not installed."""
    version = versions(("torch",))["torch"]
    if version is None:
        print("torch: skipped, not installed")
        return []
    found = []
    for net in NETS:
        options = {**net, "seconds": round(seconds, 2)}
        widths = "-".join(map(str, net["widths"]))
        name = f"torch {widths} {net['activation']} {net['rate']:g}"
        found.append(Method(name, "torch", f"{version}, {options['seconds']} s", options))
    return found


def kin40k_bars(entries: dict[str, Mean], name: str = "balanced") -> list[Bar]:
    """The best network of PyTorch, by its error on the test rows, must be worse."""
    what = f"{name} on {MANY}: error below torch's best in the same CPU seconds"
    nets = {one: mean.error for one, mean in entries.items() if one.startswith("torch")}
    if name not in entries or not nets:
        return [Bar(what, "", None)]
    best = min(nets, key=nets.__getitem__)
    measured = f"{entries[name].error:.4f} against {nets[best]:.4f} ({best})"
    return [Bar(what, measured, entries[name].error < nets[best])]


def kin40k(options: Namespace) -> int:
    """1 if the bar is missed."""
    problems = [one for one in uci_tables(data_home()) if one.name == MANY]
    if not problems:
        print(f"--kin40k: skipped, HBCD_DATA names no folder with uci/{MANY}")
        return 0
    own = main_method(ours(["balanced"]))
    methods = [own, *baseline(options.baseline)]
    book = Book(options.json)
    measure(problems, methods, book, error_of)
    seconds = means(problems, book.runs)[MANY][own.name].cpu
    nets = torch_methods(seconds)
    measure(problems, nets, book, error_of)
    table = means(problems, book.runs)
    print(f"\n{lines(table, [method.name for method in (*methods, *nets)])}\n")
    return finish(kin40k_bars(table[MANY]), book)
