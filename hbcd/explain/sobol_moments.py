"""The estimators of Sobol indices, as ratios of means over points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments"]

Array = NDArray[Any]


class Moments:
    """What the indices are made of, point by point.

    Parameters
    ----------
    f_a, f_b : ndarray of shape (n, q)
        Outputs of the points of A and of B.
    f_ab : ndarray of shape (p, n, q)
        Of A with one column of B, for each column.
    f_ba : ndarray of shape (p, n, q) or None
        Of B with one column of A; for indices of pairs.

    Attributes
    ----------
    mean, variance : ndarray of shape (q,)
        Of the outputs of A and B.
    """

    def __init__(self, f_a: Array, f_b: Array, f_ab: Array, f_ba: Array | None) -> None:
        both = np.concatenate([f_a, f_b])
        self.mean = np.asarray(both.mean(axis=0))
        self.variance = np.asarray(both.var(axis=0))
        # A constant of rounding errors has no indices.
        small = np.finfo(np.float64).eps * np.abs(both).max(axis=0, initial=0.0)
        self._varies = np.sqrt(self.variance) > 8.0 * small
        self._a, self._b = f_a - self.mean, f_b - self.mean
        self._ab = f_ab - self.mean
        self._ba = None if f_ba is None else f_ba - self.mean

    def indices(self, weight: Array) -> NDArray[np.float64]:
        """Of first order, total, and of pairs i < j, of samples that count points by weight.

        Parameters
        ----------
        weight : ndarray of shape (samples, n)

        Returns
        -------
        ndarray of shape (samples, indices, q)
        """
        weight = weight / weight.sum(axis=1)[:, np.newaxis]
        a, b = self._a, self._b
        center = 0.5 * (_means(weight, a) + _means(weight, b))
        square = 0.5 * (_means(weight, a * a) + _means(weight, b * b))
        variance = square - np.square(center)
        first = np.stack([_means(weight, b * (ab - a)) for ab in self._ab], axis=1)
        total = np.stack([0.5 * _means(weight, np.square(a - ab)) for ab in self._ab], axis=1)
        parts = [first, total]
        if self._ba is not None:
            other = np.stack([_means(weight, a * (ba - b)) for ba in self._ba], axis=1)
            left = np.stack([0.5 * _means(weight, np.square(b - ba)) for ba in self._ba], axis=1)
            parts = [0.5 * (first + other), 0.5 * (total + left)]
            parts.append(self._pairs(weight, parts[0]))
        found = np.concatenate(parts, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self._varies, found / variance[:, np.newaxis], np.nan)

    def _pairs(self, weight: Array, first: Array) -> Array:
        """What pairs explain beyond what each does, not yet as a share."""
        assert self._ba is not None
        p, product = len(self._ab), self._a * self._b
        pairs = []
        for i in range(p):
            for j in range(i + 1, p):
                both = self._ba[i] * self._ab[j] + self._ba[j] * self._ab[i]
                own = _means(weight, 0.5 * both - product)
                pairs.append(own - first[:, i] - first[:, j])
        return np.stack(pairs, axis=1) if pairs else np.zeros((len(weight), 0, first.shape[2]))


def _means(weight: Array, values: Array) -> Array:
    """Sums over points (samples, q) of values (n, q); the same with any number of BLAS threads."""
    return np.asarray(np.einsum("sn,qn->sq", weight, np.ascontiguousarray(values.T)))
