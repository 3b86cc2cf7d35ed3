"""One column of a table as float64: numbers as they are, levels as dummies of 0 and 1.

What a column is, `hbcd.tables.kinds` decides.  Every message names the column, the cell, its row
and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables import bad_values as bad
from hbcd.tables.bad_values import BadValueError, Remedy, TableError
from hbcd.tables.kinds import Cells, holds_numbers, holds_times
from hbcd.tables.levels import codes_and_texts, level_places

__all__ = [
    "CLASSES",
    "INPUT",
    "NEW",
    "NUMBERS",
    "TARGET",
    "Role",
    "TimesError",
    "bad_cell",
    "durations",
    "is_missing",
    "learn_levels",
    "median",
    "refuse_many_levels",
    "to_dummies",
    "to_numbers",
]

#: A column of more levels than this, which are also more than half as many as its rows, is refused:
#: identifiers, whose dummies would stand for single rows.
MAX_LEVELS: Final = 50


@dataclass(frozen=True)
class Role:
    """What a column is used for, which decides what can be done about a cell.

    Attributes
    ----------
    gap, text : tuple of Remedy
        For a missing value, and for text among numbers.
    target : bool
    """

    gap: tuple[Remedy, ...]
    text: tuple[Remedy, ...]
    target: bool = False


INPUT: Final = Role((bad.FILL, bad.DROP), (bad.CORRECT, bad.AS_GAP, bad.AS_LEVELS, bad.DROP))
#: As INPUT, of some of the rows of a column: it may be missing in all of them.
PIECE: Final = Role(INPUT.gap, INPUT.text)
NEW: Final = Role((bad.NEW_GAP,), (bad.CORRECT,))
CLASSES: Final = Role((bad.NO_TARGET,), (bad.CORRECT, bad.NO_TARGET), target=True)
TARGET: Final = Role((bad.NO_TARGET,), (bad.CORRECT, bad.NO_TARGET, bad.AS_CLASSES), target=True)
#: One of several targets, which are numbers, or the target of a model that has learned numbers.
NUMBERS: Final = Role((bad.NO_TARGET,), (bad.CORRECT, bad.NO_TARGET), target=True)


def to_numbers(column: pd.Series, *, gaps: bool = False, role: Role = NEW) -> NDArray[np.float64]:
    """Column as float64, shape (rows,); ValueError naming the first that is no finite number.

    Text that reads as a number is one.  Where `gaps` are allowed, a missing value is NaN.
    """
    _refuse_kind(column, role)
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        missing = None
    else:
        numbers = _numbers_of_text(column, role)
        missing = is_missing(column)
    good = np.isfinite(numbers)
    if not good.all():
        if role is INPUT and column.isna().all() and len(column):
            raise _empty(column)
        if gaps:
            good |= is_missing(column) if missing is None else missing
        if not good.all():
            raise _no_number(column, int(np.argmin(good)), role)
    return np.asarray(numbers)


def _numbers_of_text(column: pd.Series, role: Role) -> NDArray[np.float64]:
    """Numbers among objects, NaN where one is missing; ValueError at the first other cell."""
    cells = Cells.of(column)
    read = [found in ("plain", "code") for found in cells.forms]
    values = [_float(v) if good else np.nan for v, good in zip(cells.values, read, strict=True)]
    wrong = ~np.array([*read, True])[cells.codes]
    if wrong.any():
        raise _stray(column, cells, int(np.argmax(wrong)), role)
    return np.array([*values, np.nan])[cells.codes]


def _float(value: Any) -> float:
    """A number as float64, infinite beyond its range."""
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _no_number(column: pd.Series, row: int, role: Role) -> BadValueError:
    """The error of a gap or an infinite number."""
    if pd.isna(column.iloc[row]):
        return bad_cell(column, row, "is missing", *role.gap)
    return bad_cell(column, row, "must be a finite number", bad.CORRECT)


def _stray(column: pd.Series, cells: Cells, row: int, role: Role) -> BadValueError:
    """The error of a cell that is no number in a column of numbers."""
    read = cells.count("plain", "code")
    present = int(np.count_nonzero(cells.codes >= 0))
    what = cells.forms[cells.codes[row]]
    most = f", as {read} of {present} cells of the column are" if 2 * read > present else ""
    remedies = role.text
    if what == "grouped":
        rule = "must be a number without separators of thousands and with a decimal point"
        remedies = (bad.CORRECT, *bad.how_written(str(column.iloc[row])))
        if "\u2212" in str(column.iloc[row]):
            rule, remedies = "must be a number with a hyphen (-) as its sign", (bad.CORRECT,)
    elif what in ("unit", "glued"):
        rule = "must be a number alone, without unit or sign around it"
        remedies = (bad.CORRECT, *role.text[2:])
    else:
        rule = "must be a number" + ("" if role is not NEW else ", as in training")
    if row == 0 and read and what == "text":
        remedies = (bad.UNITS, *remedies)
    return bad_cell(column, row, rule + most, *remedies)


def is_missing(column: pd.Series) -> NDArray[np.bool_]:
    """Which values are missing, shape (rows,)."""
    return np.asarray(column.isna(), dtype=bool)


def median(numbers: NDArray[np.float64]) -> float:
    """Median of numbers, of which there is one at least."""
    # The mean of the middle two is taken of their halves: their sum may overflow.
    low, high = (np.quantile(numbers, 0.5, method=side) for side in ("lower", "higher"))
    return float(0.5 * low + 0.5 * high)


def learn_levels(
    column: pd.Series, *, gaps: bool = False, role: Role = INPUT
) -> tuple[str, ...] | None:
    """Sorted levels of a column that is not of numbers, None for one that is.

    Levels are kept as text, so that a model file can hold them and that a table read from another
    kind of file has the same.
    """
    _refuse_kind(column, INPUT)
    if holds_numbers(column):
        return None
    if pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype):
        cells = Cells.of(column)
        if not cells.values:
            raise _empty(column)
        kind = cells.kind()
        if kind == "times":
            raise _times(column)
        if kind == "numbers":
            return None
    codes, texts = codes_and_texts(column)
    if (codes < 0).any() and not gaps:
        raise bad_cell(column, int(np.argmin(codes)), "is missing", *INPUT.gap)
    levels = tuple(sorted(set(texts)))
    if not levels:
        raise _empty(column)
    refuse_many_levels(column.name, column.iloc[0], len(levels), len(column), role)
    return levels


def refuse_many_levels(name: Any, first: Any, levels: int, rows: int, role: Role) -> None:
    """ValueError where texts are nearly all different: identifiers, of which `first` is one."""
    if levels > MAX_LEVELS and 2 * levels > rows:
        raise TableError(
            f"{name}={first!r}, ...: {levels} different texts in "
            f"{rows} rows are identifiers, not {'levels' if role is INPUT else 'classes'}",
            bad.DROP if role is INPUT else bad.AS_NUMBERS,
            column=name,
        )


def to_dummies(
    column: pd.Series, levels: tuple[str, ...], *, gaps: bool = False
) -> NDArray[np.float64]:
    """Column as 0 and 1, shape (rows, levels - 1); all 0 is the first level, or an allowed gap."""
    codes, places = level_places(column, levels)
    # The last entry is where the code of a missing value, -1, points to.
    where = np.array([*places, 0 if gaps else -1])[codes]
    if (where < 0).any():
        row = int(np.argmin(where))
        if codes[row] < 0:
            raise bad_cell(column, row, "is missing", *NEW.gap)
        known = ", ".join(levels[:10]) + (", ..." if len(levels) > 10 else "")
        rule = f"is none of the levels in training ({known})"
        raise bad_cell(column, row, rule, bad.NEW_LEVEL)
    return np.eye(len(levels))[where, 1:]


def _refuse_kind(column: pd.Series, role: Role) -> None:
    """Raise ValueError for a column that is neither of real numbers nor of levels."""
    if pd.api.types.is_complex_dtype(column.dtype):
        raise ValueError(f"{column.name}: must hold real numbers, not complex ones")
    if holds_times(column):
        raise _times(column, role)


class TimesError(TableError):
    """A column of dates or times where numbers or levels are wanted."""


def _times(column: pd.Series, role: Role = INPUT) -> TableError:
    known = column.dropna()
    shown = f"={str(known.iloc[0])!r}, ..." if len(known) else ""
    if role.target:
        return TableError(f"target={column.name}{shown}: holds dates or times: must hold numbers")
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        return durations(column)
    return TimesError(
        f"{column.name}{shown}: dates and times are no input as they are",
        bad.DATES,
        bad.DROP,
        column=column.name,
    )


def durations(column: pd.Series) -> TableError:
    """The error of a column of durations."""
    return TableError(
        f"{column.name}: holds durations: must be numbers (column.dt.total_seconds())",
        bad.DROP,
        column=column.name,
    )


def _empty(column: pd.Series) -> TableError:
    return TableError(f"{column.name}: is missing in every row", bad.DROP, column=column.name)


def bad_cell(column: pd.Series, row: int, rule: str, *remedies: Remedy) -> BadValueError:
    """The error of a cell."""
    return BadValueError(column.name, column.iloc[row], rule, row, column.index[row], *remedies)
