"""`hbcd.tune` beside the default and beside random search, on tables of `HBCD_DATA`.

    python -m bench.tuning [--only NAME ...] [--splits 3] [--budget 20] [--json FILE]

Errors are RMSE over the target's deviation on test rows that took no part; operations are
multiply-adds of the search, CPU seconds those of the process on one thread.  Random search trains
every candidate to the end, as many of them as come to the operations of successive halving.  Tables
and splits are those of `bench.tables --uci`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import hbcd
from bench.tables.problems import Parts, data_home, uci_tables

TABLES = ("energy", "concrete", "parkinsons", "CCPP")


def run(name: str, rows: Parts, seed: int, budget: int) -> list[dict[str, Any]]:
    """One line for each of the three on one split."""
    model = hbcd.HybridRegressor(random_state=0, n_threads=1)
    lines: list[dict[str, Any]] = []

    def measure(what: str, make: Any) -> Any:
        start = time.process_time()
        made = make()
        seconds = time.process_time() - start
        fitted = getattr(made, "best_estimator_", made)
        missed = fitted.predict(rows.x_test) - rows.y_test
        error = float(np.sqrt(np.mean(missed**2)) / np.std(np.append(rows.y, rows.y_test)))
        cost = getattr(made, "cost", {"operations": math.nan, "fits": 1})
        lines.append({"table": name, "split": seed, "what": what, "error": error,
                      "seconds": seconds, "fits": cost["fits"],
                      "operations": cost["operations"]})  # fmt: skip
        return made

    def search(rungs: int, budget: int) -> hbcd.TuneResult:
        halving = hbcd.SuccessiveHalving(rungs=rungs)
        return hbcd.tune(model, rows.x, rows.y, budget=budget, random_state=seed, halving=halving)

    measure("default", lambda: model.fit(rows.x, rows.y))
    found = measure("halving", lambda: search(3, budget))
    # The operations of a whole fit are known from the candidates of the last rung.
    last = found.trials[(found.trials["rung"] == 2) & (found.trials["trial"] > 0)]
    whole = float(last["operations"].mean())
    given = float(found.trials.loc[found.trials["trial"] == 0, "operations"].sum())
    fits = max(2, 1 + round((found.cost["operations"] - given) / whole))
    for _ in range(2):  # the second time with as many fits as the first one teaches
        random = measure("random", lambda fits=fits: search(1, fits))
        ours, theirs = found.cost["operations"] - given, random.cost["operations"] - given
        fits = max(2, 1 + round((fits - 1) * ours / theirs))
    return [line for k, line in enumerate(lines) if k != 2]


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", default=TABLES)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", hbcd.ConstantFeatures)
    known = {problem.name: problem for problem in uci_tables(data_home())}
    lines: list[dict[str, Any]] = []
    for name in options.only:
        if name not in known:
            print(f"{name}: is none of the tables below HBCD_DATA, {', '.join(known) or 'none'}")
            continue
        for seed in range(options.splits):
            new = run(name, known[name].parts(seed), seed, options.budget)
            lines += new
            base = new[0]["error"]
            print(f"{name:<12}{seed}  " + "  ".join(
                f"{one['what']} {one['error']:.4f} ({one['error'] / base:.2f}) "
                f"{one['seconds']:.1f} s {one['operations']:.2g}"
                for one in new
            ), flush=True)  # fmt: skip
    for what in ("halving", "random") if lines else ():
        own = [one["error"] for one in lines if one["what"] == what]
        base = [one["error"] for one in lines if one["what"] == "default"]
        ratio = math.exp(np.mean(np.log(np.divide(own, base))))
        print(f"{what}: geometric mean of the error's ratio to the default {ratio:.3f}")
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
