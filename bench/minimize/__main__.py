"""`hbcd.minimize` as an optimizer of any function, beside SciPy's and NLopt's.

    python -m bench.minimize [--skip local|global] [--seeds 10] [--per-variable 500] [--out DIR]

Sums of squares (tests/support/more_garbow_hillstrom.py, and NIST's regressions from two starts):
how many each method solves and after how many evaluations.  Ends with 1 if a method of ours solves
fewer than its counterparts in SciPy.  Functions with many minima: ICRS beside differential
evolution and NLopt's CRS2 where installed, at equal evaluations; only reported.  Nothing is timed.
Writes DIR/minimize.json and DIR/minimize.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from bench.minimize import global_search as many
from bench.minimize import local_search as local
from bench.minimize import nist as nist

PROBLEMS = Path(__file__).resolve().parents[2] / "tests" / "support" / "more_garbow_hillstrom.py"
NEAR = 1e-3  # a search has found the minimum if its best value is this near, or this share of it


def _module(path: Path) -> ModuleType:
    """A file as a module, without its folder on the path."""
    spec = importlib.util.spec_from_file_location(f"_bench_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def sets() -> dict[str, list[Any]]:
    """Name -> problems; of several known minima the least is asked for."""
    classic = [
        SimpleNamespace(name=p.name, x0=p.x0, residuals=p.residuals, f_min=p.f_min[0])
        for p in _module(PROBLEMS).MGH
    ]
    return {"More-Garbow-Hillstrom": classic, "NIST": nist.problems()}


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def cell(run: local.Run, f_min: float) -> str:
    if run.solved:
        return str(run.solved_at)
    gap = (run.value - f_min) / (f_min or 1.0)
    return f"- ({gap:.0e} after {run.evaluations})"


def race_local() -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Every run, the tables, and the bars that are missed."""
    methods = local.methods()
    records, lines, missed = [], [], []
    for name, problems in sets().items():
        runs = {m: [local.race(p, method) for p in problems] for m, method in methods.items()}
        for m, of_m in runs.items():
            records += [
                {"set": name, "problem": p.name, "method": m, **asdict(run)}
                for p, run in zip(problems, of_m, strict=True)
            ]
        lines += ["", f"### {name}: {len(problems)} problems", ""]
        lines += table(["method", "solved", "median evaluations where all solve"], summary(runs))
        lines += ["", "Evaluations until solved; - (relative gap after evaluations) if never.", ""]
        lines += table(
            ["problem", *methods],
            [
                [p.name, *(cell(runs[m][i], p.f_min) for m in methods)]
                for i, p in enumerate(problems)
            ],
        )
        solved = {m: sum(run.solved for run in of_m) for m, of_m in runs.items()}
        for ours, theirs in local.COUNTERPARTS.items():
            missed += [
                f"{name}: {ours} solves {solved[ours]}, {other} {solved[other]}"
                for other in theirs
                if solved[ours] < solved[other]
            ]
    return records, lines, missed


def summary(runs: dict[str, list[local.Run]]) -> list[list[str]]:
    """Evaluations are compared on the problems that every method solves."""
    common = [i for i, of_i in enumerate(zip(*runs.values(), strict=True)) if all_solved(of_i)]
    rows = []
    for name, of_name in runs.items():
        needed = [of_name[i].solved_at for i in common]
        median = f"{np.median(needed):.0f} ({len(common)})" if common else "none"
        rows.append([name, str(sum(run.solved for run in of_name)), median])
    return rows


def all_solved(runs: tuple[local.Run, ...]) -> bool:
    return all(run.solved for run in runs)


def race_global(seeds: int, per_variable: int) -> tuple[list[dict[str, Any]], list[str]]:
    searches = many.searches()
    records, rows, totals = [], [], dict.fromkeys(searches, 0)
    for landscape in many.landscapes():
        budget = per_variable * landscape.lo.size
        cells = []
        for name, search in searches.items():
            gaps = [many.best(landscape, search, seed, budget) for seed in range(seeds)]
            found = sum(gap <= NEAR * max(abs(landscape.f_min), 1.0) for gap in gaps)
            totals[name] += found
            records.append({"problem": landscape.name, "method": name, "gaps": gaps})
            cells.append(f"{found} ({np.median(gaps):.1e})")
        rows.append([landscape.name, *cells])
    rows.append([f"all {seeds * len(rows)}", *(str(total) for total in totals.values())])
    lines = ["", f"### Many minima: {per_variable} evaluations a variable, {seeds} seeds", ""]
    lines += ["Seeds that come within 1e-3 of the minimum (or of its size); median gap.", ""]
    if "NLopt CRS2" not in searches:
        lines += ["NLopt is not installed: CRS2 is missing.", ""]
    return records, lines + table(["function, variables", *searches], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--skip", choices=["local", "global"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--per-variable", type=int, default=500, help="evaluations of a search")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    # SciPy warns where a line search or a scaling fails; what came of it is in the tables.
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    results: dict[str, Any] = {}
    lines: list[str] = []
    missed: list[str] = []
    if options.skip != "local":
        results["local"], lines, missed = race_local()
    if options.skip != "global":
        results["global"], more = race_global(options.seeds, options.per_variable)
        lines += more
    results["missed"] = missed
    lines += ["", *(f"missed: {line}" for line in missed)]
    text = "\n".join(lines).strip() + "\n"
    print(text, end="")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "minimize.json").write_text(json.dumps(results, indent=1) + "\n")
        (options.out / "minimize.md").write_text(text)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
