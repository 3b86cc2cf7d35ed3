"""The fit that `bench.training.losses` disturbs, and what comes of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd

__all__ = ["GRACE", "RANKS", "Outcome", "alone", "digest", "settings", "table"]

RANKS = 3
GRACE = 12.0  # seconds beyond the timeout after which what has not ended hangs
ROWS = 20_000


@dataclass(frozen=True)
class Outcome:
    """What came of a fit that lost a rank.

    Attributes
    ----------
    what : str
    seconds : float
        From the loss to the last word of a rank that was not lost.
    detail : str
        For what must not be.
    left : str
        What was left behind, "" if nothing.
    """

    what: str
    seconds: float
    detail: str
    left: str = ""


def table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Inputs and targets."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, 6))
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] * x[:, 2] + 0.1 * rng.standard_normal(ROWS)
    return x, y


def settings(iterations: int) -> dict[str, Any]:
    """Of a fit of so many rounds, or twice as many."""
    strategy = hbcd.FullBatch(hbcd.Adam(), max_iterations=iterations)
    stop = hbcd.Stop(f_tol=None, pg_tol=0.0)
    return {
        "hidden_layer_sizes": (10, 10),
        "strategy": strategy,
        "stop": stop,
        "random_state": 0,
        "n_threads": 1,
        "dtype": "float64",
    }


def alone(iterations: int) -> str:
    """The digest of the fit in one process."""
    return digest(hbcd.HybridRegressor(**settings(iterations)).fit(*table()))


def digest(fitted: Any) -> str:
    """SHA-256 of the weights."""
    return hashlib.sha256(fitted.theta_.tobytes()).hexdigest()
