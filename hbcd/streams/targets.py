"""Targets and weights from the pieces of a table."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.streams.pieces import Piece
from hbcd.tables.columns import NUMBERS, TARGET
from hbcd.tables.targets import target_numbers
from hbcd.utils.validation import as_matrix

__all__ = ["NumberTargets", "TargetReader", "single_precision"]

Array = NDArray[Any]


class TargetReader(Protocol):
    """What makes numbers of the targets of pieces."""

    #: Whether all of them are looked at before the first are made into numbers.
    looks: bool

    def look(self, values: Any, piece: Piece) -> None:
        """One piece, before any is read."""

    def read(self, values: Any, piece: Piece) -> Array:
        """Those of a piece, (rows, outputs), in the precision that they have."""
        ...

    def join(self, others: list[Any]) -> None:
        """Knows what the readers of all ranks, in the order of their rows, have seen."""


class NumberTargets:
    """Targets that are numbers.

    Attributes
    ----------
    names : list of str
        Where the table has some.
    flat : bool
        Whether they are one column without an axis of its own.
    """

    looks = False

    def __init__(self) -> None:
        self.names: list[str] = []
        self.flat = True
        self._read = False

    def join(self, others: list[NumberTargets]) -> None:
        """Names and shape of those that have read some."""
        for one in reversed([other for other in others if other._read]):
            self.names, self.flat = one.names, one.flat

    def look(self, values: Any, piece: Piece) -> None:
        """Nothing: what a number is, it says itself."""

    def read(self, values: Any, piece: Piece) -> Array:
        """Finite numbers, (rows, outputs)."""
        self.flat, self._read = np.ndim(values) == 1, True
        if isinstance(values, pd.Series):
            self.names = [] if values.name is None else [str(values.name)]
            return target_numbers(values, TARGET)[:, np.newaxis]
        if isinstance(values, pd.DataFrame):
            self.names = [str(name) for name in values.columns]
            columns = [values.iloc[:, k] for k in range(values.shape[1])]
            return np.column_stack([target_numbers(column, NUMBERS) for column in columns])
        table = as_matrix("y", values, rows=len(piece), finite=False)
        wrong = ~np.isfinite(table).all(axis=1)
        if wrong.any():
            at = int(np.argmax(wrong))
            value = table[at][~np.isfinite(table[at])][0]
            what = "missing (NaN)" if np.isnan(value) else "infinite"
            raise ValueError(f"y: {piece.row(at)} is {what}: leave rows without a known target out")
        return table


def single_precision(table: Any) -> bool:
    """Whether float32 holds the numbers of a table exactly, by its types."""
    types = table.dtypes if isinstance(table, pd.DataFrame) else [np.asarray(table[:0]).dtype]
    return all(_is_short(dtype) for dtype in types)


def _is_short(dtype: Any) -> bool:
    own = dtype if isinstance(dtype, np.dtype) else getattr(dtype, "numpy_dtype", None)
    return isinstance(own, np.dtype) and own.kind in "biuf" and np.can_cast(own, np.float32)
