"""Files whose rows are read in pieces: parquet, Arrow IPC and text, one or many of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hbcd.streams.pieces import Piece
from hbcd.tables.bad_values import TableError
from hbcd.tables.chunks import read_chunks
from hbcd.tables.files import TableFile, check_header, guarded
from hbcd.tables.text_format import TextFormat

__all__ = ["NEEDS_ARROW", "Files", "found_files", "frame_of", "is_pattern"]

ARROW: Final = (".arrow", ".feather", ".ipc")
TEXT: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
NEEDS_ARROW: Final = "pyarrow: pip install hbcd[arrow]"


def is_pattern(name: str) -> bool:
    """Whether a name stands for several files: a pattern, or a folder that has some."""
    folder = os.path.expanduser(name)
    if os.path.isdir(folder):
        return any(_is_known(Path(file)) for file in os.listdir(folder))
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
            files = [Path(name, file) for file in sorted(os.listdir(name))]
            several = [file for file in files if _is_known(file)]
        else:
            several = [Path(file) for file in sorted(glob.glob(name, recursive=True))]
        if not several and os.path.exists(name) and not os.path.isdir(name):
            several = [Path(name)]  # a name with marks of a pattern in it
        if not several:
            raise FileNotFoundError(f"source={name}: no file of a table is there")
        found += several
    for file in found:
        if not _is_known(file):
            known = ", ".join((".parquet", *ARROW, *TEXT))
            raise ValueError(f"source={file}: must end in one of {known} to be read in pieces")
        if not file.is_file():
            raise FileNotFoundError(f"source={file}: must be a file that exists")
    return found


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
    """

    paths: list[Path]
    text: TextFormat | None = None
    na: Sequence[str] = ()
    texts: frozenset[str] = frozenset()

    @property
    def typed(self) -> bool:
        """Whether the files themselves say what their columns are."""
        return not any(path.name.lower().endswith(TEXT) for path in self.paths)

    def as_text(self, names: frozenset[str]) -> Files:
        """The same files with more columns that are read as they are written."""
        return replace(self, texts=self.texts | names)

    def pieces(self, rows: int) -> Iterator[Piece]:
        """Pieces of at most so many rows."""
        for path in self.paths:
            if path.name.lower().endswith(TEXT):
                file = TableFile.find(path, self.text, na=self.na, texts=self.texts)
                above = 0
                for frame in read_chunks(file, rows):
                    yield Piece(frame, str(path), above, file)
                    above += len(frame)
            else:
                yield from self._arrow(path, rows)

    def _arrow(self, path: Path, rows: int) -> Iterator[Piece]:
        batches = guarded(lambda: _batches(path, rows), path, path.suffix)
        above = 0
        while (batch := guarded(lambda: next(batches, None), path, path.suffix)) is not None:
            for begin in range(0, batch.num_rows, rows):
                frame = frame_of(batch.slice(begin, rows))
                yield Piece(check_header(frame, path), str(path), above)
                above += len(frame)


def _batches(path: Path, rows: int) -> Iterator[Any]:
    try:
        import pyarrow
    except ImportError as error:
        raise TableError(f"path={path}: reading {path.suffix} needs {NEEDS_ARROW}") from error
    if path.suffix.lower() == ".parquet":
        from pyarrow import parquet

        # Pages are read as they are needed, not a whole group of rows at once.
        file = parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
        return iter(file.iter_batches(batch_size=rows, use_threads=False))
    source = pyarrow.memory_map(str(path))
    try:
        reader = pyarrow.ipc.open_file(source)
    except pyarrow.ArrowInvalid:
        return iter(pyarrow.ipc.open_stream(source))
    return (reader.get_batch(k) for k in range(reader.num_record_batches))


def frame_of(batch: Any) -> pd.DataFrame:
    """A batch of Arrow as a DataFrame."""
    frame: pd.DataFrame = batch.to_pandas()
    return frame.reset_index(drop=True)
