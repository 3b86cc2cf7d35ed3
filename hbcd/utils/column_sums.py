"""Sums over rows, column by column, in the one order of the core: lane by lane, then by a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core

__all__ = ["ColumnPass", "ColumnSums", "join", "lane_sums", "row_sum"]

Array = NDArray[Any]
Vector = NDArray[np.float64]
BLOCK = 1 << 15  # elements of a block: its copy stays in the cache while it is summed
LEAST_ROWS = 256  # of a block: sums run along rows


@dataclass
class ColumnSums:
    """Sums over some rows, those of lanes first .. first + lanes - 1.

    Attributes
    ----------
    low, high : ndarray of shape (columns,)
        The ends.
    count : float
        Rows, or the sum of their weights.
    mean : ndarray of shape (columns,)
        Of differences to `ColumnPass.shift`.
    squares : ndarray of shape (columns,)
        Sums of squares of differences to the mean.
    first, lanes : int
    """

    low: Vector
    high: Vector
    count: float
    mean: Vector
    squares: Vector
    first: int = 0
    lanes: int = 0

    @classmethod
    def of(cls, block: Vector, shift: Vector, weight: Array | None) -> ColumnSums:
        """Those of a block (columns, rows), which is overwritten.

        Parameters
        ----------
        block : ndarray of shape (columns, rows)
        shift : ndarray of shape (columns,)
        weight : ndarray of shape (rows,) or None
        """
        low, high = block.min(axis=1), block.max(axis=1)
        block -= shift[:, np.newaxis]
        count = float(block.shape[1]) if weight is None else float(weight.sum())
        if count == 0:
            return cls(low, high, count, np.zeros(shift.size), np.zeros(shift.size))
        mean = _sum(block, weight) / count
        block -= mean[:, np.newaxis]
        return cls(low, high, count, mean, _sum(np.square(block, out=block), weight))

    def joined(self, other: ColumnSums) -> ColumnSums:
        """Those of both, as Chan et al. add them.

        T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for computing the sample variance,
        Amer. Statist. 37 (1983).

        Parameters
        ----------
        other : ColumnSums
            Of the rows that follow.
        """
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        total, lanes = self.count + other.count, self.lanes + other.lanes
        if other.count == 0:
            return ColumnSums(low, high, total, self.mean, self.squares, self.first, lanes)
        share, apart = other.count / total, other.mean - self.mean
        squares = self.squares + (other.squares + np.square(apart) * (self.count * share))
        mean = self.mean + apart * share
        return ColumnSums(low, high, total, mean, squares, self.first, lanes)


def _sum(block: Vector, weight: Array | None) -> Vector:
    # A product with the matrix would be summed in an order that depends on the library below NumPy.
    return np.asarray((block if weight is None else block * weight).sum(axis=1))


def lane_sums(values: Vector, rows: int, begin: int = 0) -> Vector:
    """The sum of a number of every row over each lane; `hbcd.core.add_nodes` adds them.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Of the rows from `begin` on.
    rows : int
        All rows.
    begin : int, default 0
        Where a lane begins.
    """
    starts = core.lane_rows(rows)
    starts = starts[(starts >= begin) & (starts < begin + len(values))] - begin
    return np.array([part.sum() for part in np.split(values, starts[1:])], dtype=np.float64)


def row_sum(values: Vector) -> float:
    """The sum of a number of every row, in the order of the core.

    Parameters
    ----------
    values : ndarray of shape (rows,)
    """
    sums = lane_sums(values, len(values))
    lanes = np.arange(len(sums))
    return float(core.add_nodes(lanes, np.ones_like(lanes), sums[:, np.newaxis])[0])


def join(nodes: list[ColumnSums], node: ColumnSums) -> None:
    """Adds the next subtree to its neighbor, where that is complete, and so on upwards.

    Parameters
    ----------
    nodes : list of ColumnSums
        Subtrees of lanes in their order; of all rows one is left in the end.
    node : ColumnSums
    """
    while nodes and nodes[-1].lanes == node.lanes and nodes[-1].first % (2 * node.lanes) == 0:
        node = nodes.pop().joined(node)
    nodes.append(node)


class ColumnPass:
    """One pass over rows that come in their order, in portions of any size: the same bits by any.

    Parameters
    ----------
    rows : int
        All rows, those elsewhere included.
    shift : ndarray of shape (columns,)
        Near the columns, so that differences to it lose nothing: their first row.
    exponent : ndarray of int, shape (columns,), optional
        Columns are divided by 2**exponent; `shift` is already.
    begin : int, default 0
        The first row that comes here, where a lane begins (`hbcd.core.lane_rows`).

    Attributes
    ----------
    nodes : list of ColumnSums
        What is complete: subtrees of lanes in their order.
    """

    def __init__(
        self, rows: int, shift: Vector, exponent: Array | None = None, begin: int = 0
    ) -> None:
        self.shift, self.exponent = shift, exponent
        self.nodes: list[ColumnSums] = []
        self._starts = core.lane_rows(rows)
        self._lane = int(np.searchsorted(self._starts, begin))
        self._most = max(BLOCK // shift.size, LEAST_ROWS)
        self._row = begin  # the first one that is not in a block yet
        self._sums: ColumnSums | None = None  # of the present lane
        self._kept: list[tuple[Array, Array | None]] = []  # rows of a block that is not complete
        self._n_kept = 0

    def add(self, table: Array, weight: Array | None = None) -> None:
        """The next rows.

        Parameters
        ----------
        table : ndarray of shape (rows, columns)
        weight : ndarray of shape (rows,), optional
        """
        at = 0
        while at < len(table):
            wanted = self._block_end() - self._row - self._n_kept
            part = slice(at, at + wanted)
            self._kept.append((table[part], None if weight is None else weight[part]))
            self._n_kept += len(self._kept[-1][0])
            at += len(self._kept[-1][0])
            if self._row + self._n_kept == self._block_end():
                self._add_block()

    def _block_end(self) -> int:
        """Blocks are counted from where their lane begins."""
        return min(self._row + self._most, int(self._starts[self._lane + 1]))

    def _add_block(self) -> None:
        tables, weights = zip(*self._kept, strict=True)
        table = tables[0] if len(tables) == 1 else np.concatenate(tables)
        block = np.array(table.T, dtype=np.float64, order="C")
        if self.exponent is not None:
            block = np.ldexp(block, -self.exponent[:, np.newaxis])
        weight = None if weights[0] is None else np.concatenate(weights)
        found = ColumnSums.of(block, self.shift, weight)
        self._sums = found if self._sums is None else self._sums.joined(found)
        self._row += self._n_kept
        self._kept, self._n_kept = [], 0
        if self._row == self._starts[self._lane + 1]:
            self._sums.first, self._sums.lanes = self._lane, 1
            join(self.nodes, self._sums)
            self._sums, self._lane = None, self._lane + 1
