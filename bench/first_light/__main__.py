"""First light: the checks of version 0.1 in one run, as a table.

    python -m bench.first_light [--data-home DIR] [--only NAME ...] [--json FILE]

Needs the extra `bench` (scikit-learn for the splits); PyTorch is measured where it is installed.
Data: --data-home, else HBCD_DATA, else a folder shared/data beside the checkout, else the cache of
the loaders.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import hbcd
from bench.first_light.checks import Line
from bench.first_light.numbers import check_bits, check_gradients
from bench.first_light.speed import check_import, check_torch
from bench.first_light.training import check_default, check_grid, check_paper, check_siec

ROOT = Path(__file__).resolve().parents[2]

CHECKS: dict[str, Callable[[Any], list[Line]]] = {
    "gradients": check_gradients,
    "bits": check_bits,
    "paper": check_paper,
    "default": check_default,
    "siec": check_siec,
    "grid": check_grid,
    "torch": check_torch,
    "import": check_import,
}


def main() -> int:
    """Runs the checks and prints the table; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-home", default=None)
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS))
    parser.add_argument("--json", type=Path, default=None, help="write the lines to this file too")
    options = parser.parse_args()
    home = options.data_home
    beside = ROOT.parent / "shared" / "data"
    if home is None and "HBCD_DATA" not in os.environ and beside.is_dir():
        home = beside
    print(f"hbcd {hbcd.show_config()}, NumPy {np.__version__}, Python {sys.version.split()[0]}")
    lines: list[Line] = []
    for name in options.only:
        started = time.perf_counter()
        lines += CHECKS[name](home)
        print(f"  {name}: {time.perf_counter() - started:.1f} s", flush=True)
    width = max(len(line.check) for line in lines)
    print(f"\n{'check':{width}}  {'measured':>12}  {'bar':>10}")
    for line in lines:
        verdict = {True: "pass", False: "FAIL", None: "not measured"}[line.passed]
        print(f"{line.check:{width}}  {line.measured:>12}  {line.bar:>10}  {verdict}")
    if options.json:
        options.json.write_text(json.dumps([asdict(line) for line in lines], indent=1) + "\n")
    return int(any(line.passed is False for line in lines))


if __name__ == "__main__":
    sys.exit(main())
