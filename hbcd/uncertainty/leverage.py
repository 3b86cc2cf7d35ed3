"""Leverage: how far a row lies from others in features, by the matrix of these."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fresh", "own_leverage", "whitener"]

Array = NDArray[Any]
MOST = 0.95  # leverage of a training row, which would be 1 where nothing else says anything of it
RELATIVE = 1e-6  # added to the diagonal, relative to its mean


def whitener(
    features: Array, penalty: float, weight: Array | None, copies: float
) -> NDArray[np.float64]:
    """A root M of the inverse of ``H = A'A + penalty``, A the features and a 1: leverage |a M|^2.

    H is the Gauss-Newton matrix of the squared error of an output layer on these features; the 1,
    for its bias, is the last one and pays no penalty.

    Parameters
    ----------
    features : ndarray of shape (rows, p)
    penalty : float
    weight : ndarray of shape (rows,) or None
        What each row counts, 1 in the mean.
    copies : float
        How many rows each of them stands for.

    Returns
    -------
    ndarray of shape (p + 1, p + 1)
        Upper triangular, so that the last row of it has the bias.
    """
    a = np.column_stack([features, np.ones(len(features))]).astype(np.float64)
    matrix = a.T @ (a if weight is None else a * weight[:, np.newaxis])
    matrix *= copies
    p = len(matrix) - 1
    diagonal = np.arange(p)
    matrix[diagonal, diagonal] += penalty + RELATIVE * np.trace(matrix) / (p + 1.0)
    root = np.linalg.cholesky(matrix)
    return np.ascontiguousarray(np.linalg.inv(root).T, np.float64)


def own_leverage(features: Array, root: Array, weight: Array | None) -> NDArray[np.float64]:
    """Leverage of the rows that `whitener` was made of.

    Parameters
    ----------
    features : ndarray of shape (rows, p)
    root : ndarray of shape (p + 1, p + 1)
    weight : ndarray of shape (rows,) or None
    """
    white = features.astype(np.float64) @ root[:-1] + root[-1]
    leverage: NDArray[np.float64] = np.square(white).sum(axis=1)
    return leverage if weight is None else leverage * weight


def fresh(leverage: Array) -> NDArray[np.float64]:
    """What the leverage of rows would be without them: ``h / (1 - h)``.

    Parameters
    ----------
    leverage : ndarray of shape (rows,)
    """
    h = np.minimum(leverage, MOST)
    return np.asarray(h / (1.0 - h))
