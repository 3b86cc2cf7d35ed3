"""Does growth end at the right size, and is it worth its time beside fixed sizes?

    python -m bench.grow [--only known | tables] [--seeds N] [--json FILE]

*known*: rows from networks of 3, 6, 12 and 30 tanh neurons with 5 inputs, with noise of a
thousandth of the target's deviation; growth begins with one neuron.  *tables*: the tables of
``uci`` in HBCD_DATA, and the power plant; growth from one layer and from two, then fixed sizes
from new starts until they have taken as much CPU as the longer of the two, at the same penalty; of
the starts that with the least leave-one-out loss counts.  Tables that are not there are skipped.
Exits with 1 where an end is more than 30 % from the known size or its error above 1e-3.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("known", "tables"), help="one of the two parts")
    parser.add_argument("--seeds", type=int, default=5, help="of each known size, default 5")
    parser.add_argument("--names", nargs="+", metavar="NAME", help="tables, default all")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def main() -> int:
    """Runs both parts and prints their tables; 1 if a bar is missed."""
    options = arguments()
    for name in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{name}_NUM_THREADS"] = "1"  # before anything is imported that counts them
    from bench.grow.known import known_sizes
    from bench.grow.tables import beside_fixed_sizes

    found: dict[str, Any] = {}
    met = True
    if options.only != "tables":
        found["known"], met = known_sizes(options.seeds)
    if options.only != "known":
        found["tables"] = beside_fixed_sizes(options.names)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
