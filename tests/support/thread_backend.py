"""Ranks of one process: threads that send each other bytes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hbcd.distributed import Backend, RankLost
from hbcd.distributed.tree import Branch, TreeBackend, children_of, parent_of


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
                found[rank] = self.take(rank)
        return found

    def take(self, rank):
        """The next message of a rank."""
        try:
            return self.boxes[self.rank][rank].get(timeout=self.timeout)
        except queue.Empty:
            raise RankLost(rank, self.where(rank), "has not answered", gone=True) from None


class TreeOfThreads(TreeBackend, ThreadBackend):
    """One rank of several threads, whose sums go up a tree."""

    def climb(self, own):
        """By the same queues."""
        below = children_of(self.rank, self.size)
        part = own.joined([Branch.unpack(self.take(rank)) for rank in below]).pack()
        sent = 0
        if self.rank:
            parent, sent = parent_of(self.rank), len(part)
            self.boxes[parent][self.rank].put(part)
            part = self.take(parent)
        for rank in below:
            self.boxes[rank][self.rank].put(part)
        return Branch.unpack(part), sent + len(below) * len(part)


def on_threads(
    size: int, work: Callable[[Any], Any], timeout: float = 60.0, kind: Any = ThreadBackend
) -> list[Any]:
    """``work(backend)`` on every rank: results, or the exceptions."""
    boxes = [[queue.Queue() for _ in range(size)] for _ in range(size)]
    found: list[Any] = [None] * size

    def one(rank: int) -> None:
        try:
            found[rank] = work(kind(rank, boxes, timeout))
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
