"""Classes of a table's column: which columns have some, and labels as numbers of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.columns import (
    BadValueError,
    codes_and_texts,
    is_missing,
    is_numeric,
    is_time,
    learn_levels,
    level_text,
)

__all__ = ["class_numbers", "holds_classes", "read_labels"]

Array = NDArray[Any]


def holds_classes(column: pd.Series) -> bool:
    """Whether a column is of text, categories or truth values."""
    return not is_numeric(column)


def read_labels(column: pd.Series) -> Array:
    """Labels, shape (rows,): whole numbers, truth values, or text.

    Raises
    ------
    ValueError
        A missing value, dates, continuous numbers, texts that are nearly all different, or one
        class only.
    """
    name = column.name
    if is_time(column):
        raise ValueError(f"target={name}: holds dates or times: must hold numbers or classes")
    gaps = is_missing(column)
    if gaps.any():
        raise BadValueError(f"target={name}: is missing", int(np.argmax(gaps)))
    labels = _whole_numbers(column) if is_numeric(column) else _texts(column)
    if (labels == labels[0]).all():
        raise ValueError(f"target={name}: is {labels[0]} in every row: must have 2 classes")
    return labels


def _whole_numbers(column: pd.Series) -> Array:
    numbers = pd.to_numeric(column).to_numpy(dtype=np.float64)
    whole = (np.abs(numbers) < 2.0**53) & (numbers == np.round(numbers))
    if not whole.all():
        at = int(np.argmin(whole))
        rule = "must be a whole number, which classes are (or: --task regression)"
        raise BadValueError(f"target={column.name}: {numbers[at]:g}: {rule}", at)
    return np.asarray(numbers, dtype=np.int64)


def _texts(column: pd.Series) -> Array:
    learn_levels(column)  # refuses identifiers, and stray text among numbers
    kinds = {type(value) for value in column.unique()}
    if kinds <= {bool, np.bool_}:
        return np.asarray(column, dtype=bool)
    codes, texts = codes_and_texts(column)
    return np.array(texts)[codes]


def class_numbers(column: pd.Series, classes: Array) -> NDArray[np.intp]:
    """The number of each row's class; labels are compared as text, whatever the file made of them.

    Raises
    ------
    ValueError
        A label that is missing or none of the classes.
    """
    place = {level_text(label): k for k, label in enumerate(classes.tolist())}
    codes, texts = codes_and_texts(column)
    # The last entry is where the code of a missing value, -1, points to.
    found = np.array([*(place.get(text, -1) for text in texts), -1], dtype=np.intp)[codes]
    if (found < 0).any():
        at = int(np.argmin(found))
        known = ", ".join(list(place)[:10]) + (", ..." if len(place) > 10 else "")
        rule = "is missing" if codes[at] < 0 else f"is none of the classes in training ({known})"
        raise BadValueError(f"{column.name}={column.iloc[at]!s}: {rule}", at)
    return found
