"""A fit on a table that is larger than the memory it may take, next to the same fit in memory.

    python -m bench.training.out_of_core [--rows 1e7] [--memory 200M] [--settings default]

A parquet file of random numbers (float32, 15 inputs and a target) is written once to the folder of
temporary files.  Each fit runs in a process of its own, which first fits a table of 5000 rows from
parquet, so that what libraries take when they are loaded is there before; what is told is how far
the peak of resident memory then rises above that, the seconds of the fit, and a hash of the
parameters, which must be the same.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time

SETTINGS = {
    "bfgs": {"hidden_layer_sizes": (20,), "strategy": "full_batch", "max_iter": 10},
    "wide": {"hidden_layer_sizes": (64, 64), "strategy": "full_batch", "max_iter": 4},
    "fast": {"hidden_layer_sizes": (20,), "strategy": "fast", "max_iter": 400},
    "batches": {"hidden_layer_sizes": (20,), "strategy": "mini_batch", "max_iter": 20_000},
    "default": {"max_time": 600.0},
}
COLUMNS = 15
PIECE = 250_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--memory", default="200M")
    parser.add_argument("--settings", default="bfgs,batches", help=", ".join(SETTINGS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(json.loads(args.worker))
        return
    rows = int(args.rows)
    path, small = write(rows), write(5000)
    print(f"{rows} rows of {COLUMNS} float32 inputs, memory={args.memory}, {args.threads} threads")
    head = ("settings", "where", "seconds", "of it reading", "peak MB", "parameters")
    print("{:<10}{:<10}{:>9}{:>15}{:>9}  {}".format(*head))
    for name in args.settings.split(","):
        found = []
        for memory in (args.memory, None):
            job = {"path": path, "small": small, "memory": memory, "threads": args.threads}
            found.append(run({**job, "settings": name}))
            where = "in memory" if memory is None else "in a file"
            one = found[-1]
            print(
                f"{name:<10}{where:<10}{one['seconds']:>9.1f}{one['reading']:>15.1f}"
                f"{one['peak']:>9.0f}  {one['hash']}",
                flush=True,
            )
        ratio = found[0]["seconds"] / found[1]["seconds"]
        same = "the same bits" if found[0]["hash"] == found[1]["hash"] else "OTHER BITS"
        print(f"{name:<10}{ratio:.2f} x the time in memory, {same}", flush=True)


def write(rows):
    """The path of a parquet file of so many rows, written where it is not there yet."""
    import numpy as np
    import pyarrow
    from pyarrow import parquet

    path = os.path.join(tempfile.gettempdir(), f"hbcd-bench-{rows}.parquet")
    if os.path.exists(path):
        return path
    generator = np.random.default_rng(0)
    names = [f"c{k}" for k in range(COLUMNS)] + ["power"]
    schema = pyarrow.schema([(name, pyarrow.float32()) for name in names])
    with parquet.ParquetWriter(path + ".part", schema) as file:
        for begin in range(0, rows, PIECE):
            x = generator.standard_normal((min(PIECE, rows - begin), COLUMNS), np.float32)
            noise = generator.standard_normal(len(x), np.float32)
            y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + np.abs(x[:, 3]) + np.float32(0.1) * noise
            file.write_table(pyarrow.table([*x.T, y], schema=schema))
    os.replace(path + ".part", path)
    return path


def run(job):
    """What a worker says."""
    command = [sys.executable, "-m", "bench.training.out_of_core", "--worker", json.dumps(job)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def worker(job):
    import resource

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    settings = {**SETTINGS[job["settings"]], "random_state": 0, "n_threads": job["threads"]}
    fit(job["small"], "10K", {**settings, "max_iter": 5})
    fit(job["small"], None, {**settings, "max_iter": 5})
    before = peak()
    started = time.perf_counter()
    model = fit(job["path"], job["memory"], settings)
    seconds = time.perf_counter() - started
    found = {
        "seconds": seconds,
        "reading": seconds - model.report_.seconds,
        "peak": peak() - before,
        "hash": hashlib.sha256(model.theta_.tobytes()).hexdigest()[:12],
    }
    print(json.dumps(found))


def fit(path, memory, settings):
    import pandas as pd

    import hbcd

    model = hbcd.HybridRegressor(**settings)
    if memory is not None:
        return model.fit(hbcd.Rows(path, target="power", memory=memory))
    frame = pd.read_parquet(path)
    return model.fit(frame.drop(columns="power"), frame["power"])


if __name__ == "__main__":
    main()
