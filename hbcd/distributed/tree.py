"""Sums that go up a tree of ranks and down again: few messages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.distributed.backend import Backend
from hbcd.distributed.messages import SUM, Message

__all__ = ["Branch", "TreeBackend", "children_of", "parent_of"]

Array = NDArray[Any]
BASE = 3  # the largest with which no rank sends more than 2 log2(lanes) vectors
COUNTS = 3  # numbers before a branch: ranks, subtrees, columns


def children_of(rank: int, size: int) -> list[int]:
    """The ranks that send to a rank; with their own children they are the ranks that follow it.

    Parameters
    ----------
    rank, size : int
    """
    found: list[int] = []
    step = 1
    while step < size and rank % (BASE * step) == 0:
        found += [rank + k * step for k in range(1, BASE) if rank + k * step < size]
        step *= BASE
    return found


def parent_of(rank: int) -> int:
    """The rank that a rank sends to: its number with the last digit other than 0 made 0.

    Parameters
    ----------
    rank : int
        Not 0.
    """
    step = BASE
    while rank % step == 0:
        step *= BASE
    return rank - rank % step


@dataclass(frozen=True)
class Branch:
    """What a rank and those below it in the tree say together.

    Attributes
    ----------
    heads : ndarray of int64, shape (ranks, 4)
        Kind, status, over, point of each, as of a `Message`.
    first, lanes : ndarray of int64, shape (k,)
        Subtrees of lanes.
    vectors : ndarray of float64, shape (k, n)
        Their sums; none where a rank has failed or asks for a stop.
    """

    heads: Array
    first: Array
    lanes: Array
    vectors: Array

    @classmethod
    def of(cls, own: Message, vectors: Array | None = None) -> Branch:
        """That of one rank.

        Parameters
        ----------
        own : Message
        vectors : ndarray of shape (k, n), optional
        """
        point = own.point & (2**64 - 1)
        point -= 2**64 if point >= 2**63 else 0
        heads = np.array([[own.kind, own.status, own.over, point]], np.int64)
        if vectors is None or own.first is None or own.lanes is None:
            return cls(heads, np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0)))
        first, lanes = own.first.astype(np.int64), own.lanes.astype(np.int64)
        return cls(heads, first, lanes, np.asarray(vectors, np.float64))

    def joined(self, below: Sequence[Branch]) -> Branch:
        """With those of the ranks that follow, in their order: whole subtrees are added.

        Parameters
        ----------
        below : sequence of Branch
        """
        if not below:
            return self
        parts = [self, *below]
        heads = np.concatenate([one.heads for one in parts])
        some = [one for one in parts if len(one.first)]
        if heads[:, 1].any() or len({one.vectors.shape[1] for one in some}) != 1:
            return replace(Branch.of(Message(SUM)), heads=heads)
        stack: list[tuple[int, int, Array]] = []
        for one in some:
            for begin, count, vector in zip(
                one.first.tolist(), one.lanes.tolist(), one.vectors, strict=True
            ):
                while stack and stack[-1][1] == count and begin % (2 * count) == count:
                    begin, _, left = stack.pop()
                    vector, count = left + vector, 2 * count
                stack.append((begin, count, vector))
        first, lanes, vectors = zip(*stack, strict=True)
        return Branch(heads, np.array(first), np.array(lanes), np.array(vectors))

    def pack(self) -> NDArray[np.uint8]:
        """The branch as bytes."""
        counts = np.array([len(self.heads), *self.vectors.shape], np.int64)
        parts = counts, self.heads.ravel(), self.first, self.lanes
        vectors = np.ascontiguousarray(self.vectors).ravel()
        return np.concatenate([np.concatenate(parts).view(np.uint8), vectors.view(np.uint8)])

    @classmethod
    def unpack(cls, data: Any) -> Branch:
        """The branch from bytes.

        Parameters
        ----------
        data : bytes-like
        """
        whole = np.frombuffer(data, np.uint8)
        ranks, k, n = np.frombuffer(whole[: 8 * COUNTS].tobytes(), np.int64).tolist()
        ends = np.cumsum([COUNTS, 4 * ranks, k, k])
        numbers = np.frombuffer(whole[: 8 * ends[-1]].tobytes(), np.int64)
        vectors = np.frombuffer(whole[8 * ends[-1] :].tobytes(), np.float64).reshape(k, n)
        _, heads, first, lanes = np.split(numbers, ends[:-1])
        return cls(heads.reshape(ranks, 4), first, lanes, vectors)


class TreeBackend(Backend):
    """Ranks whose sums go up a tree of ranks and down again.

    In `Backend` every rank sends to every other one, in two rounds.  Where a message costs much,
    few are better: here there are 2 (size - 1).  Every collective begins in the tree, so that a
    rank that has failed is heard whatever the others are in.
    """

    @abstractmethod
    def climb(self, own: Branch) -> tuple[Branch, int]:
        """Joins the branches of all ranks.

        Parameters
        ----------
        own : Branch
            Of this rank.

        Returns
        -------
        whole : Branch
            The same on all ranks.
        sent : int
            The bytes that this rank has sent.

        Raises
        ------
        RankLost
            A rank has not answered in time.
        """

    def sum(
        self, first: Array, lanes: Array, nodes: Array, point: int, status: int, over: int
    ) -> tuple[Array | None, int, int]:
        """Adds the subtrees of lanes of all ranks, in their order, by the tree of the core.

        Parameters
        ----------
        first, lanes, nodes, point, status, over
            As of `Backend.sum`.

        Returns
        -------
        root, status, over
            As of `Backend.sum`.

        Raises
        ------
        RankLost
            Another rank has failed or does not answer, or it is at other parameters.
        """
        n = nodes.shape[1]
        whole, met = self._climb(Message(SUM, status, over, point, first, lanes), nodes)
        if status < 0:
            return None, status, over
        self._check_point(met)
        status, over = met[0].status, met[0].over
        if status != 0 or n == 0:
            return None, status, over
        return core.add_nodes(whole.first, whole.lanes, whole.vectors), 0, over

    def _climb(self, own: Message, nodes: Array | None = None) -> tuple[Branch, list[Message]]:
        """The branch of all ranks, and the head of each; raises where one of them has failed."""
        whole, sent = self._transported(self.climb, Branch.of(own, nodes))
        self.sent += sent
        met = [Message(*head) for head in whole.heads.tolist()]
        self._heard(own, met)
        return whole, met

    def _round(self, messages: Sequence[Message]) -> list[Message]:
        own = messages[self.rank]
        _, met = self._climb(replace(own, point=0))
        return super()._round(messages) if all(one.status >= 0 for one in met) else met
