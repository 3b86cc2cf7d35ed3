"""A file of blocks that are written once and read often, checked, and gone with its process."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
import weakref
import zlib
from collections.abc import Callable
from typing import Any, Final, TypeVar

__all__ = ["FULL", "BlockFile", "bytes_of", "store_folder"]

Result = TypeVar("Result")
FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)


def store_folder() -> str:
    """Where files of rows go: TMPDIR where it is set, else /var/tmp, which is no memory disk."""
    if "TMPDIR" not in os.environ and os.path.isdir("/var/tmp") and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return tempfile.gettempdir()


class BlockFile:
    """Blocks of one size, the last one shorter, that are appended and then read from any place.

    The file has no name (or, on Windows, is deleted with its last handle), so that nothing of it is
    left when the process ends, however that happens.

    Parameters
    ----------
    block_bytes : int
    folder : str, optional
        Where it is; None: see `store_folder`.

    Attributes
    ----------
    size : int
        Bytes written so far.

    Raises
    ------
    OSError
        The disk is full, or what is read is not what was written.
    """

    def __init__(self, block_bytes: int, folder: str | None = None) -> None:
        self.block_bytes, self.size = block_bytes, 0
        self.folder = store_folder() if folder is None else folder
        self._sums: list[int] = []
        self._checked = bytearray()
        self._lock = threading.Lock()
        self._file = self._guarded(self._open)

    def _open(self) -> int:
        with tempfile.TemporaryFile(dir=self.folder, prefix="hbcd-rows-", buffering=0) as file:
            opened = os.dup(file.fileno())
        weakref.finalize(self, os.close, opened)
        return opened

    @property
    def blocks(self) -> int:
        """Written so far."""
        return len(self._sums)

    def append(self, block: memoryview) -> None:
        """Writes a block; only the last one may be shorter than the others.

        Parameters
        ----------
        block : memoryview of bytes
        """
        self._sums.append(zlib.crc32(block))
        self._checked.append(0)
        while block:  # a write may be short
            done = self._guarded(lambda block=block: self._write(block))  # type: ignore[misc]
            self.size += done
            block = block[done:]

    def read(self, room: memoryview, at: int) -> None:
        """Fills `room` with what is written from byte `at` on.

        Blocks that lie in it are compared with their checksums, each the first time.

        Parameters
        ----------
        room : memoryview of bytes
        at : int
        """
        left, place = room, at
        while left:
            got = self._read_at(left, place)
            if got <= 0:
                raise self._damaged(f"bytes from {place} on are missing")
            left, place = left[got:], place + got
        for block in range(-(-at // self.block_bytes), self.blocks):
            begin = block * self.block_bytes - at
            end = min(begin + self.block_bytes, self.size - at)
            if end > len(room):
                return
            if not self._checked[block]:
                if zlib.crc32(room[begin:end]) != self._sums[block]:
                    raise self._damaged(f"bytes from {at + begin} on have changed")
                self._checked[block] = 1

    def _write(self, block: memoryview) -> int:
        with self._lock:
            os.lseek(self._file, self.size, os.SEEK_SET)
            return os.write(self._file, block)

    def _read_at(self, room: memoryview, at: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._file, [room], at)
        with self._lock:
            os.lseek(self._file, at, os.SEEK_SET)
            found = os.read(self._file, len(room))
        room[: len(found)] = found
        return len(found)

    def _guarded(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; a full disk in one line."""
        try:
            return work()
        except OSError as error:
            if error.errno not in FULL:
                raise
            free = "another folder (folder= of hbcd.Rows, TMPDIR), or more memory (memory=)"
            text = (
                f"the disk is full after {self.size / 1e6:.0f} MB of rows that do not fit into "
                f"memory; to mend it: {free}"
            )
            raise OSError(error.errno, text, self.folder) from None

    def _damaged(self, what: str) -> OSError:
        return OSError(errno.EIO, f"the file of rows is damaged: {what}", self.folder)


def bytes_of(array: Any) -> memoryview:
    """The memory of a contiguous array."""
    return memoryview(array).cast("B")
