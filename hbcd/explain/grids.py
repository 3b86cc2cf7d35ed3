"""The values of a column that a model is asked about, and the features that stand for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained
from hbcd.utils.validation import as_real, check_finite, check_number

__all__ = ["Grid", "check_percentiles", "grid_of", "quantile_rows"]

Array = NDArray[Any]


class Grid(NamedTuple):
    """Values (points,) as a table shows them, and the features (points, slots) of the column."""

    values: Array
    features: NDArray[np.float64]


def check_percentiles(pair: Any) -> tuple[float, float]:
    """A checked pair of shares."""
    try:
        low, high = pair
    except (TypeError, ValueError):
        raise ValueError(f"percentiles={pair!r}: must be a pair of shares") from None
    ends = [check_number("percentiles", end, low=0.0, high=1.0) for end in (low, high)]
    if not (ends[0] or 0.0) < (ends[1] or 0.0):
        raise ValueError(f"percentiles={pair!r}: must have the lower one first")
    return float(low), float(high)


def grid_of(
    explained: Explained,
    column: Column,
    resolution: int,
    percentiles: tuple[float, float],
    given: Any = None,
) -> Grid:
    """The values of a column.

    Levels: all that the model knows; dates: those of rows at equally spaced shares of the rows;
    numbers: equally spaced, or the different ones where these are not more.
    """
    if column.levels is not None:
        return _levels(column, given)
    if column.start is not None:
        if given is not None:
            raise ValueError(f"grid: {column.name} is of dates, whose values are those of rows")
        return _dates(explained, column, resolution, percentiles)
    if given is not None:
        values = np.asarray(as_real("grid", given), np.float64)
        if values.ndim != 1 or not values.size:
            raise ValueError(f"grid: {column.name} has shape {values.shape}, must be (points,)")
        check_finite("grid", values)
    else:
        values = _numbers(explained, column, resolution, percentiles)
    features = np.zeros((values.size, column.slots.stop - column.slots.start))
    features[:, 0] = values  # and 0 for the mark of a gap
    return Grid(values, features)


def _numbers(
    explained: Explained, column: Column, resolution: int, percentiles: tuple[float, float]
) -> NDArray[np.float64]:
    known = column.ordered(explained.features)
    known = known[~np.isnan(known)]
    if not known.size:
        raise ValueError(f"feature={column.name}: is missing in every row")
    different = np.unique(known)
    if different.size <= resolution:
        return different
    low, high = np.quantile(known, percentiles)
    if not low < high:
        raise ValueError(
            f"percentiles={percentiles}: must be farther apart, {column.name} is {low:g} at both"
        )
    return np.linspace(low, high, resolution)


def _levels(column: Column, given: Any) -> Grid:
    assert column.levels is not None
    names = list(column.levels) if given is None else [str(level) for level in given]
    unknown = [name for name in names if name not in column.levels]
    if unknown or not names:
        raise ValueError(
            f"grid: {column.name} has {unknown[:1] or 'nothing'}, must have levels of "
            f"{', '.join(column.levels[:20])}"
        )
    place = [column.levels.index(name) for name in names]
    return Grid(np.array(names, dtype=object), column.of_levels()[place])


def _dates(
    explained: Explained, column: Column, resolution: int, percentiles: tuple[float, float]
) -> Grid:
    shares = np.linspace(*percentiles, resolution)
    rows = quantile_rows(explained, column, shares)
    elapsed = column.ordered(explained.features[rows])
    return Grid(column.shown(elapsed), explained.features[rows][:, column.slots])


def quantile_rows(explained: Explained, column: Column, shares: Array) -> NDArray[np.intp]:
    """Rows whose values are quantiles of a column with an order, each value once, ascending."""
    values = column.ordered(explained.features)
    order = np.argsort(values, kind="stable")  # gaps come last
    known = int(np.count_nonzero(~np.isnan(values)))
    if not known:
        raise ValueError(f"feature={column.name}: is missing in every row")
    place = np.clip(np.ceil(shares * known).astype(np.intp) - 1, 0, known - 1)
    rows = order[place]
    first = np.unique(values[rows], return_index=True)[1]
    return np.asarray(rows[first], np.intp)
