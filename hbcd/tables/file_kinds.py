"""What a file really is, from its first bytes: names of files are wrong often enough."""

from __future__ import annotations

import gzip
import re
import zipfile
from pathlib import Path
from typing import Final, NamedTuple

from hbcd.tables.bad_values import Remedy, TableError

__all__ = ["refuse_other_kind"]

START: Final = 4096  # bytes that are looked at


class Kind(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    what : str
        In words.
    suffixes : tuple of str
        Ends of names of files that may hold it.
    remedy : str
        What to do where the name of a file has another end.
    """

    what: str
    suffixes: tuple[str, ...]
    remedy: str


def _save(kind: str) -> str:
    return f"save the table as {kind}"


def _rename(*suffixes: str) -> str:
    return f"rename it to end in {' or '.join(suffixes)}"


SHEETS: Final = (".xlsx", ".xls")  # readers of spreadsheets tell the two apart themselves
TEXT: Final = Kind("text", (".csv", ".tsv"), _rename(".csv", ".tsv"))
PACKED: Final = Kind("packed bytes (gzip)", (".gz",), _rename(".csv.gz"))
SHEET: Final = Kind("a spreadsheet", SHEETS, _rename(".xlsx"))
OPEN_SHEET: Final = Kind("an OpenDocument spreadsheet", (), _save(".xlsx or .csv"))
BINARY_SHEET: Final = Kind("a binary spreadsheet (.xlsb)", (), _save(".xlsx or .csv"))
ARCHIVE: Final = Kind("a zip archive", (), "unpack it and name the table in it")
PAGE: Final = Kind("an HTML page", (), "download or save the table itself as .csv or .xlsx (the "
                   "page may ask for a login, or say what went wrong)")  # fmt: skip
#: Kinds with fixed first bytes.
MARKS: Final = (
    (b"PAR1", Kind("a parquet table", (".parquet",), _rename(".parquet"))),
    (b"\x1f\x8b", PACKED),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old spreadsheet", SHEETS, _rename(".xls"))),
    (b"BZh", Kind("packed bytes (bzip2)", (), "unpack it")),
    (b"\xfd7zXZ\0", Kind("packed bytes (xz)", (), "unpack it")),
    (b"\x28\xb5\x2f\xfd", Kind("packed bytes (zstandard)", (), "unpack it")),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", (), "unpack it and name the table in it")),
    (b"ARROW1", Kind("an Arrow table (feather)", (), _save(".parquet or .csv"))),
    (b"\x89HDF", Kind("an HDF5 file", (), _save(".parquet or .csv"))),
    (b"SQLite format 3\0", Kind("an SQLite database", (), _save(".parquet or .csv"))),
    (b"%PDF-", Kind("a PDF document", (), _save(".xlsx or .csv"))),
)
BYTE_ORDER: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body|table|script)\b", re.I
)
XML: Final = re.compile(rb"\s*<\?xml\b")
JSON: Final = re.compile(rb"\s*(?:\{\s*\"|\[\s*[\[{])")
CONTROL: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1a")


def refuse_other_kind(file: Path, suffix: str) -> None:
    """TableError where a file is not what its name says, and it is known what else it is.

    Parameters
    ----------
    file : Path
    suffix : str
        ``.csv``, ``.tsv``, either with ``.gz``, ``.parquet``, ``.xlsx`` or ``.xls``.

    Raises
    ------
    TableError
        It is empty, or of another kind, which is named with what to do.
    """
    with open(file, "rb") as stream:
        start = stream.read(START)
    if not start:
        raise TableError(
            f"path={file}: is empty: must have a row of names and at least one row below it"
        )
    packed = suffix.endswith(".gz")
    found = _kind(start, file)
    if found is not None:
        _check(found, file, ".gz" if packed else suffix)
    if packed and found is PACKED:
        with gzip.open(file) as inner:
            try:
                start = inner.read(START)
            except (OSError, EOFError):  # damaged, which its reader says
                return
        found = _kind(start, None)
        if found is not None:
            _check(found, file, suffix.removesuffix(".gz"), ", unpacked,")


def _check(found: Kind, file: Path, suffix: str, packed: str = "") -> None:
    if suffix in found.suffixes:
        return
    wanted = {".parquet": "a parquet table", ".gz": "packed bytes"}
    other = wanted.get(suffix, "a spreadsheet" if suffix in SHEETS else "text")
    if found is PAGE or other == found.what:
        other = "a table"
    what = f"path={file}: holds{packed} {found.what}, not {other}"
    raise TableError(what, Remedy(found.remedy, found.remedy))


def _kind(start: bytes, file: Path | None) -> Kind | None:
    """What the first bytes say; None where they say nothing.  file : to look into an archive."""
    if start.startswith(b"PK\x03\x04"):
        return _archive(file)
    for mark, kind in MARKS:
        if start.startswith(mark):
            return kind
    plain = start.replace(b"\0", b"") if start.startswith(BYTE_ORDER) else start
    for mark in BYTE_ORDER:
        plain = plain.removeprefix(mark)
    if CONTROL & set(plain) or b"\n" not in plain.replace(b"\r", b"\n"):
        return None
    if HTML.match(plain):
        return PAGE
    if XML.match(plain):
        return Kind("an XML document", (), _save(".xlsx or .csv"))
    if JSON.match(plain):
        return Kind("JSON", (), _save(".csv"))
    return TEXT


def _archive(file: Path | None) -> Kind | None:
    """What a zip archive is; None where it cannot be read, which its reader says."""
    if file is None:
        return SHEET
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return SHEET
    if "xl/workbook.bin" in names:
        return BINARY_SHEET
    if any(name.startswith("xl/") for name in names):
        return SHEET
    return OPEN_SHEET if {"mimetype", "content.xml"} <= names else ARCHIVE
