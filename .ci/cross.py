"""Builds the core and its C tests for every platform that one machine can reach, and runs them.

    python .ci/cross.py [--only NAME ...] [--jobs 2] [--limit 1800] [--keep FOLDER]

Cross compilers are `zig cc` (`pip install ziglang` into the Python that runs this); gcc and clang
build for this machine where they are installed.  What is built runs here directly, under qemu-user
(qemu-aarch64 ...) or under wine, where they are installed; macOS is compiled and linked only.
Programs of AArch64 linked with glibc need its files: name their folder in QEMU_LD_PREFIX.

The last table is what docs/platforms.md shows.  Ends with 1 if anything that was tried failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = sorted(path.stem for path in (ROOT / "tests" / "c").glob("test_*.c"))
QUIET = {"WINEDEBUG": "-all", "OMP_NUM_THREADS": "2"}


@dataclass(frozen=True)
class Target:
    """What to build, with what, and what runs it."""

    name: str
    compiler: str  # "zig", or a command
    machine: str  # as platform.machine() says it
    system: str = "Linux"
    zig: str = ""  # zig's name of the target
    level: str = ""  # the best instruction set that it may find; else that of the processor
    flags: str = "-O3"
    openmp: str = ""
    glibc: bool = False  # linked with a glibc of another machine

    @property
    def folder(self) -> str:
        """What a file system has no trouble with."""
        return re.sub(r"\W+", "-", self.name)

    @property
    def without_level(self) -> Target:
        """The same, free to find the best of the processor."""
        return replace(self, name=self.name.removesuffix(f" {self.level}"), level="")

    @property
    def suffix(self) -> str:
        """Of a program."""
        return ".exe" if self.system == "Windows" else ""


LEVELS = ("", "avx2", "baseline")  # of x86-64


def levels(target: Target) -> list[Target]:
    """A target at each instruction set that a build of it can be held to."""
    if target.machine != "x86_64":
        return [target]
    return [replace(target, name=f"{target.name} {level}".strip(), level=level) for level in LEVELS]


def zig_targets() -> Iterator[Target]:
    """One row a platform, and musl at each level."""
    yield from levels(
        Target("x86_64-linux-musl", "zig", "x86_64", zig="x86_64-linux-musl", flags="-O3 -static")
    )
    yield Target("x86_64-linux-gnu.2.17", "zig", "x86_64", zig="x86_64-linux-gnu.2.17")
    yield Target("x86_64-windows", "zig", "x86_64", "Windows", "x86_64-windows-gnu")
    others = (("i686", "x86"), ("aarch64", "aarch64"), ("riscv64", "riscv64"), ("s390x", "s390x"))
    for machine, zig in others:
        yield Target(
            f"{machine}-linux-musl", "zig", machine, zig=f"{zig}-linux-musl", flags="-O3 -static"
        )
    yield Target(
        "aarch64-linux-gnu.2.28", "zig", "aarch64", zig="aarch64-linux-gnu.2.28", glibc=True
    )
    yield Target("aarch64-windows", "zig", "aarch64", "Windows", "aarch64-windows-gnu")
    yield Target("x86_64-macos", "zig", "x86_64", "Darwin", "x86_64-macos")
    yield Target("aarch64-macos", "zig", "arm64", "Darwin", "aarch64-macos")


def targets() -> list[Target]:
    """All of them, those for this machine first."""
    here, system = platform.machine(), platform.system()
    own: list[Target] = []
    for compiler in ("gcc", "clang"):
        for openmp in ("", "-fopenmp"):
            name = f"{here} {compiler}{' OpenMP' if openmp else ''}"
            own += levels(Target(name, compiler, here, system, openmp=openmp))
    return [*own, *zig_targets()]


def compiler_of(target: Target) -> tuple[str, str] | str:
    """Commands CC and AR, or why there are none."""
    if target.compiler == "zig":
        if importlib.util.find_spec("ziglang") is None:
            return "ziglang is not installed"
        zig = f"{sys.executable} -m ziglang"
        return f"{zig} cc -target {target.zig}", f"{zig} ar"
    if shutil.which(target.compiler) is None:
        return f"{target.compiler} is not installed"
    return target.compiler, "ar"


def runner_of(target: Target) -> list[str] | str:
    """The words before a program that runs it here, or why nothing does."""
    here, system = platform.machine(), platform.system()
    own = {here, "i686"} if here == "x86_64" else {here}
    if target.system == system and target.machine in own:
        return []
    if target.system == "Windows" and target.machine == here and system == "Linux":
        return ["wine"] if shutil.which("wine") else "wine is not installed"
    if target.system == "Linux" and system == "Linux":
        if target.glibc and "QEMU_LD_PREFIX" not in os.environ:
            return "QEMU_LD_PREFIX does not name a glibc of it"
        machine = "i386" if target.machine == "i686" else target.machine
        for name in (f"qemu-{machine}", f"qemu-{machine}-static"):
            if shutil.which(name):
                return [name]
        return f"qemu-{machine} is not installed"
    return "nothing here runs it"


@dataclass
class Result:
    """A row of the table."""

    target: Target
    built: str = "no"
    ran: str = "-"
    how: str = ""
    failed: bool = False


def last_line(text: str) -> str:
    """Of what a command said: its last error."""
    lines = [line for line in text.splitlines() if "error" in line] or text.strip().splitlines()
    return lines[-1].strip() if lines else "no message"


def build(target: Target, folder: Path, jobs: int) -> str | None:
    """None, or why nothing came of it."""
    commands = compiler_of(target)
    if isinstance(commands, str):
        return commands
    flags = target.flags
    if target.level:  # all that knows the level is kernels.c: the rest is that of the row without
        flags += f" -DHBCD_ISA_AT_MOST=HBCD_ISA_{target.level.upper()}"
        free = folder.with_name(target.without_level.folder)
        if free.is_dir() and not folder.exists():
            shutil.copytree(free, folder)
            (folder / "simd" / "kernels.o").unlink()
    make = ["make", "-s", "-k", f"-j{jobs}", "-C", str(ROOT / "csrc"), f"BUILD={folder}", "tests"]
    make += [
        f"CC={commands[0]}",
        f"AR={commands[1]}",
        f"CFLAGS={flags}",
        f"OPENMP={target.openmp}",
    ]
    done = subprocess.run(make, capture_output=True, text=True, check=False)
    return last_line(done.stderr) if done.returncode else None


@dataclass
class Run:
    """What came of one program: checks passed, the instruction set it named, what went wrong."""

    passed: int = 0
    isa: str = ""
    why: str = ""


def run_one(command: list[str], limit: float) -> Run:
    """Runs one test program and says what came of it."""
    began = time.monotonic()
    run = tried_program(command, limit)
    said = run.why or f"{run.passed} checks passed"
    print(f"    {Path(command[-1]).stem}: {said}, {time.monotonic() - began:.0f} s", flush=True)
    return run


def tried_program(command: list[str], limit: float) -> Run:
    """What came of one run."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, check=False,
            env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Run(why=f"ran past {limit:.0f} s")
    said = re.search(r"(\d+) passed, (\d+) failed", done.stdout)
    isa = re.search(r"instruction set (\w+)", done.stdout)
    if done.returncode == 0 and said:
        return Run(int(said[1]), isa[1] if isa else "")
    return Run(
        why=last_line(done.stderr) if done.stderr.strip() else f"ended with {done.returncode}"
    )


def run_all(result: Result, folder: Path, jobs: int, limit: float) -> None:
    """Runs every test program and notes how many ended well."""
    runner = runner_of(result.target)
    if isinstance(runner, str):
        result.how = f"only compiled: {runner}"
        return
    programs = [folder / "tests" / name for name in TESTS]
    if result.target.suffix:  # the Makefile names programs without it
        programs = [program.with_suffix(".exe") if program.with_suffix(".exe").exists() else program
                    for program in programs]  # fmt: skip
    with ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(lambda program: run_one([*runner, str(program)], limit), programs))
    good = sum(not run.why for run in found)
    result.ran = f"{good} of {len(programs)} ({sum(run.passed for run in found)} checks)"
    isa = "".join(f", {run.isa}" for run in found if run.isa)
    result.how = (runner[0] if runner else "directly") + isa
    result.failed = good < len(programs)


def tried(target: Target, folder: Path, options: argparse.Namespace) -> Result:
    """Builds and runs one target."""
    began = time.monotonic()
    result = Result(target)
    why = build(target, folder, options.jobs)
    if why:
        result.how = why
        result.failed = "is not installed" not in why
    else:
        result.built = "yes"
        run_all(result, folder, options.jobs, options.limit)
    seconds = time.monotonic() - began
    print(
        f"{target.name}: built {result.built}, ran {result.ran}, {result.how}; {seconds:.0f} s",
        flush=True,
    )
    return result


def main() -> int:
    """Builds, runs, prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="targets whose names contain NAME"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="at once; default %(default)s"
    )
    parser.add_argument(
        "--limit", type=float, default=1800, help="seconds of a test program; default %(default)s"
    )
    parser.add_argument("--keep", type=Path, help="folder to build in and keep; else a new one")
    options = parser.parse_args()
    chosen = [
        t for t in targets() if not options.only or any(name in t.name for name in options.only)
    ]
    if not chosen:
        known = ", ".join(target.name for target in targets())
        parser.error(f"--only {' '.join(options.only)}: is in no name of {known}")
    with tempfile.TemporaryDirectory() as temporary:
        os.environ.setdefault("WINEPREFIX", str(Path(temporary, "wine")))
        base = options.keep.resolve() if options.keep else Path(temporary)
        results = [tried(target, base / target.folder, options) for target in chosen]
    print("\n| target | compiler | built | test programs that pass | run |\n|---|---|---|---|---|")
    for row in results:
        print(
            f"| {row.target.name} | {row.target.compiler} | {row.built} | {row.ran} | {row.how} |"
        )
    return int(any(row.failed for row in results))


if __name__ == "__main__":
    sys.exit(main())
