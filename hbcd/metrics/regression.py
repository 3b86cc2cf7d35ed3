"""How good predictions are: the split into two parts, R2, MSE and MAE, and least squares beside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.scaling import Scaler

__all__ = ["least_squares", "r2_scores", "scores", "split_rows"]

Array = NDArray[Any]
Scores = dict[str, float | None]


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
    varies = (np.ptp(counted, axis=0) > 0) & (total > 0)
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


def least_squares(x: Array, y: Array, x_new: Array) -> Array:
    """Predictions of ordinary least squares with intercept: what a network has to beat.

    Parameters
    ----------
    x : ndarray of shape (rows, features)
    y : ndarray of shape (rows,) or (rows, targets)
    x_new : ndarray of shape (new rows, features)

    Returns
    -------
    ndarray of shape (new rows,) or (new rows, targets)
        In the targets' units.  Columns are standardized first, which makes the intercept 0 and the
        solution (of least norm, where features depend on each other) the same in all units.
    """
    targets = y.reshape(len(y), -1)
    x_scaler, y_scaler = Scaler.fit(x), Scaler.fit(targets)
    weights = np.linalg.lstsq(
        x_scaler.forward(x, np.float64), y_scaler.forward(targets, np.float64), rcond=None
    )[0]
    predicted = y_scaler.backward(x_scaler.forward(x_new, np.float64) @ weights)
    return predicted.reshape(-1, *y.shape[1:])
