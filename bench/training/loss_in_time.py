"""Training loss after a given time: hbcd's default at 10 s beside first-order peers at 60 s.

    HBCD_DATA=DIR python -m bench.training.loss_in_time [--table siec] [--ours 10] [--theirs 60]

The loss is the mean squared error over the variance of the target, 1 - R2 on the training rows.
The nets, their settings and their clocks are those of quality.py.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from typing import Any

from quality import limit_threads, present, warm_up


def loss(run: Any, task: Any) -> float:
    """That of the last look at the training rows, as if they were the test rows."""
    x, _, y, _ = task.parts
    curve = run(replace(task, parts=[x, x, y, y])).curve(replace(task, parts=[x, x, y, y]))
    return 1 - [r2 for r2 in curve if math.isfinite(r2)][-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="siec", choices=["ccpp", "siec", "plant"])
    parser.add_argument("--ours", type=float, default=10.0, help="seconds of hbcd")
    parser.add_argument("--theirs", type=float, default=60.0, help="seconds of the others")
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hidden", type=int, nargs="+", default=[10, 10, 10])
    options = parser.parse_args()
    options.only = ["Hybrid.fast", "FullBatch BFGS", "scikit-learn", "PyTorch"]
    limit_threads(options.threads)
    from bench.quality.race import make_task, tables

    chosen = present(options)
    warm_up(list(chosen.values()), options)
    for name, data in tables([options.table]).items():
        for seed in range(options.splits):
            for method, run in chosen.items():
                options.budget = options.ours if method.startswith("hbcd") else options.theirs
                found = loss(run, make_task(name, data, seed, options))
                print(
                    f"{name} split {seed}: {method}, {options.budget:g} s: {found:.3g}", flush=True
                )


if __name__ == "__main__":
    main()
