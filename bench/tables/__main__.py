"""Default settings on ten tables of scikit-learn, beside its MLP with the better of its solvers.

    python -m bench.tables [--held-back | --siec] [--standardized-targets] [--only NAME ...]
                           [--json FILE]
    python -m bench.tables --uci | --classes | --noise | --grow [--efforts NAME ...]
                           [--baseline PATH] [--rivals NAME ...] [--only NAME ...] [--json FILE]

Every estimator has its defaults and stands behind a StandardScaler; five folds fixed by the seed,
one thread each.  The better solver is taken for every data set by its mean score on the test rows,
which favors scikit-learn.  --held-back runs other sets: a rule must not fit the ten alone.

--uci, --classes and --noise measure every effort beside the first build, trees and other networks,
each method in a process of its own on one thread; their --json file keeps what was measured at
once, and a run with the same file goes on from there.  Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held-back", action="store_true", help="other sets than the ten")
    parser.add_argument("--siec", action="store_true", help="the article's second table")
    parser.add_argument(
        "--standardized-targets",
        action="store_true",
        help="harder than the bar: scikit-learn's regressor is given standardized targets",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="data sets, default all")
    parser.add_argument("--seed", type=int, default=0, help="of folds and estimators, default 0")
    parser.add_argument("--folds", type=int, default=5, help="default 5")
    parser.add_argument("--json", type=Path, help="write scores, seconds and verdicts to this file")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--uci", action="store_true", help="thirteen tables below HBCD_DATA")
    kind.add_argument("--classes", action="store_true", help="ten tables of classes by log-loss")
    kind.add_argument("--noise", action="store_true", help="little to learn: mean, ridge, and hbcd")
    kind.add_argument("--grow", action="store_true", help="networks that grow beside fixed widths")
    parser.add_argument(
        "--efforts", nargs="+", default=["fast", "balanced", "best"], metavar="NAME",
        help="names or numbers, default fast balanced best",
    )  # fmt: skip
    parser.add_argument(
        "--rivals", nargs="+", metavar="NAME", help="methods of other libraries, default all"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="PATH", help="a built checkout of the first build"
    )
    return parser.parse_args()


def main() -> int:
    """Runs what was asked for and prints its tables; 1 if a bar is missed."""
    options = arguments()
    for name in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{name}_NUM_THREADS"] = "1"  # before anything is imported that counts them
    from bench.tables import against
    from bench.tables.problems import Refused

    kinds = [kind for kind in ("uci", "classes", "noise", "grow") if getattr(options, kind)]
    try:
        return getattr(against, kinds[0])(options) if kinds else ten(options)
    except Refused as error:
        print(error, file=sys.stderr)
        return 2


def ten(options: argparse.Namespace) -> int:
    """The race against scikit-learn's MLP."""
    import sklearn

    import hbcd
    from bench.tables.data_sets import HELD_BACK, STEEL, TEN
    from bench.tables.problems import Refused
    from bench.tables.race import race
    from bench.tables.verdict import line, seconds, table, verdicts

    given = STEEL if options.siec else HELD_BACK if options.held_back else TEN
    sets = {data.name: data for data in given}
    unknown = [name for name in options.only or () if name not in sets]
    if unknown:
        raise Refused(f"only={unknown[0]!r}: must be one of {', '.join(sets)}")
    print(
        f"hbcd {hbcd.__version__}, scikit-learn {sklearn.__version__}, defaults, {options.folds} "
        f"folds, seed {options.seed}; one thread each (threadpoolctl, n_threads=1); scikit-learn's "
        f"targets {'standardized' if options.standardized_targets else 'as they are'}"
    )
    results = {}
    for name in options.only or sets:
        results[name] = race(
            sets[name],
            options.folds,
            options.seed,
            standardized_targets=options.standardized_targets,
        )
        print(f"  {name}: {', '.join(f'{n} {e.mean:.4f}' for n, e in results[name].items())}",
              flush=True)  # fmt: skip
    print(f"\n{table(results)}\n")
    print("total time: {:.2f} s against {:.2f} s of the better solvers".format(*seconds(results)))
    bars = verdicts(results)
    for what, measured, met in bars:
        print(f"{what}: {measured}: {'pass' if met else 'FAIL'}")
    if options.json:
        lines = {
            name: {
                "estimators": {one: asdict(entry) for one, entry in entries.items()},
                "against_better": asdict(line(entries)),
            }
            for name, entries in results.items()
        }
        bar = [{"bar": what, "measured": value, "met": met} for what, value, met in bars]
        options.json.write_text(json.dumps({"results": lines, "bars": bar}, indent=1) + "\n")
    return int(not all(met for *_, met in bars))


if __name__ == "__main__":
    sys.exit(main())
