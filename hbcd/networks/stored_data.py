"""Stored rows on their way into the core: a few tiles at a time, read ahead by a thread."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.tile_file import TileFile, Tiles
from hbcd.utils.shared_store import SharedStore, ascends, lane_starts
from hbcd.utils.stored_table import StoredTable

__all__ = ["StoredTiles", "fits", "stored_data"]

Array = NDArray[Any]
Columns = tuple[NDArray[np.float64], NDArray[np.float64]] | None
TILE: Final = 256
SMALL: Final = 1 << 22  # bytes of rows that are simply held


def fits(x: StoredTable) -> bool:
    """Whether so many rows are held in memory although the store is in a file."""
    return len(x) * x.store.columns * 8 <= SMALL


class StoredTiles:
    """Tiles of stored rows, standardized and laid out as the core has them.

    They are made in blocks of `most` tiles.  The first pass over them writes them to a file, where
    the disk has room; later ones read that.  A block is read ahead by a thread.

    Parameters
    ----------
    dtype : type
        Of the tiles.
    x : StoredTable
    y : StoredTable or ndarray, (rows, outputs)
        Of the same store, or in memory.
    weight : ndarray of shape (rows,) or None
    x_columns, y_columns : (ndarray, ndarray) or None
        What is subtracted and what is divided by.

    Attributes
    ----------
    most : int
        Tiles of a block.
    """

    def __init__(
        self,
        dtype: Any,
        x: StoredTable,
        y: StoredTable | Array,
        weight: Array | None,
        x_columns: Columns,
        y_columns: Columns,
    ) -> None:
        self.dtype, self.x, self.y, self.weight = dtype, x, y, weight
        self.x_columns, self.y_columns = x_columns, y_columns
        self.most = x.store.block_rows // TILE
        self._end = -(-len(x) // TILE)
        widths = x.columns, y.shape[1], int(weight is not None)
        self._tiles = TileFile(dtype, widths, len(x), self.most, x.store.folder)
        self._block: tuple[int, Tiles] | None = None  # the last one, by its number
        self._ahead: tuple[int, Future[Tiles]] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def load(self, first: int, last: int) -> Tiles:
        """Tiles first .. last - 1: flat arrays of inputs, targets and weights or None.

        They stay valid until the next call.

        Parameters
        ----------
        first, last : int
        """
        if last - first == 1:  # in any order
            found = self._tiles.tile(first)
            return self._packed(first, last) if found is None else found
        with self._lock:
            numbers = range(first // self.most, -(-last // self.most))
            if len(numbers) == 1:
                return self._cut(numbers[0], self._whole(numbers[0]), first, last)
            # The memory of a block is used again, so that each is copied before the next is read.
            joined, filled = self._tiles.room(first, last), [0, 0, 0]
            for k in numbers:
                for to, part in enumerate(self._cut(k, self._whole(k), first, last)):
                    room = joined[to]
                    if part is not None and room is not None:
                        room[filled[to] : filled[to] + len(part)] = part
                        filled[to] += len(part)
        return joined

    def _whole(self, k: int) -> Tiles:
        """A block; the next one is begun with."""
        if self._block is not None and self._block[0] == k:
            return self._block[1]
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead[1].exception()  # its memory is used again
        wanted = ahead is not None and ahead[0] == k
        found = ahead[1].result() if ahead is not None and wanted else self._made(k)
        self._block = k, found
        if (k + 1) * self.most < self._end:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="hbcd-rows")
            self._ahead = k + 1, self._pool.submit(self._made, k + 1)
        return found

    def _made(self, k: int) -> Tiles:
        """Block k, from the file of tiles where it is there, else to it."""
        found = self._tiles.block(k)
        if found is None:
            found = self._packed(k * self.most, min((k + 1) * self.most, self._end))
            self._tiles.keep(k, found)
        return found

    def _cut(self, k: int, block: Tiles, first: int, last: int) -> Tiles:
        """What block k has of tiles first .. last - 1."""
        begin = max(first - k * self.most, 0) * TILE
        end = (last - k * self.most) * TILE  # behind the last tile arrays end by themselves
        p, o = self.x.columns, self.y.shape[1]
        x, y, weight = block
        return (
            x[begin * p : end * p],
            y[begin * o : end * o],
            None if weight is None else weight[begin:end],
        )

    def _packed(self, first: int, last: int) -> Tiles:
        begin, end = first * TILE, min(last * TILE, len(self.x))
        records = self.x.raw(begin, end)
        x, x_columns = _columns(self.x, records, self.x_columns)
        y, y_columns = _targets(self.y, records, begin, self.y_columns)
        weight = None if self.weight is None else self.weight[begin:end]
        packed: Tiles = core.pack_tiles(self.dtype, x, y, weight, x_columns, y_columns)
        return packed


def _columns(table: StoredTable, records: Array, columns: Columns) -> tuple[Array, Columns]:
    """Rows of a table, and with what the core is to standardize them."""
    if table.function is None:
        return table.plain(records), None if table.zero else columns
    return table.finished(records), None


def _targets(
    table: StoredTable | Array, records: Array, begin: int, columns: Columns
) -> tuple[Array, Columns]:
    """The same of targets, which may be in memory: those of the rows from `begin` on."""
    if isinstance(table, StoredTable):
        return _columns(table, records, columns)
    return table[begin : begin + len(records)], columns


def stored_data(
    dtype: Any,
    x: StoredTable,
    y: StoredTable | Array,
    weight: Array | None,
    x_columns: Columns,
    y_columns: Columns,
    penalty: float,
    index: Array | None,
    n_threads: int,
) -> core.Data:
    """Rows of a store as `core.Data` has them; only few rows are held in memory.

    Of a store of several ranks each has the rows of its lanes.

    Parameters
    ----------
    dtype : type
    x : StoredTable
    y : StoredTable or ndarray, (rows, outputs)
    weight : ndarray of shape (rows,) or None
        Of the rows of the index, where there is one.
    x_columns, y_columns : (ndarray, ndarray) or None
    penalty : float
    index : ndarray of int or None
        The rows that are taken, in their order.
    n_threads : int
    """
    if index is not None:
        x, y = x.select(index), y.select(index) if isinstance(y, StoredTable) else y[index]
    if isinstance(x.store, SharedStore):
        return _of_ranks(dtype, x, y, weight, x_columns, y_columns, penalty, n_threads)
    if fits(x):
        tables = _in_memory(x, y, x_columns, y_columns, 0, len(x))
        return core.Data(
            dtype, *tables[0], weight, *tables[1], penalty=penalty, n_threads=n_threads
        )
    tiles = StoredTiles(dtype, x, y, weight, x_columns, y_columns)
    sizes = len(x), x.columns, y.shape[1]
    return core.Data.streamed(dtype, *sizes, tiles, weight is not None, penalty)


def _in_memory(
    x: StoredTable,
    y: StoredTable | Array,
    x_columns: Columns,
    y_columns: Columns,
    begin: int,
    end: int,
) -> tuple[tuple[Array, Array], tuple[Columns, Columns]]:
    """Inputs and targets of some rows as arrays, and what the core is to standardize them with."""
    records = x.raw(0, len(x))[begin:end]
    inputs, x_columns = _columns(x, records, x_columns)
    targets, y_columns = _targets(y, records, begin, y_columns)
    return (inputs, targets), (x_columns, y_columns)


def _of_ranks(
    dtype: Any,
    x: StoredTable,
    y: StoredTable | Array,
    weight: Array | None,
    x_columns: Columns,
    y_columns: Columns,
    penalty: float,
    n_threads: int,
) -> core.Data:
    """The rows of this rank; rows in another order than theirs are few, and read by all ranks."""
    ranks = x.ranks
    assert ranks is not None
    first = lane_starts(len(x), ranks.size)
    begin, end = (int(row) for row in first[ranks.rank : ranks.rank + 2])
    weight = None if weight is None else weight[begin:end]
    together = not ascends(x.index)
    if not together:
        x, y = x.parts(first, y)
    if together or x.store.in_memory or fits(x):
        rows = (begin, end) if together else (0, end - begin)
        tables = _in_memory(x, y, x_columns, y_columns, *rows)
        return core.Data(
            dtype, *tables[0], weight, *tables[1], penalty, None, n_threads, ranks, first
        )
    tiles = StoredTiles(dtype, x, y, weight, x_columns, y_columns)
    sizes = end - begin, x.columns, y.shape[1]
    return core.Data.streamed(dtype, *sizes, tiles, weight is not None, penalty, ranks, first)
