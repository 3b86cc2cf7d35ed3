"""Standardization of columns, safe at any scale, of tables of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scaled", "Scaler"]

Array = NDArray[Any]
AT_ONCE = 1 << 20  # elements of the temporaries of a pass over a table


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
        largest = np.maximum(table.max(axis=0), -table.min(axis=0)).astype(np.float64)
        largest[largest == 0] = 1.0
        share = None if weight is None else weight / weight.sum(dtype=np.float64)
        mean = _mean(_units(table, largest), share, table.shape)
        squares = ((part, np.square(unit - mean)) for part, unit in _units(table, largest))
        deviation = np.sqrt(_mean(squares, share, table.shape))
        rounding = 10 * np.finfo(table.dtype).eps
        scale = deviation * largest  # 0 where it underflows
        return cls(mean * largest, np.where(deviation > rounding, scale, 0.0))

    @property
    def divisor(self) -> NDArray[np.float64]:
        """What `forward` divides by: the scale, 1 for a column that does not vary."""
        return np.where(self.scale > 0, self.scale, 1.0)

    def forward(self, table: Array, dtype: Any) -> Array:
        """Standardized columns in the given precision."""
        scaled: Array = (table - self.mean) / self.divisor
        if scaled.dtype == dtype:
            return scaled
        with np.errstate(over="ignore"):  # what is too large becomes infinite
            return scaled.astype(dtype)

    def backward(self, table: Array) -> Array:
        """Columns in their own units again."""
        return table * self.scale + self.mean


@dataclass(frozen=True)
class Scaled:
    """A checked table (rows, columns) that the core standardizes while it copies it.

    It stands for ``scaler.forward(table, dtype)``, which would be a second copy.
    """

    table: Array
    scaler: Scaler

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns)."""
        return self.table.shape

    def __getitem__(self, rows: Array) -> Scaled:
        """A copy of some rows."""
        return Scaled(self.table[rows], self.scaler)

    @property
    def columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and divisor per column, as the core takes them."""
        return np.ascontiguousarray(self.scaler.mean), self.scaler.divisor

    def largest(self) -> float:
        """The largest standardized magnitude; infinite where it overflows."""
        mean, divisor = self.columns
        with np.errstate(over="ignore"):
            ends = (np.stack([self.table.max(axis=0), self.table.min(axis=0)]) - mean) / divisor
        return float(np.abs(ends).max())


def _units(table: Array, largest: Array) -> Iterator[tuple[slice, Array]]:
    """Rows a part at a time, each column divided by its largest magnitude."""
    rows = max(AT_ONCE // table.shape[1], 1)
    for start in range(0, table.shape[0], rows):
        part = slice(start, start + rows)
        # Rows in order, whatever the order in memory: sums, and so the fit, have the same bits.
        yield part, np.divide(table[part], largest, order="C")


def _mean(
    parts: Iterator[tuple[slice, Array]], share: Array | None, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """The mean of every column over parts of its rows; `share` (rows,) weighs them."""
    sums = np.zeros(shape[1])
    for part, values in parts:
        sums += values.sum(axis=0, dtype=np.float64) if share is None else share[part] @ values
    return sums / shape[0] if share is None else sums
