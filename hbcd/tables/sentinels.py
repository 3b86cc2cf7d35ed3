"""Numbers that stand for a missing value, such as -9999: found by how far outside they stand."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hbcd.tables.bad_values import Remedy, TableWarning

__all__ = ["may_be_sentinel", "warn_if_far", "warn_of_sentinels"]

OFTEN: Final = 3  # rows that have it, and one in a thousand
ENOUGH: Final = 20  # rows, fewer are not looked at
FAR: Final = 10.0  # times the range of all other numbers


def warn_of_sentinels(name: Any, numbers: NDArray[np.float64]) -> None:
    """Warn where one number occurs often and stands far outside all others of its column.

    Parameters
    ----------
    name : object
        Of the column.
    numbers : ndarray of float64, shape (rows,)
        NaN where missing.
    """
    if len(numbers) < ENOUGH:
        return
    ends = float(np.fmin.reduce(numbers)), float(np.fmax.reduce(numbers))
    for value, opposite in (ends, ends[::-1]):
        count = int(np.count_nonzero(numbers == value))
        if not may_be_sentinel(value, count, len(numbers)):
            continue
        others = numbers[(numbers != value) & ~np.isnan(numbers)]
        if value == -opposite:  # -9999 and 9999: neither says how far the numbers reach
            others = others[others != opposite]
        if len(others):
            warn_if_far(name, value, count, len(numbers), float(others.min()), float(others.max()))


def may_be_sentinel(value: float, count: int, rows: int) -> bool:
    """Whether an end of a column stands in so many rows that it may stand for a missing value."""
    few = rows < ENOUGH or count < max(OFTEN, 1e-3 * rows)
    return not (few or value == 0.0 or 2 * count > rows)  # zero is off more often than missing


def warn_if_far(name: Any, value: float, count: int, rows: int, low: float, high: float) -> None:
    """Warn where a number in `count` of `rows` is far outside all others, low to high."""
    with np.errstate(over="ignore"):
        distance, width = max(low - value, value - high), high - low
        far = distance > FAR * width > 0.0
    if far:
        remedy = Remedy(
            "; where it stands for a missing value, put NaN in its place",
            f"; where it stands for a missing value, --na {value:g} reads it as one",
        )
        text = (
            f"{name}: {value:g} stands in {count} of {rows} rows, all other numbers "
            f"lie between {low:g} and {high:g}"
        )
        warnings.warn(TableWarning(text, remedy), stacklevel=2)
