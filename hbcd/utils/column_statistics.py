"""Mean, spread and ends of every column, in one pass over a table of any size and scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.validation import check_finite

__all__ = ["ColumnStatistics", "column_statistics"]

Array = NDArray[Any]
Vector = NDArray[np.float64]
BLOCK = 1 << 15  # elements of a block: its copy stays in the cache while it is summed
LEAST_ROWS = 256  # of a block: sums run along rows
# Where spreads lie between, neither their squares nor the differences of elements leave the range.
SMALLEST, LARGEST = 1e-140, 1e140
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class ColumnStatistics:
    """What one pass over a table says of its columns; all in float64, in the column's unit.

    Attributes
    ----------
    mean, deviation : ndarray of shape (columns,)
        Weighted mean, and the standard deviation around it.
    least, most : ndarray of shape (columns,)
        The ends.
    varies : ndarray of bool, shape (columns,)
        False where all elements are equal but for rounding: where the ends are not more than two
        units of the last place apart, in the precision of the table.
    """

    mean: Vector
    deviation: Vector
    least: Vector
    most: Vector
    varies: NDArray[np.bool_]


@dataclass
class _Sums:
    """Sums over some rows."""

    low: Vector
    high: Vector
    count: float
    mean: Vector  # of differences to the first row of the table
    squares: Vector  # of differences to the mean

    @classmethod
    def of(cls, block: Vector, shift: Vector, weight: Array | None) -> _Sums:
        """Those of a block (columns, rows), which is overwritten."""
        low, high = block.min(axis=1), block.max(axis=1)
        block -= shift[:, np.newaxis]
        count = float(block.shape[1]) if weight is None else float(weight.sum())
        if count == 0:
            return cls(low, high, count, np.zeros(shift.size), np.zeros(shift.size))
        mean = _sum(block, weight) / count
        block -= mean[:, np.newaxis]
        return cls(low, high, count, mean, _sum(np.square(block, out=block), weight))

    def joined(self, other: _Sums) -> _Sums:
        """Those of both, as Chan et al. add them.

        T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for computing the sample variance,
        Amer. Statist. 37 (1983).
        """
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        if other.count == 0:
            return _Sums(low, high, self.count, self.mean, self.squares)
        total = self.count + other.count
        share, apart = other.count / total, other.mean - self.mean
        squares = self.squares + (other.squares + np.square(apart) * (self.count * share))
        return _Sums(low, high, total, self.mean + apart * share, squares)


def _sum(block: Vector, weight: Array | None) -> Vector:
    # A product with the matrix would be summed in an order that depends on the library below NumPy.
    return np.asarray((block if weight is None else block * weight).sum(axis=1))


def column_statistics(
    name: str, table: Array, weight: Array | None = None, remedy: str = ""
) -> ColumnStatistics:
    """Mean, deviation and ends of every column, and the check that all elements are finite.

    The table is read once, a block of rows at a time; columns of extreme scale, whose squares would
    overflow or vanish, cost a second and a third time.

    Parameters
    ----------
    name : str
        Of the table, for errors.
    table : ndarray of shape (rows, columns)
        float32 or float64.  Its order in memory does not matter: sums have the same bits.
    weight : ndarray of shape (rows,), optional
        At least 0, in any unit.
    remedy : str, optional
        What to do about a missing element, for errors.

    Raises
    ------
    ValueError
        An element that is missing or infinite; row and column are named.
    """
    shift = table[0].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        sums = _sums(table, weight, shift, None)
        spread = sums.high - sums.low
    usual = (spread > SMALLEST) & (spread < LARGEST)
    if not usual.all():
        if not np.isfinite(spread).all():
            check_finite(name, table, remedy)
        if ((spread > 0) & ~usual).any():
            return _of_any_scale(table, weight)
    return _found(sums, shift, None, table.dtype)


def _of_any_scale(table: Array, weight: Array | None) -> ColumnStatistics:
    """The same of columns that are brought to a magnitude below 1 first, by a power of two."""
    largest = np.maximum(table.max(axis=0), -table.min(axis=0)).astype(np.float64)
    exponent = np.frexp(largest)[1]
    shift = np.ldexp(table[0].astype(np.float64), -exponent)
    with np.errstate(under="ignore"):
        sums = _sums(table, weight, shift, exponent)
        return _found(sums, shift, exponent, table.dtype)


def _sums(table: Array, weight: Array | None, shift: Vector, exponent: Array | None) -> _Sums:
    """Sums over all rows of a table, whose columns are divided by 2**exponent."""
    sums: _Sums | None = None
    rows = max(BLOCK // table.shape[1], LEAST_ROWS)
    for start in range(0, table.shape[0], rows):
        part = slice(start, start + rows)
        block = np.array(table[part].T, dtype=np.float64, order="C")
        if exponent is not None:
            block = np.ldexp(block, -exponent[:, np.newaxis])
        found = _Sums.of(block, shift, None if weight is None else weight[part])
        sums = found if sums is None else sums.joined(found)
    assert sums is not None
    return sums


def _found(sums: _Sums, shift: Vector, exponent: Array | None, dtype: Any) -> ColumnStatistics:
    """Statistics in the column's unit, which is 2**exponent times that of the sums."""

    def in_unit(values: Vector) -> Vector:
        return values if exponent is None else np.ldexp(values, exponent)

    deviation = np.sqrt(sums.squares / sums.count)
    spread, largest = sums.high - sums.low, np.maximum(np.abs(sums.low), np.abs(sums.high))
    rounding = 2 * np.finfo(dtype).eps * largest
    varies = (spread > rounding) & (deviation > EPSILON * spread)
    deviation = in_unit(deviation)
    return ColumnStatistics(
        in_unit(sums.mean + shift),
        deviation,
        in_unit(sums.low),
        in_unit(sums.high),
        varies & (deviation > 0),  # where it vanishes in the column's unit it divides nothing
    )
