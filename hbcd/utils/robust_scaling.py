"""Center and spread of columns that a minority of outliers hardly moves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.column_statistics import column_statistics
from hbcd.utils.scaling import Scaler

__all__ = ["robust_scaler"]

Array = NDArray[Any]
# Half the median absolute deviation is a third of the standard deviation of normal numbers.  Beyond
# some of it an error counts by its size alone: a few rows far off pull the others by little.
HALF = 0.5
WIDE, LEAST = 0.75, 0.1  # where most deviations are tiny, a tenth of the wide ones' beginning


def robust_scaler(table: Array, weight: Array | None = None) -> Scaler:
    """The median of every column, and half the median absolute deviation from it.

    Where more than half of a column stands (nearly) still, that would be (nearly) 0: the spread is
    at least a tenth of the deviation that three quarters do not exceed, and where that is 0, too,
    the median of the deviations that are not.

    Parameters
    ----------
    table : ndarray of shape (rows, columns)
    weight : ndarray of shape (rows,), optional
        At least 0, in any unit.

    Returns
    -------
    Scaler
        Scale 0 for a column that does not vary.
    """
    statistics = column_statistics("table", table, weight)
    center, scale = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    # A power of two is exact, and brings every column to where differences do not overflow.
    exponent = np.frexp(np.maximum(np.abs(statistics.least), np.abs(statistics.most)))[1]
    for k in range(table.shape[1]):
        column = np.ldexp(table[:, k].astype(np.float64), -exponent[k])
        center[k] = _quantile(column, weight, 0.5)
        scale[k] = _spread(np.abs(column - center[k]), weight)
    scale = np.where(statistics.varies, np.ldexp(scale, exponent), 0.0)
    return Scaler(np.ldexp(center, exponent), scale)


def _spread(deviations: Array, weight: Array | None) -> float:
    half, wide = (_quantile(deviations, weight, level) for level in (0.5, WIDE))
    if wide > 0:
        return max(HALF * half, LEAST * wide)
    some = deviations > 0
    if not some.any():
        return 0.0
    return _quantile(deviations[some], None if weight is None else weight[some], 0.5)


def _quantile(values: Array, weight: Array | None, level: float) -> float:
    """The least value that a share `level` of the weight does not exceed; between two, the mean."""
    if weight is None:
        return float(np.quantile(values, level, method="averaged_inverted_cdf"))
    order = np.argsort(values)
    values, below = values[order], np.cumsum(weight[order])
    wanted = level * below[-1]
    first, last = (int(np.searchsorted(below, wanted, side)) for side in ("left", "right"))
    last = min(last, values.size - 1)
    return float((values[first] + values[last]) / 2)
