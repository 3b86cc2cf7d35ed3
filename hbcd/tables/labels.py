"""Classes of a table's column: which columns have some, and labels as numbers of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables import bad_values as bad
from hbcd.tables.columns import CLASSES, bad_cell, is_missing, learn_levels, to_numbers
from hbcd.tables.kinds import MANY, Cells, holds_numbers, holds_times, kind_of
from hbcd.tables.levels import codes_and_texts, level_places, level_text

__all__ = ["class_numbers", "holds_classes", "read_labels", "refuse_stray_text"]

Array = NDArray[Any]


def holds_classes(column: pd.Series) -> bool:
    """Whether a column is of text, categories or truth values."""
    return kind_of(column) == "levels"


def read_labels(column: pd.Series) -> Array:
    """Labels, shape (rows,): whole numbers, truth values, or text.

    Raises
    ------
    ValueError
        A missing value, dates, continuous numbers, text among many different numbers, texts that
        are nearly all different, or one class only.
    """
    name = column.name
    kind = kind_of(column)
    if kind == "times" or holds_times(column):
        raise ValueError(f"target={name}: holds dates or times: must hold numbers or classes")
    gaps = is_missing(column)
    if gaps.any():
        raise bad_cell(column, int(np.argmax(gaps)), "is missing", bad.NO_TARGET)
    labels = _numbers_or_texts(column) if kind == "numbers" else _texts(column)
    if (labels == labels[0]).all():
        raise ValueError(f"target={name}: is {labels[0]} in every row: must have 2 classes")
    return labels


def _numbers_or_texts(column: pd.Series) -> Array:
    """Whole numbers; texts where a few numbers and other texts are classes together."""
    if not holds_numbers(column):
        cells = Cells.of(column)
        if len(cells.values) <= MANY and not {*cells.forms} <= {"plain", "code"}:
            codes, texts = codes_and_texts(column)
            return np.array(texts)[codes]
    return _whole_numbers(column)


def _whole_numbers(column: pd.Series) -> Array:
    numbers = to_numbers(column, role=CLASSES)
    whole = (np.abs(numbers) < 2.0**53) & (numbers == np.round(numbers))
    if not whole.all():
        at = int(np.argmin(whole))
        raise bad_cell(column, at, "must be a whole number, which classes are", bad.AS_NUMBERS)
    return np.asarray(numbers, dtype=np.int64)


def _texts(column: pd.Series) -> Array:
    learn_levels(column, role=CLASSES)  # refuses identifiers
    kinds = {type(value) for value in column.unique()}
    if kinds <= {bool, np.bool_}:
        return np.asarray(column, dtype=bool)
    codes, texts = codes_and_texts(column)
    return np.array(texts)[codes]


def refuse_stray_text(labels: Any, name: str) -> None:
    """ValueError for labels that are text among many different numbers: no classes.

    Parameters
    ----------
    labels : Series or array_like of shape (rows,)
    name : str
        Where they have none.
    """
    if isinstance(labels, (list, tuple)):
        labels = np.asarray(labels, dtype=object)
    if not isinstance(labels, pd.Series):
        if not isinstance(labels, np.ndarray) or labels.ndim != 1 or labels.dtype.kind not in "OUT":
            return
        labels = pd.Series(labels, dtype=object)
    if holds_numbers(labels) or labels.dtype.kind not in "OU" or not len(labels):
        return
    column = labels.rename(name) if labels.name is None else labels
    cells = Cells.of(column)
    if len(cells.values) <= MANY or cells.kind() != "numbers":
        return
    if not {*cells.forms} <= {"plain", "code"}:
        to_numbers(column, role=CLASSES)


def class_numbers(column: pd.Series, classes: Array) -> NDArray[np.intp]:
    """The number of each row's class; labels are compared as levels are.

    Raises
    ------
    ValueError
        A label that is missing or none of the classes.
    """
    known = [level_text(label) for label in classes.tolist()]
    codes, places = level_places(column, known)
    # The last entry is where the code of a missing value, -1, points to.
    found = np.array([*places, -1], dtype=np.intp)[codes]
    if (found < 0).any():
        at = int(np.argmin(found))
        if codes[at] < 0:
            raise bad_cell(column, at, "is missing", bad.NO_TARGET)
        shown = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
        rule = f"is none of the classes in training ({shown})"
        raise bad_cell(column, at, rule, bad.NEW_LEVEL)
    return found
