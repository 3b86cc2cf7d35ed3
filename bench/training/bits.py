"""Whether the weights of a fit are the same bits wherever it runs: threads, files, MPI, Dask.

    python -m bench.training.bits [--rows 3000] [--venues memory files mpi dask]

Regression and classes, float32 and float64, the strategies fast, paper, bcd, batch_shell and the
default, each on 1, 2 and 4 threads in memory and in a file (`memory=` a tenth of the table), on 1,
2, 3, 4 and 7 ranks of MPI with rows of uneven numbers (one rank has none) in memory and in files,
and on 1, 2 and 3 workers of Dask with uneven pieces (one empty).  Ranks and workers run twice: as a
table of this size is placed (inputs on every rank), and as a large one is (each row on one rank).
A line a case: sha256 of weights, scalers and loss, and where it differed.  1 if it did anywhere.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import hbcd

THREADS, RANKS, WORKERS = (1, 2, 4), (1, 2, 3, 4, 7), (1, 2, 3)
STRATEGIES = ("fast", "paper", "bcd", "batch_shell", "default")
COLUMNS = 5
CASES = [
    (task, dtype, strategy)
    for task in ("regression", "classes")
    for dtype in ("float32", "float64")
    for strategy in STRATEGIES
]


def table(rows: int, task: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, COLUMNS))
    y = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.1 * rng.standard_normal(rows)
    if task == "classes":
        return x, np.searchsorted(np.quantile(y, [1 / 3, 2 / 3]), y)
    return x, y


def settings(task: str, dtype: str, strategy: str, **more: Any) -> dict[str, Any]:
    """Of a case: the default is the default; the others are ended sooner."""
    options: dict[str, Any] = {"dtype": dtype, "random_state": 0, **more}
    if strategy != "default":
        options |= {"strategy": strategy, "hidden_layer_sizes": (6, 5), "max_fun": 120}
    return options


def estimator(task: str, *case: str, **more: Any) -> Any:
    """Not yet fitted."""
    kind = hbcd.HybridClassifier if task == "classes" else hbcd.HybridRegressor
    return kind(**settings(task, *case, **more))


def digest(model: Any) -> str:
    """SHA-256 of what predictions come from, and of the loss."""
    scalers = [s for s in (model.x_scaler_, model.y_scaler_) if s is not None]
    numbers = [model.theta_, *(v for s in scalers for v in (s.mean, s.scale)), model.loss_]
    return hashlib.sha256(b"".join(np.asarray(v).tobytes() for v in numbers)).hexdigest()


def stored(x: np.ndarray, y: np.ndarray) -> Any:
    """The same rows, read from memory that counts as files, a tenth of them kept."""
    return hbcd.Rows((x, y), memory=max((x.nbytes + y.nbytes) // 10, 4096))


def cut(rows: int, size: int) -> np.ndarray:
    """Where the rows of ranks begin: uneven, the second rank of three and more has none."""
    shares = np.random.default_rng(size).uniform(0.3, 2.0, size)
    if size > 2:
        shares[1] = 0.0
    return np.rint(rows * np.concatenate([[0.0], np.cumsum(shares) / shares.sum()])).astype(int)


def apart() -> None:
    """Tables of any size are placed as large ones are."""
    from hbcd.estimators.fitting import fit_on_ranks
    from hbcd.streams import rows_of_ranks

    fit_on_ranks.WHOLE = rows_of_ranks.WHOLE = 0


def on_threads(rows: int, files: bool) -> dict[str, dict[str, str]]:
    """Digests by case of fits in this process."""
    found: dict[str, dict[str, str]] = {}
    where = "file" if files else "memory"
    for case in CASES:
        x, y = table(rows, case[0])
        for n in THREADS:
            model = estimator(*case, n_threads=n)
            model = model.fit(stored(x, y)) if files else model.fit(x, y)
            found.setdefault(f"{where}, {n} threads", {})[" ".join(case)] = digest(model)
    return found


def on_a_rank(rows: int, files: bool, out: Path) -> None:
    """Fits on one rank, under mpiexec; the first writes their digests."""
    backend = hbcd.distributed.MPIBackend(timeout=600)
    begin, end = cut(rows, backend.size)[backend.rank : backend.rank + 2]
    found = {}
    for case in CASES:
        x, y = (one[begin:end] for one in table(rows, case[0]))
        model = estimator(*case, backend=backend, n_threads=1)
        model = model.fit(stored(x, y)) if files else model.fit(x, y)
        found[" ".join(case)] = digest(model)
    alike = backend.gather(json.dumps(found))
    if len(set(alike)) > 1:
        raise AssertionError("ranks have different models")
    if backend.rank == 0:
        out.write_text(json.dumps(found))


def on_ranks(rows: int, files: bool, placed: str) -> dict[str, dict[str, str]]:
    """Digests by number of ranks."""
    beside = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    mpiexec = beside or shutil.which("mpiexec")
    if mpiexec is None:
        raise SystemExit("bench.training.bits: needs mpi4py and mpiexec: pip install mpi4py mpich")
    found = {}
    where = f"{'files' if files else 'memory'}, {placed}"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        for size in RANKS:
            command = [mpiexec, "-n", str(size), sys.executable, "-m", "bench.training.bits"]
            inside = ["--inside", str(out), "--rows", str(rows), "--placed", placed]
            subprocess.run([*command, *inside, *(["--files"] if files else [])], check=True)
            found[f"MPI {size}, {where}"] = json.loads(out.read_text())
    return found


def on_workers(rows: int, placed: str) -> dict[str, dict[str, str]]:
    """Digests by number of workers of Dask."""
    import dask.array as da
    from dask.distributed import Client, LocalCluster

    from hbcd.distributed import DaskHybridClassifier, DaskHybridRegressor

    found: dict[str, dict[str, str]] = {}
    options = {"n_workers": max(WORKERS), "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        if placed == "apart":
            client.run(apart)
            apart()
        for case in CASES:
            x, y = table(rows, case[0])
            pieces = (rows // 5, 0, rows // 2, rows - rows // 5 - rows // 2)
            lazy = da.from_array(x, (pieces, (COLUMNS,))), da.from_array(y, rows // 3)
            kind = DaskHybridClassifier if case[0] == "classes" else DaskHybridRegressor
            for n in WORKERS:
                model = kind(**settings(*case), client=client, n_workers=n, timeout=600)
                digests = found.setdefault(f"Dask {n}, {placed}", {})
                digests[" ".join(case)] = digest(model.fit(*lazy).to_local())
    return found


def compare(found: dict[str, dict[str, str]]) -> int:
    """A line a case; how many differ anywhere."""
    first = next(iter(found))
    wrong = 0
    for case in found[first]:
        wanted = found[first][case]
        others = [where for where, digests in found.items() if digests.get(case) != wanted]
        wrong += bool(others)
        said = f"differs: {'; '.join(others)}" if others else f"the same in {len(found)} places"
        print(f"{case:32s} {wanted[:16]}  {said}")
    return wrong


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=3000)
    venues = ["memory", "files", "mpi", "dask"]
    parser.add_argument("--venues", nargs="+", choices=venues, default=venues)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--files", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--placed", default="whole", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        if args.placed == "apart":
            apart()
        on_a_rank(args.rows, args.files, args.inside)
        return 0
    runs: list[tuple[str, Any]] = [("memory", lambda: on_threads(args.rows, files=False))]
    runs += [("files", lambda: on_threads(args.rows, files=True))]
    for placed in ("whole", "apart"):
        for files in (False, True):
            runs += [("mpi", lambda f=files, p=placed: on_ranks(args.rows, f, p))]
        runs += [("dask", lambda p=placed: on_workers(args.rows, p))]
    found: dict[str, dict[str, str]] = {}
    for name, run in runs:
        if name in args.venues:
            began = time.perf_counter()
            new = run()
            found |= new
            print(f"{len(new)} places, {time.perf_counter() - began:.0f} s: {'; '.join(new)}")
            sys.stdout.flush()
    return int(compare(found) > 0)


if __name__ == "__main__":
    sys.exit(main())
