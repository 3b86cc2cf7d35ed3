"""Rows of boxes that try to leave the bounds: random ones, corners, and gradient ascent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import hbcd
from hbcd.bounds.boxes import METHODS, NetworkBounds

ACTIVATIONS = (
    hbcd.Identity(), hbcd.Sigmoid(), hbcd.Tanh(), hbcd.ReLU(), hbcd.LeakyReLU(),
    hbcd.LeakyReLU(2.0),
)  # fmt: skip
DEPTHS = range(6)
INPUTS, WIDTH, OUTPUTS = 4, 12, 2
STEPS = 20  # of ascent


@dataclass
class Tally:
    """What was seen: rows, rows outside by method, and logarithms of crown over interval."""

    rows: int = 0
    outside: int = 0
    ratios: list[float] | None = None


def networks(rng: np.random.Generator) -> Any:
    """Every activation and depth in both precisions, with parameters of random size."""
    for dtype in (np.float64, np.float32):
        for activation in ACTIVATIONS:
            for depth in DEPTHS:
                hidden = [hbcd.HiddenLayer(WIDTH, activation) for _ in range(depth)]
                layers = [hbcd.InputLayer(INPUTS), *hidden, hbcd.OutputLayer(OUTPUTS)]
                network = hbcd.Network(layers)
                theta = network.init(rng, dtype) * dtype(rng.uniform(0.5, 3.0))
                yield network, theta, activation, depth


def boxes(rng: np.random.Generator, n: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of 1e-8 to 2 standard deviations, whose ends the precision holds."""
    center = rng.normal(size=(n, INPUTS))
    half = 10 ** rng.uniform(-8, 0.3, (n, 1)) * rng.random((n, INPUTS))
    lo, hi = ((center + sign * half).astype(dtype).astype(np.float64) for sign in (-1, 1))
    return lo, hi


def rows_of(
    network: Any,
    theta: np.ndarray,
    lo: np.ndarray,
    hi: np.ndarray,
    rng: np.random.Generator,
    n: int,
) -> np.ndarray:
    """n rows of one box: a quarter random, a quarter corners, the rest on the way of an ascent."""
    dtype = theta.dtype
    ends = lo.astype(dtype), hi.astype(dtype)
    part = n // 4
    inner = rng.uniform(lo, hi, (part, lo.size))
    corners = np.where(rng.random((part, lo.size)) < 0.5, lo, hi)
    found = [np.clip(np.vstack([inner, corners]).astype(dtype), *ends)]
    starts = -(-(n - 2 * part) // STEPS)
    output = rng.integers(network.n_outputs, size=starts)
    sign = rng.choice([-1.0, 1.0], starts)[:, np.newaxis]
    x = np.clip(rng.uniform(lo, hi, (starts, lo.size)).astype(dtype), *ends)
    for step in range(STEPS):
        slope = network.input_jacobian(theta, x)[np.arange(starts), output].astype(np.float64)
        move = sign * np.sign(slope) * (hi - lo) * (0.5 * 0.75**step)
        x = np.clip((x + move).astype(dtype), *ends)
        found.append(x)
    return np.vstack(found)[:n]


def attack(n_boxes: int, n_rows: int, seed: int = 0) -> Tally:
    """Every network with its share of the boxes and rows."""
    rng = np.random.default_rng(seed)
    tally = Tally(ratios=[])
    assert tally.ratios is not None
    made = list(networks(rng))
    each = -(-n_boxes // len(made))
    for network, theta, _, depth in made:
        lo, hi = boxes(rng, each, theta.dtype)
        found = {m: NetworkBounds(network, theta, m).outputs(lo, hi) for m in METHODS}
        for k in range(each):
            x = rows_of(network, theta, lo[k], hi[k], rng, -(-n_rows // (each * len(made))))
            out = network.predict(theta, x).astype(np.float64)
            tally.rows += len(x)
            for low, high in found.values():
                tally.outside += int(((out < low[k]) | (out > high[k])).any(axis=1).sum())
        if depth:  # without a hidden layer both are exact
            widths = [found[m][1] - found[m][0] for m in ("crown", "interval")]
            tally.ratios += np.log(widths[0] / widths[1]).ravel().tolist()
    return tally
