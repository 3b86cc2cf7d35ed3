"""Files whose rows are read in pieces: parquet, Arrow IPC and text, one or many of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from hbcd.streams.file_parts import ARROW, TEXT, FilePart, arrow_batches, file_parts
from hbcd.streams.pieces import Piece
from hbcd.tables.chunks import read_chunks
from hbcd.tables.files import TableFile, check_header
from hbcd.tables.text_format import TextFormat

__all__ = ["Files", "found_files", "frame_of", "is_pattern"]

MANY = 1 << 16  # rows of text that are counted at a time


def is_pattern(name: str) -> bool:
    """Whether a name stands for several files: a pattern, or a folder that has some."""
    folder = os.path.expanduser(name)
    if os.path.isdir(folder):
        return bool(_listed(folder))
    return glob.has_magic(name) and not os.path.exists(folder)


def found_files(source: Any) -> list[Path]:
    """The files that a path, a pattern, a folder or a list of these names, patterns in order.

    Raises
    ------
    FileNotFoundError
        None, or one that is not there.
    ValueError
        One of a kind that is not read in pieces.
    """
    wanted = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    found: list[Path] = []
    for one in wanted:
        name = os.path.expanduser(os.fspath(one))
        if os.path.isdir(name):
            several = _listed(name)
        else:
            several = [Path(file) for file in sorted(glob.glob(name, recursive=True))]
        if not several and os.path.exists(name) and not os.path.isdir(name):
            several = [Path(name)]  # a name with marks of a pattern in it
        if not several:
            raise FileNotFoundError(f"source={name}: no file of a table is there")
        kinds = sorted({_kind(file) for file in several if _is_known(file)})
        if len(kinds) > 1:  # as a rule the same rows twice
            raise ValueError(
                f"source={name}: is files of {' and of '.join(kinds)}: must be of one kind; "
                "a list of paths may have several"
            )
        found += several
    seen: set[Path] = set()
    for file in found:
        if file.resolve() in seen:
            raise ValueError(f"source={file}: must be named once, its rows would be read twice")
        seen.add(file.resolve())
        if not _is_known(file):
            known = ", ".join((".parquet", *ARROW, *TEXT))
            raise ValueError(f"source={file}: must end in one of {known} to be read in pieces")
        if not file.is_file():
            raise FileNotFoundError(f"source={file}: must be a file that exists")
    return found


def _listed(folder: str) -> list[Path]:
    """The files of a folder; names like .tables.csv and _temporary.csv are nobody's data."""
    names = sorted(name for name in os.listdir(folder) if not name.startswith((".", "_")))
    return [file for file in (Path(folder, name) for name in names) if _is_known(file)]


def _kind(file: Path) -> str:
    suffix = file.suffix.lower()
    return "parquet" if suffix == ".parquet" else "Arrow" if suffix in ARROW else "text"


def _is_known(file: Path) -> bool:
    return file.name.lower().endswith((".parquet", *ARROW, *TEXT))


@dataclass(frozen=True)
class Files:
    """Files as one table, one below the other.

    Attributes
    ----------
    paths : list of Path
    text : TextFormat or None
        How files of text are written, as far as it is known.
    na : sequence of str
        Cells that stand for a missing value.
    texts : frozenset of str
        Columns of files of text that are read as they are written.
    low, high : Fraction
        From which share of the files to which one, see `file_parts`.
    """

    paths: list[Path]
    text: TextFormat | None = None
    na: Sequence[str] = ()
    texts: frozenset[str] = frozenset()
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)

    @property
    def typed(self) -> bool:
        """Whether the files themselves say what their columns are."""
        return not any(path.name.lower().endswith(TEXT) for path in self.paths)

    def as_text(self, names: frozenset[str]) -> Files:
        """The same files with more columns that are read as they are written."""
        return replace(self, texts=self.texts | names)

    def part(self, rank: int, size: int) -> Files:
        """One of so many parts that follow each other."""
        width = (self.high - self.low) / size
        low = self.low + width * rank
        return replace(self, low=low, high=low + width)

    @cached_property
    def rows_above(self) -> int:
        """The rows of the files before the first of this part; those of text are read for it."""
        if self.low == 0:
            return 0
        return sum(
            sum(map(len, self._read(part, MANY))) if part.end is None else part.end - part.begin
            for part in file_parts(self.paths, Fraction(0), self.low)
        )

    def pieces(self, rows: int) -> Iterator[Piece]:
        """Pieces of at most so many rows."""
        for part in file_parts(self.paths, self.low, self.high):
            yield from self._read(part, rows)

    def _read(self, part: FilePart, rows: int) -> Iterator[Piece]:
        path = part.path
        if not path.name.lower().endswith(TEXT):
            for above, batch in arrow_batches(part, rows):
                yield Piece(check_header(frame_of(batch), path), str(path), above)
            return
        file = TableFile.find(path, self.text, na=self.na, texts=self.texts)
        above = 0
        for frame in read_chunks(file, rows, empty=len(self.paths) > 1):
            yield Piece(frame, str(path), above, file)
            above += len(frame)


def frame_of(batch: Any) -> pd.DataFrame:
    """A batch of Arrow as a DataFrame."""
    frame: pd.DataFrame = batch.to_pandas()
    return frame.reset_index(drop=True)
