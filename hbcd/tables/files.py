"""Reads a table of the user's from a file: csv, tsv, parquet or a spreadsheet, by its suffix."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import pandas as pd

from hbcd.tables.bad_values import Remedy, TableError, TableWarning
from hbcd.tables.binary_files import read_parquet, read_sheet, with_gaps
from hbcd.tables.file_kinds import refuse_other_kind
from hbcd.tables.names import check_names, refuse_twice
from hbcd.tables.text_format import ASK_ENCODING, SEPARATORS, TextFormat, find_format

__all__ = ["ENGINES", "TableFile", "read_table"]

Result = TypeVar("Result")
MOST_OF_A_REASON: Final = 300  # characters; a reader may quote the whole file

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
SEP: Final = Remedy(
    "pandas.read_csv reads other separators and decimal marks (sep=, decimal=)",
    "--sep and --decimal say how it is written",
)
INDEX: Final = Remedy(
    "write row labels not at all (pandas: index=False)",
    "write row labels not at all (pandas: index=False)",
)
TRAILING: Final = Remedy(
    "name it, or delete the separator at the end of every line",
    "name it, or delete the separator at the end of every line",
)


@dataclass(frozen=True)
class TableFile:
    """A file with a table, and how it is to be read.

    Attributes
    ----------
    path : Path
    suffix : str
        One of `ENGINES`.
    text : TextFormat
        Of a file of text, complete.
    na : tuple of str
        Cells that stand for a missing value, in addition to those that pandas knows.
    texts : frozenset of str
        Columns that are read as they are written: those that a model knows as levels or classes.
    """

    path: Path
    suffix: str
    text: TextFormat = field(default_factory=TextFormat)
    na: tuple[str, ...] = ()
    texts: frozenset[str] = frozenset()

    @property
    def is_text(self) -> bool:
        """Whether it is a file of text, and not a spreadsheet or parquet."""
        return self.suffix.startswith((".csv", ".tsv"))

    @classmethod
    def find(
        cls,
        path: str | os.PathLike[str],
        asked: TextFormat | None = None,
        known: TextFormat | None = None,
        na: Sequence[str] = (),
        texts: Collection[str] = (),
    ) -> TableFile:
        """Looks at a file, and finds out how it is written.

        Parameters
        ----------
        path : path
        asked : TextFormat, optional
            How a file of text is written as the user says, which counts.
        known : TextFormat, optional
            How the training table was written, which counts where the file leaves several
            possibilities.
        na : sequence of str, optional
        texts : collection of str, optional
            Both as in `read_table`, which tells what is raised and warned of, too.

        Returns
        -------
        TableFile
        """
        file, suffix = find_table(path)
        asked, known = asked or TextFormat(), known or TextFormat()
        numbers = TextFormat(
            decimal=asked.decimal or known.decimal, thousands=asked.thousands or known.thousands
        )
        guarded(lambda: refuse_other_kind(file, suffix), file, suffix)
        made = cls(file, suffix, numbers, tuple(na), frozenset(texts))
        if not made.is_text:
            return made
        text, found = guarded(lambda: find_format(file, suffix, asked, known), file, suffix)
        if found:
            known_as = ", ".join(f"{name} {value}" for name, value in found)
            options = " ".join(f"--{name} {value}" for name, value in found)
            remedy = Remedy("", f" ({options})")
            warnings.warn(TableWarning(f"{file}: read with {known_as}", remedy), stacklevel=3)
        return cls(file, suffix, text, tuple(na), frozenset(texts))

    def read(self) -> pd.DataFrame:
        """The whole table; raises as `read_table` does.

        Returns
        -------
        DataFrame, shape (rows, columns)
            As of `read_table`.
        """
        frame = guarded(self._parse, self.path, self.suffix)
        if frame.empty:
            raise no_rows(self.path)
        return self.finish(frame)

    def finish(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A table or a piece of one with checked names, and cells that are none missing.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
            As a reader gave it; its columns are replaced.

        Returns
        -------
        DataFrame, shape (rows, columns)

        Raises
        ------
        ValueError
            A column without a name, or a name that stands twice.
        """
        frame = check_header(frame, self.path)
        for name in frame.columns:
            column = frame[name] if self.is_text else with_gaps(frame[name], self.na)
            if name not in self.texts:
                column = self.text.as_numbers(column)
            if column is not frame[name]:
                frame[name] = column
        return frame

    def text_options(self, names: Sequence[Any]) -> dict[str, Any]:
        """How pandas is to read a file of text.

        Parameters
        ----------
        names : sequence
            Those in its first row, as pandas calls them.

        Returns
        -------
        dict
            Arguments of `pandas.read_csv`.
        """
        types = {name: str for name in names if str(name).strip() in self.texts}
        return {**self.text.options(), "dtype": types, "na_values": list(self.na)}

    def header(self) -> list[str]:
        """Names in the first row of a file of text.

        Returns
        -------
        list of str
            As they are written.
        """
        options = {**self.text.options(), "dtype": str, "keep_default_na": False}
        row = pd.read_csv(self.path, **options, header=None, nrows=1)
        return [str(name) for name in row.iloc[0]]

    def _parse(self) -> pd.DataFrame:
        """Leave the parsing to pandas."""
        if self.suffix == ".parquet":
            return read_parquet(self.path)
        if not self.is_text:
            return read_sheet(self.path)
        refuse_twice([name.strip() for name in self.header()], f"path={self.path}")
        names = pd.read_csv(self.path, **self.text.options(), nrows=0).columns
        return check_fields(pd.read_csv(self.path, **self.text_options(list(names))), self.path)


def read_table(
    path: str | os.PathLike[str],
    text: TextFormat | None = None,
    na: Sequence[str] = (),
    texts: Collection[str] = (),
) -> pd.DataFrame:
    """Read a table with one row of column names from a file, by its suffix.

    Parameters
    ----------
    path : path
        ``.csv`` or ``.tsv`` (also packed, ``.csv.gz``), ``.parquet``, ``.xlsx`` or ``.xls`` (first
        sheet).
    text : TextFormat, optional
        How a file of text is written; what it does not say is found out.
    na : sequence of str, optional
        Further cells that stand for a missing value.
    texts : collection of str, optional
        Columns that are read as they are written.

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

    Warns
    -----
    TableWarning
        Fields, numbers or letters are written in another way than usual.
    """
    return TableFile.find(path, text, na=na, texts=texts).read()


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
            raise TableError(
                f"path={file}: column {position} has no name; names must stand in the first row",
                INDEX if position < len(frame.columns) else TRAILING,
            )
    check_names(frame, f"path={file}")
    return frame


def guarded(read: Callable[[], Result], file: Path, suffix: str) -> Result:
    """What `read` returns; whatever a reader raises becomes one kind of error."""
    try:
        return read()
    except TableError:
        raise
    except ImportError as error:
        raise ValueError(f"path={file}: reading {suffix} needs {ENGINES[suffix]}") from error
    except pd.errors.EmptyDataError as error:
        raise no_rows(file) from error
    except UnicodeError as error:
        raise TableError(f"path={file}: {_reason(error)}", ASK_ENCODING) from error
    except pd.errors.ParserError as error:
        what = f"path={file}: cannot be read as {suffix}: {_reason(error)}"
        raise TableError(what, SEP) from error
    # The readers' own errors have no common base below Exception (zipfile, pyarrow, lxml, zlib).
    except Exception as error:
        raise ValueError(f"path={file}: cannot be read as {suffix}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return text if len(text) <= MOST_OF_A_REASON else f"{text[:MOST_OF_A_REASON]}..."


def check_fields(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    """The table; ValueError where its lines were not what pandas took them for."""
    # pandas takes what exceeds the header for row labels, silently.
    if not isinstance(frame.index, pd.RangeIndex):
        raise TableError(f"path={file}: rows have more fields than the header", SEP)
    if len(frame.columns) == 1 and (found := {*str(frame.columns[0])} & _parting(frame)):
        raise TableError(f"path={file}: has one column, whose name holds {min(found)!r}", SEP)
    return frame


def _parting(frame: pd.DataFrame) -> set[str]:
    """What parts fields, where a table of one column may hold several."""
    cells = frame.iloc[:20, 0].astype(str)
    return {*SEPARATORS, *(mark for mark in " :" if cells.str.strip().str.contains(mark).all())}
