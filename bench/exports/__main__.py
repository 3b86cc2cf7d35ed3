"""Mutated exports, the size of a C file, and its time beside that of the core.

python -m bench.exports [--flips 1000]
"""

import argparse
import os
import shutil
import struct
import subprocess
import tempfile
import timeit
from functools import partial
from pathlib import Path

import numpy as np

import hbcd
from hbcd.export.c import c_text
from hbcd.export.excel import excel_text
from hbcd.export.julia import julia_text
from hbcd.export.onnx import onnx_file
from hbcd.export.structured_text import st_text

MOST_BYTES, MOST_TIME = 20_000, 1.5
# Of a target: what writes it, what holds its numbers by name, and what makes its bytes of them.
WRITERS = {
    "c": (hbcd.to_c, "arrays", c_text.CText, "content"),
    "fmi": (partial(hbcd.to_fmi, binary=False), "arrays", c_text.CText, "content"),
    "onnx": (hbcd.to_onnx, "constants", onnx_file, "onnx_bytes"),
    "julia": (hbcd.to_julia, "arrays", julia_text.JuliaText, "content"),
    "excel": (hbcd.to_excel, "arrays", excel_text.ExcelText, "content"),
    "structured_text": (hbcd.to_structured_text, "arrays", st_text.STText, "content"),
}
MAIN = """
#include <stdio.h>
#include <time.h>
int plant_predict(const double x[4], double y[1]);
int main(void)
{
    double x[4] = {20.0, 50.0, 1010.0, 70.0}, y[1], sum = 0.0, best = 1e9;
    for (int run = 0; run < 7; run++) {
        clock_t start = clock();
        for (int k = 0; k < 300000; k++) {
            x[0] = 20.0 + k * 1e-6;
            plant_predict(x, y);
            sum += y[0];
        }
        double each = (double)(clock() - start) / CLOCKS_PER_SEC / 300000.0;
        best = each < best ? each : best;
    }
    printf("%.9g\\n", sum > 0.0 ? best * 1e6 : -1.0);
    return 0;
}
"""


def a_model():
    X, y = hbcd.make_plant(1000, rng=0, return_X_y=True)
    return hbcd.HybridRegressor((10, 10, 10), random_state=0, max_iter=200).fit(X, y), X


def turned(array, rng):
    """A copy with one bit of one number turned over."""
    found = array.copy()
    at, bit = int(rng.integers(array.size)), int(rng.integers(64))
    (bits,) = struct.unpack("<Q", struct.pack("<d", found.flat[at]))
    found.flat[at] = struct.unpack("<d", struct.pack("<Q", bits ^ 1 << bit))[0]
    return found


def mutated(target, model, folder, flips):
    """How many of so many files with a wrong bit are refused."""
    rng = np.random.default_rng(0)
    path = folder / "wrong"
    write, numbers, home, name = WRITERS[target]
    right = getattr(home, name)

    def wrong(first, *rest):
        held = getattr(first, numbers)
        key = rng.choice([k for k in held if k.lower().startswith(("weights", "bias", "w1", "a1"))])
        kept = held[key]
        held[key] = turned(kept, rng)
        try:
            return right(first, *rest)
        finally:
            held[key] = kept

    refused = 0
    setattr(home, name, wrong)
    try:
        for _ in range(flips):
            try:
                write(model, path)
            except ValueError:
                refused += not path.exists()
    finally:
        setattr(home, name, right)
    return refused


def broken_seals(write, model, folder, flips):
    """How many of so many files that lose a bit later are refused."""
    rng = np.random.default_rng(1)
    path = folder / "plant"
    write(model, path)
    content, refused = path.read_bytes(), 0
    for _ in range(flips):
        changed = bytearray(content)
        at = int(rng.integers(8 * len(content)))
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(bytes(changed))
        try:
            hbcd.read_record(path)
        except ValueError:
            refused += 1
    return refused


def times(model, X, folder):
    """Microseconds of a prediction by the file, by the core, and by the estimator."""
    hbcd.to_c(model, folder / "plant.c")
    (folder / "main.c").write_text(MAIN)
    program = folder / "program"
    command = [shutil.which("cc"), "-std=c99", "-O2", "plant.c", "main.c", "-o", str(program)]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    row = np.array(X[:1], np.float64)
    scaled = model.x_scaler_.forward(row, np.float64)
    network, theta = model.network_, model.theta_.astype(np.float64)
    each = [
        min(timeit.repeat(run, number=2000, repeat=7)) / 2000 * 1e6
        for run in (lambda: network.predict(theta, scaled, n_threads=1), lambda: model.predict(row))
    ]
    return float(done.stdout), *each


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=1000)
    flips = parser.parse_args().flips
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    model, X = a_model()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hbcd.to_c(model, folder / "slopes.c", jacobian=True)
        size = (folder / "slopes.c").stat().st_size
        print(f"C file of 4-10-10-10-1 with slopes: {size} bytes (at most {MOST_BYTES})")
        if shutil.which("cc"):
            file, core, estimator = times(model, X, folder)
            print(f"one row: file {file:.2f} us, core {core:.2f} us, estimator {estimator:.1f} us; "
                  f"{file / core:.2f} of the core (at most {MOST_TIME})")  # fmt: skip
        for target in WRITERS:
            try:
                print(f"{target}: {mutated(target, model, folder, flips)} of {flips} refused")
            except ImportError as error:
                print(f"{target}: {error}")
        for target in ("c", "fmi"):
            refused = broken_seals(WRITERS[target][0], model, folder, flips)
            print(f"seal of {target}: {refused} of {flips} refused")


if __name__ == "__main__":
    main()
