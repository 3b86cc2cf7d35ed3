"""Columns of a table as explanations see them: their values, and the features they become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.tables.dates import ENDINGS
from hbcd.tables.encoder import TableEncoder

__all__ = ["DAY", "MISSING", "Column", "encoded_columns", "plain_columns"]

Array = NDArray[Any]
MISSING = "(missing)"  # how the gaps of a column of levels are called
DAY = 86_400_000_000  # microseconds of a day


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the table: what it is, and which features stand for it.

    Attributes
    ----------
    name : str
    slots : slice
        Its features among all.
    levels : tuple of str or None
        Those of a column of text, categories or truth values, `MISSING` last where it may have
        gaps; None: it has an order, of numbers or of dates.
    start : str or None
        Of a column of dates: the time that elapsed days count from; else None.
    gaps : bool
        Whether its last feature is 1 where the value is missing.
    """

    name: str
    slots: slice
    levels: tuple[str, ...] | None = None
    start: str | None = None
    gaps: bool = False

    def codes(self, features: Array) -> NDArray[np.intp]:
        """The place of each row's level among `levels`, shape (rows,)."""
        dummies = features[:, self.slots] > 0.5
        if not dummies.shape[1]:  # a single level has no dummies
            return np.zeros(len(features), np.intp)
        found = np.where(dummies.any(axis=1), dummies.argmax(axis=1) + 1, 0)
        return np.asarray(found, np.intp)

    def ordered(self, features: Array) -> NDArray[np.float64]:
        """Numbers, or elapsed days of dates, shape (rows,); NaN where the value is missing."""
        last = self.slots.stop - 1 - self.gaps if self.start is not None else self.slots.start
        values = features[:, last].astype(np.float64)
        if self.gaps:
            values[features[:, self.slots.stop - 1] > 0.5] = np.nan
        return values

    def of_levels(self) -> NDArray[np.float64]:
        """The features of all levels, shape (levels, features of the column)."""
        assert self.levels is not None
        made = np.zeros((len(self.levels), self.slots.stop - self.slots.start))
        made[1:] = np.eye(len(self.levels) - 1)
        return made

    def shown(self, ordered: Array) -> Array:
        """Ordered values in the unit of the table: numbers, or times as datetime64[us]."""
        if self.start is None:
            return ordered
        elapsed = np.round(ordered * DAY).astype("timedelta64[us]")
        return np.asarray(np.datetime64(self.start, "us") + elapsed)


def encoded_columns(encoder: TableEncoder) -> list[Column]:
    """The columns of a table that an encoder turns into features."""
    columns, begin = [], 0
    for name, levels in encoder.columns:
        gaps = name in encoder.fills
        dates = encoder.dates.get(name)
        own = len(ENDINGS) if dates else 1 if levels is None else len(levels) - 1
        slots = slice(begin, begin + own + gaps)
        known = levels if levels is None else (*levels, *([MISSING] if gaps else []))
        columns.append(Column(name, slots, known, dates[1] if dates else None, gaps))
        begin = slots.stop
    return columns


def plain_columns(names: list[str]) -> list[Column]:
    """The columns of a table of numbers."""
    return [Column(name, slice(k, k + 1)) for k, name in enumerate(names)]
