"""Numbers that stand for a missing value, such as -9999: found by how far outside they stand."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hbcd.tables.bad_values import Remedy, TableWarning

__all__ = ["warn_of_sentinels"]

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
        few = count < max(OFTEN, 1e-3 * len(numbers))
        if few or value == 0.0 or 2 * count > len(numbers):  # zero is off more often than missing
            continue
        others = numbers[(numbers != value) & ~np.isnan(numbers)]
        if value == -opposite:  # -9999 and 9999: neither says how far the numbers reach
            others = others[others != opposite]
        if not len(others):
            continue
        low, high = float(others.min()), float(others.max())
        with np.errstate(over="ignore"):
            distance, width = max(low - value, value - high), high - low
            far = distance > FAR * width > 0.0
        if far:
            remedy = Remedy(
                "; where it stands for a missing value, put NaN in its place",
                f"; where it stands for a missing value, --na {value:g} reads it as one",
            )
            text = (
                f"{name}: {value:g} stands in {count} of {len(numbers)} rows, all other numbers "
                f"lie between {low:g} and {high:g}"
            )
            warnings.warn(TableWarning(text, remedy), stacklevel=2)
