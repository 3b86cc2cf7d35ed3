"""Points of the unit cube as rows of a table whose columns are independent of each other."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.explain.columns import DAY, MISSING, Column
from hbcd.explain.explained import Explained
from hbcd.tables.dates import filled_date_features
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Inputs", "sobol_points"]

Array = NDArray[Any]
DISTRIBUTIONS = ("uniform", "empirical")


def sobol_points(n: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Scrambled points of Sobol's sequence, (n, dimensions); n is a power of 2."""
    from scipy.stats import qmc

    check_integer("columns", dimensions, 1, high=qmc.Sobol.MAXDIM)
    # SciPy 1.15 has renamed the argument.
    name = "rng" if "rng" in inspect.signature(qmc.Sobol).parameters else "seed"
    generator = np.random.default_rng(seed)
    points = qmc.Sobol(dimensions, scramble=True, bits=64, **{name: generator})
    return np.asarray(points.random(n), np.float64)


class Inputs:
    """How each column of a table varies, by itself.

    Parameters
    ----------
    explained : Explained
    distribution : {"uniform", "empirical"}
    box : dict of column to (low, high)
        In place of the ranges of the rows.
    """

    def __init__(
        self, explained: Explained, distribution: str, box: Mapping[Any, Any] | None
    ) -> None:
        if distribution not in DISTRIBUTIONS:
            known = ", ".join(DISTRIBUTIONS)
            raise ValueError(f"distribution={distribution!r}: must be one of {known}")
        self.explained = explained
        self.empirical = distribution == "empirical"
        self._box: dict[str, tuple[float, float]] = {}
        if box and self.empirical:
            raise ValueError("box: must be None where the distribution is empirical")
        for name, pair in (box or {}).items():
            column = explained.column(name)
            if column.levels is not None or column.start is not None:
                raise ValueError(f"box: {column.name} is not of numbers")
            self._box[column.name] = _pair(column.name, pair)

    def features(self, points: Array) -> NDArray[np.float64]:
        """Features of points (n, columns) of the unit cube."""
        made = np.zeros((len(points), self.explained.features.shape[1]))
        for column, share in zip(self.explained.columns, points.T, strict=True):
            made[:, column.slots] = (
                self._of_rows(column, share) if self.empirical else self._uniform(column, share)
            )
        return made

    def _of_rows(self, column: Column, share: Array) -> Array:
        """Values of rows: quantiles of the column, its gaps last."""
        known, weight = self.explained.features, self.explained.weight
        values = column.ordered(known) if column.levels is None else column.codes(known)
        order = np.argsort(values, kind="stable")
        total = np.arange(1.0, order.size + 1.0) if weight is None else np.cumsum(weight[order])
        place = np.searchsorted(total, share * total[-1], side="right")
        return known[order[np.minimum(place, order.size - 1)], column.slots]

    def _uniform(self, column: Column, share: Array) -> Array:
        if column.levels is not None:
            count = len(column.levels) - (column.levels[-1] == MISSING and column.gaps)
            place = np.minimum((share * count).astype(np.intp), count - 1)
            return column.of_levels()[place]
        low, high = self._box.get(column.name) or self._range(column)
        values = low + share * (high - low)
        if column.start is not None:
            times = np.datetime64(column.start, "us") + (values * DAY).astype("timedelta64[us]")
            made = filled_date_features(pd.Series(times), "", column.start, column.gaps, ())
            return np.hstack([made, np.zeros((len(made), 1))]) if column.gaps else made
        made = np.zeros((share.size, column.slots.stop - column.slots.start))
        made[:, 0] = values
        return made

    def _range(self, column: Column) -> tuple[float, float]:
        values = column.ordered(self.explained.features)
        known = values[~np.isnan(values)]
        if not known.size:
            raise ValueError(f"X: {column.name} is missing in every row")
        return float(known.min()), float(known.max())


def _pair(name: str, pair: Any) -> tuple[float, float]:
    try:
        low, high = pair
    except (TypeError, ValueError):
        raise ValueError(f"box: {name}={pair!r}: must be a pair (low, high)") from None
    ends = [check_number(f"box: {name}", end) for end in (low, high)]
    if not (ends[0] or 0.0) <= (ends[1] or 0.0):
        raise ValueError(f"box: {name}={pair!r}: must have its low end first")
    return float(low), float(high)
