"""What ranks send each other: a few numbers, then bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAILED", "GATHER", "SHARE", "SLICE", "SUM", "WHY", "Message"]

SUM, SLICE, SHARE, GATHER, WHY = range(1, 6)
NAMES = {SUM: "a sum", SLICE: "a sum", SHARE: "rows", GATHER: "values", WHY: "an error"}
FAILED = -1
HEAD = 6  # kind, status, over, point, subtrees, columns


@dataclass(frozen=True)
class Message:
    """A message of one rank to another.

    Attributes
    ----------
    kind : int
        What the rank takes part in.
    status : int
        Negative: it has failed; positive: rank 0 asks for a stop.
    over : int
        Of rank 0, as the core has it.
    point : int
        A hash of the parameters, 0: none.
    first, lanes : ndarray of int64, shape (k,)
        Subtrees of lanes.
    body : ndarray of uint8
        What is sent: of a sum the vectors (k, n) of float64.
    columns : int
        n.
    """

    kind: int
    status: int = 0
    over: int = 0
    point: int = 0
    first: NDArray[np.int64] | None = None
    lanes: NDArray[np.int64] | None = None
    body: Any = b""
    columns: int = 0

    @property
    def vectors(self) -> NDArray[np.float64]:
        """The body as (k, n)."""
        assert self.first is not None
        return np.frombuffer(self.body, np.float64).reshape(len(self.first), self.columns)

    def pack(self) -> NDArray[np.uint8]:
        """The message as bytes."""
        k = 0 if self.first is None else len(self.first)
        head = np.empty(HEAD + 2 * k, np.int64)
        point = self.point & (2**64 - 1)
        head[:HEAD] = (
            self.kind,
            self.status,
            self.over,
            point - 2**64 if point >= 2**63 else point,
            k,
            self.columns,
        )
        if self.first is not None and self.lanes is not None:
            head[HEAD : HEAD + k], head[HEAD + k :] = self.first, self.lanes
        body = np.frombuffer(self.body, np.uint8) if len(self.body) else np.empty(0, np.uint8)
        return np.concatenate([head.view(np.uint8), body])

    @classmethod
    def unpack(cls, data: Any) -> Message:
        """The message from bytes."""
        whole = np.frombuffer(data, np.uint8)
        head = np.frombuffer(whole[: 8 * HEAD].tobytes(), np.int64)
        kind, status, over, point, k, columns = (int(value) for value in head)
        tree = np.frombuffer(whole[8 * HEAD : 8 * (HEAD + 2 * k)].tobytes(), np.int64)
        body = whole[8 * (HEAD + 2 * k) :]
        return cls(kind, status, over, point, tree[:k], tree[k:], body, columns)
