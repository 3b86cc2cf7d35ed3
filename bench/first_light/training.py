"""Checks of training: accuracy on the two plants, every combination of parts."""

from __future__ import annotations

import statistics
import time
from typing import Any

import hbcd
from bench.first_light.checks import Line, least_squares_r2, split


def fits(
    dataset: Any, hidden: tuple[int, ...], strategy: str, seeds: range, n_threads: int | None
) -> tuple[list[float], list[float], list[float]]:
    """Gains over least squares, test R2, seconds, one per split."""
    gains, scores, seconds = [], [], []
    for seed in seeds:
        parts = split(dataset, seed)
        model = hbcd.HybridRegressor(
            hidden, strategy=strategy, random_state=seed, n_threads=n_threads
        )
        started = time.perf_counter()
        model.fit(parts[0], parts[2])
        seconds.append(time.perf_counter() - started)
        scores.append(model.score(parts[1], parts[3]))
        gains.append(scores[-1] - least_squares_r2(parts))
    return gains, scores, seconds


def check_paper(home: Any) -> list[Line]:
    """The article's settings on CCPP."""
    gains, scores, seconds = fits(hbcd.fetch_ccpp(home), (5, 5, 5), "paper", range(5), 1)
    gain = statistics.mean(gains)
    return [
        Line(
            f"CCPP 4-5-5-5-1, Hybrid.paper(): mean gain in test R2 "
            f"(R2 {statistics.mean(scores):.4f}, "
            f"{max(seconds):.2f} s at most)",
            f"{gain:.4f}",
            ">= 0.005",
            gain >= 0.005,
        )
    ]


def check_default(home: Any) -> list[Line]:
    """The default on CCPP, one thread."""
    gains, scores, seconds = fits(hbcd.fetch_ccpp(home), (10, 10, 10), "fast", range(5), 1)
    gain = statistics.mean(gains)
    return [
        Line(
            f"CCPP 4-10-10-10-1, default: mean gain in test R2 (R2 {statistics.mean(scores):.4f})",
            f"{gain:.4f}",
            ">= 0.016",
            gain >= 0.016,
        ),
        Line(
            "    seconds of the slowest of 5 fits, one thread",
            f"{max(seconds):.2f}",
            "<= 2",
            max(seconds) <= 2,
        ),
    ]


def check_siec(home: Any) -> list[Line]:
    """The default on SIEC."""
    _, scores, seconds = fits(hbcd.fetch_siec(home), (10, 10, 10), "fast", range(3), None)
    r2 = statistics.mean(scores)
    return [
        Line("SIEC 15-10-10-10-1, default: mean test R2", f"{r2:.5f}", ">= 0.9990", r2 >= 0.9990),
        Line(
            "    seconds of the slowest of 3 fits",
            f"{max(seconds):.2f}",
            "<= 10",
            max(seconds) <= 10,
        ),
    ]


GRID_OPTIMIZERS = {
    "ADAM": (hbcd.Adam(learning_rate=1e-2), 10),
    "L-BFGS": (hbcd.LBFGS(), 3),
    "BB": (hbcd.BarzilaiBorwein(), 6),
    "ICRS": (hbcd.ICRS(), 3),
}
GRID_SELECTORS = {
    "most sensitive": hbcd.MostSensitive(),
    "random": hbcd.RandomBlock(),
    "forward": hbcd.ForwardSequential(),
    "ping-pong": hbcd.PingPong(),
}
GRID_ACTIVATIONS = {
    "sigmoid": hbcd.Sigmoid(),
    "tanh": hbcd.Tanh(),
    "relu": hbcd.ReLU(),
    "leaky relu": hbcd.LeakyReLU(),
}
GRID_SECONDS = 5.0


def check_grid(home: Any) -> list[Line]:
    """4 optimizers x 4 selectors x 4 activations on one split of CCPP, 4-5-5-5-1."""
    train_x, _, train_y, _ = split(hbcd.fetch_ccpp(home), 0)
    worst, slowest = 1.0, 0.0
    print("\ntrain R2 on CCPP 4-5-5-5-1 (split 0), 8 passes of the batch shell, rows doubling")
    print(f"{'':10}{'':16}" + "".join(f"{name:>12}" for name in GRID_ACTIVATIONS))
    for optimizer_name, (optimizer, inner) in GRID_OPTIMIZERS.items():
        for selector_name, selector in GRID_SELECTORS.items():
            scores = []
            for activation in GRID_ACTIVATIONS.values():
                strategy = hbcd.BatchShell(
                    optimizer,
                    selector,
                    inner_iterations=inner,
                    visits_per_batch=4,
                    growth=2.0,
                    epochs=8,
                    min_batch_rows=256,
                )
                model = hbcd.HybridRegressor(
                    (5, 5, 5), activation, strategy, random_state=0, n_threads=1
                )
                model.set_params(max_time=GRID_SECONDS).fit(train_x, train_y)
                scores.append(model.score(train_x, train_y))
                slowest = max(slowest, model.report_.seconds)
            worst = min(worst, *scores)
            cells = "".join(f"{score:12.4f}" for score in scores)
            print(f"{optimizer_name:10}{selector_name:16}{cells}", flush=True)
    return [
        Line(
            f"64 combinations: lowest train R2 (8 passes, {GRID_SECONDS:g} s allowed, slowest "
            f"{slowest:.2f} s)",
            f"{worst:.4f}",
            ">= 0.85",
            worst >= 0.85,
        )
    ]
