"""How good predictions of numbers are: R2, MSE and MAE."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["r2_scores", "scores"]

Array = NDArray[Any]
Scores = dict[str, float | None]


def _magnitude(*tables: Array) -> int:
    """The e with ``2**(e - 1) <= largest absolute value < 2**e``.

    What is divided by 2**e, which is exact, has squares that neither overflow nor all underflow.
    """
    return int(np.frexp(max(float(np.abs(table).max()) for table in tables))[1])


def r2_scores(y: Array, predicted: Array, weight: Array | None = None) -> Array:
    """``1 - sum w (y - p)**2 / sum w (y - mean)**2`` of every target, at any scale.

    Parameters
    ----------
    y, predicted : ndarray of shape (rows, targets)
    weight : ndarray of shape (rows,), optional

    Returns
    -------
    ndarray of shape (targets,)
        NaN where a target does not vary.
    """
    exponent = _magnitude(y, predicted)
    truth = np.ldexp(y, -exponent)
    residual = np.ldexp(predicted, -exponent) - truth
    mean = np.average(truth, axis=0, weights=weight)
    square = np.average(np.square(residual), axis=0, weights=weight)
    total = np.average(np.square(truth - mean), axis=0, weights=weight)
    # The mean of equal numbers may differ from them by rounding: total alone does not tell.
    counted = y if weight is None else y[weight > 0]
    varies = (counted.max(axis=0) > counted.min(axis=0)) & (total > 0)
    return np.where(varies, 1 - square / np.where(varies, total, 1.0), np.nan)


def scores(y: Array, predicted: Array) -> Scores:
    """R2, MSE and MAE, each the mean over targets; MSE and MAE in the targets' units.

    Parameters
    ----------
    y, predicted : ndarray of shape (rows,) or (rows, targets)

    Returns
    -------
    dict
        ``r2`` (None where a target does not vary in these rows), ``mse``, ``mae``; None also for
        what no float64 can hold.
    """
    truth = y.reshape(len(y), -1)
    values = predicted.reshape(truth.shape)
    exponent = _magnitude(truth, values)
    residual = np.ldexp(values, -exponent) - np.ldexp(truth, -exponent)
    with np.errstate(over="ignore", under="ignore"):
        found = {
            "r2": float(r2_scores(truth, values).mean()),
            "mse": float(np.ldexp(np.square(residual).mean(), 2 * exponent)),
            "mae": float(np.ldexp(np.abs(residual).mean(), exponent)),
        }
    return {name: value if math.isfinite(value) else None for name, value in found.items()}
