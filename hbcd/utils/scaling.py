"""Standardization of columns, in float64 from the raw values whatever the precision of a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.column_statistics import ColumnStatistics, column_statistics

__all__ = ["Scaled", "Scaler"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Scaler:
    """``z = (x - mean) / scale`` per column; 0 for a column that does not vary.

    Attributes
    ----------
    mean, scale : ndarray of shape (columns,)
        Center and spread of the training rows, in the column's unit; scale 0 for a column that did
        not vary there.  `forward` makes 0 of whatever stands in such a column, so that it has no
        influence; `backward` gives it back as its mean.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, statistics: ColumnStatistics) -> Scaler:
        """From statistics of the columns: their mean and standard deviation."""
        scale = np.where(statistics.varies, statistics.deviation, 0.0)
        return cls(statistics.mean, scale)

    @classmethod
    def fit(cls, table: Array, weight: Array | None = None) -> Scaler:
        """Learns from a table (rows, columns); `weight` (rows,) counts rows."""
        return cls.of(column_statistics("table", table, weight))

    @cached_property
    def shift(self) -> NDArray[np.float64]:
        """What `forward` subtracts: the mean, 0 for a column that does not vary."""
        return np.where(self.scale > 0, self.mean, 0.0)

    @cached_property
    def divisor(self) -> NDArray[np.float64]:
        """What `forward` divides by: the scale, infinite for a column that does not vary."""
        return np.where(self.scale > 0, self.scale, np.inf)

    def forward(self, table: Array, dtype: Any) -> Array:
        """Standardized columns in the given precision, formed in float64."""
        with np.errstate(over="ignore"):  # what is too large becomes infinite
            scaled: Array = (table - self.shift) / self.divisor
            return scaled if scaled.dtype == dtype else scaled.astype(dtype)

    def backward(self, table: Array) -> Array:
        """Columns in their own units again."""
        with np.errstate(over="ignore"):
            return table * self.scale + self.mean

    def in_units(self, table: Array) -> Array:
        """Columns as metrics are to see them; of a plain scaler as they are."""
        return table


@dataclass(frozen=True)
class Scaled:
    """A checked table (rows, columns) that the core standardizes while it copies it.

    It stands for ``scaler.forward(table, dtype)``, which would be a second copy.

    Attributes
    ----------
    table : ndarray or StoredTable
    scaler : Scaler
    ends : ndarray of shape (2, columns) or None
        The least and the largest element of every column where they are known, or of a table that
        these rows are taken from.
    """

    table: Any
    scaler: Scaler
    ends: Array | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns)."""
        shape: tuple[int, ...] = self.table.shape
        return shape

    def __getitem__(self, rows: Array) -> Scaled:
        """A copy of some rows."""
        return Scaled(self.table[rows], self.scaler, self.ends)

    @property
    def columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What is subtracted and what is divided by, per column, as the core takes them."""
        return self.scaler.shift, self.scaler.divisor

    def largest(self) -> float:
        """The largest standardized magnitude; infinite where it overflows."""
        ends = self.ends
        if ends is None:
            ends = np.array([self.table.max(axis=0), self.table.min(axis=0)])
        shift, divisor = self.columns
        with np.errstate(over="ignore"):
            return float(np.abs((ends - shift) / divisor).max())
