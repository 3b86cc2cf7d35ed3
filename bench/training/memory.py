"""Peak memory of a fit and of a prediction, beyond what the process held before, over X and y.

    python -m bench.training.memory [--rows 1000000] [--columns 15] [--dtype float64] [--memmap]

The bar is 1.2 for a fit of 10^6 x 15 in float64.  The peak is the kernel's own (VmHWM, set back
before each call), so this needs Linux.  Exits with 1 above the bar.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import hbcd

BAR = 1.2
AT_ONCE = 100_000  # rows drawn at a time


def status(field: str) -> int:
    """A line of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return 1024 * int(line.split()[1])
    raise OSError(f"{field}: not in /proc/self/status")


def peak(call: Callable[[], Any]) -> tuple[int, float, Any]:
    """Bytes that a call takes at most beyond what is held now, its seconds, what it returns."""
    Path("/proc/self/clear_refs").write_text("5")
    before, began = status("VmRSS"), time.perf_counter()
    found = call()
    return status("VmHWM") - before, time.perf_counter() - began, found


def table(rows: int, columns: int, dtype: str, file: Path | None) -> tuple[Any, Any]:
    """X, in memory or mapped from a file, and y."""
    rng = np.random.default_rng(0)
    shape = (rows, columns)
    x = np.empty(shape, dtype) if file is None else np.memmap(file, dtype, "w+", shape=shape)
    y = np.empty(rows, dtype)
    for at in range(0, rows, AT_ONCE):
        part = rng.standard_normal((min(AT_ONCE, rows - at), columns), dtype=np.dtype(dtype))
        x[at : at + AT_ONCE] = part
        y[at : at + AT_ONCE] = part[:, 0] + np.tanh(part[:, 1]) * part[:, -1]
    if isinstance(x, np.memmap):
        x.flush()
        x = np.memmap(file, dtype, "r", shape=shape)
    return x, y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=15)
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    parser.add_argument("--memmap", action="store_true", help="X is a file, and its pages count")
    parser.add_argument("--max-time", type=float, default=5.0)
    parser.add_argument("--strategy", default="fast")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x" if options.memmap else None
        x, y = table(options.rows, options.columns, options.dtype, file)
        model = hbcd.HybridRegressor(
            strategy=options.strategy,
            random_state=0,
            dtype=options.dtype,
            max_time=options.max_time,
        )
        few = min(2000, options.rows)
        model.fit(np.array(x[:few]), y[:few])  # what is loaded at first use
        size = x.nbytes + y.nbytes
        taken, seconds, _ = peak(lambda: model.fit(x, y))
        print(f"X and y: {size / 1e6:.0f} MB, {options.dtype}, {options.rows} rows")
        bar = BAR + options.memmap  # pages of the file, which the kernel may drop, count too
        print(f"fit:     {taken / size:.3f} of it at the peak, {seconds:.1f} s  (bar {bar:g})")
        used, seconds, _ = peak(lambda: model.predict(x))
        print(f"predict: {used / size:.3f} of it at the peak, {seconds:.2f} s")
    sys.exit(taken > bar * size)


if __name__ == "__main__":
    main()
