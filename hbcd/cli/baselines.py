"""What a network has to beat, and the split into rows to train and rows to test on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.scaling import Scaler

__all__ = ["BASELINES", "Baseline", "LeastSquares", "split_rows"]

Array = NDArray[Any]

#: What a network is compared with: the key in JSON, and what people read.
BASELINES = {
    "baseline_ols": "least squares",
    "baseline_linear": "linear model",
    "baseline_frequent": "most frequent",
}


@dataclass(frozen=True)
class Baseline:
    """What the network is compared with.

    Attributes
    ----------
    key : str
        In JSON.
    train, test : dict
        Scores of either part.
    """

    key: str
    train: dict[str, Any]
    test: dict[str, Any]


def split_rows(n: int, test_size: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which rows train and which test: a random permutation, cut once.

    The first ``ceil(test_size * n)`` entries of ``numpy.random.default_rng(seed).permutation(n)``
    are the test part, the others the training part, both in that order.

    Parameters
    ----------
    n : int
        Rows, at least 2.
    test_size : float
        Share of the test part, between 0 and 1, both excluded.
    seed : int

    Returns
    -------
    train, test : ndarray of int
        Numbers of rows, from 0; each part has at least one.

    Raises
    ------
    ValueError
        A share outside (0, 1), or too few rows to leave one for training.
    """
    if not 0.0 < test_size < 1.0:
        raise ValueError(f"test_size={test_size:g}: must be between 0 and 1, both excluded")
    # The product is rounded first: 0.07 * 100 is 7.000000000000001 in binary.
    n_test = math.ceil(round(test_size * n, 9))
    if n - n_test < 1:
        raise ValueError(
            f"rows={n}: must be more than the {n_test} that test_size={test_size:g} takes to test "
            "on, one at least is for training"
        )
    order = np.random.default_rng(seed).permutation(n)
    return order[n_test:], order[:n_test]


@dataclass(frozen=True)
class LeastSquares:
    """Ordinary least squares with intercept.

    Columns are standardized first, which makes the intercept 0 and the solution (of least norm,
    where features depend on each other) the same in all units.

    Attributes
    ----------
    x_scaler, y_scaler : Scaler
    weights : ndarray of shape (features, targets)
    """

    x_scaler: Scaler
    y_scaler: Scaler
    weights: Array

    @classmethod
    def fit(cls, x: Array, y: Array) -> LeastSquares:
        """Solves once.

        Parameters
        ----------
        x : ndarray of shape (rows, features)
        y : ndarray of shape (rows,) or (rows, targets)
        """
        targets = y.reshape(len(y), -1)
        x_scaler, y_scaler = Scaler.fit(x), Scaler.fit(targets)
        scaled = x_scaler.forward(x, np.float64), y_scaler.forward(targets, np.float64)
        return cls(x_scaler, y_scaler, np.linalg.lstsq(*scaled, rcond=None)[0])

    def predict(self, x: Array) -> Array:
        """Predictions in the targets' units, shape (rows, targets)."""
        return self.y_scaler.backward(self.x_scaler.forward(x, np.float64) @ self.weights)
