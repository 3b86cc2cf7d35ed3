"""What ranks of MPI cost: rounds a second, bytes, and an evaluation beside threads.

    python -m bench.training.ranks [--ranks 2] [--seconds 1]

Needs mpi4py and mpiexec, and as many idle processors as ranks.  It starts mpiexec itself.

- rounds: sums of subtrees of 16 lanes over the ranks, P = 541 and 10^4.
- bytes: what a rank sends for such a sum, in vectors of P float64.  Bar: 2 log2(16).
- an evaluation of P = 541 that takes about 5 ms on as many threads as there are ranks: the loss and
  its gradient on ranks of one thread each, and in one process on so many threads.  Bar: 10 % more.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import hbcd
from hbcd import core
from hbcd.utils.shared_store import lane_starts

LANES = 16
MOST_VECTORS, MOST_OVERHEAD = 2 * np.log2(LANES), 0.10
ROWS, WIDTHS = 150_000, (10, 15, 20)  # P = 4*10+10 + 10*15+15 + 15*20+20 + 21 = 556, near 541


def subtrees(begin: int, end: int) -> list[tuple[int, int]]:
    """Lanes from begin to end as aligned subtrees (first, lanes)."""
    found = []
    while begin < end:
        k = 1
        while begin % (2 * k) == 0 and begin + 2 * k <= end:
            k *= 2
        found.append((begin, k))
        begin += k
    return found


def rounds(backend: Any, n: int, seconds: float) -> tuple[float, float]:
    """Sums a second, and the vectors that a rank sends for one."""
    cut = [LANES * k // backend.size for k in range(backend.size + 1)]
    own = subtrees(cut[backend.rank], cut[backend.rank + 1])
    first, lanes = (np.array([one[k] for one in own], np.int64) for k in range(2))
    nodes = np.random.default_rng(backend.rank).standard_normal((len(own), n))
    done, sent, began = 0, backend.sent, time.perf_counter()
    over = 0
    while not over:
        done += 1
        late = backend.rank == 0 and time.perf_counter() - began > seconds
        _, _, over = backend.sum(first, lanes, nodes, 1, 0, int(late))
    return done / (time.perf_counter() - began), (backend.sent - sent) / done / (8 * n)


def evaluation(ranks: Any, threads: int, seconds: float) -> float:
    """Milliseconds of a loss with its gradient, the median."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((ROWS, 4)), rng.standard_normal((ROWS, 1))
    shared: dict[str, Any] = {}
    if ranks is not None:
        first = lane_starts(ROWS, ranks.size)
        own = slice(first[ranks.rank], first[ranks.rank + 1])
        x, y, shared = x[own], y[own], {"ranks": ranks, "first": first}
    hidden = [hbcd.HiddenLayer(width) for width in WIDTHS]
    network = hbcd.Network([hbcd.InputLayer(4), *hidden, hbcd.OutputLayer(1)])
    data = core.Data(np.float64, x, y, **shared)
    theta, net = network.init(0), network.core_network(np.dtype(np.float64))
    gradient, taken = np.empty_like(theta), []
    for _ in range(max(int(seconds / 5e-3), 20)):
        began = time.perf_counter()
        net.loss(data, theta, gradient, threads)
        taken.append(time.perf_counter() - began)
    return 1e3 * statistics.median(taken)


def inside(args: argparse.Namespace) -> int:
    """On every rank."""
    backend = hbcd.distributed.MPIBackend()
    failed, say = 0, print if backend.rank == 0 else lambda *_: None
    say(f"{backend.size} ranks")
    for n in (541, 10_000):
        per_second, vectors = rounds(backend, n, args.seconds)
        most = max(backend.gather(vectors))
        say(f"P = {n:6d}: {per_second:9.0f} rounds/s, {most:5.2f} vectors a rank and evaluation")
        failed |= most > MOST_VECTORS + 0.1  # heads of messages
    turns = []
    for _ in range(5):
        with_ranks = evaluation(backend, 1, args.seconds)
        backend.gather(None)
        alone = evaluation(None, backend.size, args.seconds) if backend.rank == 0 else 0.0
        backend.gather(None)
        turns.append((with_ranks, alone))
    with_ranks, alone = (statistics.median(values) for values in zip(*turns, strict=True))
    more = with_ranks / max(alone, 1e-9) - 1
    say(f"an evaluation: {with_ranks:.2f} ms on ranks, {alone:.2f} ms on threads: {more:+.1%}")
    return int(failed or (backend.rank == 0 and more > MOST_OVERHEAD))


def main() -> int:
    """Starts mpiexec; 1 above a bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        return inside(args)
    beside = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    mpiexec = beside or shutil.which("mpiexec")
    if mpiexec is None:
        print("bench.training.ranks: needs mpi4py and mpiexec: pip install mpi4py mpich")
        return 1
    command = [mpiexec, "-n", str(args.ranks), sys.executable, "-m", "bench.training.ranks"]
    return subprocess.call([*command, "--inside", "--seconds", str(args.seconds)])


if __name__ == "__main__":
    sys.exit(main())
