"""Tiles of the core in a file, block by block."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.block_file import FULL, BlockFile, bytes_of

__all__ = ["TileFile", "Tiles"]

Array = NDArray[Any]
Tiles = tuple[Array, Array, Array | None]
TILE: Final = 256
PAD: Final = 16  # the rows of the last tile are padded to a multiple of it
ALIGNED: Final = 64
ROOMS: Final = 3  # a block that is used, the one before it, and one that is read ahead


class TileFile:
    """Blocks of tiles: their inputs, then their targets, then their weights.

    Parameters
    ----------
    dtype : type
    widths : (int, int, int)
        Inputs, targets and weights (0 or 1) of a row.
    rows, most : int
        Rows, and tiles of a block.
    folder : str or None
    """

    def __init__(
        self, dtype: Any, widths: tuple[int, int, int], rows: int, most: int, folder: str | None
    ) -> None:
        self.dtype, self.widths, self.most, self.folder = np.dtype(dtype), widths, most, folder
        self._rows = -(-rows // PAD) * PAD
        self._row = sum(widths) * self.dtype.itemsize
        self._file: BlockFile | None = None
        self._given_up = False
        self._rooms: list[Array] = []
        self._next = 0

    @property
    def complete(self) -> bool:
        """Whether all tiles are there."""
        return self._file is not None and self._file.size == self._rows * self._row

    def keep(self, k: int, block: Tiles) -> None:
        """Writes block k where it is the next one; a disk that is full ends the writing."""
        if self._given_up or k != (0 if self._file is None else self._file.blocks):
            return
        try:
            if self._file is None:
                self._file = BlockFile(self.most * TILE * self._row, self.folder)
            whole = np.concatenate([part for part in block if part is not None])
            self._file.append(bytes_of(whole))
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._file, self._given_up = None, True

    def block(self, k: int) -> Tiles | None:
        """Block k, in memory that is used again three blocks later; None where it is not there."""
        file = self._file
        if file is None or k >= file.blocks or not self.complete:
            return None
        begin = k * self.most * TILE
        rows = min(self.most * TILE, self._rows - begin)
        room = self._room()[: rows * sum(self.widths)]
        file.read(bytes_of(room), begin * self._row)
        return self._parts(room, rows)

    def tile(self, number: int) -> Tiles | None:
        """One tile; None where it is not there."""
        file = self._file
        if file is None or not self.complete:
            return None
        first = number // self.most * self.most * TILE  # row that its block begins with
        height = min(self.most * TILE, self._rows - first)
        at = number * TILE - first
        rows = min(TILE, height - at)
        room = _aligned(rows * sum(self.widths), self.dtype)
        parts = self._parts(room, rows)
        before = 0
        for part, width in zip(parts, self.widths, strict=True):
            if part is not None:
                place = (first * sum(self.widths) + before + at * width) * self.dtype.itemsize
                file.read(bytes_of(part), place)
            before += height * width
        return parts

    def room(self, first: int, last: int) -> Tiles:
        """Memory for tiles first .. last - 1."""
        rows = min(last * TILE, self._rows) - first * TILE
        return self._parts(_aligned(rows * sum(self.widths), self.dtype), rows)

    def _parts(self, room: Array, rows: int) -> Tiles:
        p, o, w = (rows * width for width in self.widths)
        return room[:p], room[p : p + o], room[p + o :] if w else None

    def _room(self) -> Array:
        if not self._rooms:
            size = self.most * TILE * sum(self.widths)
            self._rooms = [_aligned(size, self.dtype) for _ in range(ROOMS)]
        self._next = (self._next + 1) % ROOMS
        return self._rooms[self._next]


def _aligned(size: int, dtype: np.dtype[Any]) -> Array:
    """An array on a multiple of 64 bytes, which the core uses where it is."""
    raw = np.empty(size * dtype.itemsize + ALIGNED, np.uint8)
    shift = -int(raw.__array_interface__["data"][0]) % ALIGNED
    array: Array = raw[shift : shift + size * dtype.itemsize].view(dtype)
    return array
