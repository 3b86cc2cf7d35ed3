"""What a column is, from all of its pieces: numbers, levels or dates; and whether it has gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from hbcd.streams.pieces import Piece
from hbcd.tables import bad_values as bad
from hbcd.tables.bad_values import TableError
from hbcd.tables.columns import INPUT, bad_cell, is_missing, learn_levels, refuse_many_levels
from hbcd.tables.dates import day_order, levels_of, time_range
from hbcd.tables.kinds import Cells, holds_times
from hbcd.tables.levels import level_text

__all__ = ["ColumnScan", "TypesDifferError", "check_types", "stored_kind"]

MOST: Final = 100_000  # different texts of a column that are kept
NUMBER, TRUTH, TEXT, TIME = "numbers", "truth values", "text", "times"


class TypesDifferError(TableError):
    """A column that is of numbers in some pieces, and of text in others.

    Attributes
    ----------
    column : str
    """


def stored_kind(column: pd.Series) -> str | None:
    """What the type of a column says; None where all of it is missing."""
    types = pd.api.types
    if types.is_bool_dtype(column.dtype):
        return TRUTH
    if types.is_numeric_dtype(column.dtype):
        return NUMBER
    if holds_times(column):
        return TIME
    if isinstance(column.dtype, pd.CategoricalDtype):
        return TEXT
    found = types.infer_dtype(column, skipna=True)
    if found in ("empty", "boolean"):
        return None if found == "empty" else TRUTH
    return TEXT


@dataclass
class ColumnScan:
    """What the pieces of a column have said so far.

    Attributes
    ----------
    name : str
    kind : str or None
        By the types of its pieces; None: all was missing.
    gaps : bool
    rows, missing : int
    """

    name: str
    kind: str | None = None
    gaps: bool = False
    rows: int = 0
    missing: int = 0
    _where: str = ""  # the piece that the kind is from
    _zone: str | None = None  # of its times; "None" where these have none
    _category: bool = False
    _counts: dict[Any, int] = field(default_factory=dict)
    _range: tuple[Any, Any] | None = None

    def add(self, column: pd.Series, piece: Piece, *, gaps: bool) -> None:
        """One piece more; an error where a gap is not allowed, or the type is another one."""
        kind = stored_kind(column)
        self.check_type(kind, piece)
        missing = is_missing(column)
        if missing.any():
            if not gaps:
                raise bad_cell(column, int(np.argmax(missing)), "is missing", *INPUT.gap)
            self.gaps = True
            self.missing += int(missing.sum())
        self.rows += len(column)
        if kind == TIME:
            self._add_times(column, piece.name or piece.row(0))
        elif kind in (TEXT, TRUTH):
            self._add_texts(column)

    def check_type(self, kind: str | None, piece: Piece) -> None:
        """TypesDifferError where a piece has another type than those before."""
        here = piece.name or piece.row(0)
        if kind is None or self.kind == kind:
            return
        if self.kind is not None:
            raise self._differs(kind, here)
        self.kind, self._where = kind, here

    def _differs(self, kind: str, here: str) -> TypesDifferError:
        return TypesDifferError(
            f"{self.name}: holds {kind} in {here}, but {self.kind} in {self._where}: must hold "
            "the same everywhere",
            column=self.name,
        )

    def _add_times(self, column: pd.Series, here: str) -> None:
        self._check_zone(str(getattr(column.dtype, "tz", None)), here)
        if pd.api.types.is_timedelta64_dtype(column.dtype):
            learn_levels(column)  # raises
        known = column.dropna()
        ends = known.min(), known.max()
        old = self._range
        self._range = ends if old is None else (min(old[0], ends[0]), max(old[1], ends[1]))

    def _check_zone(self, zone: str | None, here: str) -> None:
        """Times of several zones have no order that a clock on the wall has."""
        if None not in (zone, self._zone) and zone != self._zone:
            said = [f"of {z}" if z != "None" else "without one" for z in (zone, self._zone)]
            raise TableError(
                f"{self.name}: holds times {said[0]} in {here}, but {said[1]} in {self._where}: "
                "must have the same time zone everywhere",
                column=self.name,
            )
        self._zone = self._zone if zone is None else zone

    def _add_texts(self, column: pd.Series) -> None:
        self._category |= isinstance(column.dtype, pd.CategoricalDtype)
        codes, values = pd.factorize(column.astype(object))
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        for value, count in zip(values, counts.tolist(), strict=True):
            self._counts[value] = self._counts.get(value, 0) + count
        self._refuse_many()

    def _refuse_many(self) -> None:
        if len(self._counts) > MOST:
            raise TableError(
                f"{self.name}: has more than {MOST} different texts: identifiers, dates or numbers "
                "as text; write dates as times and numbers as numbers, in parquet",
                bad.DROP,
                column=self.name,
            )

    def join(self, other: ColumnScan) -> None:
        """What was seen of the rows that follow; TypesDifferError where they have another type."""
        if other.kind is not None and self.kind is None:
            self.kind, self._where = other.kind, other._where
        if other.kind not in (None, self.kind):
            raise self._differs(str(other.kind), other._where)
        self._check_zone(other._zone, other._where)
        self.gaps |= other.gaps
        self._category |= other._category
        self.rows, self.missing = self.rows + other.rows, self.missing + other.missing
        ends = [one for one in (self._range, other._range) if one is not None]
        self._range = (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else None
        for value, count in other._counts.items():
            self._counts[value] = self._counts.get(value, 0) + count
        self._refuse_many()

    @property
    def different(self) -> pd.Series:
        """The different cells, once each."""
        if self.kind == TIME:
            return pd.Series(list(self._range or ()), name=self.name)
        return pd.Series(list(self._counts), name=self.name, dtype=object)

    def learned(self, *, dates: bool) -> tuple[tuple[str, ...] | None, tuple[str, str] | None]:
        """Levels or None, and of dates that become features their order and first time."""
        if self.kind is None or self.missing == self.rows:
            raise TableError(f"{self.name}: is missing in every row", bad.DROP, column=self.name)
        if self.kind == NUMBER:
            return None, None
        cells = Cells.tallied(self._counts)
        kind = cells.kind() if self.kind == TEXT and not self._category else "levels"
        if self.kind == TIME or kind == "times":
            column = self.different
            if not dates:
                levels_of(column, gaps=True)  # raises, and says what can be done
            order = day_order(column)
            return None, (order, time_range(column, order)[0])
        if kind == "numbers":
            return None, None
        levels = tuple(sorted({level_text(value) for value in self._counts}))
        refuse_many_levels(self.name, next(iter(self._counts)), len(levels), self.rows, INPUT)
        return levels, None


def check_types(scans: dict[str, ColumnScan], piece: Piece) -> None:
    """TypesDifferError where a column of a piece has another type than in the pieces before.

    Parameters
    ----------
    scans : dict
        By column; filled by the first piece.
    piece : Piece
        With named columns.
    """
    for name, dtype in piece.table.dtypes.items():
        scan = scans.setdefault(name, ColumnScan(str(name)))
        if scan.kind == NUMBER and pd.api.types.is_numeric_dtype(dtype) and dtype.kind != "b":
            continue  # without a look at the cells
        scan.check_type(stored_kind(piece.table[name]), piece)
