"""Mean and spread of scores, which may be as large as numbers get."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["spread_of", "varies"]


def spread_of(values: ArrayLike) -> float:
    """The standard deviation with n - 1, also where squares are beyond float64; NaN of one value.

    Parameters
    ----------
    values : array_like of shape (n,)
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size < 2:
        return float("nan")
    exponent = int(np.frexp(np.abs(numbers).max())[1])  # a power of two changes no other bit
    with np.errstate(over="ignore"):
        return float(np.ldexp(np.std(np.ldexp(numbers, -exponent), ddof=1), exponent))


def varies(table: Any) -> bool:
    """Whether a column of a table (rows, columns) has more than one value."""
    return bool(len(table)) and bool((table.max(axis=0) > table.min(axis=0)).any())
