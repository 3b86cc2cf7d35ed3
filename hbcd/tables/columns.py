"""One column of a table: whether it is numbers or levels, and how either becomes float64.

Every message names the column, the value and the row; rows are counted from 1 below the header.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: A column of more levels than this, which are also more than half as many as its rows, is refused:
#: dates or identifiers, whose dummies would stand for single rows.
MAX_LEVELS: Final = 50

#: What `pandas.api.types.infer_dtype` calls Python objects that are numbers, and that are times.
NUMBERS: Final = frozenset({"integer", "floating", "mixed-integer-float", "decimal"})
TIMES: Final = frozenset(
    {"datetime", "datetime64", "date", "time", "timedelta", "timedelta64", "period"}
)


def check_names(frame: pd.DataFrame, argument: str) -> None:
    """Raises ValueError where two columns have the same name."""
    for name in frame.columns[frame.columns.duplicated()]:
        raise ValueError(f"{argument}: column {name!r} occurs twice; names must differ")
    for name in frame.columns:
        if not isinstance(name, str):
            raise ValueError(f"{argument}: column {name!r}: names must be text")


def check_columns(frame: pd.DataFrame, argument: str, names: Sequence[str]) -> None:
    """Raise ValueError unless the table has all these columns; suggests the closest name."""
    for name in names:
        if name in frame.columns:
            continue
        close = difflib.get_close_matches(str(name), frame.columns, n=1, cutoff=0.6)
        guess = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(
            f"{argument}={name}: must be a column of the table{guess}; "
            f"it has {', '.join(frame.columns)}"
        )


def is_numeric(column: pd.Series) -> bool:
    """Whether a column stays as it is; truth values do not, categories of numbers do not."""
    types = pd.api.types
    if types.is_bool_dtype(column.dtype):
        return False
    if types.is_numeric_dtype(column.dtype):
        return True
    return bool(types.is_object_dtype(column.dtype)) and types.infer_dtype(column) in NUMBERS


def is_time(column: pd.Series) -> bool:
    """Whether a column holds dates or times."""
    types = pd.api.types
    dtype = column.dtype
    return (
        types.is_datetime64_any_dtype(dtype)
        or types.is_timedelta64_dtype(dtype)
        or isinstance(dtype, pd.PeriodDtype)
        or (types.is_object_dtype(dtype) and types.infer_dtype(column, skipna=True) in TIMES)
    )


def to_numbers(column: pd.Series, *, gaps: bool = False) -> NDArray[np.float64]:
    """Column as float64, shape (rows,); ValueError naming the first that is no finite number.

    Where `gaps` are allowed, a missing value is NaN.
    """
    _refuse_kind(column)
    plain = column
    if not pd.api.types.is_numeric_dtype(column.dtype):
        plain = pd.to_numeric(column.astype(object), errors="coerce")
    numbers = plain.to_numpy(dtype=np.float64, na_value=np.nan)
    good = np.isfinite(numbers)
    if gaps and not good.all():
        good |= is_missing(column)
    if not good.all():
        row = int(np.argmin(good))
        rule = "is missing" if pd.isna(column.iloc[row]) else "must be a finite number"
        raise _bad_value(column, row, rule)
    return np.asarray(numbers)


def is_missing(column: pd.Series) -> NDArray[np.bool_]:
    """Which values are missing, shape (rows,)."""
    return np.asarray(column.isna(), dtype=bool)


def median(column: pd.Series) -> float:
    """Median of the values that are there; ValueError where none is."""
    numbers = to_numbers(column, gaps=True)
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        raise _empty(column)
    # The mean of the middle two is taken of their halves: their sum may overflow.
    low, high = np.quantile(known, 0.5, method="lower"), np.quantile(known, 0.5, method="higher")
    return float(0.5 * low + 0.5 * high)


def learn_levels(column: pd.Series, *, gaps: bool = False) -> tuple[str, ...] | None:
    """Sorted levels of a column that is not of numbers, None for one that is.

    Levels are kept as text, so that a model file can hold them and that a table read from another
    kind of file has the same.
    """
    _refuse_kind(column)
    if is_numeric(column):
        return None
    codes, texts = codes_and_texts(column)
    if (codes < 0).any() and not gaps:
        raise _bad_value(column, int(np.argmin(codes)), "is missing")
    levels = tuple(sorted(set(texts)))
    if not levels:
        raise _empty(column)
    if len(levels) > MAX_LEVELS and 2 * len(levels) > len(column):
        raise _too_many_levels(column, len(levels))
    return levels


def to_dummies(
    column: pd.Series, levels: tuple[str, ...], *, gaps: bool = False
) -> NDArray[np.float64]:
    """Column as 0 and 1, shape (rows, levels - 1); all 0 is the first level, or an allowed gap."""
    codes, texts = codes_and_texts(column)
    position = {level: i for i, level in enumerate(levels)}
    # The last entry is where the code of a missing value, -1, points to.
    where = np.array([*(position.get(text, -1) for text in texts), 0 if gaps else -1])[codes]
    if (where < 0).any():
        row = int(np.argmin(where))
        known = ", ".join(levels[:10]) + (", ..." if len(levels) > 10 else "")
        rule = "is missing" if codes[row] < 0 else f"is none of the levels in training ({known})"
        raise _bad_value(column, row, rule)
    return np.eye(len(levels))[where, 1:]


def codes_and_texts(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Give each row's code, -1 for missing, and each code's level as text."""
    try:
        codes, values = pd.factorize(column)
    except TypeError as error:
        raise ValueError(f"{column.name}: must hold numbers or texts ({error})") from error
    return codes, [level_text(value) for value in values]


def level_text(value: Any) -> str:
    """Level as text; 1.0 reads as 1, which is what an integer column with gaps once was."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _refuse_kind(column: pd.Series) -> None:
    """Raise ValueError for a column that is neither of real numbers nor of levels."""
    if pd.api.types.is_complex_dtype(column.dtype):
        raise ValueError(f"{column.name}: must hold real numbers, not complex ones")
    if is_time(column):
        raise ValueError(
            f"{column.name}: dates and times are no input; drop the column (--drop) or replace it "
            "with numbers such as the hour of the day"
        )


def _empty(column: pd.Series) -> ValueError:
    return ValueError(f"{column.name}: is missing in every row; drop the column (--drop)")


def _too_many_levels(column: pd.Series, n_levels: int) -> ValueError:
    """Explain a text column that is nearly all different: stray text among numbers, or dates."""
    numbers = pd.to_numeric(column.astype(object), errors="coerce")
    if 2 * numbers.notna().sum() > len(column):
        row = int(np.argmax(numbers.isna()))
        return _bad_value(column, row, "must be a number, as most of its column are")
    return ValueError(
        f"{column.name}={column.iloc[0]!r}, ...: {n_levels} different texts in {len(column)} rows "
        "are dates or identifiers, not levels; drop the column (--drop)"
    )


class BadValueError(ValueError):
    """A value that cannot be taken, with the row it stands in."""

    def __init__(self, what: str, row: int) -> None:
        super().__init__(f"{what} (data row {row + 1}, counted from 1 below the header)")
        self.what, self.row = what, row

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.row)

    def below(self, rows: int) -> BadValueError:
        """The same in a table that has so many rows above this one."""
        return BadValueError(self.what, self.row + rows)


def _bad_value(column: pd.Series, row: int, rule: str) -> BadValueError:
    value = column.iloc[row]
    shown = repr(value) if isinstance(value, str) else value
    return BadValueError(f"{column.name}={shown}: {rule}", row)
