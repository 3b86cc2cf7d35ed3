"""Stored rows of several ranks: each holds a part of them, in the order of the ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.utils.ranks import Ranks
from hbcd.utils.row_store import RowStore

__all__ = ["JoinedStore", "SharedStore", "Store", "ascends", "lane_starts"]

Array = NDArray[Any]
Numbers = NDArray[np.int64]


def lane_starts(rows: int, ranks: int) -> Numbers:
    """The first rows of so many ranks, (ranks + 1,): each has as many lanes of the core's sums."""
    starts = core.lane_rows(rows)
    lanes = len(starts) - 1
    return starts[np.arange(ranks + 1) * lanes // ranks]


def ascends(index: Array | None) -> bool:
    """Whether row numbers are in their order, each once; None stands for all rows."""
    return index is None or bool((index[1:] > index[:-1]).all())


class JoinedStore:
    """Parts of stores, one after another, as one store.

    Parameters
    ----------
    parts : list of (store, int, int)
        With the first row of each, and how many.
    like : Store
        Of the same columns.
    """

    def __init__(self, parts: list[tuple[Any, int, int]], like: Any) -> None:
        self.parts = [part for part in parts if part[2]]
        self.columns, self.dtype = like.columns, like.dtype
        self.block_rows, self.folder = like.block_rows, like.folder
        self.starts = np.cumsum([0, *(rows for _, _, rows in self.parts)])
        self.rows = int(self.starts[-1])

    @property
    def in_memory(self) -> bool:
        """Whether no part is in a file."""
        return all(store.in_memory for store, _, _ in self.parts)

    def read(self, begin: int, end: int) -> Array:
        """Rows begin .. end - 1, (rows, columns).

        Parameters
        ----------
        begin, end : int
        """
        found = []
        for (store, first, rows), start in zip(self.parts, self.starts, strict=False):
            low, high = max(begin - start, 0), min(end - start, rows)
            if low < high:
                found.append(store.read(int(first + low), int(first + high)))
        if not found:
            return np.empty((0, self.columns), self.dtype)
        return found[0] if len(found) == 1 else np.concatenate(found)

    def take(self, index: Array) -> Array:
        """The rows of an index.

        Parameters
        ----------
        index : ndarray of int, shape (n,)
        """

        def of_part(part: int, own: Array) -> Array:
            store, first, _ = self.parts[part]
            found: Array = store.take(own + first)
            return found

        return _taken(self, self.starts, index, of_part)


class SharedStore:
    """Rows of all ranks, of which each holds a part; seen from one rank.

    `read` and `take` give all ranks the same rows, and are called by all of them; `part` gives each
    the rows that it works on.

    Parameters
    ----------
    own : RowStore or JoinedStore
        The rows of this rank.
    ranks : Ranks
    first : ndarray of int, shape (ranks + 1,)
        The first row of each rank, and how many rows there are.
    memory : int
        Bytes of rows that come from other ranks that may be kept in memory.
    """

    in_memory = False

    def __init__(self, own: Any, ranks: Ranks, first: Array, memory: int) -> None:
        self.own, self.ranks, self.memory = own, ranks, memory
        self.first = np.asarray(first, np.int64)
        self.rows = int(self.first[-1])
        self.columns, self.dtype = own.columns, own.dtype
        self.block_rows, self.folder = own.block_rows, own.folder
        self._last: tuple[Array, tuple[JoinedStore, Array | None]] | None = None  # by its index

    @classmethod
    def of(cls, own: RowStore, ranks: Ranks, memory: int) -> SharedStore:
        """From the rows that ranks have read, which follow each other: moved once to their lanes.

        Parameters
        ----------
        own : RowStore
            Finished.
        ranks : Ranks
        memory : int
            Bytes that the rows of this rank may take.
        """
        left = memory - own.rows * own.columns * own.dtype.itemsize if own.in_memory else memory
        given = cls(own, ranks, np.cumsum([0, *ranks.gather(own.rows)]), max(left, 0))
        first = lane_starts(given.rows, ranks.size)
        return cls(given.part(None, first)[0], ranks, first, memory // 8)

    def read(self, begin: int, end: int) -> Array:
        """Rows begin .. end - 1 of all ranks, (rows, columns), on all ranks.

        Parameters
        ----------
        begin, end : int
        """
        rank = self.ranks.rank
        low, high = np.clip((begin, end), *self.first[rank : rank + 2]) - self.first[rank]
        found: Array = np.concatenate(self.ranks.gather(self.own.read(int(low), int(high))))
        return found

    def take(self, index: Array) -> Array:
        """The rows of an index, which is the same on all ranks, on all ranks.

        Parameters
        ----------
        index : ndarray of int, shape (n,)
        """
        rank = self.ranks.rank
        here = (index >= self.first[rank]) & (index < self.first[rank + 1])
        parts = self.ranks.gather(
            self.own.take(np.asarray(index, np.int64)[here] - self.first[rank])
        )
        return _taken(self, self.first, index, lambda part, _: parts[part])

    def here(self, index: Array | None) -> tuple[int, int]:
        """The places in an ascending index, None: of all rows, whose rows this rank holds.

        Parameters
        ----------
        index : ndarray of int or None
        """
        ends = self.first if index is None else np.searchsorted(index, self.first)
        return int(ends[self.ranks.rank]), int(ends[self.ranks.rank + 1])

    def part(self, index: Array | None, first: Array) -> tuple[JoinedStore, Array | None]:
        """The rows of an ascending index, of whose places rank r has those from first[r] on.

        Rows that another rank has are sent, a block at a time; called by all ranks.  Inputs,
        targets and training ask for the same rows one after another: they are sent once.

        Parameters
        ----------
        index : ndarray of uint32 or None
            None: all rows.
        first : ndarray of int, shape (ranks + 1,)
            Follows from the number of rows.

        Returns
        -------
        store : JoinedStore
        index : ndarray of uint32 or None
            Their places in it; None: all.
        """
        if self._last is not None and self._last[0] is index:
            return self._last[1]
        rank = self.ranks.rank
        held = self.first if index is None else np.searchsorted(index, self.first)
        low = np.maximum(held[:-1, np.newaxis], first[np.newaxis, :-1])  # from rank, to rank
        high = np.maximum(np.minimum(held[1:, np.newaxis], first[np.newaxis, 1:]), low)
        guests = self._moved(index, low, high)
        parts: list[tuple[Any, int, int]] = []
        numbers = [np.empty(0, np.uint32)]
        for source in range(self.ranks.size):
            begin, end = int(low[source, rank]), int(high[source, rank])
            rows, start = end - begin, sum(count for _, _, count in parts)
            if not rows:
                continue
            if source == rank:
                parts.append(self._span(index, begin, end))
            else:
                parts.append((guests[source], 0, rows))
            if index is not None:
                own = index[begin:end] if source == rank else np.arange(rows, dtype=np.uint32)
                numbers.append(own - int(own[0]) + start)
        joined = JoinedStore(parts, self.own)
        if index is None:
            return joined, None
        self._last = index, (joined, np.concatenate(numbers))
        return self._last[1]

    def _span(self, index: Array | None, begin: int, end: int) -> tuple[Any, int, int]:
        """Rows that are here, with all between the first and the last: none is copied."""
        base = int(self.first[self.ranks.rank])
        if index is not None:
            begin, end = int(index[begin]), int(index[end - 1]) + 1
        return self.own, begin - base, end - begin

    def _moved(self, index: Array | None, low: Array, high: Array) -> dict[int, RowStore]:
        """Rows that other ranks have sent to this one, by rank."""
        rank, size = self.ranks.rank, self.ranks.size
        counts = high - low
        np.fill_diagonal(counts, 0)
        senders = np.flatnonzero(counts[:, rank])
        share = self.memory // max(len(senders), 1)
        guests = {int(s): RowStore(self.columns, self.dtype, share, self.folder) for s in senders}
        for begin in range(0, int(counts.max()), self.block_rows):
            sent: list[Array | None] = [None] * size
            for to in np.flatnonzero(counts[rank] > begin):
                at = low[rank, to] + begin
                end = min(at + self.block_rows, high[rank, to])
                numbers = slice(at, end) if index is None else index[at:end]
                sent[to] = self._own_rows(numbers)
            for source, block in enumerate(self.ranks.to_each(sent)):
                if block is not None:
                    guests[source].append(block)
        for guest in guests.values():
            guest.finish()
        return guests

    def _own_rows(self, numbers: Any) -> Array:
        """Rows that are here, by their numbers among all."""
        first = self.first[self.ranks.rank]
        if isinstance(numbers, slice):
            found: Array = self.own.read(int(numbers.start - first), int(numbers.stop - first))
            return found
        return np.asarray(self.own.take(np.asarray(numbers, np.int64) - first))


Store = RowStore | JoinedStore | SharedStore


def _taken(
    store: Any, starts: Array, index: Array, of_part: Callable[[int, Array], Array]
) -> Array:
    """Rows of an index into several parts, put together."""
    index = np.asarray(index, np.int64)
    owner = np.searchsorted(starts, index, "right") - 1
    out = np.empty((len(index), store.columns), store.dtype)
    for part in range(len(starts) - 1):
        some = owner == part
        if some.any():
            out[some] = of_part(part, index[some] - starts[part])
    return out
