"""A piece of a table that is read piece by piece, and where its rows stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.bad_values import BadValueError
from hbcd.tables.cells import told_by_file
from hbcd.tables.files import TableFile

__all__ = ["Piece"]


@dataclass(frozen=True)
class Piece:
    """Some rows of a source.

    Attributes
    ----------
    table : DataFrame or ndarray of shape (rows, columns)
    name : str
        Of what they are from, such as a file; empty where there is nothing to tell.
    above : int
        Rows above them there.
    file : TableFile or None
        A file of text, whose cells can be shown as they are written.
    target : ndarray, Series, DataFrame or None
        Targets that come apart from the inputs.
    numbers : ndarray of int or None
        Which of the rows from `above` on these are; None: all, in their order.
    """

    table: Any
    name: str = ""
    above: int = 0
    file: TableFile | None = None
    target: Any = None
    numbers: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def names(self) -> list[str] | None:
        """Of the columns, None where they have none."""
        return list(self.table.columns) if isinstance(self.table, pd.DataFrame) else None

    def row(self, k: int) -> str:
        """A row of the piece, said."""
        place = f" of {self.name}" if self.name else ""
        return f"data row {self.above + self._number(k) + 1}{place}"

    def _number(self, k: int) -> int:
        return k if self.numbers is None else int(self.numbers[k])

    @contextmanager
    def told(self) -> Iterator[None]:
        """Errors about cells name file and row."""
        try:
            yield
        except BadValueError as error:
            place, error.row = self.row(error.row), self._number(error.row)
            if self.file is None:
                raise error.moved(self.above + error.row, place) from None
            with told_by_file(self.file, self.above):
                raise
