"""Splits a table into what is known and the numbers that are to be predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.columns import NUMBERS, TARGET, Role, to_numbers
from hbcd.tables.frames import as_frame
from hbcd.tables.names import check_columns, check_names
from hbcd.tables.sentinels import warn_of_sentinels

__all__ = ["split_target", "target_numbers"]


def split_target(
    frame: Any, target: str | Sequence[str], *, learned: bool = False
) -> tuple[pd.DataFrame, NDArray[np.float64], list[str]]:
    """Split a table into what is known and what is to be predicted.

    Parameters
    ----------
    frame : DataFrame, shape (rows, columns)
        The table.
    target : str or sequence of str
        Column or columns to predict; of finite numbers.
    learned : bool
        Whether a model has learned that they are numbers, so that they cannot be classes.

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
    frame = as_frame(frame, "frame")
    check_names(frame, "frame")
    names = [target] if isinstance(target, str) else list(target)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"target={names}: must be one or more columns, each once")
    check_columns(frame, "target", names)
    features = frame.drop(columns=names)
    if features.columns.empty:
        raise ValueError(f"target={', '.join(names)}: must leave a column to predict it from")
    role = NUMBERS if learned or len(names) > 1 else TARGET
    y = np.column_stack([target_numbers(frame[name], role) for name in names])
    return features, np.ascontiguousarray(y[:, 0] if isinstance(target, str) else y), names


def target_numbers(column: pd.Series, role: Role = TARGET) -> NDArray[np.float64]:
    """One target; truth values count as 0 and 1."""
    if pd.api.types.is_bool_dtype(column.dtype):
        column = column.astype("Float64") if column.isna().any() else column.astype(float)
    numbers = to_numbers(column, role=role)
    warn_of_sentinels(column.name, numbers)
    return numbers
