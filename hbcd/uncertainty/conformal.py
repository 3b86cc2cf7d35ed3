"""Conformal quantiles: how large the errors of rows that had no part in the training are."""

from __future__ import annotations

import math
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scores"]

Array = NDArray[np.float64]
ROUNDING = 1e-12  # of a level


class Scores:
    """Scores of rows that had no part in the training, and quantiles of a new row's.

    Of n exchangeable scores, the new one is at most the k-th smallest with probability k / (n + 1)
    at least [1]_; so the quantile of a level is the ``ceil((n + 1) level)``-th.  Where that is
    beyond the last, the last one is enlarged as the quantiles of a normal distribution grow.

    Parameters
    ----------
    values : ndarray of shape (rows,)
        Errors over their scales.
    weight : ndarray of shape (rows,) or None
        What each row counts; a new row counts as the mean of them.
    signed : bool
        Whether the two sides have quantiles of their own, as errors ask for that have no reason to
        be symmetric.

    References
    ----------
    .. [1] V. Vovk, A. Gammerman, G. Shafer, Algorithmic learning in a random world (2005).
    """

    def __init__(self, values: NDArray[Any], weight: NDArray[Any] | None, *, signed: bool) -> None:
        self.values = np.asarray(values, np.float64)
        self.weight = None if weight is None else np.asarray(weight, np.float64)
        self.signed = signed
        self._known: dict[float, tuple[float, float]] = {}

    @cached_property
    def root_mean_square(self) -> float:
        """Of the scores."""
        return float(np.sqrt(np.average(np.square(self.values), weights=self.weight)))

    def missing_proof(self, level: float) -> str:
        """Why so few scores do not prove a level, with the remedy; "" where they do.

        Parameters
        ----------
        level : float
            Above 0, below 1.
        """
        n, side = self.values.size, 0.5 * (1.0 + level) if self.signed else level
        if side * (1.0 - ROUNDING) <= n / (n + 1.0):
            return ""
        proven = (n - 1.0) / (n + 1.0) if self.signed else n / (n + 1.0)
        most = math.ceil(side / (1.0 - side) * (1.0 - ROUNDING))
        return (
            f"confidence_level={level:g}: {n} rows prove no level above {proven:.4g}, beyond which "
            f"the errors are taken to be normal; conformalize with at least {most} rows"
        )

    def ends(self, level: float) -> tuple[float, float]:
        """The range that a new score lies in with a probability.

        Parameters
        ----------
        level : float
            Above 0, below 1.

        Returns
        -------
        (float, float)
            The least and the largest score; of scores that are not signed one is minus the other.
        """
        if level not in self._known:
            if self.signed:
                side = 0.5 * (1.0 + level)
                ends = (
                    -_quantile(-self.values, self.weight, side),
                    _quantile(self.values, self.weight, side),
                )
            else:
                most = _quantile(np.abs(self.values), self.weight, level, two_sided=True)
                ends = -most, most
            self._known[level] = ends
        return self._known[level]


def _quantile(
    values: Array, weight: Array | None, level: float, *, two_sided: bool = False
) -> float:
    """The conformal quantile of some scores."""
    n = values.size
    order = np.argsort(values)
    share = np.ones(n) if weight is None else weight[order] / weight.mean()
    reached = np.cumsum(share) / (n + 1.0)
    k = int(np.searchsorted(reached, level * (1.0 - ROUNDING)))
    largest = float(values[order[-1]])
    if k < n:
        return float(values[order[k]])
    last = n / (n + 1.0)
    if two_sided:
        last, level = 0.5 * (1.0 + last), 0.5 * (1.0 + level)
    normal = NormalDist()
    return largest * max(normal.inv_cdf(level) / max(normal.inv_cdf(last), 0.1), 1.0)
