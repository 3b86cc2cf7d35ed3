"""Rounds a second of the Dask collective: two local workers that add vectors of 541 numbers.

python -m bench.training.dask_rounds [--workers 2] [--numbers 541 10000] [--seconds 2]
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


def measured(
    name: str, addresses: list[str], rank: int, numbers: int, seconds: float
) -> dict[str, float]:
    """Rounds on one worker for some seconds, which rank 0 counts."""
    backend = DaskBackend(name, addresses, rank, 60.0)
    lanes = 16 // len(addresses)
    first, count = np.array([rank * lanes]), np.array([lanes])
    nodes = np.full((1, numbers), rank + 1.0)
    for _ in range(50):
        backend.sum(first, count, nodes, 1, 0, 0)
    started, rounds, status, cpu = time.perf_counter(), 0, 0, time.process_time()
    while status == 0:
        stop = int(rank == 0 and time.perf_counter() - started >= seconds)
        root, status, _ = backend.sum(first, count, nodes, 1, stop, 0)
        assert root is None or root[0] == len(addresses) * (len(addresses) + 1) / 2
        rounds += 1
    backend.end(None)
    cpu = time.process_time() - cpu
    return {"rounds": rounds, "seconds": time.perf_counter() - started, "cpu": cpu}


def main() -> None:
    """Runs the benchmark and prints a line of JSON for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2, 4, 8, 16))
    parser.add_argument("--numbers", type=int, nargs="+", default=[541, 10_000])
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    cluster = LocalCluster(
        n_workers=options.workers, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    with cluster, Client(cluster) as client:
        client.register_plugin(ExchangePlugin())
        addresses = sorted(client.nthreads())
        for numbers in options.numbers:
            name = uuid.uuid4().hex
            futures = [
                client.submit(
                    measured,
                    name,
                    addresses,
                    rank,
                    numbers,
                    options.seconds,
                    workers=[address],
                    allow_other_workers=False,
                    pure=False,
                )
                for rank, address in enumerate(addresses)
            ]
            found = client.gather(futures)[0]
            rate = round(found["rounds"] / found["seconds"], 1)
            cpu = round(found["cpu"] / found["rounds"] * 1e6, 1)
            line = {"workers": len(addresses), "numbers": numbers, "rounds_per_s": rate}
            print(json.dumps(line | {"cpu_us_of_a_round": cpu}))


if __name__ == "__main__":
    main()
