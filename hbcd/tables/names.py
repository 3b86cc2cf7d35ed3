"""Names of a table's columns: each one text, and once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import pandas as pd

from hbcd.tables.bad_values import ONCE, TableError

__all__ = ["check_columns", "check_names", "refuse_twice"]


def check_names(frame: pd.DataFrame, argument: str) -> None:
    """Raises ValueError where two columns have the same name, or one has none of text."""
    refuse_twice(list(frame.columns), argument)
    for name in frame.columns:
        if not isinstance(name, str):
            raise ValueError(f"{argument}: column {name!r}: names must be text")


def refuse_twice(names: Sequence[Any], argument: str) -> None:
    """ValueError naming both positions, counted from 1, of a name that stands twice."""
    first: dict[Any, int] = {}
    for position, name in enumerate(names, start=1):
        if name in first and name != "":
            raise TableError(
                f"{argument}: column {name!r} occurs twice, as columns {first[name]} and "
                f"{position}; names must differ",
                ONCE,
            )
        first[name] = position


def check_columns(frame: pd.DataFrame, argument: str, names: Sequence[str]) -> None:
    """Raise ValueError unless the table has all these columns; suggests the closest name."""
    for name in names:
        if name in frame.columns:
            continue
        close = difflib.get_close_matches(str(name), list(map(str, frame.columns)), 1, cutoff=0.6)
        guess = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(
            f"{argument}={name}: must be a column of the table{guess}; "
            f"it has {', '.join(map(str, frame.columns))}"
        )
