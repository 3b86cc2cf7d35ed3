"""Intervals by the bootstrap: rows are drawn with replacement, as many as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.validation import check_integer, check_number

__all__ = ["Bootstrap"]

Array = NDArray[Any]
MOST = 2**21  # counts that are held at once


class Bootstrap:
    """Samples of rows, and the percentiles of what is computed of each.

    Parameters
    ----------
    n : int
        Rows.
    weight : ndarray of shape (n,) or None
        Of the rows, beside how often they are drawn.
    samples : int
        0: no intervals, whose ends are NaN.
    confidence_level : float
    seed : int
    """

    def __init__(
        self, n: int, weight: Array | None, samples: int, confidence_level: float, seed: int
    ) -> None:
        check_integer("n_bootstrap", samples, 0)
        level = check_number("confidence_level", confidence_level, low=0.0, high=1.0,
                             open_low=True, open_high=True)  # fmt: skip
        assert level is not None
        self.n, self.weight, self.samples, self.level = n, weight, samples, level
        self._seed = seed

    def weights(self) -> Iterator[NDArray[np.float64]]:
        """What rows count for in each sample, (some samples, n); all samples in turn."""
        each = max(1, MOST // self.n)
        generator = np.random.default_rng([self._seed, 2])
        for first in range(0, self.samples, each):
            drawn = [
                np.bincount(generator.integers(self.n, size=self.n), minlength=self.n)
                for _ in range(min(each, self.samples - first))
            ]
            counts = np.array(drawn, np.float64)
            yield counts if self.weight is None else counts * self.weight

    def interval(self, statistic: Callable[[Array], Array]) -> tuple[Array, Array]:
        """The percentiles of a statistic.

        Parameters
        ----------
        statistic : callable
            Of the weights (samples, n) of rows: an array (samples, ...).
        """
        if not self.samples:
            found = np.full_like(statistic(self._whole()), np.nan)
            return found[0], found[0]
        found = np.concatenate([statistic(weight) for weight in self.weights()])
        return self.ends(found)

    def _whole(self) -> NDArray[np.float64]:
        return (np.ones(self.n) if self.weight is None else self.weight)[np.newaxis]

    def ends(self, found: Array) -> tuple[Array, Array]:
        """The ends of the interval from values of all samples (samples, ...)."""
        tail = 0.5 * (1.0 - self.level)
        low, high = np.quantile(found, [tail, 1.0 - tail], axis=0)
        return low, high

    def means(self, values: Array) -> tuple[Array, Array]:
        """The interval of weighted means.

        Parameters
        ----------
        values : ndarray of shape (..., n)

        Returns
        -------
        low, high : ndarray of shape (...)
        """
        flat = np.ascontiguousarray(values.reshape(-1, self.n))

        def mean(weight: Array) -> Array:
            # einsum, not matmul: its sums do not depend on how many threads BLAS has.
            sums = np.einsum("bn,mn->bm", weight, flat)
            return np.asarray(sums / weight.sum(axis=1)[:, np.newaxis])

        low, high = self.interval(mean)
        return low.reshape(values.shape[:-1]), high.reshape(values.shape[:-1])
