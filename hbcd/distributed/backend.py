"""Ranks that fit together: what every way of sending messages between them has in common."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.distributed.messages import GATHER, SHARE, SLICE, SUM, Message
from hbcd.distributed.rounds import Rounds

__all__ = ["Backend"]

Array = NDArray[Any]
T = TypeVar("T")


class Backend(Rounds):
    """Ranks that fit together, seen from one of them.

    A subclass has one thing to do: `exchange`, which sends bytes from every rank to every other.
    All ranks call the methods of this class in the same order.

    Parameters
    ----------
    rank, size : int
        The number of this rank, and how many there are.

    Attributes
    ----------
    rounds, sent : int
        Messages exchanged so far, and the bytes that this rank has sent to others.
    """

    # ---- what the core asks for

    def sum(
        self, first: Array, lanes: Array, nodes: Array, point: int, status: int, over: int
    ) -> tuple[Array | None, int, int]:
        """Adds the subtrees of lanes of all ranks, in their order, by the tree of the core.

        Two ranks send each other their subtrees.  Of more ranks each adds a slice of the vectors,
        and sends the slice of the sum to all: a rank sends its subtrees once, and one vector.

        Parameters
        ----------
        first, lanes : ndarray of int64, shape (k,)
            Which lanes the vectors are sums of.
        nodes : ndarray of float64, shape (k, n)
        point : int
            A hash of the parameters; 0: none.
        status : int
            Negative: this rank has failed; positive: rank 0 asks for a stop.
        over : int

        Returns
        -------
        root : ndarray of float64, shape (n,), or None where status is not 0
        status, over : int
            The same on all ranks.

        Raises
        ------
        RankLost
            Another rank has failed or does not answer, or it is at other parameters.
        """
        n = nodes.shape[1]
        slices = self._slices(n) if self.size > 2 and n >= self.size else [slice(0, n)] * self.size
        messages = [
            Message(SUM, status, over, point, first, lanes, np.ascontiguousarray(nodes[:, s]).data
                    if nodes.size else b"", s.stop - s.start)
            for s in slices
        ]  # fmt: skip
        met = self._round(messages)
        if status < 0:
            return None, status, over
        self._check_point(met)
        status, over = met[0].status, met[0].over
        if status != 0 or n == 0:
            return None, status, over
        root = _added(met)
        if slices[0].stop == n:
            return root, status, over
        own = Message(SLICE, body=root.data)
        parts = self._round([own] * self.size)
        return np.concatenate([np.frombuffer(part.body, np.float64) for part in parts]), 0, over

    def share(self, own: Any, sizes: Sequence[int]) -> bytes:
        """The bytes of all ranks, one after another.

        Parameters
        ----------
        own : bytes-like
        sizes : sequence of int
            Bytes of each rank.

        Returns
        -------
        bytes
        """
        met = self._round([Message(SHARE, body=memoryview(own).cast("B"))] * self.size)
        for rank, (one, size) in enumerate(zip(met, sizes, strict=True)):
            if len(one.body) != size:
                self._differs(rank, f"sends {len(one.body)} bytes of rows, must be {size}")
        return b"".join(one.body.tobytes() for one in met)

    # ---- what the parts in Python ask for

    def gather(self, value: Any) -> list[Any]:
        """The values of all ranks, by rank; on every rank.

        Parameters
        ----------
        value : object
            What pickle takes.

        Returns
        -------
        list of object
        """
        met = self._round([Message(GATHER, body=pickle.dumps(value, protocol=5))] * self.size)
        return [pickle.loads(one.body.data) for one in met]

    def agree(self, value: T) -> T:
        """The value that rank 0 has.

        Parameters
        ----------
        value : object
            What pickle takes.

        Returns
        -------
        object
        """
        body = pickle.dumps(value, protocol=5) if self.rank == 0 else b""
        met = self._round([Message(GATHER, body=body)] * self.size)
        found: T = pickle.loads(met[0].body.data)
        return value if self.rank == 0 else found

    def to_each(self, values: Sequence[Any]) -> list[Any]:
        """Sends ``values[r]`` to rank r; returns what each rank has sent to this one.

        Parameters
        ----------
        values : sequence of object
            What pickle takes.

        Returns
        -------
        list of object
        """
        bodies = [pickle.dumps(value, protocol=5) for value in values]
        met = self._round([Message(GATHER, body=body) for body in bodies])
        return [pickle.loads(one.body.data) for one in met]

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """What all ranks do together: it ends for all of them, or by an error for all of them.

        A rank that raises tells the others, which raise `RankLost` with its number and what it
        said.  Rank 0 alone hears Ctrl-C.  A session inside another one is part of it.

        Yields
        ------
        None
        """
        if self._lost is not None:
            raise self._lost
        if self._inside or self.size == 1:
            yield
            return
        self._inside, self._told = True, False
        try:
            with self._interrupts:
                try:
                    yield
                    self.gather(None)  # a rank that fails at the end is heard, too
                except BaseException as error:
                    self._end(error)
                    raise
        finally:
            self._inside = False

    def watched(self, progress: Callable[..., object] | None) -> Callable[..., object] | None:
        """What a rank hands to the core as progress: on rank 0 it ends the fit after Ctrl-C.

        Parameters
        ----------
        progress : callable or None

        Returns
        -------
        callable or None
            None on other ranks.
        """
        return self._interrupts.watched(progress) if self.rank == 0 else None

    # ---- copies

    def __reduce__(self) -> Any:
        return type(None), ()  # a fitted model is pickled without it

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __copy__(self) -> Any:
        return self

    def _check_point(self, met: Sequence[Message]) -> None:
        for rank, one in enumerate(met):
            if one.point != met[0].point:
                self._differs(rank, "has other parameters than rank 0")

    def _slices(self, n: int) -> list[slice]:
        ends = [n * k // self.size for k in range(self.size + 1)]
        return [slice(begin, end) for begin, end in pairwise(ends)]


def _added(met: Sequence[Message]) -> Array:
    """The sum of the vectors of all ranks."""
    some = [
        (one.first, one.lanes, one.vectors)
        for one in met
        if one.first is not None and one.lanes is not None and len(one.first)
    ]
    first, lanes, vectors = zip(*some, strict=True)
    return core.add_nodes(np.concatenate(first), np.concatenate(lanes), np.concatenate(vectors))
