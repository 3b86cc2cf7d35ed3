"""Labels of rows as what a network is trained on: classes, targets of 0 and 1, factors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.labels import refuse_stray_text
from hbcd.utils.sklearn_protocol import peer
from hbcd.utils.validation import as_array, check_number

__all__ = ["as_labels", "check_kind", "class_factors", "class_numbers", "one_hot"]

Array = NDArray[Any]


class _ColumnVector(UserWarning):
    """Labels came as a table of one column."""


def as_labels(y: Any, rows: int, name: str = "y") -> Array:
    """Labels (rows,) of one kind; continuous numbers are refused."""
    labels = as_array(name, y)
    refuse_stray_text(y, name)
    if labels.dtype.kind == "U" and isinstance(y, (list, tuple)):
        labels = np.asarray(y, dtype=object)  # NumPy would make text of the numbers beside text
    if labels.dtype.kind == "c":
        raise ValueError(f"{name}: Complex data not supported, must be labels")
    if labels.ndim == 2 and labels.shape[1] == 1:
        text = "A column-vector y was passed when a 1d array was expected"
        warnings.warn(text, peer("DataConversionWarning", _ColumnVector), stacklevel=5)
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(f"{name}: has {labels.ndim} axes, must have 1, one label for each row")
    if labels.shape[0] != rows:
        raise ValueError(f"{name}: has {labels.shape[0]} rows, must have {rows}")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            at = int(np.argmin(np.isfinite(labels)))
            kind = "missing (NaN)" if np.isnan(labels[at]) else "infinite"
            raise ValueError(f"{name}: row {at} is {kind}: must be a label")
        if (labels != np.round(labels)).any():
            raise ValueError(f"{name}: Unknown label type: continuous numbers, must be whole ones")
    elif labels.dtype.kind == "O":
        if pd.isna(labels).any():
            at = int(np.argmax(pd.isna(labels)))
            raise ValueError(f"{name}: row {at} is missing (NaN): must be a label")
        labels = _of_one_type(labels, name)
        return labels if labels.dtype.kind == "U" else as_labels(labels, rows, name)
    elif labels.dtype.kind not in "biuUT":
        raise TypeError(f"{name}: Unknown label type: {labels.dtype}, must be numbers or text")
    return labels


def _plain_label(label: Any) -> Any:
    """A label as one of Python's own types: fractions are numbers, too."""
    if isinstance(label, np.generic):
        return label.item()
    if isinstance(label, Fraction):
        return int(label) if label.denominator == 1 else float(label)
    return label


def _of_one_type(labels: Array, name: str) -> Array:
    """Python objects as an array of text, or of numbers."""
    plain = [_plain_label(label) for label in labels]
    kinds = sorted({type(label).__name__ for label in plain})
    numbers = set(kinds) <= {"int", "float"}
    if not numbers and kinds not in (["str"], ["bool"]):
        listed = ", ".join(kinds)
        rule = "must be numbers, truth values or text, and not several of these"
        raise TypeError(f"{name}: has labels of types {listed}: {rule}")
    found = np.array(plain)
    if found.dtype.kind == "O":
        raise ValueError(f"{name}: has whole numbers beyond 64 bits: must be smaller, or text")
    return found


def check_kind(labels: Array, classes: Array) -> None:
    """TypeError where numbers are to be compared with text: no label would ever be met."""
    names = ["text" if one.dtype.kind in "UOT" else "numbers" for one in (classes, labels)]
    if names[0] != names[1]:
        raise TypeError(f"y: has {names[1]}: must be {names[0]}, as the classes in training")


def class_numbers(y: Any, rows: int, classes: Array) -> Array:
    """The numbers of labels among the classes."""
    labels = as_labels(y, rows)
    check_kind(labels, classes)
    index = np.minimum(np.searchsorted(classes, labels), classes.size - 1)
    wrong = classes[index] != labels
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"y: row {at} is {labels[at]!s}: must be a class of the training rows")
    return index


def one_hot(index: Array, n_classes: int) -> Array:
    """1 where a row belongs to the class; of two classes the second alone."""
    if n_classes == 2:
        return index[:, np.newaxis].astype(np.float64)
    targets = np.zeros((index.size, n_classes))
    targets[np.arange(index.size), index] = 1.0
    return targets


def class_factors(class_weight: Any, classes: Array, counts: Array) -> Array | None:
    """What the weights of rows of each class are multiplied by."""
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"class_weight={class_weight!r}: must be None, 'balanced' or a dict")
        held = np.count_nonzero(counts)
        factors = np.zeros(counts.size)
        factors[counts > 0] = counts.sum() / (held * counts[counts > 0])
        return factors
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight={class_weight!r}: must be None, 'balanced' or a dict")
    factors = np.ones(classes.size)
    for label, value in class_weight.items():
        where = np.flatnonzero(classes == label)
        if where.size != 1:
            raise ValueError(f"class_weight: {label!r} must be a class of y")
        factors[where[0]] = check_number(f"class_weight[{label!r}]", value, low=0.0)
    return factors
