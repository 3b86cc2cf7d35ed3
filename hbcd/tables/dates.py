"""Dates and times as features: hour, weekday, day of the year, and the days since training began.

The first three go round: each becomes a sine and a cosine, so that 23:59 is next to 0:00 and
December next to January, which a plain number would tear apart.  With h the time of day in hours,
w the weekday from Monday with the time of day as its fraction, d the day of the year from 0
likewise, and t0 the first time in training::

    sin, cos of 2 pi h / 24;  of 2 pi w / 7;  of 2 pi d / 365.25;  and (t - t0) in days

A time of the day alone is one of the first of January 1970.  A year of two digits is understood
after the name of a month and in 31.12.20; in 20-01-31 and 31/01/20 it is not: any of the three may
be the year.  A text of digits such as 01/02/2020 may be a day of February or of January.  The
order is learned from the whole training column, where some day is beyond 12, and kept; where none
is, such a column is refused.

20200131T2359 is a date.  20200131 alone is a number first: a column of such numbers counts as one
of dates where dates are asked for, else it stays one of numbers, with a warning.
"""

from __future__ import annotations

import datetime
import numbers
import re
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables import bad_values as bad
from hbcd.tables.bad_values import BadValueError, Remedy, TableError, TableWarning
from hbcd.tables.columns import TimesError, bad_cell, durations, learn_levels
from hbcd.tables.kinds import ZONE, holds_times, kind_of

__all__ = [
    "ENDINGS",
    "ORDERS",
    "day_order",
    "filled_date_features",
    "holds_dates",
    "levels_of",
    "time_range",
    "warn_of_dates",
]

#: Endings of the names of a column's features, in their order.
ENDINGS: Final = (
    "hour_sin", "hour_cos", "weekday_sin", "weekday_cos", "year_sin", "year_cos", "elapsed_days",
)  # fmt: skip
#: What stands first in a text of digits: the year, the day or the month; "" where it is no text.
ORDERS: Final = ("", "year", "day", "month")
ENOUGH: Final = 10  # different numbers such as 20200131, all of them dates, are no accident
YEARS: Final = (1900_01_01, 2101_00_00)
DIGITS_OF_TIME: Final = (0, 4, 6)  # behind those of the day: none, 2359, 235959
EPOCH: Final = np.datetime64("1970-01-01T00:00:00", "us")
DAY: Final = np.timedelta64(1, "D")
DIGITS: Final = re.compile(r"\s*(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(.*)", re.S)
CLOCK: Final = re.compile(
    r"[T ]*(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?\s*([AaPp][Mm])?)?"
    rf"\s*({ZONE})?\s*"
)
COMPACT: Final = re.compile(
    r"\s*(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})?(\d{2})?(?![:\d]))?(.*)"
)
WORDS: Final = re.compile(
    r"\s*(?:[A-Za-z]{2,9},?\s+)?(?:(\d{1,2})[ -]([A-Za-z]{3,9})\.?[ -](\d{4}|\d{2})|"
    r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4}))(.*)"
)
YEAR_MONTH: Final = re.compile(r"\s*(\d{4})[-/](\d{2})\s*")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun",
                 "jul", "aug", "sep", "oct", "nov", "dec")  # fmt: skip

Times = NDArray[np.datetime64]


def day_order(column: pd.Series) -> str:
    """Which of `ORDERS` the texts of a column have; ValueError where that cannot be known."""
    if holds_times(column):
        return ""
    found = [match for text in column.dropna().unique() if (match := DIGITS.fullmatch(str(text)))]
    if not found or all(len(match[1]) == 4 for match in found):
        return "year"
    short = next((match for match in found if _has_short_year(match)), None)
    if short is not None:
        raise TableError(
            f"{column.name}={short[0].strip()!r}, ...: a year of two digits, which may stand first "
            "or last; write dates as 2020-12-31",
            bad.DROP,
            column=column.name,
        )
    if any(match[2] == "." or int(match[1]) > 12 for match in found):
        return "day"
    if any(int(match[3]) > 12 for match in found):
        return "month"
    raise TableError(
        f"{column.name}={found[0][0].strip()!r}, ...: the day or the month may come first; write "
        "dates as 2020-12-31",
        bad.DROP,
        column=column.name,
    )


def _has_short_year(match: re.Match[str]) -> bool:
    return match[2] != "." and len(match[1]) < 4 and len(match[4]) < 4


def levels_of(column: pd.Series, *, gaps: bool) -> tuple[str, ...] | None:
    """`learn_levels`; the error of a column of dates says what can be done about this one."""
    try:
        return learn_levels(column, gaps=gaps)
    except TimesError as error:
        time_range(column, day_order(column))  # raises where it could not become features either
        raise error from None


def holds_dates(column: pd.Series) -> bool:
    """Whether a column is of dates, those written as whole numbers included."""
    if kind_of(column) == "times":
        return True
    if pd.api.types.is_bool_dtype(column.dtype):
        return False
    if isinstance(column.dtype, pd.CategoricalDtype):
        return False
    return are_dates(pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan))


def are_dates(values: NDArray[np.float64]) -> bool:
    """Whether values (rows,) are dates such as 20200131: all of them, and `ENOUGH` different."""
    if not len(values):
        return False
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    if not may_be_dates(low, high):
        return False
    different = np.unique(values[~np.isnan(values)])
    return len(different) >= ENOUGH and all(_of_object(value, "") for value in different)


def may_be_dates(low: float, high: float) -> bool:
    """Whether numbers between these ends may all be dates such as 20200131."""
    units = (10**digits for digits in DIGITS_OF_TIME)
    return any(YEARS[0] * unit <= low and high < YEARS[1] * unit for unit in units)


def warn_of_dates(name: Any, values: NDArray[np.float64]) -> None:
    """Warn where a column of numbers is of dates such as 20200131."""
    if are_dates(values):
        known = values[~np.isnan(values)][0]
        remedy = Remedy(
            '; dates="features" makes hour, weekday, day of year and elapsed days of it',
            "; --dates features makes hour, weekday, day of year and elapsed days of it",
        )
        text = f"{name}={known:.0f}, ...: dates without separators, taken as numbers"
        warnings.warn(TableWarning(text, remedy), stacklevel=2)


def time_range(column: pd.Series, order: str) -> tuple[str, str]:
    """First and last time of a column; ValueError where there is none or a cell is no date."""
    instants = _times(column, order)[1]
    known = instants[~np.isnat(instants)].astype("datetime64[us]")
    if not len(known):
        raise TableError(f"{column.name}: is missing in every row", bad.DROP, column=column.name)
    return str(known.min()), str(known.max())


def date_features(column: pd.Series, order: str, start: str) -> NDArray[np.float64]:
    """The features of a column, shape (rows, len(ENDINGS)); NaN where a date is missing."""
    wall, instants = _times(column, order)
    missing = np.isnat(wall)
    days = (np.where(missing, EPOCH, wall) - EPOCH) / DAY  # 1970-01-01 was a Thursday
    years = np.where(missing, EPOCH, wall).astype("datetime64[Y]").astype("datetime64[us]")
    turns = (
        days % 1.0,
        (days + 3.0) % 7.0 / 7.0,
        (np.where(missing, EPOCH, wall) - years) / DAY / 365.25,
    )
    waves = [wave(2.0 * np.pi * turn) for turn in turns for wave in (np.sin, np.cos)]
    elapsed = (np.where(missing, EPOCH, instants) - np.datetime64(start, "us")) / DAY
    return np.where(missing[:, None], np.nan, np.column_stack([*waves, elapsed]))


def filled_date_features(
    column: pd.Series, order: str, start: str, gaps: bool, remedies: Sequence[Remedy]
) -> NDArray[np.float64]:
    """The same, 0 where a gap is allowed; where it is not, `remedies` are named."""
    features = date_features(column, order or "year", start)
    missing = np.isnan(features[:, 0])
    if missing.any() and not gaps:
        raise bad_cell(column, int(np.argmax(missing)), "is missing", *remedies)
    return np.where(missing[:, None], 0.0, features)


def _times(column: pd.Series, order: str) -> tuple[Times, Times]:
    """Times on the wall clock, and the instants that they are."""
    types = pd.api.types
    if types.is_timedelta64_dtype(column.dtype):
        raise durations(column)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        wall = column.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        return wall, column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    if types.is_datetime64_any_dtype(column.dtype):
        wall = column.to_numpy(dtype="datetime64[us]")
        return wall, wall
    codes, values = pd.factorize(column.astype(object))
    pairs = [_of_object(value, order) for value in values]
    wrong = np.array([*(pair is None for pair in pairs), False])[codes]
    if wrong.any():
        raise _no_date(column, int(np.argmax(wrong)))
    both = np.array(
        [*((np.datetime64(p[0], "us"), np.datetime64(p[1], "us")) for p in pairs if p),
         (np.datetime64("NaT", "us"),) * 2]
    )[codes]  # fmt: skip
    return both[:, 0], both[:, 1]


def _no_date(column: pd.Series, row: int) -> BadValueError:
    rule = "must be a date such as 2020-12-31 or 2020-12-31 23:59"
    return bad_cell(column, row, rule, bad.CORRECT, bad.DROP)


def _of_object(value: Any, order: str) -> tuple[datetime.datetime, datetime.datetime] | None:
    """(wall clock, instant) of a date, a time or a text; None where it is none."""
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, datetime.time):
        value = datetime.datetime.combine(datetime.date(1970, 1, 1), value)
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)):
        digits = float(value)
        value = f"{digits:.0f}" if digits.is_integer() else value
    try:
        found = _of_text(value, order) if isinstance(value, str) else value
    except ValueError:  # the 31st of February
        return None
    if not isinstance(found, datetime.datetime):
        return None
    wall = found.replace(tzinfo=None)
    return wall, wall - (found.utcoffset() or datetime.timedelta(0))


def _of_text(text: str, order: str) -> datetime.datetime | None:
    """The time that a text says."""
    if match := DIGITS.fullmatch(text):
        first, _, second, third, rest = match.groups()
        if len(first) == 4:
            year, month, day = first, second, third
        elif order == "month":
            month, day, year = first, second, third
        else:
            day, month, year = first, second, third
        if len(day) > 2 or not (len(year) == 4 or (len(year) == 2 and match[2] == ".")):
            return None
        return _with_clock(datetime.datetime(_year(year), int(month), int(day)), rest)
    if match := WORDS.fullmatch(text):
        name = (match[2] or match[4])[:3].lower()
        if name not in MONTHS:
            return None
        day, year = match[1] or match[5], match[3] or match[6]
        number = MONTHS.index(name) + 1
        return _with_clock(datetime.datetime(_year(year), number, int(day)), match[7])
    if match := COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, rest = match.groups()
        start = datetime.datetime(int(year), int(month), int(day))
        if hour is None:
            return _with_clock(start, rest)
        return _with_clock(start, f"{hour}:{minute or '00'}:{second or '00'}{rest}")
    if match := YEAR_MONTH.fullmatch(text):
        return datetime.datetime(int(match[1]), int(match[2]), 1)
    return _with_clock(datetime.datetime(1970, 1, 1), text) if ":" in text else None


def _year(text: str) -> int:
    """A year; of two digits, as POSIX has it: 69 to 99 are 1969 to 1999."""
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)


def _with_clock(day: datetime.datetime, rest: str) -> datetime.datetime | None:
    match = CLOCK.fullmatch(rest)
    if match is None:
        return None
    hour, minute, second, fraction, half, zone = match.groups()
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    time = day.replace(
        hour=hours,
        minute=int(minute or 0),
        second=int(second or 0),
        microsecond=int((fraction or "0").ljust(6, "0")),
    )
    if not zone or zone[0] not in "+-":
        return time
    minutes = zone[3:].removeprefix(":") or "0"
    shift = datetime.timedelta(hours=int(zone[1:3]), minutes=int(minutes))
    sign = -1 if zone[0] == "-" else 1
    return time.replace(tzinfo=datetime.timezone(sign * shift))
