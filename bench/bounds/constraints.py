"""Fits of monotone truths with and without `monotonic_cst`, and the signs of derivatives."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import hbcd

COLUMNS, NEW = 4, 4000
NOISE = 0.1  # of the spread of the truth
BOX = [(-100.0, 100.0)] * COLUMNS  # columns are uniform in [0, 1]

Truth = Callable[[np.ndarray], np.ndarray]
TRUTHS: dict[str, tuple[Truth, list[int]]] = {
    "sum of curves": (
        lambda x: x[0] + np.sqrt(x[1]) + x[2] ** 2 + np.tanh(5 * (x[3] - 0.5)),
        [1, 1, 1, 1],
    ),
    "products": (lambda x: x[0] * x[1] + x[2] * np.exp(x[3]), [1, 1, 1, 1]),
    "two of four": (
        lambda x: x[0] * np.exp(np.sin(6 * x[2])) + 2 * np.cos(8 * x[3]) + x[1] ** 3,
        [1, 1, 0, 0],
    ),
    "up and down": (
        lambda x: np.log(1 + 5 * x[0] * (1.2 - x[1])) + np.sin(5 * x[2]),
        [1, -1, 0, 0],
    ),
    "kinetics": (lambda x: np.exp(3 * x[0]) * x[1] / (0.3 + x[1]) * (1 + x[2]), [1, 1, 1, 0]),
    "edges": (lambda x: np.maximum(x[0], x[1]) + np.minimum(x[2], x[3]), [1, 1, 1, 1]),
}


def costs(rows: list[int], seeds: int, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """R2 on new rows without noise and CPU seconds of both fits, and whether the proof holds."""
    warnings.simplefilter("ignore")
    found = []
    for name, (truth, signs) in TRUTHS.items():
        for n in rows:
            for seed in range(seeds):
                rng = np.random.default_rng(1000 + seed)
                X = rng.uniform(0, 1, (n + NEW, COLUMNS))
                y = truth(X.T)
                y = y / y.std()
                noisy = y[:n] + NOISE * rng.normal(size=n)
                scores, seconds, proof = [], [], None
                for cst in (None, signs):
                    begun = time.process_time()
                    model = hbcd.HybridRegressor(
                        monotonic_cst=cst, random_state=seed, **parameters
                    ).fit(X[:n], noisy)
                    seconds.append(time.process_time() - begun)
                    scores.append(model.score(X[n:], y[n:]))
                    proof = None if cst is None else model.is_monotonic(BOX, max_boxes=1).holds
                found.append(
                    {"truth": name, "rows": n, "r2": scores, "cpu": seconds, "proof": proof}
                )
    return found


def wrong_signs(points: int, parameters: dict[str, Any]) -> tuple[int, int]:
    """Derivatives of the wrong sign, and rows at which they were computed, far beyond the table."""
    wrong = seen = 0
    each = -(-points // len(TRUTHS))
    for k, (truth, signs) in enumerate(TRUTHS.values()):
        rng = np.random.default_rng(k)
        X = rng.uniform(0, 1, (500, COLUMNS))
        y = truth(X.T) + 0.3 * rng.normal(size=500)
        model = hbcd.HybridRegressor(
            monotonic_cst=signs, output_range=None, random_state=0, **parameters
        ).fit(X, y)
        size = 10 ** rng.uniform(-1, 1.5, (each, 1))
        slopes = model.jacobian(0.5 + size * rng.normal(size=(each, COLUMNS)))
        wrong += int((slopes * np.array(signs) < 0).sum())
        seen += each
    return wrong, seen
