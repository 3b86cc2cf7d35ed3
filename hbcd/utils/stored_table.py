"""Columns of stored rows as a table that is read piece by piece."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.ranks import Ranks
from hbcd.utils.scaling import Scaler
from hbcd.utils.shared_store import SharedStore, Store, ascends, lane_starts

__all__ = ["StoredTable", "numbers_of_rows", "of_table", "own_blocks", "standardized"]

Array = NDArray[Any]


class StoredTable:
    """A table (rows, columns) of which a piece at a time is in memory.

    It is indexed by a slice, a row or an array of rows, all columns at once, and gives arrays.  Of
    a table of several ranks all of them ask for the same rows at the same time, and get them.

    Parameters
    ----------
    store : RowStore, JoinedStore or SharedStore
        Finished.
    first, columns : int
        Columns of the store: from which one on, and how many.
    dtype : type
        That of its arrays; the store may have less digits where its numbers have no more.

    Attributes
    ----------
    index : ndarray of uint32 or None
        The rows of the store that the table has, in its order; None: all.
    fills : ndarray of shape (columns,) or None
        What stands in place of NaN.
    scaler : Scaler or None
        Of a table that is standardized while it is read.
    function : callable or None
        What makes rows of `columns` numbers of standardized rows.
    zero : bool
        Whether all is 0, whatever the store holds.
    """

    def __init__(self, store: Store, first: int, columns: int, dtype: Any) -> None:
        self.store: Store = store
        self.first, self.columns = first, columns
        self._read = columns  # of the store
        self.fills: Array | None = None
        self.dtype = np.dtype(dtype)
        self.index: Array | None = None
        self.scaler: Scaler | None = None
        self.function: Callable[[Array], Array] | None = None
        self.zero = False
        self._ends: tuple[Array, Array] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (self.store.rows if self.index is None else len(self.index)), self.columns

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Array:
        """A copy of some rows."""
        if isinstance(rows, (int, np.integer)):
            row: Array = self[slice(int(rows), int(rows) + 1)][0]
            return row
        if isinstance(rows, slice):
            begin, end, step = rows.indices(len(self))
            if step == 1:
                return self.finished(self.raw(begin, end))
            rows = np.arange(begin, end, step, dtype=np.uint32)
        if self.index is not None:
            rows = self.index[rows]
        return self.finished(self.store.take(np.asarray(rows)))

    def raw(self, begin: int, end: int) -> Array:
        """Rows begin .. end - 1 with all columns of the store."""
        if self.index is None:
            return self.store.read(begin, max(begin, end))
        return self.store.take(self.index[begin:end])

    def plain(self, records: Array) -> Array:
        """The columns of this table from rows of the store, before they are standardized."""
        if self.zero:
            return np.zeros((len(records), self.columns), records.dtype)
        own = records[:, self.first : self.first + self._read]
        if self.fills is None:
            return own
        return np.where(np.isnan(own), self.fills, own)

    def finished(self, records: Array) -> Array:
        """The columns of this table from rows of the store."""
        own = self.plain(records)
        if self.scaler is not None:
            own = self.scaler.forward(own, self.dtype)
        own = np.ascontiguousarray(own, self.dtype)
        return own if self.function is None else self.function(own)

    def blocks(self) -> Iterator[tuple[int, Array]]:
        """The first row and the rows of every piece, in order."""
        step = self.store.block_rows
        for begin in range(0, len(self), step):
            yield begin, self[begin : begin + step]

    def select(self, index: Array) -> StoredTable:
        """The same table of some rows, in their order; nothing is read."""
        other = self._copy()
        index = np.asarray(index, np.uint32)
        other.index = index if self.index is None else self.index[index]
        return other

    def standardized(self, scaler: Scaler, dtype: Any) -> StoredTable:
        """The table that `scaler.forward` gives, formed when it is read."""
        other = self._copy()
        other.scaler, other.dtype = scaler, np.dtype(dtype)
        return other

    def astype(self, dtype: Any) -> StoredTable:
        """The same numbers in another precision."""
        other = self._copy()
        other.dtype = np.dtype(dtype)
        return other

    def zeros(self) -> StoredTable:
        """A table of as many rows and one column of zeros."""
        other = self._copy()
        other.columns, other.zero, other.scaler, other.fills = 1, True, None, None
        return other

    def mapped(self, function: Callable[[Array], Array], columns: int) -> StoredTable:
        """The table that a function makes of rows, formed when it is read."""
        other = self._copy()
        before = self.function
        other.columns = columns
        other.function = function if before is None else lambda rows: function(before(rows))
        return other

    def __mul__(self, factors: Array) -> StoredTable:
        """Every column times its factor, formed when it is read."""
        return self.mapped(lambda block: np.asarray(block * factors), self.columns)

    def filled(self, fills: Array) -> StoredTable:
        """The table without gaps, whose places are taken by `fills` (columns,)."""
        other = self._copy()
        other.fills = fills
        return other

    def _copy(self) -> StoredTable:
        other = copy.copy(self)
        other._ends = None
        return other

    # ---- of several ranks

    @property
    def ranks(self) -> Ranks | None:
        """Those whose rows these are; None: all are here."""
        return self.store.ranks if isinstance(self.store, SharedStore) else None

    def together(self, found: Any) -> list[Any]:
        """What all ranks have found, in the order of their rows."""
        return [found] if self.ranks is None else self.ranks.gather(found)

    def own_blocks(self) -> Iterator[tuple[int, Array]]:
        """The pieces whose rows are here; of rows in another order than theirs, all of them."""
        store = self.store
        if not isinstance(store, SharedStore) or not ascends(self.index):
            yield from self.blocks()
            return
        begin, end = store.here(self.index)
        own = self._copy()
        own.store = store.own
        if self.index is not None:
            own.index = self.index[begin:end] - int(store.first[store.ranks.rank])
        for at, block in own.blocks():
            yield begin + at, block

    def all_ranks(self, numbers: Array) -> Array:
        """Numbers of all rows (rows,) from arrays in which each rank has set those of its own."""
        if not isinstance(self.store, SharedStore):
            return numbers
        begin, end = self.store.here(self.index)
        return np.concatenate(self.store.ranks.gather(numbers[begin:end]))

    def parts(self, first: Array, *others: Any) -> list[Any]:
        """The rows that rank r has from first[r] on, of this table and others of the same rows.

        Parameters
        ----------
        first : ndarray of int, shape (ranks + 1,)
        *others : StoredTable or ndarray
            Of the same rows, by the same index; arrays hold the rows of all ranks.
        """
        assert isinstance(self.store, SharedStore)
        store, index = self.store.part(self.index, first)
        rank, found = self.store.ranks.rank, []
        for table in (self, *others):
            if isinstance(table, StoredTable):
                own = table._copy()
                own.store, own.index = store, index
                found.append(own)
            else:
                found.append(table[first[rank] : first[rank + 1]])
        return found

    @property
    def first_row(self) -> Array:
        """The first row, (columns,)."""
        return self[0]

    def of_lanes(self) -> tuple[Any, int]:
        """The rows of this rank where each begins with a lane, and the number of the first."""
        assert isinstance(self.store, SharedStore)
        ranks = self.store.ranks
        first = lane_starts(len(self), ranks.size)
        return self.parts(first)[0], int(first[ranks.rank])

    def joined(self, found: Sequence[Any]) -> list[Any]:
        """What all ranks have found, as one list."""
        return [one for part in self.together(list(found)) for one in part]

    @property
    def ends(self) -> tuple[Array, Array]:
        """The least and the largest element of every column, (columns,) each."""
        # No cached_property: before Python 3.12 it has one lock, for which ranks in threads wait.
        if self._ends is None:
            found = [(block.min(axis=0), block.max(axis=0)) for _, block in self.own_blocks()]
            low, high = zip(*self.joined(found), strict=True)
            self._ends = np.min(low, axis=0), np.max(high, axis=0)
        return self._ends

    def min(self, axis: int = 0) -> Array:
        """The least element of every column."""
        return self.ends[0]

    def max(self, axis: int = 0) -> Array:
        """The largest element of every column."""
        return self.ends[1]


def of_table(table: Any) -> Iterator[tuple[int, Array]]:
    """The pieces of a table, one after another: an array is one piece."""
    return table.blocks() if isinstance(table, StoredTable) else iter([(0, table)])


def own_blocks(table: Any) -> Iterator[tuple[int, Array]]:
    """The pieces of a table whose rows are on this rank, where there are several."""
    return table.own_blocks() if isinstance(table, StoredTable) else iter([(0, table)])


def numbers_of_rows(table: Any, function: Callable[[Array], Array]) -> Array:
    """What a function makes of each row of a table, (rows,): of all rows, on all ranks."""
    found = [function(block) for _, block in own_blocks(table)]
    if isinstance(table, StoredTable) and table.ranks is not None:
        found = table.joined(found)
    return np.concatenate(found)


def standardized(table: Any, scaler: Scaler, dtype: Any) -> Any:
    """What `scaler.forward` makes of a table, in rows; of a stored one nothing is formed yet."""
    if isinstance(table, StoredTable):
        return table.standardized(scaler, dtype)
    return np.ascontiguousarray(scaler.forward(table, dtype))
