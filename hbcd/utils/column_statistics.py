"""Mean, spread and ends of every column, in one pass over a table of any size and scale."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Sums over the rows so far."""

    shift: Vector  # a row, to which sums are of differences
    low: Vector
    high: Vector
    count: float
    mean: Vector
    squares: Vector  # of differences to the mean

    @classmethod
    def empty(cls, shift: Vector) -> _Sums:
        ends = np.full(shift.size, np.inf)
        return cls(shift, ends, -ends, 0.0, np.zeros(shift.size), np.zeros(shift.size))

    def add(self, block: Vector, weight: Array | None) -> None:
        """Adds a block (columns, rows), which is overwritten; sums of parts as Chan et al. do.

        T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for computing the sample variance,
        Amer. Statist. 37 (1983).
        """
        np.minimum(self.low, block.min(axis=1), out=self.low)
        np.maximum(self.high, block.max(axis=1), out=self.high)
        block -= self.shift[:, np.newaxis]
        count = float(block.shape[1]) if weight is None else float(weight.sum())
        if count == 0:
            return
        mean = _sum(block, weight) / count
        block -= mean[:, np.newaxis]
        squares = _sum(np.square(block, out=block), weight)
        total = self.count + count
        apart = mean - self.mean
        self.squares += squares + np.square(apart) * (self.count * (count / total))
        self.mean += apart * (count / total)
        self.count = total


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
    sums = _Sums.empty(table[0].astype(np.float64))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for part, rows in _blocks(table):
            sums.add(np.array(rows.T, dtype=np.float64, order="C"), _some(weight, part))
        spread = sums.high - sums.low
    if not np.isfinite(spread).all():
        check_finite(name, table, remedy)
    extreme = (spread > 0) & ~((spread > SMALLEST) & (spread < LARGEST))
    if extreme.any():
        return _of_any_scale(table, weight)
    return _found(sums, np.zeros(table.shape[1], int), table.dtype)


def _of_any_scale(table: Array, weight: Array | None) -> ColumnStatistics:
    """The same of columns that are brought to a magnitude below 1 first, by a power of two."""
    largest = np.maximum(table.max(axis=0), -table.min(axis=0)).astype(np.float64)
    exponent = np.frexp(largest)[1]
    sums = _Sums.empty(np.ldexp(table[0].astype(np.float64), -exponent))
    with np.errstate(under="ignore"):
        for part, rows in _blocks(table):
            block = np.array(rows.T, dtype=np.float64, order="C")
            sums.add(np.ldexp(block, -exponent[:, np.newaxis]), _some(weight, part))
        return _found(sums, exponent, table.dtype)


def _found(sums: _Sums, exponent: Array, dtype: Any) -> ColumnStatistics:
    """Statistics in the column's unit, which is 2**exponent times that of the sums."""
    deviation = np.sqrt(sums.squares / sums.count)
    spread, largest = sums.high - sums.low, np.maximum(np.abs(sums.low), np.abs(sums.high))
    rounding = 2 * np.finfo(dtype).eps * largest
    varies = (spread > rounding) & (deviation > np.finfo(np.float64).eps * spread)
    deviation = np.ldexp(deviation, exponent)
    return ColumnStatistics(
        np.ldexp(sums.mean + sums.shift, exponent),
        deviation,
        np.ldexp(sums.low, exponent),
        np.ldexp(sums.high, exponent),
        varies & (deviation > 0),  # where it vanishes in the column's unit it divides nothing
    )


def _blocks(table: Array) -> Iterator[tuple[slice, Array]]:
    rows = max(BLOCK // table.shape[1], LEAST_ROWS)
    for start in range(0, table.shape[0], rows):
        part = slice(start, start + rows)
        yield part, table[part]


def _some(weight: Array | None, part: slice) -> Array | None:
    return None if weight is None else weight[part]
