"""Rows chosen from inputs, targets and weights: the one place where that is done.

A row of weight 0 is as if it were not there.  It never trains, never validates and never counts; a
part that has no other rows is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.scaling import Scaled
from hbcd.utils.stored_table import StoredTable

__all__ = ["CheckedRows", "rows_that_count", "split_by_share"]

Array = NDArray[Any]


@dataclass(frozen=True)
class CheckedRows:
    """Rows of a table: inputs, targets and weights, checked.

    Attributes
    ----------
    x : ndarray, StoredTable or Scaled, (rows, inputs)
    y : ndarray, StoredTable or Scaled, (rows, outputs)
    weight : ndarray of shape (rows,) or None
        At least 0, in any unit.
    """

    x: Any
    y: Any
    weight: Array | None = None

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def counted(self) -> int:
        """Rows whose weight is not 0."""
        return len(self) if self.weight is None else int(np.count_nonzero(self.weight))

    def parts(self) -> tuple[Any, Any, Array | None]:
        """Inputs, targets and weights."""
        return self.x, self.y, self.weight

    def take(self, index: Array, part: str = "rows") -> CheckedRows:
        """Those rows of `index` (m,) whose weight is not 0, in that order: a copy of arrays.

        Raises
        ------
        ValueError
            All of them have weight 0; `part` names them in the message.
        """
        if self.weight is None:
            return CheckedRows(_some(self.x, index), _some(self.y, index))
        kept = index[self.weight[index] > 0]
        if kept.size == 0:
            raise ValueError(
                f"{part}: all have weight 0, such as row {index[0]}: must have one row whose "
                "weight is not 0"
            )
        return CheckedRows(_some(self.x, kept), _some(self.y, kept), self.weight[kept])

    def every(self, most: int) -> CheckedRows:
        """At most so many of the rows, at equal distances, as arrays."""
        step = -(-len(self) // most)
        if step == 1 and not isinstance(self.x, StoredTable):
            return self
        weight = None if self.weight is None else self.weight[::step]
        return CheckedRows(self.x[::step], self.y[::step], weight)

    def that_count(self) -> CheckedRows:
        """The rows whose weight is not 0; itself, without a copy, where all of them count."""
        if self.weight is None:
            return self
        index = rows_that_count(self.weight, len(self))
        return self if index.size == len(self) else self.take(index)


def _some(table: Any, index: Array) -> Any:
    """Some rows of a table: of a stored one none is read."""
    if isinstance(table, Scaled) and isinstance(table.table, StoredTable):
        return Scaled(table.table.select(index), table.scaler, table.ends)
    return table.select(index) if isinstance(table, StoredTable) else table[index]


def rows_that_count(weight: Array | None, n: int) -> NDArray[np.uint32]:
    """The numbers of the n rows whose weight (n,) is not 0."""
    index = np.arange(n, dtype=np.uint32)  # half the memory of intp; the core counts so, too
    return index if weight is None else index[weight > 0]


def split_by_share(
    weight: Array | None, n: int, share: float, seed: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]] | None:
    """Rows to train on and rows to hold out, sorted, drawn by the seed from those that count.

    None where the share leaves one of the parts without rows.
    """
    if share == 0:
        return None
    index = rows_that_count(weight, n)
    held = round(share * index.size)
    if not 1 <= held < index.size:
        return None
    generator = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    generator.shuffle(index)
    return np.sort(index[held:]), np.sort(index[:held])
