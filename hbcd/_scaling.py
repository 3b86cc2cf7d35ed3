"""Standardization of columns, safe at any scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scaler"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Scaler:
    """``z = (x - mean) / scale`` per column.

    Attributes
    ----------
    mean, scale : ndarray of shape (columns,)
        Mean and standard deviation of the training rows, in the column's unit; scale 0 for a column
        that does not vary, which `backward` gives back as its mean.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, table: Array, weight: Array | None = None) -> Scaler:
        """Learns from a table (rows, columns); `weight` (rows,) counts rows."""
        # Columns are brought to magnitude 1 first, so that no square overflows or underflows.
        largest = np.abs(table).max(axis=0).astype(np.float64)
        largest[largest == 0] = 1.0
        # Rows in order, whatever the order in memory: sums, and so the fit, have the same bits.
        unit = np.divide(table, largest, order="C")
        if weight is None:
            mean = unit.mean(axis=0, dtype=np.float64)
            variance = np.square(unit - mean).mean(axis=0, dtype=np.float64)
        else:
            share = weight / weight.sum(dtype=np.float64)
            mean = share @ unit
            variance = share @ np.square(unit - mean)
        deviation = np.sqrt(variance)
        rounding = 10 * np.finfo(table.dtype).eps
        scale = deviation * largest  # 0 where it underflows
        return cls(mean * largest, np.where(deviation > rounding, scale, 0.0))

    def forward(self, table: Array, dtype: Any) -> Array:
        """Standardized columns in the given precision."""
        scale = np.where(self.scale > 0, self.scale, 1.0)
        return ((table - self.mean) / scale).astype(dtype, copy=False)

    def backward(self, table: Array) -> Array:
        """Columns in their own units again."""
        return table * self.scale + self.mean
