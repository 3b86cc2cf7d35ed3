"""hbcd at every effort, its first build and other libraries: what is run, and what is printed."""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from bench.tables import growth
from bench.tables.bars import (
    BASE,
    CLASS_RIVALS,
    RANKED,
    SAFE,
    Bar,
    class_bars,
    lines,
    means,
    missed,
    noise_bars,
    summary,
    uci_bars,
)
from bench.tables.noise import noise_problems
from bench.tables.problems import Problem, Refused, class_tables, data_home, uci_tables
from bench.tables.rivals import versions
from bench.tables.runs import HBCD, ROOT, Book, Method, error_of, fingerprint, log_loss_of, measure

__all__ = ["baseline", "chosen", "classes", "grow", "installed", "noise", "ours", "uci"]


def ours(efforts: Sequence[str]) -> list[Method]:
    """hbcd at every effort; its default alone where its estimators have none to choose."""
    import hbcd

    build = f"hbcd {hbcd.__version__} {fingerprint(ROOT)}"
    if "effort" not in inspect.signature(hbcd.HybridRegressor).parameters:
        print("effort: HybridRegressor has no such argument; its default is measured")
        return [Method("default", HBCD, build)]
    return [Method(name, HBCD, build, {"effort": _effort(name)}) for name in efforts]


def _effort(name: str) -> str | float:
    try:
        return float(name)
    except ValueError:
        return name


def baseline(path: Path | None) -> list[Method]:
    """The default of the version that lies, built, below a path."""
    if path is None:
        print(f"{BASE}: skipped, no --baseline; what is compared with it is not measured")
        return []
    root = path.expanduser().resolve()
    return [Method(BASE, HBCD, f"hbcd {fingerprint(root)}", {}, root)]


def installed(names: Sequence[str], only: Sequence[str] | None = None) -> list[Method]:
    """The methods of other libraries; a line for each that is not installed.

    Refused where `only` has a name that is not among the names.
    """
    for name in only or ():
        if name not in names:
            raise Refused(f"rivals={name!r}: must be one of {', '.join(names)}")
    found = []
    for name, version in versions(tuple(only or names)).items():
        if version is None:
            print(f"{name}: skipped, not installed")
        else:
            found.append(Method(name, name, version))
    return found


def chosen(problems: list[Problem], only: Sequence[str] | None) -> list[Problem]:
    """The problems with these names, all of them without names; Refused for an unknown one."""
    known = [problem.name for problem in problems]
    for name in only or ():
        if name not in known:
            raise Refused(f"only={name!r}: must be one of {', '.join(known)}")
    return [problem for problem in problems if not only or problem.name in only]


def uci(options: Namespace) -> int:
    """Thirteen tables; 1 if a bar is missed."""
    tables = uci_tables(data_home())
    if not tables:
        print("--uci: skipped, HBCD_DATA names no folder with uci/*/data.csv.gz")
        return 0
    methods = [*ours(options.efforts), *baseline(options.baseline)]
    methods += installed((*RANKED, "RealMLP", "TabM"), options.rivals)
    book = Book(options.json)
    problems = chosen(tables, options.only)
    print(
        "error: RMSE over the deviation of the test targets, mean over splits; in brackets CPU "
        "seconds of one thread, fit and predict"
    )
    measure(problems, methods, book, error_of)
    table = means(problems, book.runs)
    names = [method.name for method in methods]
    print(f"\n{lines(table, names)}\n\n{summary(table, names, RANKED)}\n")
    return finish(uci_bars(table), book)


def classes(options: Namespace) -> int:
    """Ten tables of classes by log-loss; 1 if the bar is missed."""
    methods = [
        *ours(options.efforts),
        *baseline(options.baseline),
        *installed(CLASS_RIVALS, options.rivals),
    ]
    book = Book(options.json)
    problems = chosen(class_tables(options.folds, options.seed), options.only)
    print(f"log-loss, mean of {options.folds} folds (CPU seconds of one thread in brackets)")
    measure(problems, methods, book, log_loss_of)
    table = means(problems, book.runs)
    names = [method.name for method in methods]
    print(f"\n{lines(table, names)}\n\n{summary(table, names, CLASS_RIVALS)}\n")
    return finish(class_bars(table), book)


def noise(options: Namespace) -> int:
    """Made problems with nothing or little to learn; 1 if a bar is missed."""
    own = ours(options.efforts)
    methods = [*own, *baseline(options.baseline), *installed(SAFE, options.rivals)]
    book = Book(options.json)
    problems = chosen(noise_problems(), options.only)
    print("error: the root of 1 - R2, mean over seeds (CPU seconds of one thread in brackets)")
    measure(problems, methods, book, error_of)
    table = means(problems, book.runs)
    print(f"\n{lines(table, [method.name for method in methods])}\n")
    return finish(noise_bars(table, [method.name for method in own]), book)


def grow(options: Namespace) -> int:
    """Networks that grow beside fixed widths; 1 if a bar is missed."""
    bars, book = growth.run(options)
    return finish(bars, book)


def finish(bars: list[Bar], book: Book) -> int:
    """Prints the bars and keeps them; 1 if one is missed."""
    for bar in bars:
        print(bar)
    book.write(bars=[{"bar": bar.what, "measured": bar.measured, "met": bar.met} for bar in bars])
    return int(missed(bars))
