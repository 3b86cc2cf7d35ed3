"""BFGS with its whole matrix beside L-BFGS: CPU time down to the loss that both reach, one thread.

    python -m bench.training.quasi_newton [--rows 3000 10000 40000] [--dtype float32]

Generated rows (10 columns, smooth), networks of two hidden layers of equal widths.  `gain` is the
CPU time of L-BFGS over that of BFGS: above 1 the matrix pays.  What `hbcd.Finish` goes by
(`hbcd/training/quasi_newton.py`) was read from this and from tables.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import hbcd
from hbcd.training.quasi_newton import bfgs_pays

FLOPS = 4e11  # of one training, about
MOST = {"BFGS": 600, "LBFGS": 2400}  # iterations


def rows(n: int, dtype: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 10))
    y = np.sin(2 * x[:, 0] * x[:, 1]) + 0.5 * x[:, 2] ** 2 + np.tanh(x[:, 3] - x[:, 4]) * x[:, 5]
    y += 0.05 * rng.normal(size=n)
    return x.astype(dtype), ((y - y.mean()) / y.std()).astype(dtype)


def network(width: int) -> hbcd.Network:
    hidden = [hbcd.HiddenLayer(width, hbcd.Tanh()) for _ in range(2)]
    return hbcd.Network([hbcd.InputLayer(10), *hidden, hbcd.OutputLayer(1)], alpha=0.01)


def trained(net: hbcd.Network, x: Any, y: Any, optimizer: Any) -> tuple[list[float], list[float]]:
    """Losses in the course of a training, and the CPU seconds up to each."""
    most = MOST[type(optimizer).__name__]
    share = most / MOST["BFGS"]
    iterations = int(min(most, max(60, share * FLOPS / (7 * net.n_parameters * len(x)))))
    strategy = hbcd.FullBatch(optimizer, iterations, check_every=5)
    begin = time.process_time()
    report = net.train(
        net.init(0, x.dtype), x, y, strategy=strategy, stop=hbcd.Stop(0.0, None), n_threads=1
    )
    each = (time.process_time() - begin) / report.n_iter
    lines = report.history[report.history.event == "epoch"]
    return list(lines.loss), list(lines.n_iter * each)


def seconds_to(loss: float, curve: tuple[list[float], list[float]]) -> float:
    return next(at for value, at in zip(*curve, strict=True) if value <= loss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[3000, 10_000, 40_000])
    parser.add_argument("--widths", type=int, nargs="+", default=[10, 20, 30, 45, 64])
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    options = parser.parse_args()
    print("    rows  weights  weights/rows   gain  chosen")
    for n in options.rows:
        x, y = rows(n, options.dtype)
        for width in options.widths:
            net = network(width)
            curves = [trained(net, x, y, method) for method in (hbcd.BFGS(), hbcd.LBFGS(memory=20))]
            both = max(min(losses) for losses, _ in curves)
            bfgs, lbfgs = (seconds_to(both, curve) for curve in curves)
            chosen = "BFGS" if bfgs_pays(net.n_parameters, n) else "L-BFGS"
            share = net.n_parameters / n
            print(
                f"{n:8}{net.n_parameters:9}{share:14.2f}{lbfgs / bfgs:7.2f}  {chosen}", flush=True
            )


if __name__ == "__main__":
    main()
