"""Counts the instructions of the kernels for AArch64 with and without its vectors, under qemu-user.

    python -m bench.core.neon [--cases NAME ...] [--build FOLDER]

Builds the core twice for aarch64-linux-musl with `zig cc` (ziglang in the Python that runs this),
at -O3: once as it is, once for a processor whose vectors the compiler may not use.  Runs
bench/c/guard.c under qemu-aarch64 with a plugin that counts (bench/c/count_instructions.c) and
prints, for float64 and float32, the instructions of

    neon    the kernels of neon.c
    plain   the same source in plain C (baseline); the compiler makes vectors of it where it can
    scalar  the same in plain C, without vectors

and the ratios of neon to both.  Instructions are not time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.core.guard import CSRC, HERE, Failed, output

C_FILES = HERE.parent / "c"
ZIG = [sys.executable, "-m", "ziglang"]
CC = [*ZIG, "cc", "-target", "aarch64-linux-musl"]
BUILDS = {"vectors": "-O3 -static", "scalar": "-O3 -static -mcpu=generic-neon"}
COLUMNS = {
    "neon": ("vectors", "neon"),
    "plain": ("vectors", "baseline"),
    "scalar": ("scalar", "baseline"),
}
KERNELS = (
    "forward", "backward", "weights", "one row", "tanh", "tanh slope", "sigmoid", "sigmoid slope",
    "relu", "relu slope", "leaky_relu", "exp", "squared_error", "lm product",
)  # fmt: skip
STEPS = ("value", "gradient", "icrs trial", "adam step", "lbfgs iteration", "lm iteration")
REPEATS = 4


def build(folder: Path, flags: str) -> Path:
    """The library by the Makefile, guard.c beside it."""
    make = ["make", "-s", "-j", str(os.cpu_count() or 1), "-C", str(CSRC), f"BUILD={folder}"]
    make += ["OPENMP=", f"CFLAGS={flags}", f"CC={' '.join(CC)}", f"AR={' '.join(ZIG)} ar"]
    output([*make, f"{folder}/libhbcd.a"])
    program = folder / "guard"
    words = [*CC, "-std=c11", "-O2", "-static", f"-I{CSRC}/include", f"-I{CSRC}/src"]
    output([*words, str(C_FILES / "guard.c"), f"{folder}/libhbcd.a", "-o", str(program), "-lm"])
    return program


def build_plugin(folder: Path) -> Path:
    """What qemu loads to count."""
    plugin = folder / "count_instructions.so"
    source = str(C_FILES / "count_instructions.c")
    command = os.environ.get("CC", "cc").split()
    output([*command, "-O2", "-shared", "-fPIC", source, "-o", str(plugin)])
    return plugin


def instructions(plugin: Path, program: Path, case: str, kind: str, isa: str) -> float:
    """Of one piece of work: those of 2 n less those of n, over n."""
    counts = []
    for repeats in (REPEATS, 2 * REPEATS):
        command = ["qemu-aarch64", "-plugin", str(plugin), str(program), case, kind, isa]
        said = output([*command, str(repeats)])
        counts.append(int(said.rpartition("Collected :")[2]))
    return (counts[1] - counts[0]) / REPEATS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=[*KERNELS, *STEPS], metavar="NAME")
    parser.add_argument("--build", type=Path, help="folder to build in and keep; else a new one")
    options = parser.parse_args()
    if shutil.which("qemu-aarch64") is None:
        print("neon: skipped: qemu-aarch64 is not installed")
        return 0
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) if options.build is None else options.build.resolve()
            folder.mkdir(exist_ok=True)
            print_table(folder, options.cases)
    except Failed as error:
        print(f"neon: {error}", file=sys.stderr)
        return 2
    return 0


def print_table(folder: Path, cases: list[str]) -> None:
    """A row for every case, both precisions side by side."""
    programs = {name: build(folder / name, flags) for name, flags in BUILDS.items()}
    plugin = build_plugin(folder)
    work = [(c, kind, name) for c in cases for kind in ("f64", "f32") for name in COLUMNS]

    def one(item: tuple[str, str, str]) -> float:
        program, isa = COLUMNS[item[2]]
        return instructions(plugin, programs[program], item[0], item[1], isa)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(work, pool.map(one, work), strict=True))
    heads = "".join(f"{k + ' neon':>12}{'/ plain':>9}{'/ scalar':>9}" for k in ("f64", "f32"))
    print(f"{'instructions of one':20}{heads}")
    for case in cases:
        line = f"{case:20}"
        for kind in ("f64", "f32"):
            neon, plain, scalar = (found[case, kind, name] for name in COLUMNS)
            line += f"{neon:12.0f}{neon / plain:9.3f}{neon / scalar:9.3f}"
        print(line)


if __name__ == "__main__":
    sys.exit(main())
