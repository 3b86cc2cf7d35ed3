"""Measures methods on problems, each method in a process of its own, and keeps what was measured.

All methods take turns on each split, so that a machine that slows down slows all of them.  Every
measurement is written to the file at once: a run that is broken off goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.paper.about import processor
from bench.tables.problems import Parts, Problem, Refused

__all__ = [
    "HBCD",
    "ROOT",
    "Book",
    "Method",
    "Run",
    "Worker",
    "error_of",
    "fingerprint",
    "log_loss_of",
    "measure",
]

Array = NDArray[Any]
SCRIPT = Path(__file__).resolve().with_name("worker.py")
ROOT = SCRIPT.parents[2]
HBCD = "hbcd"  # the kind of every method that is a version of hbcd


@dataclass(frozen=True)
class Method:
    """A named method: what the worker makes of `kind` and `options`, imported below `path`.

    `build` says what is measured; a kept figure of another build does not count.
    """

    name: str
    kind: str
    build: str
    options: dict[str, Any] = field(default_factory=dict)
    path: Path = ROOT


@dataclass(frozen=True)
class Run:
    """One fit: its error on the test rows and its seconds; or the line that it failed with.

    `widths` are those of the hidden layers, where these are an option of the method.
    """

    problem: str
    split: int
    method: str
    build: str
    error: float | None
    cpu: float | None
    wall: float | None
    failed: str | None = None
    widths: list[int] | None = None


def fingerprint(root: Path) -> str:
    """Twelve digits that change with any source or binary of the hbcd below `root`."""
    digest = hashlib.sha256()
    for file in sorted((root / "hbcd").rglob("*")):
        if file.suffix in {".py", ".so", ".pyd"}:
            digest.update(file.relative_to(root).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:12]


# ---- errors, of which less is better


def error_of(parts: Parts, predicted: Array) -> float:
    """RMSE over the deviation of the test rows' targets, the root of 1 - R2."""
    miss = np.asarray(predicted, float).reshape(parts.y_test.shape) - parts.y_test
    return float(np.sqrt(np.square(miss).mean()) / parts.y_test.std())


def log_loss_of(parts: Parts, predicted: Array) -> float:
    """Mean of -log of the probability of the class that is right, of 1e-15 at least."""
    given = np.asarray(predicted, float)
    given = given / given.sum(axis=1, keepdims=True)
    right = given[np.arange(len(given)), np.searchsorted(np.unique(parts.y), parts.y_test)]
    return float(-np.log(right.clip(1e-15)).mean())


# ---- processes


class Worker:
    """A process that fits one method again and again; see worker.py."""

    def __init__(self, method: Method, classes: bool) -> None:
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
        command = [sys.executable, "-P", str(SCRIPT), method.kind]
        command += ["--options", json.dumps(method.options)] + ["--classes"] * classes
        self.method = method
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads, "PYTHONPATH": str(method.path)},
            text=True,
            encoding="utf-8",
        )
        said = self._answer()
        failed = said.get("failed")
        if not failed and said["hbcd"] and not Path(said["hbcd"]).is_relative_to(method.path):
            failed = f"imported {said['hbcd']}, not below {method.path}"
        if failed:
            self.close()
            raise Refused(f"{method.name}: {failed}")

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        return {"failed": f"its process ended with status {self._process.wait()}"}

    def fit(self, rows: Path, out: Path, seed: int) -> dict[str, Any]:
        """What it answered: `cpu` and `wall`, or `failed`."""
        task = {"rows": str(rows), "out": str(out), "seed": seed}
        with contextlib.suppress(BrokenPipeError):  # the answer says how it ended
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


# ---- what was measured


class Book:
    """The runs measured so far, in a file if there is one; `about` says on which machine."""

    def __init__(self, file: Path | None, about: dict[str, Any] | None = None) -> None:
        self.file = file
        self.about = about or {
            "error": "RMSE over the deviation of the test targets, or log-loss",
            "seconds": "fit and predict, one thread",
            "processor": processor(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        }
        self.runs: dict[tuple[str, int, str], Run] = {}
        if file is not None and file.exists():
            kept = json.loads(file.read_text(encoding="utf-8"))
            for run in (Run(**entry) for entry in kept["runs"]):
                self.runs[run.problem, run.split, run.method] = run

    def has(self, problem: str, split: int, method: Method) -> bool:
        """Whether this build of the method was measured there."""
        run = self.runs.get((problem, split, method.name))
        return run is not None and run.build == method.build and run.failed is None

    def add(self, run: Run) -> None:
        self.runs[run.problem, run.split, run.method] = run
        self.write()

    def write(self, **more: Any) -> None:
        if self.file is None:
            return
        text = {"about": self.about, "runs": [asdict(run) for run in self.runs.values()], **more}
        new = self.file.with_name(self.file.name + ".new")
        new.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
        new.replace(self.file)  # never half a file


def say(line: str) -> None:
    print(line, flush=True)


def measure(
    problems: Iterable[Problem],
    methods: Sequence[Method],
    book: Book,
    score: Callable[[Parts, Array], float],
    said: Callable[[str], None] = say,
) -> None:
    """Runs what the book has not: all methods in turn on each split of each problem."""
    workers: dict[str, Worker] = {}
    try:
        for problem in problems:
            for split in range(problem.splits):
                wanted = [one for one in methods if not book.has(problem.name, split, one)]
                if wanted:
                    _measure_split(problem, split, wanted, workers, book, score)
            said(_line(problem, methods, book))
    finally:
        for worker in workers.values():
            worker.close()


def _measure_split(
    problem: Problem,
    split: int,
    methods: Sequence[Method],
    workers: dict[str, Worker],
    book: Book,
    score: Callable[[Parts, Array], float],
) -> None:
    parts = problem.parts(split)
    with tempfile.TemporaryDirectory() as folder:
        rows, out = Path(folder) / "rows.npz", Path(folder) / "out.npy"
        np.savez(rows, x=parts.x, y=parts.y, x_test=parts.x_test)
        for method in methods:
            if method.name not in workers:
                workers[method.name] = Worker(method, problem.classes)
            answer = workers[method.name].fit(rows, out, split)
            failed = answer.get("failed")
            found = None if failed else score(parts, np.load(out))
            book.add(
                Run(problem.name, split, method.name, method.build, found, answer.get("cpu"),
                    answer.get("wall"), failed, answer.get("widths"))
            )  # fmt: skip
            if failed and "process ended" in failed:
                workers.pop(method.name).close()


def _line(problem: Problem, methods: Sequence[Method], book: Book) -> str:
    """The problem's mean error and CPU seconds of every method."""
    cells = []
    for method in methods:
        runs = [book.runs.get((problem.name, k, method.name)) for k in range(problem.splits)]
        lost = [run.failed for run in runs if run is not None and run.failed]
        if lost:
            cells.append(f"{method.name} failed ({lost[0]})")
            continue
        error, cpu = (np.mean([getattr(run, what) for run in runs]) for what in ("error", "cpu"))
        cells.append(f"{method.name} {error:.4f} ({cpu:.2f} s)")
    return f"  {problem.name}: " + ", ".join(cells)
