"""Checks of the numbers: gradients of every network, bits at every number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import hbcd
from bench.first_light.checks import Line, network

ACTIVATIONS = (hbcd.Identity(), hbcd.Sigmoid(), hbcd.Tanh(), hbcd.ReLU(), hbcd.LeakyReLU())


def far_from_kinks(
    net: hbcd.Network, theta: np.ndarray, rows: np.ndarray, margin: float
) -> np.ndarray:
    """The rows whose pre-activations all stay away from 0, where ReLU has its kink."""
    a, keep = rows, np.ones(len(rows), bool)
    for layer, (weights, bias) in zip(net.layers[1:], net.parameters(theta), strict=True):
        z = a @ weights + bias
        if isinstance(layer.activation, (hbcd.ReLU, hbcd.LeakyReLU)):
            keep &= (np.abs(z) > margin).all(axis=1)
        a = np.empty_like(z)
        layer.activation.forward(z, a)
    return rows[keep][:20]


def gradient_errors(
    activation: Any, depth: int, width: int, outputs: int
) -> Iterator[tuple[float, float]]:
    """Per block: error of float64 against differences, and of float32 against float64.

    Central differences of fourth order; errors are relative to the largest element of the block's
    gradient (or to 1e-4 of the whole's, if that is larger).
    """
    rng = np.random.default_rng([depth, width, outputs, len(activation.__class__.__name__)])
    net = network(3, (width,) * depth, activation, outputs)
    rows = np.empty((0, 3))
    while len(rows) < 10:
        theta = net.init(rng) + 0.1 * rng.normal(size=net.n_parameters)
        rows = far_from_kinks(net, theta, rng.normal(size=(4000, 3)), 0.02)
    targets = rng.normal(size=(len(rows), outputs))
    objective = net.bind(rows, targets)
    _, gradient = objective(theta)
    _, single = net.loss_and_gradient(theta.astype(np.float32), rows, targets)
    step = 4e-4
    for block in net.blocks:
        # Differences resolve 1e-16 f / step: they cannot see a gradient far below the whole's.
        size = max(np.abs(gradient[block]).max(), 1e-4 * np.abs(gradient).max())
        picked = rng.permutation(np.arange(block.start, block.stop))[:24]
        worst = 0.0
        for k in picked:
            values = []
            for shift in (-2, -1, 1, 2):
                moved = theta.copy()
                moved[k] += shift * step
                values.append(objective.value(moved))
            difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
            worst = max(worst, abs(difference - gradient[k]))
        error32 = np.abs(single[block] - gradient[block]).max()
        yield float(worst / size), float(error32 / size)


def check_gradients(home: Any) -> list[Line]:
    """Every activation x depth 0-4 x width 1-17 x block x outputs 1-3."""
    worst64, worst32, count = 0.0, 0.0, 0
    for activation in ACTIVATIONS:
        for depth in range(5):
            for width in range(1, 18) if depth else (1,):
                for outputs in (1, 2, 3):
                    for error64, error32 in gradient_errors(activation, depth, width, outputs):
                        worst64, worst32 = max(worst64, error64), max(worst32, error32)
                        count += 1
    return [
        Line(
            f"gradient float64 against differences, worst of {count} blocks",
            f"{worst64:.1e}",
            "<= 1e-7",
            worst64 <= 1e-7,
        ),
        Line(
            "gradient float32 against float64, worst", f"{worst32:.1e}", "<= 1e-5", worst32 <= 1e-5
        ),
    ]


def check_bits(home: Any) -> list[Line]:
    """Same seed, same bits, at 1, 2 and 4 threads and run after run."""
    dataset = hbcd.fetch_ccpp(home)
    found = set()
    for strategy in ("paper", "fast"):
        weights = {
            hbcd.HybridRegressor(
                (10, 10, 10), strategy=strategy, random_state=3, n_threads=n, stop=short
            )
            .fit(dataset.data, dataset.target)
            .theta_.tobytes()
            for short in (hbcd.Stop(max_evaluations=12000),)
            for n in (1, 2, 4, 1)
        }
        found.add(len(weights))
    equal = found == {1}
    return [
        Line(
            "same seed: weights at 1, 2, 4 threads, twice",
            "equal" if equal else "differ",
            "equal",
            equal,
        )
    ]
