"""hbcd against PyTorch, JAX and scikit-learn: same weights, same data, gradients compared first.

    python -m bench.rivals [--quick] [--out DIR] [--threads 1 2] [--peak F64 F32]

Every number of threads runs in a process of its own, tied to as many processors, in which all
libraries take turns.  Writes DIR/rivals.json and DIR/rivals.png and prints times, ratios, bars.
PyTorch and JAX take part where they are installed; they are not dependencies.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import hbcd
from bench.rivals.picture import draw
from bench.rivals.table import (
    all_bars,
    as_json,
    print_bars,
    print_noise,
    print_ratios,
    print_times,
    ratios,
)

HERE = Path(__file__).resolve().parent
SEED = 7
WIDTHS = (5, 10, 20, 64, 256)
HUGE_BATCH = 256  # from this width on ceil(1.1 P) rows take gigabytes and seconds per call
SWEEP = (1_000, 10_000, 30_000, 100_000, 1_000_000)
PACKAGES = ("hbcd", "numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib", "matplotlib")


def make_plan(options: argparse.Namespace) -> dict[str, Any]:
    """What each process measures: a plain object, because it travels as a file."""
    widths = (5, 10, 20) if options.quick else WIDTHS
    gradients = [
        (width, rows, dtype)
        for width in widths
        for rows in (7654, None)
        for dtype in ("float64", "float32")
        if rows or width < HUGE_BATCH or options.huge
    ]
    sweep = [(rows, True) for rows in SWEEP if rows <= 100_000 or not options.quick]
    if options.huge:
        sweep.append((10_000_000, False))
    return {
        "seed": SEED,
        "rounds": 7 if options.quick else 41,
        "seconds": 0.3 if options.quick else 4.0,
        "without": ["torch.compile"] if options.quick or options.no_compile else [],
        "gradients": gradients,
        "adam": [(width, "float64") for width in widths if width <= 20],
        "rows": sweep,
    }


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {**found, "hbcd": hbcd.__version__}


def run_worker(threads: int, plan: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        plan_file, results_file = Path(folder, "plan.json"), Path(folder, "results.json")
        plan_file.write_text(json.dumps(plan))
        command = [
            sys.executable,
            "-m",
            "bench.rivals.worker",
            str(threads),
            str(plan_file),
            str(results_file),
        ]
        subprocess.run(command, check=True)
        return json.loads(results_file.read_text())


def main() -> int:
    """Runs everything; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute or two, less certain")
    parser.add_argument("--huge", action="store_true", help="also 256^3 on 1.1 P rows, 10^7 rows")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--peak", type=float, nargs=2, metavar=("F64", "F32"), help="GF/s of an FMA loop, one core"
    )
    parser.add_argument("--out", type=Path, default=Path("rivals"))
    options = parser.parse_args()
    for name in ("torch", "jax", "sklearn", "matplotlib"):
        if importlib.util.find_spec(name) is None:
            print(
                f"{name} is not installed: "
                + ("no picture" if name == "matplotlib" else "left out")
            )
    plan = make_plan(options)
    runs = {threads: run_worker(threads, plan) for threads in sorted(set(options.threads))}
    results = [result for run in runs.values() for result in run["results"]]
    meta = {
        "what": "rivals",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": {"processor": processor(), "processors": os.cpu_count()},
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "config": {key: str(value) for key, value in hbcd.show_config().items()},
        "seed": SEED,
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "plan": plan,
        "threads": {str(n): {k: run[k] for k in ("pinned", "notes")} for n, run in runs.items()},
    }
    peaks = dict(zip(("float64", "float32"), options.peak or (), strict=False))
    bars = all_bars(results, peaks)
    lines = ratios(results, "gradient")
    steps = ratios(results, "adam step", ("torch", "torch fused", "jax"))
    print_times(results)
    print_ratios(lines, "gradient")
    print_ratios(steps, "ADAM step")
    print_ratios(ratios(results, "adam step", ("torch",)), "ADAM step, PyTorch eager alone")
    print_bars(bars)
    print_noise(results)
    for run in runs.values():
        for note in run["notes"]:
            print(f"note: {note}")
    options.out.mkdir(parents=True, exist_ok=True)
    written = {"meta": meta, "results": results, "ratios": as_json(lines + steps)}
    written["bars"] = as_json(bars)
    (options.out / "rivals.json").write_text(json.dumps(written, indent=1) + "\n")
    print(f"\nwritten: {options.out / 'rivals.json'}")
    if importlib.util.find_spec("matplotlib") is not None:
        draw(results, f"{processor()}, {versions_in_words(meta)}", options.out / "rivals.png")
        print(f"written: {options.out / 'rivals.png'}")
    return int(any(bar.passed is False for bar in bars))


def versions_in_words(meta: dict[str, Any]) -> str:
    shown = ("hbcd", "torch", "jax", "scikit-learn")
    return ", ".join(f"{n} {meta['versions'][n]}" for n in shown if n in meta["versions"])


if __name__ == "__main__":
    sys.exit(main())
