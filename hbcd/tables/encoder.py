"""Tables of the user's: what is predicted from what, and how columns become a network's inputs.

A column of numbers stays as it is; one of texts, categories or truth values becomes dummies: a
column of 0 and 1 for each of its levels but the first. What was learned from the training table is
kept in a `TableEncoder`, which the model file carries, so that new rows mean the same.

Missing values are refused, or on request filled and told by an indicator: a column of 0 and 1
beside each column in which the training table had gaps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.columns import (
    check_columns,
    check_names,
    is_missing,
    is_numeric,
    learn_levels,
    median,
    to_dummies,
    to_numbers,
)
from hbcd.tables.files import read_table

__all__ = ["TableEncoder", "read_table", "split_target"]

MISSING = ("error", "indicator")  # what may be asked to be done with missing values


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
    fills : dict of str to (float or None)
        Columns that may have gaps, since the training table had some: what stands in place of a
        missing number, the median; None for levels, whose dummies are 0 then.
    named : bool
        Whether columns are found by their names; else the names stand for positions.

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
    fills: Mapping[str, float | None] = field(default_factory=dict)
    named: bool = True

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        target: Sequence[str] = (),
        *,
        missing: str = "error",
        named: bool = True,
    ) -> TableEncoder:
        """Learn from a table which columns are numbers and which levels the others have.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
            The training table. Constant columns are allowed.
        target : sequence of str, optional
            Columns that are no inputs.
        missing : {"error", "indicator"}
            Whether columns may have gaps: "indicator" records the median of each that has some,
            and adds a feature that is 1 where the value is missing.
        named : bool
            Whether the columns have names of their own.

        Raises
        ------
        ValueError
            A column of dates or of texts that are nearly all different, a missing value among
            levels, a column of nothing else, no rows, or nothing left to learn from.
        """
        if missing not in MISSING:
            raise ValueError(f"missing={missing!r}: must be one of {', '.join(MISSING)}")
        gaps = missing == "indicator"
        check_names(frame, "frame")
        names = [target] if isinstance(target, str) else list(target)
        check_columns(frame, "target", names)
        if not len(frame):
            raise ValueError("frame: must have at least one row")
        inputs = frame.drop(columns=names)
        columns = tuple((name, learn_levels(inputs[name], gaps=gaps)) for name in inputs.columns)
        fills = {
            name: median(inputs[name]) if levels is None else None
            for name, levels in columns
            if gaps and is_missing(inputs[name]).any()
        }
        encoder = cls(columns, fills, named)
        if not encoder.feature_names:
            raise ValueError("frame: must have a column that is not the target and not one text")
        return encoder

    @property
    def feature_names(self) -> list[str]:
        """Names of the features: the column's, column_level for a dummy, column_missing."""
        names = []
        for name, levels in self.columns:
            names += [name] if levels is None else [f"{name}_{level}" for level in levels[1:]]
            names += [f"{name}_missing"] if name in self.fills else []
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
            A missing column, an infinite value, a level that was not there in training, or a
            missing value in a column that had none in training.
        """
        missing = [name for name, _ in self.columns if name not in frame.columns]
        if missing:
            raise ValueError(
                f"frame: lacks the columns {', '.join(missing)}; it has "
                f"{', '.join(map(str, frame.columns))}"
            )
        check_names(frame, "frame")
        blocks = [
            block for name, levels in self.columns for block in self._blocks(frame[name], levels)
        ]
        return np.ascontiguousarray(np.hstack([np.empty((len(frame), 0)), *blocks]))

    def _blocks(
        self, column: pd.Series, levels: tuple[str, ...] | None
    ) -> list[NDArray[np.float64]]:
        """Features of one column, each of shape (rows, n): its own, and the indicator of gaps."""
        gaps = column.name in self.fills
        if levels is not None:
            features = to_dummies(column, levels, gaps=gaps)
        else:
            features = to_numbers(column, gaps=gaps)[:, None]
        if not gaps:
            return [features]
        missing = is_missing(column)[:, None]
        fill = self.fills[column.name]
        if fill is not None:
            features = np.where(missing, fill, features)
        return [features, missing.astype(np.float64)]

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoder in JSON types.

        Returns
        -------
        dict
        """
        return {
            "fills": dict(self.fills),
            "named": self.named,
            "columns": [
                {"name": name, "levels": None if levels is None else list(levels)}
                for name, levels in self.columns
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TableEncoder:
        """Restore what `to_dict` gave.

        Parameters
        ----------
        data : dict

        Returns
        -------
        TableEncoder

        Raises
        ------
        ValueError
            It is anything else.
        """
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
        fills, named = data.get("fills", {}), data.get("named", True)
        _check_fills(fills, dict(columns))
        if not isinstance(named, bool):
            raise ValueError(f"named={named!r:.200}: must be true or false")
        kept = tuple((name, None if ls is None else tuple(ls)) for name, ls in columns)
        return cls(kept, dict(fills), named)


def _check_fills(fills: Any, columns: Mapping[str, Any]) -> None:
    """ValueError unless each fill is a finite number for numbers, and None for levels."""
    if not isinstance(fills, dict):
        raise ValueError(f"fills={fills!r:.200}: must be an object")
    for name, fill in fills.items():
        if name not in columns:
            raise ValueError(f"fills={name!r:.200}: must be a column")
        number = isinstance(fill, float) and math.isfinite(fill)
        if fill is not None if columns[name] is not None else not number:
            raise ValueError(f"fills={name!r:.200}: must be a number for numbers, null for levels")


def _are_texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
