"""Tables of the user's: what is predicted from what, and how columns become a network's inputs.

A column of numbers stays as it is; one of texts, categories or truth values becomes dummies: a
column of 0 and 1 for each of its levels but the first. What was learned from the training table is
kept in a `TableEncoder`, which the model file carries, so that new rows mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._columns import check_columns, check_names, is_numeric, learn_levels, to_dummies, to_numbers
from ._table_files import read_table

__all__ = ["TableEncoder", "read_table", "split_target"]


def split_target(
    frame: pd.DataFrame, target: str | Sequence[str]
) -> tuple[pd.DataFrame, NDArray[np.float64], list[str]]:
    """Split a table into what is known and what is to be predicted.

    Parameters
    ----------
    frame : DataFrame, shape (rows, columns)
        The table.
    target : str or sequence of str
        Column or columns to predict; of finite numbers.

    Returns
    -------
    features : DataFrame, shape (rows, columns - targets)
        All other columns.
    y : ndarray of float64
        Shape (rows,) where `target` is one name, (rows, targets) where it is a sequence.
    names : list of str
        Names of the targets.

    Raises
    ------
    ValueError
        An unknown target, one that is not of finite numbers, or no column left.
    """
    check_names(frame, "frame")
    names = [target] if isinstance(target, str) else list(target)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"target={names}: must be one or more columns, each once")
    check_columns(frame, "target", names)
    features = frame.drop(columns=names)
    if features.columns.empty:
        raise ValueError(f"target={', '.join(names)}: must leave a column to predict it from")
    for name in names:
        if not is_numeric(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
            raise ValueError(f"target={name}: must be a column of numbers")
    y = np.column_stack([to_numbers(frame[name]) for name in names])
    return features, np.ascontiguousarray(y[:, 0] if isinstance(target, str) else y), names


@dataclass(frozen=True)
class TableEncoder:
    """How the columns of a table become numbers; learned once by `fit`, then only applied.

    Attributes
    ----------
    columns : tuple of (str, None or tuple of str)
        Each input column's name with, for a column of dummies, its sorted levels; None for numbers.
        The first level is the one that all dummies at 0 stand for.

    Examples
    --------
    >>> frame = pd.DataFrame({"t": [20.0, 25.0], "day": ["Mon", "Fri"]})
    >>> encoder = TableEncoder.fit(frame)
    >>> encoder.feature_names
    ['t', 'day_Mon']
    >>> encoder.encode(frame)
    array([[20.,  1.],
           [25.,  0.]])
    """

    columns: tuple[tuple[str, tuple[str, ...] | None], ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, target: Sequence[str] = ()) -> TableEncoder:
        """Learn from a table which columns are numbers and which levels the others have.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
            The training table. Constant columns are allowed.
        target : sequence of str, optional
            Columns that are no inputs.

        Raises
        ------
        ValueError
            A column of dates or of texts that are nearly all different, a missing value among
            levels, no rows, or nothing left to learn from.
        """
        check_names(frame, "frame")
        names = [target] if isinstance(target, str) else list(target)
        check_columns(frame, "target", names)
        if not len(frame):
            raise ValueError("frame: must have at least one row")
        inputs = frame.drop(columns=names)
        encoder = cls(tuple((name, learn_levels(inputs[name])) for name in inputs.columns))
        if not encoder.feature_names:
            raise ValueError("frame: must have a column that is not the target and not one text")
        return encoder

    @property
    def feature_names(self) -> list[str]:
        """Names of the features: the column's, or column_level for a dummy."""
        names = []
        for name, levels in self.columns:
            names += [name] if levels is None else [f"{name}_{level}" for level in levels[1:]]
        return names

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Turn a table into features.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
            Has every column that was learned; others are ignored, and so is their order.

        Returns
        -------
        ndarray of float64, shape (rows, features), C order
            In the order of `feature_names`.

        Raises
        ------
        ValueError
            A missing column, a missing or infinite value, a level that was not there in training.
        """
        missing = [name for name, _ in self.columns if name not in frame.columns]
        if missing:
            raise ValueError(
                f"frame: lacks the columns {', '.join(missing)}; it has "
                f"{', '.join(map(str, frame.columns))}"
            )
        check_names(frame, "frame")
        blocks = [
            to_numbers(frame[name])[:, None] if levels is None else to_dummies(frame[name], levels)
            for name, levels in self.columns
        ]
        return np.ascontiguousarray(np.hstack([np.empty((len(frame), 0)), *blocks]))

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoder in JSON types."""
        return {
            "columns": [
                {"name": name, "levels": None if levels is None else list(levels)}
                for name, levels in self.columns
            ]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TableEncoder:
        """Restore what `to_dict` gave; ValueError where it is anything else."""
        try:
            columns = tuple((entry["name"], entry["levels"]) for entry in data["columns"])
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"encoder={data!r:.200}: must be what to_dict gave") from error
        names = [name for name, _ in columns]
        if not _are_texts(names) or len(set(names)) < len(names):
            raise ValueError(f"encoder={data!r:.200}: must name each column once")
        for name, levels in columns:
            if levels is None:
                continue
            if not isinstance(levels, list) or not levels or not _are_texts(levels):
                raise ValueError(f"levels={levels!r:.200}: must be a list of texts ({name})")
            if levels != sorted(set(levels)):
                raise ValueError(f"levels={levels!r:.200}: must be sorted, each once ({name})")
        return cls(tuple((name, None if ls is None else tuple(ls)) for name, ls in columns))


def _are_texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
