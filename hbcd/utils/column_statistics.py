"""Mean, spread and ends of every column, in one pass over a table of any size and scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.column_sums import ColumnPass, ColumnSums, join
from hbcd.utils.validation import check_finite

__all__ = ["ColumnStatistics", "column_statistics", "is_usual", "statistics_of"]

Array = NDArray[Any]
Vector = NDArray[np.float64]
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


def column_statistics(
    name: str, table: Any, weight: Array | None = None, remedy: str = ""
) -> ColumnStatistics:
    """Mean, deviation and ends of every column, and the check that all elements are finite.

    The table is read once, a block of rows at a time; columns of extreme scale, whose squares would
    overflow or vanish, cost a second and a third time.

    Parameters
    ----------
    name : str
        Of the table, for errors.
    table : ndarray, StoredTable or SharedTable of shape (rows, columns)
        float32 or float64.  Its order in memory does not matter: sums have the same bits.  Of a
        table of several ranks each sums its lanes.
    weight : ndarray of shape (rows,), optional
        At least 0, in any unit.
    remedy : str, optional
        What to do about a missing element, for errors.

    Raises
    ------
    ValueError
        An element that is missing or infinite; row and column are named.
    """
    shared = _is_shared(table)
    shift = (table.first_row if shared else table[0]).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        sums = _sums(table, weight, shift, None)
        spread = sums.high - sums.low
    if is_usual(spread):
        return statistics_of(sums, shift, None, table.dtype)
    if not np.isfinite(spread).all():
        own = getattr(table, "own", table)  # of stored rows all are finite
        check_finite(name, own[:], remedy)
    exponent = np.frexp(np.maximum(sums.high, -sums.low))[1]
    shift = np.ldexp(shift, -exponent)
    with np.errstate(under="ignore"):
        return statistics_of(_sums(table, weight, shift, exponent), shift, exponent, table.dtype)


def _is_shared(table: Any) -> bool:
    """Whether several ranks hold a table."""
    return getattr(table, "ranks", None) is not None


def is_usual(spread: Vector) -> bool:
    """Whether no column needs to be brought to a magnitude below 1 first, by a power of two."""
    return bool(((spread == 0) | ((spread > SMALLEST) & (spread < LARGEST))).all())


def _sums(table: Any, weight: Array | None, shift: Vector, exponent: Array | None) -> ColumnSums:
    """Sums over all rows of a table, whose columns are divided by 2**exponent."""
    own, begin = table.of_lanes() if _is_shared(table) else (table, 0)
    one_pass, at = ColumnPass(table.shape[0], shift, exponent, begin), begin
    for _, block in own.blocks() if hasattr(own, "blocks") else ((0, own),):
        one_pass.add(block, None if weight is None else weight[at : at + len(block)])
        at += len(block)
    if own is table:
        (sums,) = one_pass.nodes
        return sums
    nodes: list[ColumnSums] = []
    for node in table.joined(one_pass.nodes):
        join(nodes, node)
    return nodes[0]


def statistics_of(
    sums: ColumnSums, shift: Vector, exponent: Array | None, dtype: Any
) -> ColumnStatistics:
    """Statistics in the column's unit, which is 2**exponent times that of the sums.

    Parameters
    ----------
    sums : ColumnSums
        Over all rows.
    shift, exponent
        Those of the pass (`ColumnPass`).
    dtype : dtype
        Of the table.
    """

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
