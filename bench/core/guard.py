"""Guards the speed of the core by counting instructions, which no busy machine can disturb.

    python -m bench.core.guard [--update] [--tolerance 0.05]

Builds the core with its Makefile (no OpenMP), runs bench/c/guard.c under valgrind's callgrind with
the AVX2 kernels (valgrind doesn't know AVX-512) and compares instructions per piece of work with
guard.json.  Fewer instructions than the tolerance allows are reported, more are a failure.
Counts belong to a compiler: with another one, or another major version, they are only reported.
Where valgrind or the instruction set is missing it says so and passes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CSRC = HERE.parents[1] / "csrc"
COUNTS = HERE / "guard.json"
ISA = os.environ.get("HBCD_SIMD") or "avx2"
CASES = {  # name -> repeats: enough that one more or less does not show
    "gradient": 20,
    "value": 20,
    "block gradient": 20,
    "icrs trial": 100,
    "adam step": 20,
    "lbfgs iteration": 20,
}
TYPES = ("f64", "f32")


class Failed(Exception):
    """Something that could not be done; the message is one line."""


def output(command: list[str], **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Failed(f"{Path(command[0]).name} ended with {done.returncode}: {last}")
    return done.stdout + done.stderr


def compiler() -> dict[str, str]:
    """Which compiler builds the core: gcc or clang, version, major version, machine."""
    command = os.environ.get("CC", "cc").split()
    words = output([*command, "--version"])
    kind = "clang" if "clang" in words else "gcc"
    found = re.search(r"\d+(\.\d+)+", re.sub(r"\(.*?\)", "", words))
    version = found[0] if found else output([*command, "-dumpversion"]).strip()
    machine = output([*command, "-dumpmachine"]).strip()
    return {"kind": kind, "version": version, "major": version.split(".")[0], "machine": machine}


def build(folder: Path) -> Path:
    """The library by the Makefile, the program beside it; both without OpenMP."""
    make = ["make", "-s", "-j", str(os.cpu_count() or 1), "-C", str(CSRC), f"BUILD={folder}"]
    output([*make, "OPENMP=", f"{folder}/libhbcd.a"])
    program = folder / "guard"
    command = os.environ.get("CC", "cc").split()
    command += ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic"]
    command += [f"-I{CSRC}/include", f"-I{CSRC}/src", str(HERE.parent / "c" / "guard.c")]
    output([*command, f"{folder}/libhbcd.a", "-o", str(program), "-lm"])
    return program


def instructions(program: Path, case: str, kind: str, repeats: int) -> int:
    """Instructions of the whole process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program)]
    said = output([*command, case, kind, ISA, str(repeats)])
    found = re.search(r"Collected\s*:\s*(\d+)", said)
    if found is None:
        raise Failed("valgrind said nothing of instructions")
    return int(found[1])


def count(program: Path) -> dict[str, float]:
    """Instructions of one piece of work: of 2 n of them less those of n, over n."""
    work = [(case, kind) for case in CASES for kind in TYPES]

    def one(item: tuple[str, str]) -> float:
        repeats = CASES[item[0]]
        first = instructions(program, *item, repeats)
        return (instructions(program, *item, 2 * repeats) - first) / repeats

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(one, work)
        return {f"{case} {kind}": number for (case, kind), number in zip(work, counts, strict=True)}


def print_table(counts: dict[str, float], known: dict[str, float], tolerance: float) -> list[str]:
    """Prints old and new; names what takes more instructions than allowed."""
    worse = []
    print(f"{'instructions of one':24}{'recorded':>12}{'now':>12}{'change':>9}")
    for name, now in counts.items():
        old = known.get(name)
        if old is None:
            print(f"{name:24}{'-':>12}{now:12.0f}{'new':>9}")
            continue
        change = now / old - 1
        verdict = ""
        if change > tolerance:
            verdict = "  MORE"
            worse.append(name)
        elif change < -tolerance:
            verdict = "  fewer: record it with --update"
        print(f"{name:24}{old:12.0f}{now:12.0f}{100 * change:+8.1f}%{verdict}")
    for name in known.keys() - counts.keys():
        print(f"{name:24}: recorded, but not measured any more")
    return worse


def skip(why: str) -> int:
    print(f"guard: skipped: {why}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="record the counts")
    parser.add_argument("--tolerance", type=float, default=0.05, help="default %(default)s")
    parser.add_argument("--build", type=Path, help="folder to build in and keep; else a new one")
    options = parser.parse_args()
    for tool in ("valgrind", "make", os.environ.get("CC", "cc").split()[0]):
        if shutil.which(tool) is None:
            return skip(f"{tool} is not installed")
    try:
        return guard(options)
    except Failed as error:
        if "not an instruction set of this processor" in str(error):
            return skip(f"{ISA} does not run here")
        print(f"guard: {error}", file=sys.stderr)
        return 2


def guard(options: argparse.Namespace) -> int:
    made_by = compiler()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if options.build is None else options.build.resolve()
        counts = count(build(folder))
    record = json.loads(COUNTS.read_text()) if COUNTS.is_file() else {"counts": {}}
    print(f"{made_by['kind']} {made_by['version']}, {ISA} kernels, 4-10-10-10-1, 310 rows")
    worse = print_table(counts, record["counts"], options.tolerance)
    if options.update:
        fresh = {
            "compiler": made_by,
            "isa": ISA,
            "counts": {k: round(n) for k, n in counts.items()},
        }
        COUNTS.write_text(json.dumps(fresh, indent=1) + "\n")
        print(f"recorded in {COUNTS.name}")
        return 0
    if not record["counts"]:
        return skip("nothing is recorded yet; use --update")
    before = record["compiler"]
    same = [before[key] == made_by[key] for key in ("kind", "major", "machine")]
    if not all(same) or record["isa"] != ISA:
        print(
            f"recorded with {before['kind']} {before['version']} on {before['machine']}, "
            f"{record['isa']}: reported only"
        )
        return 0
    if worse:
        print(f"{len(worse)} of {len(counts)} take over {100 * options.tolerance:g} % more")
    else:
        print(f"all {len(counts)} within {100 * options.tolerance:g} %")
    return int(bool(worse))


if __name__ == "__main__":
    sys.exit(main())
