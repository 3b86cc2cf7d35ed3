"""Any table with named columns as a DataFrame of pandas: polars, Arrow, and what is like them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hbcd.tables.names import refuse_twice

__all__ = ["as_frame", "as_series"]


def as_frame(table: Any, argument: str = "X") -> Any:
    """A table with named columns as a DataFrame; whatever else as it is.

    Parameters
    ----------
    table : object
        A DataFrame of pandas or polars, a Table of pyarrow, anything with the Arrow stream protocol
        (``__arrow_c_stream__``; needs pyarrow), or with ``columns``, a list of names, and
        ``table[name]``.
    argument : str
        What a message calls it.

    Returns
    -------
    DataFrame or object

    Raises
    ------
    TypeError
        A table that has no rows yet, such as a LazyFrame.
    ValueError
        A name that stands twice, or a reader that is not installed.
    """
    if type(table) is np.ndarray:
        return table
    if isinstance(table, pd.DataFrame):
        return _with_texts(table)
    if isinstance(table, pd.Series):
        return table
    kind = type(table)
    streams = hasattr(kind, "__arrow_c_stream__")
    if callable(getattr(kind, "collect", None)) and not streams:
        raise TypeError(f"{argument}: a {kind.__name__} has no rows yet: pass {argument}.collect()")
    if not streams and not hasattr(table, "columns"):
        return table
    names = _names(table)
    if names is not None:
        refuse_twice(names, argument)
    if streams:
        if getattr(table, "ndim", 2) == 1 or hasattr(table, "chunks"):
            return table  # a Series or a column alone
        try:
            import pyarrow
        except ImportError as error:
            if names is None or not hasattr(table, "__getitem__"):
                raise ValueError(
                    f"{argument}: reading a {type(table).__name__} needs pyarrow: "
                    "pip install hbcd[parquet]"
                ) from error
        else:
            arrow = pyarrow.table(table)
            refuse_twice(arrow.column_names, argument)
            return arrow.to_pandas()
    if names is None:
        return table
    return pd.DataFrame({name: _column(table[name]) for name in names})


def _with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """A DataFrame whose columns are named by tuples, times or fractions, by the text of these."""
    labels = frame.columns.tolist()
    if all(isinstance(label, (str, int)) for label in labels):
        return frame
    return frame.set_axis([_text(label) for label in labels], axis=1)


def _text(label: Any) -> str:
    return "_".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _names(table: Any) -> list[str] | None:
    """Names of the columns, None where there are none of text."""
    for attribute in ("column_names", "columns"):
        names: Any = getattr(table, attribute, None)
        if isinstance(names, Sequence) or hasattr(names, "tolist"):
            listed = list(names)
            if listed and all(isinstance(name, str) for name in listed):
                return listed
    return None


def _column(column: Any) -> Any:
    convert = getattr(column, "to_numpy", None)
    return convert() if callable(convert) else column


def as_series(column: Any) -> Any:
    """Targets with a name as a Series, several as a DataFrame; whatever else as it is."""
    if type(column) is np.ndarray:
        return column
    name = getattr(column, "name", None)
    if isinstance(column, (pd.DataFrame, pd.Series)):
        return column
    if isinstance(name, str) and callable(getattr(column, "to_numpy", None)):
        return pd.Series(column.to_numpy(), name=name)
    return as_frame(column, "y")
