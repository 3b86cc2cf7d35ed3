"""Growth on rows that a network of known size has made."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd

__all__ = ["known_sizes", "made_rows"]

Array = NDArray[np.float64]
SIZES = (3, 6, 12, 30)
INPUTS, ROWS, TEST_ROWS, NOISE = 5, 3000, 5000, 1e-3
SIZE_BAR, ERROR_BAR = 0.3, 1e-3


def made_rows(size: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """Inputs, noisy targets, and test rows without noise; targets have mean 0 and deviation 1."""
    rng = np.random.default_rng(seed)
    net = hbcd.Network([hbcd.InputLayer(INPUTS), hbcd.HiddenLayer(size), hbcd.OutputLayer(1)])
    theta = net.init(rng)
    hidden, out = net.parameters(theta)
    hidden.weights[:] = rng.normal(size=(INPUTS, size)) * 1.5 / np.sqrt(INPUTS)
    hidden.bias[:] = rng.normal(size=size)
    out.weights[:] = rng.choice([-1, 1], (size, 1)) * rng.uniform(0.5, 1.5, (size, 1))
    x = rng.normal(size=(ROWS + TEST_ROWS, INPUTS))
    y = net.predict(theta, x)
    y = (y - y.mean()) / y.std()
    return x[:ROWS], y[:ROWS] + NOISE * rng.normal(size=(ROWS, 1)), x[ROWS:], y[ROWS:]


def known_sizes(seeds: int) -> tuple[list[dict[str, Any]], bool]:
    """One line for each size and seed, and whether all are within the bars."""
    print("known size, seed: ends at, error on test rows, CPU s, largest on the way", flush=True)
    lines = []
    for size in SIZES:
        for seed in range(seeds):
            x, y, apart, truth = made_rows(size, seed)
            layers = [hbcd.InputLayer(INPUTS), hbcd.HiddenLayer(1), hbcd.OutputLayer(1)]
            net = hbcd.Network(layers, alpha=1e-6)
            begin = time.process_time()
            report = net.train(net.init(seed), x, y, strategy=hbcd.Grow(), rng=seed, n_threads=1)
            seconds = time.process_time() - begin
            predicted = report.network.predict(report.theta, apart)
            error = float(np.sqrt(np.mean((predicted - truth) ** 2)))
            end = sum(report.network.widths[:-1])
            most = max(sum(map(int, text.split("-"))) for text in report.history["widths"])
            met = abs(end - size) <= SIZE_BAR * size and error <= ERROR_BAR
            lines.append(
                {"size": size, "seed": seed, "end": end, "error": error, "cpu": seconds,
                 "largest": most, "met": met}
            )  # fmt: skip
            print(f"  {size:2d}, {seed}: {end:2d}, {error:.1e}, {seconds:.1f}, {most}"
                  f"{'' if met else '  FAIL'}", flush=True)  # fmt: skip
    return lines, all(line["met"] for line in lines)
