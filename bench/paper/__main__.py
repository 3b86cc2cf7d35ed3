"""The article's experiments: python -m bench.paper [NAME ...] --data-home DIR --runs N --out DIR.

Writes DIR/results/NAME.csv, NAME.md and NAME*.png, and with `all` DIR/RESULTS.md.  Fits are kept
in DIR/records.jsonl, so a run that was stopped goes on where it was; another build of hbcd or
another budget starts anew, --fresh does so always.  Needs the extra `bench`; without scikit-learn
or matplotlib the rest goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import hbcd

from . import about, combos, fig2, fig3, fig4, fig5, page, plots, times, tuning, widths
from .context import Context, Found
from .data import load
from .evidence import claims, level_of_least_squares
from .methods import Budget
from .records import Store
from .tables import write, write_runs

ROOT = Path(__file__).resolve().parents[2]

EXPERIMENTS: dict[str, Callable[[Context], Found]] = {
    "fig2": fig2.run,
    "fig3": fig3.run,
    "fig4": fig4.run,
    "fig5": fig5.run_ccpp,
    "fig6": fig5.run_siec,
    "times": times.run,
    "combos": combos.run,
    "widths": widths.run,
    "tuning": tuning.run,
}
DESCRIPTIVE = ("fig2", "combos", "widths", "tuning")  # no claim is judged by them
DESCRIPTIVE_RUNS = 5  # at most
QUICK_RUNS, QUICK_ROWS, QUICK_BUDGET = 2, 2000, Budget(seconds=1.0, mlp_iterations=50)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.paper", description=__doc__)
    parser.add_argument("names", nargs="*", default=["all"], metavar="NAME")
    parser.add_argument("--data-home", default=None, help="folder of the data files")
    parser.add_argument(
        "--runs",
        type=int,
        default=5,
        help="random splits, seeds 0, 1, ...: ten or more judge claims",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "paper")
    parser.add_argument("--threads", type=int, default=hbcd.show_config()["threads"])
    parser.add_argument("--quick", action="store_true", help="see that all of it works, in seconds")
    parser.add_argument("--fresh", action="store_true", help="forget the fits kept in --out")
    options = parser.parse_args(arguments)
    known = [*EXPERIMENTS, "all"]
    for name in options.names:
        if name not in known:
            parser.error(f"{name}: must be one of {', '.join(known)}")
    for name in ("runs", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}={getattr(options, name)}: must be at least 1")
    return options


def prepare(options: argparse.Namespace) -> Context:
    """Tables, budget and the store of fits."""
    home = options.data_home
    beside = ROOT.parent / "shared" / "data"
    if home is None and "HBCD_DATA" not in os.environ and beside.is_dir():
        home = beside
    folder = options.out / "results"
    folder.mkdir(parents=True, exist_ok=True)
    rows: int | None = None
    runs, budget = options.runs, Budget(threads=options.threads)
    if options.quick:
        rows, runs = QUICK_ROWS, QUICK_RUNS
        budget = replace(QUICK_BUDGET, threads=options.threads)
    sources = {name: load(name, home, rows) for name in ("ccpp", "siec")}
    return Context(
        sources, runs, Store(budget, options.out / "records.jsonl", options.fresh), folder
    )


def main() -> int:
    """Runs experiments, writes what they found."""
    options = parse()
    context = prepare(options)
    drawing = plots.available()
    everything = "all" in options.names
    found = []
    for name in EXPERIMENTS if everything else options.names:
        started = time.perf_counter()
        runs = min(context.runs, DESCRIPTIVE_RUNS) if name in DESCRIPTIVE else context.runs
        found.append(EXPERIMENTS[name](replace(context, runs=runs)))
        for table in found[-1].tables:
            write(table, context.folder)
        for figure in found[-1].figures if drawing else ():
            with plots.picture(context.folder / f"{figure.name}.png", figure.size) as drawn:
                figure.draw(drawn)
        print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)
    machine = about.describe(context)
    text = json.dumps(machine, indent=1, ensure_ascii=False) + "\n"
    (context.folder / "about.json").write_text(text, encoding="utf-8")
    if everything:
        judged = claims(context)
        level = level_of_least_squares(context)
        page.write(context, found, judged, machine, level, options.out / "RESULTS.md")
        write_runs(context.store.used.values(), context.folder / "runs.csv")
        for claim in judged:
            print(f"{claim.verdict:14} {claim.text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
