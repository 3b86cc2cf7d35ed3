"""A table of several ranks: each holds a part of its rows, in the order of the ranks, or all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.ranks import Ranks
from hbcd.utils.scaling import Scaled
from hbcd.utils.shared_store import lane_starts
from hbcd.utils.stored_table import StoredTable

__all__ = ["SharedTable", "on_ranks", "ranks_with", "shared", "whole"]

Array = NDArray[Any]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class SharedTable:
    """A checked table (rows, columns) of several ranks.

    Attributes
    ----------
    own : ndarray of shape (rows of this rank, columns)
    ranks : Ranks
    first : ndarray of int, shape (ranks + 1,), or None
        The first row of each rank; None: every rank holds all rows.
    """

    own: Array
    ranks: Ranks
    first: Numbers | None = None

    @classmethod
    def of(cls, own: Array, ranks: Ranks) -> SharedTable:
        """From the rows of this rank, which follow those of the ranks before."""
        return cls(own, ranks, np.cumsum([0, *ranks.gather(own.shape[0])]))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows of all ranks, columns)."""
        rows = self.own.shape[0] if self.first is None else int(self.first[-1])
        return rows, self.own.shape[1]

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """2."""
        return 2

    @property
    def dtype(self) -> Any:
        """Of the elements."""
        return self.own.dtype

    def __getitem__(self, rows: Array) -> SharedTable:
        """A copy of some rows, by their numbers, which ascend where ranks hold parts."""
        if self.first is None:
            return replace(self, own=self.own[rows])
        assert (rows[1:] > rows[:-1]).all()
        first = np.searchsorted(rows, self.first)
        mine = rows[first[self.ranks.rank] : first[self.ranks.rank + 1]]
        return replace(self, own=self.own[mine - self.first[self.ranks.rank]], first=first)

    def from_rows(self, first: Numbers) -> SharedTable:
        """The same table, where rank r holds the rows from first[r] on."""
        rank, size = self.ranks.rank, self.ranks.size
        if self.first is None:
            return replace(self, own=self.own[first[rank] : first[rank + 1]], first=first)
        if np.array_equal(first, self.first):
            return self
        ends = np.clip(first, *self.first[rank : rank + 2]) - self.first[rank]
        parts = [self.own[ends[r] : ends[r + 1]] for r in range(size)]
        return replace(self, own=np.concatenate(self.ranks.to_each(parts)), first=first)

    def whole(self) -> Array:
        """All rows, on every rank."""
        if self.first is None:
            return self.own
        return np.concatenate(self.ranks.gather(self.own))

    # ---- what statistics of columns ask for

    @property
    def first_row(self) -> Array:
        """The first row, (columns,)."""
        some = self.ranks.gather(self.own[:1]) if self.first is not None else [self.own[:1]]
        found: Array = np.concatenate(some)[0]
        return found

    def of_lanes(self) -> tuple[Array, int]:
        """The rows of this rank where each begins with a lane, and the number of the first."""
        if self.first is None:
            return self.own, 0
        first = lane_starts(self.shape[0], self.ranks.size)
        return self.from_rows(first).own, int(first[self.ranks.rank])

    def joined(self, found: Sequence[Any]) -> list[Any]:
        """What all ranks have found, in the order of their rows."""
        if self.first is None:
            return list(found)
        return [one for part in self.ranks.gather(list(found)) for one in part]


def on_ranks(table: Any, ranks: Ranks | None) -> Any:
    """A table that every rank holds, or is shared already, as one of the ranks."""
    if ranks is None or isinstance(table, (SharedTable, StoredTable)):
        return table
    return SharedTable(table, ranks)


def shared(table: Any) -> SharedTable | None:
    """The shared table that a table, or one to be standardized, is."""
    found = table.table if isinstance(table, Scaled) else table
    return found if isinstance(found, SharedTable) else None


def ranks_with(table: Any) -> Ranks | None:
    """The ranks that a table, or one to be standardized, is shared by."""
    found: Ranks | None = getattr(getattr(table, "table", table), "ranks", None)
    return found


def whole(table: Any) -> Any:
    """The same table with all rows on every rank."""
    if isinstance(getattr(table, "table", table), StoredTable):
        return replace(table, table=table.table[:]) if isinstance(table, Scaled) else table[:]
    found = shared(table)
    if found is None:
        return table
    return replace(table, table=found.whole()) if isinstance(table, Scaled) else found.whole()
