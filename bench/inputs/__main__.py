"""Would another encoding of the inputs than smooth pieces make the default fit better?

    python -m bench.inputs [--effort NAME] [--splits N] [--only NAME ...] [--variants NAME ...]
                           [--json FILE]

Ten tables below ``uci`` in HBCD_DATA.  Every variant is the default fit with the same folds, first
parameters and bound of operations, in which another encoding takes the place of the smooth pieces,
or an architecture on other inputs stands beside them; the rows left out weigh the members as they
always do.  Error ratios to the default by tables, their geometric mean with its standard error,
ratios of operations and of CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

TABLES = (
    "yacht", "autompg", "energy", "stock", "forest", "concrete", "airfoil", "skillcraft", "sml",
    "parkinsons",
)  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--effort", default="balanced", help="of every fit, default balanced")
    parser.add_argument("--splits", type=int, default=2, help="of every table, default 2")
    parser.add_argument("--only", nargs="+", default=TABLES, metavar="NAME", help="tables")
    parser.add_argument("--variants", nargs="+", metavar="NAME", help="default all")
    parser.add_argument("--arms", type=float, help="operations of a fit, in those of its first arm")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def variants() -> dict[str, Any]:
    """By name: encodings in place of pieces, then arms on other inputs."""
    from bench.inputs import encodings
    from bench.inputs.fits import Variant

    ard, rotated, scaled = encodings.ard, encodings.agop(rotate=True), encodings.agop(rotate=False)
    beside = encodings.beside_pieces
    return {
        "default": Variant(encodings.tanh_pieces),
        "no encoding": Variant(),
        "splines": Variant(encodings.splines),
        "waves 0.1": Variant(encodings.pbld(0.1)),
        "waves 0.5": Variant(encodings.pbld(0.5)),
        "PBLD": Variant(layer=encodings.Periodic),
        "ARD": Variant(ard),
        "ARD + pieces": Variant(beside(ard)),
        "AGOP": Variant(rotated),
        "AGOP + pieces": Variant(beside(rotated)),
        "AGOP diagonal": Variant(scaled),
        "diagonal + pieces": Variant(beside(scaled)),
        "ARD of all": Variant(encodings.scaling_pieces(ard)),
        "diagonal of all": Variant(encodings.scaling_pieces(scaled)),
        "ARD third": Variant(encodings.tanh_pieces, third=ard),
        "diagonal third": Variant(encodings.tanh_pieces, third=scaled),
    }


def main() -> int:
    """Runs all variants by turns on each split and prints a line for each table."""
    options = arguments()
    for name in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{name}_NUM_THREADS"] = "1"  # before anything is imported that counts them
    import numpy as np

    from bench.inputs.fits import fitted
    from bench.tables.problems import data_home, uci_tables

    known = variants()
    names = ["default", *(n for n in options.variants or known if n != "default")]
    problems = [p for p in uci_tables(data_home()) if p.name in options.only]
    if not problems:
        print("skipped: HBCD_DATA names no folder with uci/*/data.csv.gz")
        return 0
    print("table, error of the default, then error ratios: " + ", ".join(names[1:]), flush=True)
    found: dict[str, dict[str, list[Any]]] = {}
    for problem in problems:
        runs: dict[str, list[Any]] = {name: [] for name in names}
        for split in range(options.splits):
            parts = problem.parts(split)
            for name in names:
                runs[name].append(fitted(parts, known[name], options.effort, split, options.arms))
        found[problem.name] = runs
        base = np.mean([run.error for run in runs["default"]])
        ratios = [np.mean([run.error for run in runs[name]]) / base for name in names[1:]]
        print(f"{problem.name:11s} {base:.4f} " + " ".join(f"{r:.3f}" for r in ratios), flush=True)
    for name in names[1:]:
        sides = [
            [
                np.log(np.mean([getattr(r, what) for r in runs[name]]))
                - np.log(np.mean([getattr(r, what) for r in runs["default"]]))
                for runs in found.values()
            ]
            for what in ("error", "operations", "cpu")
        ]
        error, operations, cpu = (np.exp(np.mean(side)) for side in sides)
        spread = np.std(sides[0], ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
        weight = np.mean([run.encoded for runs in found.values() for run in runs[name]])
        print(f"{name:16s} error {error:.3f} +- {spread:.3f}, operations {operations:.2f}, "
              f"CPU {cpu:.2f}, weight of encoded members {weight:.2f}", flush=True)  # fmt: skip
    if options.json:
        text = {t: {n: [asdict(r) for r in rs] for n, rs in runs.items()}
                for t, runs in found.items()}  # fmt: skip
        options.json.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
