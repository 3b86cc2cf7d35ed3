"""Ranks of one process: threads that meet, and tables cut for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from hbcd import core


class Lost(Exception):
    """What the other ranks are told when one fails."""


class Ranks:
    """One rank of several threads of this process, as `core.Data` takes it."""

    def __init__(self, rank: int, meeting: Meeting) -> None:
        self.rank, self.size, self.meeting = rank, meeting.size, meeting
        self.sums = self.nodes = 0

    def sum(self, first, lanes, nodes, point, status, over):
        """Every rank adds the subtrees of all."""
        mine = first, lanes, nodes.copy(), point, status, over
        met = self.meeting.of(self.rank, mine)
        self.sums, self.nodes = self.sums + 1, max(self.nodes, len(first))
        failed = [rank for rank, one in enumerate(met) if one[4] < 0]
        if failed and failed[0] != self.rank:
            raise Lost(f"rank {failed[0]} failed")
        status, over = (status, over) if failed else met[0][4:6]
        assert failed or len({one[3] for one in met}) == 1, "ranks are at different parameters"
        if status != 0 or nodes.shape[1] == 0:
            return None, status, over
        kept = [one for one in met if len(one[0])]
        parts = [np.concatenate([one[k] for one in kept]) for k in range(3)]
        return core.add_nodes(*parts), status, over

    def share(self, own, sizes):
        """The bytes of all ranks."""
        assert len(own) == sizes[self.rank]
        return b"".join(self.meeting.of(self.rank, bytes(own)))


class Meeting:
    """Where so many threads exchange what they have."""

    def __init__(self, size: int) -> None:
        self.size, self.barrier = size, threading.Barrier(size)
        self.slots: list[Any] = [None] * size

    def of(self, rank: int, item: Any) -> list[Any]:
        """What all ranks brought."""
        self.slots[rank] = item
        self.barrier.wait(60)
        met = list(self.slots)
        self.barrier.wait(60)
        return met

    def run(self, work: Callable[[Ranks], Any]) -> list[Any]:
        """``work(ranks)`` on every rank: results, or the exceptions."""
        found: list[Any] = [None] * self.size

        def one(rank: int) -> None:
            try:
                found[rank] = work(Ranks(rank, self))
            except BaseException as error:
                found[rank] = error

        threads = [threading.Thread(target=one, args=(rank,)) for rank in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found


def cut(rows: int, size: int, empty: int | None = None) -> np.ndarray:
    """First rows of ranks, uneven on purpose; `empty`: this rank has none."""
    starts = core.lane_rows(rows)
    lanes = len(starts) - 1
    share = np.arange(1, size + 1, dtype=float)
    if empty is not None:
        share[empty] = 0
    ends = np.rint(np.cumsum(share) / share.sum() * lanes).astype(int)
    return np.concatenate([[0], starts[ends]])


class Tiles:
    """A table outside of the core, read some tiles at a time."""

    def __init__(self, dtype, x, y, weight=None, most=3) -> None:
        self.arrays = core.pack_tiles(dtype, x, y, weight)
        self.columns = x.shape[1], y.shape[1], 1
        self.most, self.loads = most, 0

    def load(self, first, last):
        """Copies, which the next call makes invalid."""
        self.loads += 1
        found = []
        for array, columns in zip(self.arrays, self.columns, strict=True):
            part = slice(first * 256 * columns, last * 256 * columns)
            found.append(None if array is None else array[part].copy())
        return tuple(found)
