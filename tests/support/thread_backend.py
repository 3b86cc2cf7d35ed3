"""Ranks of one process: threads that send each other bytes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hbcd.distributed import Backend, RankLost


class ThreadBackend(Backend):
    """One rank of several threads."""

    def __init__(self, rank: int, boxes: list[list[queue.Queue[Any]]], timeout: float) -> None:
        super().__init__(rank, len(boxes))
        self.boxes, self.timeout = boxes, timeout

    def where(self, rank):
        """Its thread."""
        return f"thread {rank}"

    def exchange(self, parts):
        """By one queue for every pair."""
        found = list(parts)
        for rank in range(self.size):
            if rank != self.rank:
                self.boxes[rank][self.rank].put(bytes(parts[rank]))
        for rank in range(self.size):
            if rank != self.rank:
                try:
                    found[rank] = self.boxes[self.rank][rank].get(timeout=self.timeout)
                except queue.Empty:
                    where = self.where(rank)
                    raise RankLost(rank, where, "has not answered", gone=True) from None
        return found


def on_threads(size: int, work: Callable[[Any], Any], timeout: float = 60.0) -> list[Any]:
    """``work(backend)`` on every rank: results, or the exceptions."""
    boxes = [[queue.Queue() for _ in range(size)] for _ in range(size)]
    found: list[Any] = [None] * size

    def one(rank: int) -> None:
        try:
            found[rank] = work(ThreadBackend(rank, boxes, timeout))
        except BaseException as error:
            found[rank] = error

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def parts(rows: int, size: int) -> list[slice]:
    """Rows of ranks, uneven; of three and more ranks the second has none."""
    ends = [rows * k * k // size**2 for k in range(size + 1)]
    if size > 2:
        ends[2] = ends[1]
    return [slice(begin, end) for begin, end in pairwise(ends)]
