"""Reads a table of the user's from a file: csv, tsv, parquet or a spreadsheet, by its suffix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import pandas as pd

from hbcd.tables.columns import check_names
from hbcd.tables.xlsx import read_first_sheet

Result = TypeVar("Result")

#: Suffixes that `read_table` knows, and what to install where pandas lacks the reader.
ENGINES: Final = {
    ".csv": "",
    ".csv.gz": "",
    ".tsv": "",
    ".tsv.gz": "",
    ".parquet": "pyarrow: pip install hbcd[parquet]",
    ".xlsx": "openpyxl: pip install hbcd[excel]",
    ".xls": "xlrd: pip install xlrd (or save it as .xlsx: pip install hbcd[excel])",
}


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table with one row of column names from a file, by its suffix.

    Parameters
    ----------
    path : path
        ``.csv`` or ``.tsv`` (UTF-8, with or without byte-order mark; also packed, ``.csv.gz``),
        ``.parquet``, ``.xlsx`` or ``.xls`` (first sheet).

    Returns
    -------
    DataFrame, shape (rows, columns)
        At least one row; names stripped of blanks, each one once.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is of no known kind, cannot be read, or is empty; or its reader is not installed.
    """
    file, suffix = find_table(path)
    frame = guarded(lambda: _parse(file, suffix), file, suffix)
    if frame.empty:
        raise no_rows(file)
    return check_header(frame, file)


def find_table(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """The file and its suffix; raises as `read_table` does."""
    file = Path(path).expanduser()
    name = file.name.lower()
    suffix = next((suffix for suffix in ENGINES if name.endswith(suffix)), None)
    if suffix is None:
        raise ValueError(f"path={file}: must end in one of {', '.join(ENGINES)}")
    if not file.is_file():
        raise FileNotFoundError(f"path={file}: must be a file that exists")
    return file, suffix


def no_rows(file: Path) -> ValueError:
    """The error for a table without rows."""
    return ValueError(f"path={file}: must have a row of names and at least one row below it")


def check_header(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    """The table with names stripped of blanks; ValueError unless each is there, once."""
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    for position, name in enumerate(frame.columns, start=1):
        if not name or name.startswith("Unnamed: "):  # pandas' name for a column without one
            raise ValueError(
                f"path={file}: column {position} has no name; names must stand in the first row; "
                "if it holds row labels, write the table without them (pandas: index=False)"
            )
    check_names(frame, f"path={file}")
    return frame


def guarded(read: Callable[[], Result], file: Path, suffix: str) -> Result:
    """What `read` returns; whatever a reader raises becomes one kind of error."""
    try:
        return read()
    except ImportError as error:
        raise ValueError(f"path={file}: reading {suffix} needs {ENGINES[suffix]}") from error
    # The readers' own errors have no common base below Exception (zipfile, pyarrow, lxml, zlib).
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(f"path={file}: cannot be read as {suffix}: {reason[0]}") from error


def _parse(file: Path, suffix: str) -> pd.DataFrame:
    """Leave the parsing to pandas."""
    if suffix == ".parquet":
        return pd.read_parquet(file).reset_index(drop=True)
    if suffix == ".xlsx":
        return _sheet(file)
    if suffix == ".xls":
        return pd.read_excel(file)
    # low_memory=True would guess a column's type piece by piece.
    return check_fields(pd.read_csv(file, **text_options(suffix)))


def _sheet(file: Path) -> pd.DataFrame:
    """The first sheet; where openpyxl is missing, one that is a flat table of numbers."""
    try:
        return pd.read_excel(file)
    except ImportError as missing:
        try:
            names, values = read_first_sheet(file)
        except ValueError as error:
            raise missing from error
    return pd.DataFrame(values, columns=names)


def text_options(suffix: str) -> dict[str, Any]:
    """How pandas is to read a file of text."""
    separator = "\t" if suffix.startswith(".tsv") else ","
    return {"sep": separator, "encoding": "utf-8-sig", "low_memory": False}


def check_fields(frame: pd.DataFrame) -> pd.DataFrame:
    """The table; ValueError where its lines were not what pandas took them for."""
    if len(frame.columns) == 1 and ";" in str(frame.columns[0]):
        raise ValueError("fields must be separated by commas, and numbers have decimal points")
    # pandas takes what exceeds the header for row labels, silently.
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more fields than the header")
    return frame
