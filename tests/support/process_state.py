"""What belongs to the process and not to hbcd, before and after hbcd is imported and used.

Run as a program, because an import can be watched only once: `process_state.py [one_processor]`.
It prints what changed, one line each, and then `done`.
"""

import contextlib
import ctypes
import gc
import json
import locale
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np

GLIBC = 1 << 31 | 1 << 32  # signals 32 and 33, which glibc handles once there is a second thread
CHILD = """
import json, os
allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
print(json.dumps([allowed, dict(os.environ)]))
"""


def affinity():
    """Which sets of processors are allowed to the threads of the process."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    tasks = Path("/proc/self/task")
    threads = [int(entry.name) for entry in tasks.iterdir()] if tasks.exists() else [0]
    return sorted({tuple(sorted(os.sched_getaffinity(thread))) for thread in threads})


def rounding():
    """What arithmetic does with ties and subnormal numbers, and the mode that C reports."""
    one, tie = np.float64(1.0), np.float64(2.0**-53)
    found = [float(one + tie), float(-one - tie), float(one + 1.5 * tie)]
    for dtype in (np.float32, np.float64):
        smallest = np.finfo(dtype).smallest_subnormal
        found += [float(np.finfo(dtype).tiny / dtype(2)), float(smallest * dtype(1))]
    with contextlib.suppress(OSError, TypeError, AttributeError):  # no C library to ask
        found.append(ctypes.CDLL(None).fegetround())
    return found


def signals():
    """Handlers as Python knows them, and as the kernel does."""
    found = {str(number): repr(signal.getsignal(number)) for number in signal.valid_signals()}
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        kept = [line.split(":\t") for line in lines if line[:3] == "Sig" and line[3] in "BIC"]
        found.update((name, int(mask, 16) & ~GLIBC) for name, mask in kept)
    return found


def state():
    """Name -> what it is now."""
    child = subprocess.run(
        [sys.executable, "-S", "-c", CHILD], capture_output=True, text=True, check=True
    )
    return {
        "affinity": affinity(),
        "a child process": json.loads(child.stdout),
        "rounding": rounding(),
        "signals": signals(),
        "environment": dict(os.environ),
        "random": random.getstate(),
        "numpy.random": str(np.random.get_state()),  # noqa: NPY002
        "numpy's print options": np.get_printoptions(),
        "numpy's errors": np.geterr(),
        "warnings": list(map(str, warnings.filters)),
        "locale": locale.setlocale(locale.LC_ALL),
        "folder": os.getcwd(),
        "garbage collector": [gc.isenabled(), gc.get_threshold()],
        "limits of the interpreter": [sys.getswitchinterval(), sys.getrecursionlimit()],
        "hooks": [sys.excepthook, threading.excepthook, sys.unraisablehook, sys.displayhook],
    }  # fmt: skip


def report(name, before):
    """Prints what is no longer as before."""
    now = state()
    for key, value in before.items():
        if now[key] != value:
            print(f"{name}: {key}: {value} -> {now[key]}", flush=True)


def use(hbcd, n_threads):
    """Trains, predicts and minimizes, with work for several threads."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 6))
    y = np.sin(X[:, :1])
    network = hbcd.Network([hbcd.InputLayer(6), hbcd.HiddenLayer(20), hbcd.OutputLayer(1)])
    theta = network.init(1)
    for _ in range(20):
        network.loss_and_gradient(theta, X, y, n_threads=n_threads)
    for strategy in (hbcd.Hybrid.fast(), hbcd.MultiStart(hbcd.FullBatch(hbcd.LBFGS()), 2)):
        stop = hbcd.Stop(max_iterations=20)
        network.train(theta, X, y, strategy=strategy, stop=stop, rng=0, n_threads=n_threads)
    network.predict(theta, X, n_threads=n_threads)
    hbcd.minimize(lambda x: (float(x @ x) / 2, x), np.ones(3), rng=0)


def main():
    if "one_processor" in sys.argv and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    import scipy.optimize  # not ours: minimize imports it

    assert scipy.optimize
    before = state()
    import hbcd

    report("import", before)
    for n_threads in (1, 2, 4):
        use(hbcd, n_threads)
        report(f"{n_threads} threads", before)
    print("done")


if __name__ == "__main__":
    main()
