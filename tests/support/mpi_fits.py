"""What a rank of tests/distributed/test_mpi.py does: mpiexec runs it with a function's name."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

import hbcd
from hbcd.distributed import MPIBackend, RankLost, mpi
from hbcd.distributed.messages import GATHER, Message
from hbcd.estimators.fitting import fit_on_ranks
from hbcd.networks import stored_data
from hbcd.streams import rows_of_ranks
from hbcd.streams.files import Files, found_files
from hbcd.streams.selected import WithoutColumns
from hbcd.streams.sources import FileSource

ROWS = 4000
ALL = ("fast", "paper", "bcd", "batch_shell", "auto", "classes", "default", "default_of_classes")
SOME = ("fast", "bcd", "classes")


def table():
    """Inputs, targets, weights, labels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, 4))
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] * x[:, 2] + 0.1 * rng.standard_normal(ROWS)
    labels = np.where(x[:, 0] * x[:, 1] > 0.2, "yes", np.where(x[:, 2] > 0, "no", "maybe"))
    return x, y, rng.uniform(0.5, 2.0, ROWS), labels


def share(rank, size):
    """The rows of a rank, uneven; of three and more ranks the second has none."""
    ends = [ROWS * k * k // size**2 for k in range(size + 1)]
    if size > 2:
        ends[2] = ends[1]
    return slice(ends[rank], ends[rank + 1])


def fits(backend, own, some):
    """Names of fits and fitted models."""
    x, y, w, labels = table()
    options = {"random_state": 0, "backend": backend, "max_fun": 80}
    for whole in (1 << 25, 0):
        fit_on_ranks.WHOLE = whole
        for strategy in (name for name in some if name in ALL[:5]):
            for dtype in ("float32", "float64"):
                model = hbcd.HybridRegressor((5, 4), strategy=strategy, dtype=dtype, **options)
                yield f"{strategy} {dtype} {whole}", model.fit(x[own], y[own], w[own])
        frame = pd.DataFrame(x, columns=list("abcd"))
        model = hbcd.HybridClassifier((5,), early_stopping="accuracy", **options)
        yield f"classes {whole}", model.fit(frame.iloc[own], labels[own])
    if "default" not in some:
        return
    own = own if own.stop is None else slice(own.start // 10, own.stop // 10)
    small = {"effort": 0.02, "random_state": 0, "backend": backend}
    x, y, labels = x[: ROWS // 10][own], y[: ROWS // 10][own], labels[: ROWS // 10][own]
    yield "default", hbcd.HybridRegressor(**small).fit(x, y)
    yield "default_of_classes", hbcd.HybridClassifier(**small).fit(x, labels)


def prints(backend, own, some):
    """Lines of name and SHA-256 of the weights."""
    found = {}
    for name, model in fits(backend, own, some):
        bits = model.theta_.tobytes() + model.x_scaler_.scale.tobytes()
        found[name] = hashlib.sha256(bits).hexdigest()
    return found


def hashes(backend):
    """Prints them once they are found to be the same on all ranks."""
    found = prints(backend, share(backend.rank, backend.size), sys.argv[2:])
    with backend.session():
        assert all(other == found for other in backend.gather(found))
    if backend.rank == 0:
        for name, digest in found.items():
            print(name, digest, sep="=")


def frame():
    """The table as one DataFrame, with text, gaps and dates."""
    x, y, w, labels = table()
    found = pd.DataFrame(x, columns=list("abcd")).assign(y=y, w=w, label=labels)
    found["when"] = pd.date_range("2024-01-01", periods=ROWS, freq="h")
    found.loc[found.index % 50 == ROWS % 49, "b"] = np.nan
    return found


def read_fits(rows_of, backend=None):
    """Names and SHA-256 of the weights of fits on `rows_of(target, other)`."""
    options = {"random_state": 0, "backend": backend, "missing": "indicator", "dates": "features"}
    some = {**options, "max_fun": 60}
    models = {
        "float32": hbcd.HybridRegressor((5, 4), dtype="float32", **some),
        "float64": hbcd.HybridRegressor((5, 4), dtype="float64", strategy="batch_shell", **some),
        "held out": hbcd.HybridRegressor((5,), early_stopping="r2", **some),
        "members": hbcd.HybridRegressor(effort=0.002, **options),
        "classes": hbcd.HybridClassifier((5,), **some),
    }
    found = {}
    for name, model in models.items():
        target = ("label", "y") if name == "classes" else ("y", "label")
        model.fit(*rows_of(*target))
        bits = model.theta_.tobytes() + model.x_scaler_.scale.tobytes()
        found[name] = hashlib.sha256(bits).hexdigest()
    return found


def read(backend):
    """Fits of parts of the files in a folder, which are kept in files."""
    rows_of_ranks.WHOLE, stored_data.SMALL = 0, 1 << 10
    source = FileSource(Files(found_files(sys.argv[2])))

    def part(target, other):
        rows = hbcd.Rows(WithoutColumns(source, (other,)), target, "w", memory="20K")
        return (rows.part(backend.rank, backend.size),)

    found = read_fits(part, backend)
    with backend.session():
        assert all(other == found for other in backend.gather(found))
    if backend.rank == 0:
        for name, digest in found.items():
            print(name, digest, sep="=")


def write_down(rank, text):
    """What a rank has to say, into a file of the folder that the command line ends with.

    What it prints may be lost where another rank aborts all.
    """
    said = Path(sys.argv[-1], f"{rank}.part")
    said.write_text(f"rank {rank}: {text}", encoding="utf-8")
    said.rename(said.with_suffix(".txt"))


def endless(backend):
    """A fit that only a loss ends."""
    x, y, *_ = table()
    strategy = hbcd.FullBatch(hbcd.Adam(), max_iterations=10**9)
    stop = hbcd.Stop(f_tol=None, pg_tol=0.0)
    model = hbcd.HybridRegressor((20, 20), strategy=strategy, stop=stop, backend=backend)
    started = time.perf_counter()
    try:
        model.fit(x, y)
    except RankLost as error:
        write_down(backend.rank, f"{error} {time.perf_counter() - started:.1f}")


def hurt(backend):
    """Rank 1 is killed, or stopped, in the midst of a fit."""
    if backend.rank == 1:
        number = getattr(signal, sys.argv[2])
        threading.Timer(float(sys.argv[3]), lambda: os.kill(os.getpid(), number)).start()
    endless(backend)


def behind(backend):
    """The last rank sends a message of a round to rank 0 alone, which is then a round ahead."""
    backend.gather(None)
    if backend.rank == backend.size - 1:
        word = Message(GATHER, body=pickle.dumps(None)).pack()
        backend._comm.Isend([word, backend._mpi.BYTE], 0, mpi.TAG)
        time.sleep(60)
    try:
        for _ in range(2):
            backend.gather(None)
    except RankLost as error:
        write_down(backend.rank, error)
        while len(list(Path(sys.argv[-1]).glob("*.txt"))) < backend.size - 1:
            time.sleep(0.05)  # the first one that ends aborts the others


def interrupted(backend):
    """Ctrl-C on every rank, as a terminal sends it: rank 0 ends the fit of all."""
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    x, y, *_ = table()
    strategy = hbcd.FullBatch(hbcd.Adam(), max_iterations=10**9)
    stop = hbcd.Stop(f_tol=None, pg_tol=0.0)
    model = hbcd.HybridRegressor((20, 20), strategy=strategy, stop=stop, backend=backend)
    model.fit(x, y)
    digest = hashlib.sha256(model.theta_.tobytes()).hexdigest()
    with backend.session():
        assert set(backend.gather(digest)) == {digest}
    if backend.rank == 0:
        print(model.report_.stop_reason.name)


if __name__ == "__main__":
    globals()[sys.argv[1]](MPIBackend(timeout=float(os.environ.get("RANK_TIMEOUT", "60"))))
