"""Labels from the pieces of a table: which classes there are, then their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.estimators.targets.class_target import as_labels, class_numbers, one_hot
from hbcd.streams.column_scan import TypesDifferError
from hbcd.streams.pieces import Piece
from hbcd.tables.bad_values import NO_TARGET
from hbcd.tables.columns import bad_cell
from hbcd.utils.stored_table import numbers_of_rows

__all__ = ["ClassTargets", "class_counts", "weights_by_class"]

Array = NDArray[Any]


class ClassTargets:
    """Labels as targets of 0 and 1.

    Parameters
    ----------
    classes : ndarray or None
        All labels that there may be; None: those that there are.

    Attributes
    ----------
    looks : bool
        Whether all labels are looked at before the first are numbered.
    names : list of str
        Of the column.
    """

    flat = True

    def __init__(self, classes: Array | None) -> None:
        self.looks = classes is None
        self.names: list[str] = []
        self._known = classes
        self._found: Array | None = None

    @property
    def classes(self) -> Array:
        """The labels, sorted."""
        found = self._found if self._known is None else self._known
        assert found is not None
        return found

    def look(self, values: Any, piece: Piece) -> None:
        """Finds the labels of a piece."""
        self._add(np.unique(_labels(values, piece)), str(getattr(values, "name", "y")))

    def join(self, others: list[ClassTargets]) -> None:
        """The labels that all have found."""
        self._found = None
        for one in others:
            self.names = self.names or one.names
            if one._found is not None:
                self._add(one._found, *one.names[:1])

    def _add(self, new: Array, name: str = "y") -> None:
        old = self._found
        if old is not None and (old.dtype.kind in "UT") != (new.dtype.kind in "UT"):
            self._found = None
            raise TypesDifferError(
                f"y={name}: holds numbers in some pieces, and text in others", column=name
            )
        self._found = new if old is None else np.unique(np.concatenate([old, new]))

    def read(self, values: Any, piece: Piece) -> Array:
        """Targets of a piece, (rows, outputs)."""
        if isinstance(values, pd.Series) and values.name is not None:
            self.names = [str(values.name)]
        if self.looks and self.classes.size < 2:
            raise ValueError(f"y: is {self.classes[0]!s} in every row: must have 2 classes")
        index = class_numbers(_labels(values, piece), len(piece), self.classes)
        return one_hot(index, self.classes.size)


def _labels(values: Any, piece: Piece) -> Array:
    """The labels of a piece; an error names file and row."""
    column = values
    if isinstance(values, pd.DataFrame):
        if values.shape[1] > 1:
            raise ValueError(f"y: has {values.shape[1]} columns, must have 1, a label for each row")
        column = values.iloc[:, 0]
    if isinstance(column, pd.Series) and column.isna().any():
        with piece.told():
            raise bad_cell(column, int(np.argmax(column.isna())), "is missing", NO_TARGET)
    try:
        return as_labels(column, len(piece))
    except ValueError as error:
        raise ValueError(f"{error} (of the rows from {piece.row(0)} on)") from None


def class_counts(y: Any, weight: Array | None, classes: int) -> Array:
    """Rows or weights of every class, added in the order of the rows."""
    counts = np.zeros(classes)
    np.add.at(counts, numbers_of_rows(y, numbers_of), 1.0 if weight is None else weight)
    return counts


def weights_by_class(y: Any, weight: Array | None, factors: Array) -> Array:
    """Weights of rows, times the factor of their class."""
    each: Array = factors[numbers_of_rows(y, numbers_of)]
    return each if weight is None else each * weight


def numbers_of(targets: Array) -> Array:
    """Numbers of classes from targets of 0 and 1."""
    own = targets[:, 0] if targets.shape[1] == 1 else targets.argmax(1)
    return own.astype(np.int32)
