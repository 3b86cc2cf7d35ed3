"""Rows of numbers that are written once and read often: in memory while they fit, else a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.block_file import BlockFile, bytes_of

__all__ = ["RowStore"]

Array = NDArray[Any]
#: Bytes of a block, which is written, checked and read in one piece; rows in multiples of 256.
BLOCK: Final = 1 << 21
TILE: Final = 256


class RowStore:
    """Rows (rows, columns) of float32 or float64 that are appended, then read any number of times.

    Parameters
    ----------
    columns : int
    dtype : type
    memory : int
        Bytes that may be kept in memory; with more, all go to a file.
    folder : str, optional
        Where to; None: see `store_folder`.

    Attributes
    ----------
    rows : int
        Appended so far.
    block_rows : int
        A multiple of 256; what is read in whole blocks is read fastest.
    file : BlockFile or None
        None: all rows are in memory.

    Raises
    ------
    OSError
        The disk is full, or what is read is not what was written.
    """

    def __init__(self, columns: int, dtype: Any, memory: int, folder: str | None = None) -> None:
        self.columns, self.dtype = columns, np.dtype(dtype)
        self.rows, self.folder = 0, folder
        self.file: BlockFile | None = None
        self._bytes = columns * self.dtype.itemsize  # of a row
        self.block_rows = max(BLOCK // (self._bytes * TILE), 1) * TILE
        self._most = memory // self._bytes
        self._parts: list[Array] = []  # appended, and in no file
        self._room = np.empty((0, columns), dtype)  # a block on its way to the file,
        self._waiting = 0  # and the rows in it
        self._table: Array | None = None  # all of them, once they are known to fit

    @property
    def in_memory(self) -> bool:
        """Whether there is no file."""
        return self.file is None

    def append(self, block: Array) -> None:
        """Adds rows.

        Parameters
        ----------
        block : ndarray of shape (rows, columns)
            It is copied.
        """
        self.rows += len(block)
        if self.file is None and self.rows > self._most:
            self.file = BlockFile(self.block_rows * self._bytes, self.folder)
            self._room = np.empty((self.block_rows, self.columns), self.dtype)
            while self._parts:
                self._write(self.file, self._parts.pop(0))
        if self.file is None:
            self._parts.append(np.array(block, dtype=self.dtype, order="C", copy=True))
        else:
            self._write(self.file, block)

    def finish(self) -> None:
        """Ends the writing."""
        if self.file is not None:
            if self._waiting:
                self.file.append(bytes_of(self._room[: self._waiting]))
            self._room = self._room[:0]
        elif self._parts:
            self._table = self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
        else:
            self._table = np.empty((0, self.columns), self.dtype)
        self._parts = []

    def read(self, begin: int, end: int) -> Array:
        """Rows begin .. end - 1, (rows, columns): a copy from a file, else the rows themselves.

        Parameters
        ----------
        begin, end : int
        """
        if self._table is not None:
            return self._table[begin:end]
        out = np.empty((end - begin, self.columns), self.dtype)
        self._fill(out, begin)
        return out

    def take(self, index: Array) -> Array:
        """The rows of an index, a copy; runs of neighbors are read in one piece.

        Parameters
        ----------
        index : ndarray of int, shape (n,)
        """
        if self._table is not None:
            return self._table[index]
        out = np.empty((len(index), self.columns), self.dtype)
        if not len(index):
            return out
        low, high = int(index.min()), int(index.max()) + 1
        if high - low <= 2 * len(index) + TILE:
            return np.take(self.read(low, high), np.asarray(index, np.intp) - low, axis=0)
        ends = np.flatnonzero(np.diff(np.asarray(index, np.int64)) != 1) + 1
        for first, last in zip([0, *ends], [*ends, len(index)], strict=True):
            self._fill(out[first:last], int(index[first]))
        return out

    def blocks(self) -> Iterator[tuple[int, Array]]:
        """The first row and the rows of every block, in order."""
        for begin in range(0, self.rows, self.block_rows):
            yield begin, self.read(begin, min(begin + self.block_rows, self.rows))

    def _write(self, file: BlockFile, rows: Array) -> None:
        """Writes rows, but for those behind the last whole block, which wait."""
        begin = 0
        while begin < len(rows):
            some = min(len(rows) - begin, self.block_rows - self._waiting)
            self._room[self._waiting : self._waiting + some] = rows[begin : begin + some]
            self._waiting, begin = self._waiting + some, begin + some
            if self._waiting == self.block_rows:
                file.append(bytes_of(self._room))
                self._waiting = 0

    def _fill(self, out: Array, begin: int) -> None:
        assert self.file is not None
        self.file.read(bytes_of(out), begin * self._bytes)
