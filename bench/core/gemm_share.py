"""The affine kernels and J'J as shares of the rate of SciPy's BLAS, one thread, in the same run.

    python -m bench.core.gemm_share [--seconds 0.1] [--json FILE]

Builds and runs the C benchmark (its affine lines and its normal equations), and times dgemm and
sgemm of 1024 x 1024 matrices and dsyrk of a Jacobian of 7654 x 281 before and after it; the faster
of the two counts.  Shown is the best instruction set of this processor.  Exits with 1 if a bar is
missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

CSRC = Path(__file__).resolve().parents[2] / "csrc"
N, ROWS, PARAMETERS = 1024, 7654, 281
BARS = {10: 0.75, 32: 0.9, 64: 0.9, 256: 0.9}  # width -> share of gemm
NORMAL_BAR = 0.7  # share of dsyrk


def median_seconds(call: Callable[[], object], repeats: int = 15) -> float:
    call()
    samples = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        samples.append(time.perf_counter() - began)
    return statistics.median(samples)


def blas_rates() -> dict[str, float]:
    """GF/s of gemm in either precision and of dsyrk, one triangle counted."""
    import numpy as np  # not before main has set the number of threads
    from scipy.linalg import blas

    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, N, N))
    rates = {}
    for name, gemm, dtype in (("float64", blas.dgemm, float), ("float32", blas.sgemm, np.float32)):
        left, right = (np.asfortranarray(m, dtype) for m in (a, b))
        out = np.zeros((N, N), dtype, order="F")
        call = partial(gemm, 1, left, right, beta=0, c=out, overwrite_c=1)
        seconds = median_seconds(call)
        rates[name] = 2e-9 * N**3 / seconds
    jacobian = np.asfortranarray(rng.standard_normal((ROWS, PARAMETERS)))
    seconds = median_seconds(partial(blas.dsyrk, 1, jacobian, trans=1))
    rates["dsyrk"] = 1e-9 * ROWS * PARAMETERS * (PARAMETERS + 1) / seconds
    return rates


def core_lines(seconds: float, only: str) -> list[dict[str, Any]]:
    """Lines of the C benchmark: the best instruction set, one thread."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.json"
        command = [str(CSRC / "build" / "bench" / "bench"), "--only", only, "--json", str(path)]
        command += ["--seconds", f"{seconds:g}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        content = json.loads(path.read_text(encoding="utf-8"))
    best = content["meta"]["isa"]
    return [
        line
        for line in content["results"]
        if line["isa"] == best and line["threads"] == 1 and only in line["name"]
    ]


def shares(lines: list[dict[str, Any]], rates: dict[str, float]) -> list[dict[str, Any]]:
    """What is shown of every line: rate, share, bar and whether it holds (no bar: None)."""
    found = []
    for line in lines:
        normal = line["what"].startswith("J'J")
        if normal and line["size"] != PARAMETERS:
            continue
        rate = 1e-9 * line["work"] / line["median_s"]
        share = rate / rates["dsyrk" if normal else line["dtype"]]
        bar = NORMAL_BAR if normal else BARS.get(line["size"])
        found.append(line | {"gflops": rate, "share": share, "bar": bar})
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0.1, help="for each line")
    parser.add_argument("--json", type=Path, help="keep the figures")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # read when a BLAS is loaded
    subprocess.run(["make", "-s", "-C", str(CSRC), "build/bench/bench"], check=True)
    before = blas_rates()
    lines = core_lines(options.seconds, "affine") + core_lines(options.seconds, "J'J")
    after = blas_rates()
    rates = {name: max(before[name], after[name]) for name in before}
    said = "  ".join(f"{name} {rate:.1f}" for name, rate in rates.items())
    print(f"BLAS, one thread, GF/s: {said}")
    found = shares(lines, rates)
    for line in found:
        held = "" if line["bar"] is None else "ok" if line["share"] >= line["bar"] else "MISSED"
        bar = "" if line["bar"] is None else f"bar {100 * line['bar']:.0f} %"
        what = f"{line['what']:32} {line['dtype']} {line['isa']}"
        print(f"{what} {line['gflops']:8.1f} GF/s {100 * line['share']:6.0f} %  {bar:9} {held}")
    if options.json:
        content = {"meta": {"blas": rates}, "results": found}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    missed = [line for line in found if line["bar"] is not None and line["share"] < line["bar"]]
    print(f"{len(missed)} of {sum(line['bar'] is not None for line in found)} bars missed")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
