"""How far a fit scales over workers: a model fed with measured numbers, not a measurement.

    python -m bench.training.scaling [--parameters 541] [--ns-per-row 33] [--latency-us 30]
                                     [--message-us 5] [--gigabits 10] [--tree] [--json FILE]

One evaluation of the loss and its gradient on W workers of one thread each takes

    t(W) = ceil(L / W) / L * rows * c  +  2 (W - 1) m  +  2 l  +  bytes(W) / B  +  s

- L: lanes of so many rows (`core.lane_rows`), each worker having at most ceil(L / W) of them
- c: seconds a row, one thread (`--ns-per-row`; 0: measured here)
- m: processor time of sending and taking in one message, l: latency of a message on its way
- bytes(W): the 2 log2(L) vectors of float64 that a worker sends at most, and as many back
- B: of the link of one worker
- s: what all workers do alike, the optimizer's own step: 20 operations a parameter

of two rounds of messages from every worker to every other one, as ranks of MPI send them beyond
two.  With --tree, as workers of Dask do, instead of the messages

    2 h l  +  2 (c + 2 (h - 1)) m

up a tree of h levels and down again, where the first worker has c others below it.  The efficiency
is t(1) / (W t(W)).  What it leaves out: other users of the network, a worker slower than the others
(the slowest one counts), reading the rows.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np

import hbcd
from hbcd import core
from hbcd.distributed.tree import children_of

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
ROWS = (10**6, 10**7, 10**8, 10**9)
STEP = 20e-9 / 10  # seconds of the optimizer a parameter: 20 operations, ten a nanosecond


def measured_row() -> float:
    """Seconds a row of one gradient of a network 15-10-10-10-10-10-1, float64, one thread."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100_000, 15)), rng.normal(size=(100_000, 1))
    hidden = [hbcd.HiddenLayer(10, hbcd.Tanh()) for _ in range(4)]
    network = hbcd.Network([hbcd.InputLayer(15), *hidden, hbcd.OutputLayer(1)])
    loss = network.bind(x, y, n_threads=1)
    theta = network.init(0)
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        loss(theta)
        times.append(time.perf_counter() - begun)
    return min(times) / len(x)


def seconds(rows: int, workers: int, o: argparse.Namespace) -> float:
    """Of one evaluation."""
    lanes = len(core.lane_rows(rows)) - 1
    work = math.ceil(lanes / workers) / lanes * rows * o.ns_per_row * 1e-9
    step = STEP * o.parameters
    if workers == 1:
        return work + step
    vectors = 2 * min(2 * math.log2(lanes), math.ceil(lanes / workers))
    sent = vectors * o.parameters * 8 * 8 / (o.gigabits * 1e9)
    handled, ways = 2 * (workers - 1), 2
    if o.tree:
        levels = deepest(0, workers)
        handled, ways = 2 * (len(children_of(0, workers)) + 2 * (levels - 1)), 2 * levels
    messages = handled * o.message_us * 1e-6 + ways * o.latency_us * 1e-6
    return work + step + messages + sent


def deepest(rank: int, workers: int) -> int:
    """Levels of the tree below a worker."""
    return max((1 + deepest(one, workers) for one in children_of(rank, workers)), default=0)


def main() -> None:
    """Prints a table of efficiencies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parameters", type=int, default=541)
    parser.add_argument("--ns-per-row", type=float, default=33.0, help="0: measured here")
    parser.add_argument("--latency-us", type=float, default=30.0)
    parser.add_argument("--message-us", type=float, default=5.0)
    parser.add_argument("--gigabits", type=float, default=10.0, help="a second, of a worker's link")
    parser.add_argument("--tree", action="store_true", help="messages as of Dask's workers")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.ns_per_row == 0:
        options.ns_per_row = measured_row() * 1e9
        print(f"measured: {options.ns_per_row:.1f} ns a row")
    print("| rows | " + " | ".join(f"{w} workers" for w in WORKERS) + " |")
    print("|---" * (len(WORKERS) + 1) + "|")
    found = {}
    for rows in ROWS:
        alone = seconds(rows, 1, options)
        shares = [alone / (w * seconds(rows, w, options)) for w in WORKERS]
        found[rows] = dict(zip(WORKERS, shares, strict=True))
        print(f"| {rows:.0e} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    if options.json:
        options.json.write_text(
            json.dumps({"options": vars(options) | {"json": None}, "efficiency": found})
        )


if __name__ == "__main__":
    main()
