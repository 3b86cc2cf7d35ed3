"""Rounds a second of the Dask collective: local workers that add vectors of 541 numbers.

python -m bench.training.dask_rounds [--workers 2 3 4] [--numbers 541 10000] [--seconds 2]
"""

from __future__ import annotations

import argparse
import json
import time
import uuid

import numpy as np
from dask.distributed import Client, LocalCluster

from hbcd.distributed.dask_backend import DaskBackend
from hbcd.distributed.dask_worker import ExchangePlugin

__all__ = ["main"]

LANES = 16


def measured(
    name: str, addresses: list[str], rank: int, numbers: int, seconds: float
) -> dict[str, float]:
    """Rounds on one worker for some seconds, which rank 0 counts."""
    backend = DaskBackend(name, addresses, rank, 60.0)
    size = len(addresses)
    some = aligned(LANES * rank // size, LANES * (rank + 1) // size)
    first, count = np.array([begin for begin, _ in some]), np.array([many for _, many in some])
    nodes = np.repeat(count[:, None].astype(float), numbers, axis=1)
    for _ in range(50):
        backend.sum(first, count, nodes, 1, 0, 0)
    started, rounds, status, cpu = time.perf_counter(), 0, 0, time.process_time()
    while status == 0:
        stop = int(rank == 0 and time.perf_counter() - started >= seconds)
        root, status, _ = backend.sum(first, count, nodes, 1, stop, 0)
        assert root is None or root[0] == LANES
        rounds += 1
    backend.end(None)
    cpu = time.process_time() - cpu
    seconds, sent = time.perf_counter() - started, backend.sent / (rounds + 50) / 8 / numbers
    return {"rounds": rounds, "seconds": seconds, "cpu": cpu, "sent": sent}


def aligned(begin: int, end: int) -> list[tuple[int, int]]:
    """Lanes as the largest subtrees: first lane and number of each."""
    found = []
    while begin < end:
        many = 1
        while begin % (2 * many) == 0 and begin + 2 * many <= end:
            many *= 2
        found.append((begin, many))
        begin += many
    return found


def main() -> None:
    """Runs the benchmark and prints a line of JSON for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--numbers", type=int, nargs="+", default=[541, 10_000])
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    for workers in options.workers:
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0"
        )
        with cluster, Client(cluster) as client:
            client.register_plugin(ExchangePlugin())
            for numbers in options.numbers:
                print(json.dumps(line(client, numbers, options.seconds)), flush=True)


def line(client: Client, numbers: int, seconds: float) -> dict[str, float]:
    """What is measured on all workers of a cluster."""
    addresses, name = sorted(client.nthreads()), uuid.uuid4().hex
    futures = [
        client.submit(
            measured,
            name,
            addresses,
            rank,
            numbers,
            seconds,
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )
        for rank, address in enumerate(addresses)
    ]
    found = client.gather(futures)
    return {
        "workers": len(addresses),
        "numbers": numbers,
        "rounds_per_s": round(found[0]["rounds"] / found[0]["seconds"], 1),
        "cpu_us_of_a_round_of_all": round(sum(f["cpu"] for f in found) / found[0]["rounds"] * 1e6),
        "vectors_sent_at_most": round(max(f["sent"] for f in found), 2),
    }


if __name__ == "__main__":
    main()
