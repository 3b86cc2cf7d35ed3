"""How a file of text is written: encoding, separator of fields, decimal mark.

Each is found out where the file leaves one possibility, and asked for where it leaves several.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

import pandas as pd

from hbcd.tables.bad_values import Remedy, TableError
from hbcd.tables.choices import SEPARATOR_NAMES
from hbcd.tables.kinds import PLAIN
from hbcd.tables.titles import refuse_title

__all__ = ["TextFormat", "find_format", "open_text"]

SAMPLE: Final = 2**16  # characters that separator and decimal mark are found from
TOP: Final = 50  # lines that a title above the names is looked for in
BLOCK: Final = 2**20  # bytes read at a time
SEPARATORS: Final = ",;\t|"
MARKS: Final = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
DECIMAL_COMMA: Final = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")
THREE_DIGITS: Final = re.compile(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*")  # 4,501: a decimal comma or not
#: Bytes of Western text in Windows-1252: letters, and signs of units.
WESTERN: Final = frozenset({0x80, 0xA7, 0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB7, 0xB9, 0xBD,
                            *range(0xC0, 0x100)})  # fmt: skip
RUN: Final = re.compile(rb"[\x80-\xff]{3}")

ASK_SEP: Final = Remedy(
    "pass a DataFrame read with the right separator (pandas.read_csv(..., sep=...))",
    "say how fields are separated and numbers written (--sep ';', --sep tab, --decimal ,)",
)
NAMES_FIRST: Final = Remedy(
    "begin the file with the names of all columns", "begin the file with the names of all columns"
)
ASK_DECIMAL: Final = Remedy(
    "pass a DataFrame read with the right decimal mark (pandas.read_csv(..., decimal=...))",
    "--decimal , or --decimal . says which",
)
ASK_ENCODING: Final = Remedy(
    "pass a DataFrame read with the right encoding (pandas.read_csv(..., encoding=...))",
    "say how it is encoded (--encoding cp1252, --encoding utf-16)",
)


@dataclass(frozen=True)
class TextFormat:
    """How a file of text is written; None where it is not said.

    Attributes
    ----------
    sep : str or None
        One character.
    decimal : str or None
        "." or ",".
    encoding : str or None
        A name that Python knows.
    thousands : str or None
        What stands between groups of three digits; None: nothing.
    """

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    thousands: str | None = None

    def as_numbers(self, column: pd.Series) -> pd.Series:
        """A column of texts most of which are numbers such as 1.000,5, with 1000.5 in their place.

        Readers of spreadsheets leave all such texts alone, pandas those of a column with one that
        is no number, which is to be named and not its neighbours.
        """
        comma = self.decimal == "," or (self.decimal is None and self.thousands == ".")
        if not (comma or self.thousands) or pd.api.types.is_numeric_dtype(column.dtype):
            return column

        def plain(cell: Any) -> Any:
            text = self._ungrouped(cell) if isinstance(cell, str) else ""
            text = text.replace(",", ".") if comma else text
            return text if PLAIN.fullmatch(text) else cell

        made = column.map(plain)
        read = made.map(lambda cell: not isinstance(cell, str) or bool(PLAIN.fullmatch(cell)))
        return made if 2 * (read & made.notna()).sum() > made.notna().sum() else column

    def _ungrouped(self, cell: str) -> str:
        """A text without the marks between groups of three digits; as it is where they are others.

        pandas leaves out such a mark wherever it stands, and reads 0.13 as 13.
        """
        mark = self.thousands
        if mark is None or mark not in cell:
            return cell
        decimal = self.decimal or ("," if mark == "." else ".")
        groups = rf"\s*[-+]?\d{{1,3}}({re.escape(mark)}\d{{3}})+(?!\d)({re.escape(decimal)}.*)?\s*"
        return cell.replace(mark, "") if re.fullmatch(groups, cell) else cell

    def options(self) -> dict[str, Any]:
        """The same for `pandas.read_csv`, but for marks of thousands: see `as_numbers`."""
        return {"sep": self.sep, "decimal": self.decimal, "encoding": self.encoding,
                "low_memory": False}  # fmt: skip


def open_text(file: Path, encoding: str) -> IO[str]:
    """The file's text, unpacked where its name ends in ``.gz``."""
    return io.TextIOWrapper(_open(file), encoding=encoding, newline="")


def _open(file: Path) -> IO[bytes]:
    """The bytes; whoever calls this closes them."""
    if file.name.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(file))
    return open(file, "rb")


def find_format(
    file: Path, suffix: str, asked: TextFormat, known: TextFormat
) -> tuple[TextFormat, list[tuple[str, str]]]:
    """How a file of text is written.

    Parameters
    ----------
    file : Path
    suffix : str
        ``.csv`` or ``.tsv``, also with ``.gz``.
    asked : TextFormat
        What the user says, which counts.
    known : TextFormat
        How the training table was written, which counts where the file leaves several
        possibilities.

    Returns
    -------
    format : TextFormat
        Complete.
    found : list of (str, str)
        What was found that is not the usual: the name of an option, and its value.

    Raises
    ------
    ValueError
        What the file leaves open, or cannot be.
    """
    encoding = asked.encoding or _find_encoding(file, known.encoding)
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"  # a byte-order mark is no part of the first name
    try:
        with open_text(file, encoding) as stream:
            text = stream.read(SAMPLE)
    except UnicodeError as error:
        raise TableError(f"path={file}: is not written in {encoding}", ASK_ENCODING) from error
    records = _sample(text, cut=len(text) == SAMPLE)
    for mark in asked.sep or SEPARATORS:
        refuse_title(file, _fields(records[:TOP], mark))
    usual = "\t" if suffix.startswith(".tsv") else ","
    sep = asked.sep or _find_separator(file, records, usual, known.sep)
    rows = list(csv.reader(records, delimiter=sep)) if records else []
    # pandas would take what the first row has more than the header for a label of the row.
    if len(rows) > 1 and len(rows[1]) > len(rows[0]):
        raise TableError(
            f"path={file}: rows have more fields than the header", ASK_SEP, NAMES_FIRST
        )
    thousands = asked.thousands or known.thousands
    decimal = asked.decimal
    if decimal is None and thousands:
        decimal = "." if thousands != "." else ","
    decimal = decimal or _find_decimal(file, rows[1:], sep, known.decimal)
    if thousands == decimal:
        raise ValueError(f"thousands={thousands!r}: must not be the decimal mark")
    found = []
    if encoding not in ("utf-8", "utf-8-sig") and not asked.encoding:
        found.append(("encoding", encoding))
    if sep != usual and not asked.sep:
        found.append(("sep", SEPARATOR_NAMES.get(sep, sep)))
    if decimal != "." and not asked.decimal and not thousands:
        found.append(("decimal", decimal))
    return TextFormat(sep, decimal, encoding, thousands), found


def _find_encoding(file: Path, known: str | None) -> str:
    """UTF-8 where the bytes are that; UTF-16 by its mark or its zeros; else Western text."""
    with _open(file) as stream:
        start = stream.read(4096)
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    if b"\0" in start:
        for name, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
            if zeros.count(0) > 0.9 * len(zeros):
                return name
        raise TableError(f"path={file}: holds zero bytes, which no text has", ASK_ENCODING)
    try:
        with open_text(file, "utf-8") as text:
            while text.read(BLOCK):
                pass
        return "utf-8-sig"
    except UnicodeDecodeError:
        pass
    if known and known not in ("utf-8", "utf-8-sig"):
        return known
    if _is_western(file):
        return "cp1252"
    raise TableError(f"path={file}: is not written in UTF-8", ASK_ENCODING)


def _is_western(file: Path) -> bool:
    """Whether all bytes beyond ASCII are single letters or signs of units in Windows-1252."""
    with _open(file) as stream:
        while block := stream.read(BLOCK):
            if {byte for byte in set(block) if byte >= 0x80} - WESTERN or RUN.search(block):
                return False
    return True


def _sample(text: str, *, cut: bool) -> list[str]:
    """Whole lines that are not empty."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if cut and len(lines) > 1:
        lines = lines[:-1]
    return [f"{line}\n" for line in lines if line.strip()]


def _find_separator(file: Path, lines: list[str], usual: str, known: str | None) -> str:
    """The one that parts every line of the sample into as many fields as the header."""
    good = [sep for sep in SEPARATORS if _columns(lines, sep) > 1]
    if not good:
        return usual  # one column, or no table, which its reader reports
    if len(good) == 1:
        return good[0]
    if known in good:
        return str(known)
    names = " or ".join(SEPARATOR_NAMES[sep] for sep in good)
    raise TableError(f"path={file}: fields may be separated by {names}", ASK_SEP)


def _fields(lines: list[str], sep: str) -> list[list[str]]:
    """The fields of lines; none where quotes do not match."""
    try:
        return list(csv.reader(lines, delimiter=sep, strict=True))
    except csv.Error:
        return []


def _columns(lines: list[str], sep: str) -> int:
    """Fields of a line; 0 where lines have different numbers of them."""
    counts = {len(row) for row in _fields(lines, sep) if row}
    return counts.pop() if len(counts) == 1 else 0


def _find_decimal(file: Path, rows: list[list[str]], sep: str, known: str | None) -> str:
    """A comma where cells have one as only a decimal comma can stand, and none has a point."""
    commas, points, open_ones = 0, 0, ""
    for cell in _cells(rows):
        if "," in cell and DECIMAL_COMMA.fullmatch(cell):
            if THREE_DIGITS.fullmatch(cell):
                open_ones = open_ones or cell
            else:
                commas += 1
        elif "." in cell and PLAIN.fullmatch(cell):
            points += 1
    if points:
        return "."  # a cell with a comma, if there is one, is named when it is read
    if commas:
        return ","
    if open_ones and known:
        return known
    if open_ones and sep != ",":
        raise TableError(
            f"path={file}: {open_ones.strip()!r} may have a decimal comma or a separator of "
            "thousands",
            ASK_DECIMAL,
        )
    return "."


def _cells(rows: list[list[str]]) -> Iterator[str]:
    return (cell for row in rows for cell in row)
