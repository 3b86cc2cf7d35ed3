"""`hbcd bench`: how long a gradient and a prediction take on this machine."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import hbcd
from hbcd.cli.text import print_json
from hbcd.utils.validation import check_integer, effective_threads

__all__ = ["bench"]

WIDTHS = (4, 10, 10, 10, 1)
ROWS = 7654  # four fifths of the plant's table
SECONDS = 0.2  # spent on each number


def bench(args: argparse.Namespace) -> int:
    """Prints medians by threads and precision."""
    check_integer("threads", args.threads, 1, none=True)
    most = effective_threads(args.threads)
    network = hbcd.Network(
        [
            hbcd.InputLayer(WIDTHS[0]),
            *(hbcd.HiddenLayer(width, hbcd.Tanh()) for width in WIDTHS[1:-1]),
            hbcd.OutputLayer(WIDTHS[-1]),
        ]
    )
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((ROWS, WIDTHS[0])), generator.standard_normal(ROWS)
    gradient: list[dict[str, Any]] = []
    predict: list[dict[str, Any]] = []
    for dtype in ("float64", "float32"):
        theta = network.init(0, dtype)
        for threads in range(1, most + 1):
            objective = network.bind(x, y, n_threads=threads, dtype=dtype)
            seconds = _median_seconds(lambda f=objective, t=theta: f(t))  # type: ignore[misc]
            gradient.append(
                {"dtype": dtype, "threads": threads, "microseconds": round(seconds * 1e6, 2)}
            )
        row = x[:1].astype(dtype)
        seconds = _median_seconds(
            lambda t=theta, one=row: network.predict(t, one, n_threads=1)  # type: ignore[misc]
        )
        predict.append({"dtype": dtype, "microseconds": round(seconds * 1e6, 2)})
    result = {
        "network": "-".join(map(str, WIDTHS)),
        "rows": ROWS,
        **hbcd.show_config(),
        "threads": most,
        "gradient": gradient,
        "predict_one_row": predict,
    }
    print_json(result) if args.json else print(_text(result))
    return 0


def _median_seconds(call: Callable[[], Any]) -> float:
    """Median time of a call, warmed up."""
    call()
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _text(result: dict[str, Any]) -> str:
    lines = [
        f"network {result['network']} tanh, {result['rows']} rows, "
        f"simd {result['simd']}, openmp {'yes' if result['openmp'] else 'no'}",
        "",
        f"{'gradient':<18}{'threads':>8}{'microseconds':>14}",
    ]
    lines += [
        f"  {line['dtype']:<16}{line['threads']:>8}{line['microseconds']:>14.1f}"
        for line in result["gradient"]
    ]
    lines.append("predict, one row")
    lines += [
        f"  {line['dtype']:<16}{1:>8}{line['microseconds']:>14.1f}"
        for line in result["predict_one_row"]
    ]
    return "\n".join(lines)
