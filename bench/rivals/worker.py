"""One process of rivals.py: one number of threads, all libraries, in alternation.

    python -m bench.rivals.worker THREADS PLAN.json RESULTS.json

The process is tied to as many processors as threads before anything is imported that counts them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def pin(threads: int) -> str:
    """Ties this process to the first processors it may use; what was done, in words."""
    for name in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    parallel = "true" if threads > 1 else "false"
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={parallel}"
    os.environ["JAX_PLATFORMS"] = "cpu"
    if not hasattr(os, "sched_setaffinity"):
        return "not tied to processors: this system has no call for it"
    processors = sorted(os.sched_getaffinity(0))
    if threads > len(processors):
        raise SystemExit(f"{threads} threads on {len(processors)} processors")
    os.sched_setaffinity(0, processors[:threads])
    return f"processors {processors[:threads]}"


if __name__ == "__main__":
    PINNED = pin(int(sys.argv[1]))

import numpy as np  # noqa: E402

from bench.rivals import jax_work, libraries, torch_work  # noqa: E402
from bench.rivals.libraries import Case, Work, make_case  # noqa: E402

TOLERANCE = {"float64": 1e-10, "float32": 1e-4}
GRADIENTS: dict[str, Callable[..., Work]] = {
    "hbcd": libraries.hbcd_gradient,
    "torch": torch_work.torch_gradient,
    "torch.compile": lambda case, threads: torch_work.torch_gradient(case, threads, compiled=True),
    "jax": jax_work.jax_gradient,
    "sklearn _backprop": libraries.sklearn_gradient,
}
ADAMS: dict[str, Callable[..., Work]] = {
    "hbcd": libraries.hbcd_adam,
    "torch": torch_work.torch_adam,
    "torch fused": lambda case, threads, steps: torch_work.torch_adam(case, threads, steps, True),
    "jax": jax_work.jax_adam,
}
ADAM_STEPS = {"hbcd": 1000}  # of one call; the others time step by step
PREDICTIONS: dict[str, Callable[..., Work]] = {
    "hbcd": libraries.hbcd_predict,
    "torch": torch_work.torch_predict,
    "sklearn": libraries.sklearn_predict,
}


def usable(name: str) -> bool:
    """Whether the library of a row is installed here."""
    return importlib.util.find_spec(name.replace("_", " ").replace(".", " ").split()[0]) is not None


class Worker:
    """Builds, checks and times the cases of a plan."""

    def __init__(self, plan: dict[str, Any], threads: int) -> None:
        self.plan, self.threads = plan, threads
        self.results: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.broken: set[str] = set()

    def build(self, name: str, make: Callable[[], Work]) -> Work | None:
        """The work of a library, or a note why not."""
        if name in self.broken or not usable(name) or name in self.plan["without"]:
            return None
        try:
            work = make()
            work.call()  # compiles where that comes with the first call
            return work
        except Exception as error:
            if name.startswith("hbcd"):
                raise
            self.broken.add(name)
            self.notes.append(f"{name} left out: {type(error).__name__}: {str(error)[:200]}")
            return None

    def check(self, name: str, found: np.ndarray, ours: np.ndarray, dtype: str) -> float:
        """The largest difference relative to the largest number; an error where they disagree."""
        difference = float(np.abs(found - ours).max() / np.abs(ours).max())
        if not difference <= TOLERANCE[dtype]:
            raise SystemExit(f"{name}: differs from hbcd by {difference:.1e}; nothing is timed")
        return difference

    def measure(self, works: dict[str, Work], fields: dict[str, Any], compare: bool = True) -> None:
        """Checks that all agree, then times them in turn."""
        found = {name: work.found() for name, work in works.items()}
        agreement = {}
        for name in works:
            if compare:
                agreement[name] = self.check(name, found[name], found["hbcd"], fields["dtype"])
        samples, calls = alternate(works, self.plan["rounds"], self.plan["seconds"])
        line = []
        for name, times in samples.items():
            low, middle, high = np.percentile(times, [25, 50, 75])
            label = "/".join(str(fields[key]) for key in ("kind", "hidden", "rows", "dtype"))
            self.results.append(
                {
                    "name": f"{label}/{self.threads} threads/{name}",
                    "median_s": float(middle),
                    "q1_s": float(low),
                    "q3_s": float(high),
                    "samples": len(times),
                    "calls_per_sample": calls[name],
                    "difference": agreement.get(name),
                    "library": name,
                    "threads": self.threads,
                    **fields,
                }
            )
            line.append(f"{name} {statistics.median(times) * 1e6:.1f}")
        print(f"  {label}: {', '.join(line)} us", flush=True)

    # ---- the kinds of work

    def gradient(self, kind: str, width: int, rows: int | None, dtype: str, names: Any) -> None:
        case = make_case((width,) * 3, rows, dtype, self.plan["seed"])
        made = {
            name: self.build(name, lambda n=name: GRADIENTS[n](case, self.threads))
            for name in names
        }
        works = {name: work for name, work in made.items() if work is not None}
        self.measure(works, fields_of(kind, case, width))

    def adam(self, width: int, dtype: str) -> None:
        case = make_case((width,) * 3, None, dtype, self.plan["seed"])
        made = {
            name: self.build(
                name, lambda n=name: ADAMS[n](case, self.threads, ADAM_STEPS.get(n, 1))
            )
            for name in ADAMS
        }
        works = {name: work for name, work in made.items() if work is not None}
        self.measure(works, fields_of("adam step", case, width))

    def predict(self, width: int, rows: int) -> None:
        case = make_case((width,) * 3, max(rows, 20), "float64", self.plan["seed"])
        case = Case(case.net, case.theta, case.rows[:rows], case.targets[:rows])
        made = {name: self.build(name, lambda n=name: PREDICTIONS[n](case)) for name in PREDICTIONS}
        works = {name: work for name, work in made.items() if work is not None}
        self.measure(works, fields_of("predict", case, width))
        stop = libraries.hbcd.Stop(max_evaluations=50)
        ours = libraries.hbcd.HybridRegressor((width,) * 3, stop=stop, n_threads=1)
        table = make_case((width,) * 3, 500, "float64", self.plan["seed"])
        ours.fit(table.rows, table.targets.ravel())
        estimator = {"hbcd": Work(lambda: ours.predict(case.rows), lambda: np.zeros(1))}
        self.measure(estimator, fields_of("estimator predict", case, width), compare=False)

    def run(self) -> None:
        names = list(GRADIENTS)
        for width, rows, dtype in self.plan["gradients"]:
            self.gradient("gradient", width, rows, dtype, names)
        for width, dtype in self.plan["adam"]:
            self.adam(width, dtype)
        for rows, with_rivals in self.plan["rows"]:
            names = ["hbcd", "torch", "jax"] if with_rivals else ["hbcd"]
            self.gradient("rows", 10, rows, "float64", names)
        if self.threads == 1:
            for rows in (1, 100):
                self.predict(10, rows)


def fields_of(kind: str, case: Case, width: int) -> dict[str, Any]:
    dtype = str(case.theta.dtype)
    fields = {"kind": kind, "hidden": f"{width}^3", "rows": len(case.rows), "dtype": dtype}
    return {**fields, "width": width, "parameters": case.net.n_parameters}


def alternate(
    works: dict[str, Work], rounds: int, seconds: float
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Seconds per unit of work: rounds of one sample each, in turn, within about `seconds` each.

    A sample is the mean of calls that together last some 2 ms.  Before it the process sleeps, so
    that threads of another library that still spin go to rest, and one call is not counted.
    """
    samples: dict[str, list[float]] = {name: [] for name in works}
    calls = {}
    longest = 0.0
    for name, work in works.items():
        work.call()
        started = time.perf_counter()
        work.call()
        once = time.perf_counter() - started
        calls[name] = max(1, round(2e-3 / max(once, 1e-7)))
        longest = max(longest, once)
    rounds = max(3, min(rounds, int(seconds / max(2 * longest, 4e-3))))
    for _ in range(rounds):
        for name, work in works.items():
            time.sleep(0.005)
            work.call()
            started = time.perf_counter()
            for _ in range(calls[name]):
                work.call()
            elapsed = time.perf_counter() - started
            samples[name].append(elapsed / (calls[name] * work.steps))
    return samples, calls


def main() -> None:
    threads, plan_file, results_file = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    print(f"{threads} thread(s), {PINNED}", flush=True)
    if usable("torch"):
        import torch

        torch.set_num_threads(threads)
    worker = Worker(json.loads(plan_file.read_text()), threads)
    worker.run()
    found = {"pinned": PINNED, "notes": worker.notes, "results": worker.results}
    results_file.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
