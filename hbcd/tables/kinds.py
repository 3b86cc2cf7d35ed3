r"""What a column is: numbers, levels (names), or times.  The one place that decides it.

1. A column that its type calls numbers, truth values, categories or times is that.
2. A column of text is of **times** where most of its cells are dates.
3. It is of **numbers** where most of its cells read as numbers, or most of its different cells,
   where those are more than `MANY`.  ``1,234``, ``1000,0``, ``1000 mbar`` and ``<0.5`` read as
   numbers here, and ``450MW`` where most have the same letters: such a column is of numbers
   although not all of its cells can be taken, which is an error that names the first of them.
   Nothing in such a column ever becomes a level or a class.
4. Everything else is of **levels**.  So is a column of whole numbers as text in which one begins
   with a zero (``007``), unless one has a decimal point: they are codes.  Codes may have letters
   (``A1``) where at most `MANY` are different and one cell in `OFTEN` has some: what is rarer, or
   among more, is stray text in a column of numbers.  And so is one of at most `FEW` different
   numbers that all have a unit (``5 bar``, ``10 bar``).
"""

from __future__ import annotations

import collections
import datetime
import decimal
import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Cells", "form", "holds_numbers", "holds_times", "kind_of"]

MANY: Final = 20
OFTEN: Final = 20
FEW: Final = 10

NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
PLAIN: Final = re.compile(rf"\s*{NUMBER}\s*")
CODE: Final = re.compile(r"\s*0\d+\s*")
BLANK: Final = " \u00a0\u2009\u202f"  # what stands between groups of three digits
GROUPS: Final = rf"[+\-\u2212]?\d{{1,3}}(?:[{BLANK}]\d{{3}}|['’]\d{{3}}|,\d{{3}})+(?:\.\d*)?"
COMMA: Final = rf"[+\-\u2212]?(?:\d{{1,3}}(?:[.{BLANK}'’]\d{{3}})+|\d*),\d+(?:[eE][+-]?\d+)?"
MINUS: Final = r"\u2212(?:\d+\.?\d*|\.\d+)"
GROUPED: Final = re.compile(rf"\s*(?:{GROUPS}|{COMMA}|{MINUS})\s*")
SIGNS: Final = r"[<>=~≈≤≥±$€£¥(\[]*"  # of limits, money and brackets
#: A number with something around it: 1000 mbar, 12%, <0.5, $450, (450), 450*.
UNIT: Final = re.compile(
    rf"\s*{SIGNS}\s*(?:{NUMBER}|{GROUPS}|{COMMA})"
    rf"(?:[{BLANK}]+[^\W\d_]\S{{0,11}}|[{BLANK}]?[%°‰$€£¥)\]*#]\S{{0,5}})?\s*"
)
GLUED: Final = re.compile(rf"\s*{NUMBER}([^\W\d_eE]\S{{0,7}})\s*")  # 450MW, but also 12A
CLOCK: Final = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp][Mm])?"
ZONE: Final = r"(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
AFTER: Final = rf"(?:[T ]\s*{CLOCK}\s*{ZONE}?)?"
COMPACT: Final = (  # ISO 8601 without separators; digits alone are a number
    rf"[12]\d{{3}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    rf"(?:T(?:\d{{2}}|\d{{4}}|\d{{6}}(?:[.,]\d+)?)| ?{CLOCK}| (?:\d{{4}}|\d{{6}}))\s*{ZONE}?"
)
MONTH: Final = r"(?:[A-Za-z]{3,9}\.?)"
WEEKDAY: Final = r"(?:[A-Za-z]{2,9},?\s+)?"
DATE: Final = re.compile(
    rf"\s*(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\1(?:\d{{4}}|\d{{2}})|"
    rf"\d{{4}}[-/](?:0[1-9]|1[0-2])|"
    rf"{WEEKDAY}(?:\d{{1,2}}[ -]{MONTH}[ -]\d{{2,4}}|{MONTH} \d{{1,2}},? \d{{4}})){AFTER}\s*"
    rf"|\s*{CLOCK}\s*|\s*{COMPACT}\s*"
)
#: What `pandas.api.types.infer_dtype` calls Python objects that are numbers, and that are times.
NUMBERS: Final = frozenset({"integer", "floating", "mixed-integer-float", "decimal"})
TIMES: Final = frozenset(
    {"datetime", "datetime64", "date", "time", "timedelta", "timedelta64", "period"}
)


def form(value: Any) -> str:
    """How a cell reads: "plain", "code", "grouped", "unit", "glued", "date" or "text"."""
    if isinstance(value, str):
        if PLAIN.fullmatch(value):
            return "code" if CODE.fullmatch(value) else "plain"
        if GROUPED.fullmatch(value):
            return "grouped"
        if DATE.fullmatch(value):
            return "date"
        if UNIT.fullmatch(value):
            return "unit"
        return "glued" if GLUED.fullmatch(value) else "text"
    if isinstance(value, (bool, np.bool_)):
        return "text"
    if isinstance(value, (numbers.Real, np.number, decimal.Decimal)):
        return "plain"
    return "date" if isinstance(value, (datetime.date, datetime.time, np.datetime64)) else "text"


@dataclass(frozen=True)
class Cells:
    """The different cells of a column of objects, and how they read.

    Attributes
    ----------
    codes : ndarray of int, shape (rows,)
        Which of them stands in a row; -1 where it is missing.
    values : sequence
    forms : list of str
    counts : ndarray of int
        In how many rows each of them stands.
    """

    codes: NDArray[np.intp]
    values: Sequence[Any]
    forms: list[str]
    counts: NDArray[np.intp]

    @classmethod
    def tallied(cls, counts: Mapping[Any, int]) -> Cells:
        """Those of a column whose different cells have been counted; without codes."""
        values = list(counts)
        numbers = np.fromiter(counts.values(), np.intp, len(values))
        return cls(np.empty(0, np.intp), values, [form(value) for value in values], numbers)

    @classmethod
    def of(cls, column: pd.Series) -> Cells:
        """Those of a column; ValueError where they are neither numbers nor texts."""
        try:
            codes, values = pd.factorize(column.astype(object))
        except TypeError as error:
            raise ValueError(f"{column.name}: must hold numbers or texts ({error})") from error
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        return cls(codes, list(values), [form(value) for value in values], counts)

    def count(self, *forms: str) -> int:
        """Rows whose cell has one of these forms."""
        chosen = np.array([found in forms for found in self.forms], dtype=bool)
        return int(self.counts[chosen].sum())

    def kind(self) -> str:
        """The kind by the rules of this module: "numbers", "times" or "levels"."""
        present = int(self.counts.sum())
        if 2 * self.count("date") > present:
            return "times"
        if "code" in self.forms and not self._has_fraction() and not self._has_stray(present):
            return "levels"
        names = ["plain", "code", "grouped"]
        if "plain" in self.forms or "grouped" in self.forms or len(self.values) > FEW:
            names += ["unit", "glued"] if self._one_unit() else ["unit"]
        if 2 * self.count(*names) > present:
            return "numbers"
        different = sum(found in names for found in self.forms)
        many = len(self.values) > MANY and 2 * different > len(self.values)
        return "numbers" if many else "levels"

    def _has_stray(self, present: int) -> bool:
        """Whether a column with codes is of numbers, and has text among them that is none."""
        read = self.count("plain", "code")
        stray = present - read
        rare = len(self.values) > MANY or OFTEN * stray < present
        return stray > 0 and read > stray and rare

    def _one_unit(self) -> bool:
        """Whether most of the different cells with letters behind a number have the same ones."""
        found = [GLUED.fullmatch(v) for v, f in zip(self.values, self.forms, strict=True)
                 if f == "glued"]  # fmt: skip
        units = collections.Counter(match[1] for match in found if match)
        return bool(units) and 2 * units.most_common(1)[0][1] > len(found)

    def _has_fraction(self) -> bool:
        return any(
            found == "plain" and "." in str(value)
            for found, value in zip(self.forms, self.values, strict=True)
        )


def holds_numbers(column: pd.Series) -> bool:
    """Whether the type of a column alone says that it is of numbers."""
    types = pd.api.types
    if types.is_bool_dtype(column.dtype):
        return False
    if types.is_numeric_dtype(column.dtype):
        return True
    return bool(types.is_object_dtype(column.dtype)) and types.infer_dtype(column) in NUMBERS


def holds_times(column: pd.Series) -> bool:
    """Whether the type of a column alone says that it is of dates or times."""
    types = pd.api.types
    dtype = column.dtype
    return (
        types.is_datetime64_any_dtype(dtype)
        or types.is_timedelta64_dtype(dtype)
        or isinstance(dtype, pd.PeriodDtype)
        or (types.is_object_dtype(dtype) and types.infer_dtype(column, skipna=True) in TIMES)
    )


def kind_of(column: pd.Series) -> str:
    """The kind of a column: "numbers", "times" or "levels"."""
    if holds_numbers(column):
        return "numbers"
    if holds_times(column):
        return "times"
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(column.dtype):
        return "levels"
    return Cells.of(column).kind()
