"""What rows are read from: files, tables, arrays on disk, functions that open a stream."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from hbcd.streams.file_parts import NEEDS_ARROW
from hbcd.streams.files import Files, found_files, frame_of
from hbcd.streams.pieces import Piece
from hbcd.tables.bad_values import TableError
from hbcd.tables.encoder import TableEncoder
from hbcd.tables.frames import as_frame
from hbcd.utils.validation import as_array

__all__ = ["Source", "find_source", "with_texts"]

ONCE = (
    "is read only once, but training reads rows several times: pass a function that opens it "
    "anew, such as lambda: {what}"
)


class Source(ABC):
    """What can be read several times, in pieces."""

    #: Whether the type of a column is the same in every piece, whatever its cells.
    typed = True
    #: Whether cells are written as text, and types are read off them.
    written = False

    @abstractmethod
    def pieces(self, rows: int) -> Iterator[Piece]:
        """Pieces of at most so many rows, from the first row on, in the same order every time."""

    @property
    def rows_above(self) -> int:
        """The rows of the whole table before the first of these."""
        return 0

    def part(self, rank: int, size: int) -> Source:
        """One of so many parts that follow each other, and have every row once."""
        raise ValueError(
            f"source={self!r}: has no length, and is not divided: let each rank open its own rows"
        )

    def as_text(self, names: frozenset[str]) -> Source:
        """The same source with more columns that are read as they are written."""
        raise TableError(f"{min(names)}: holds numbers in some pieces, and text in others")


@dataclass(frozen=True, repr=False)
class FileSource(Source):
    """Files, see `Files`."""

    files: Files

    def __repr__(self) -> str:
        paths = self.files.paths
        return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more files"

    @property
    def typed(self) -> bool:  # type: ignore[override]
        """Whether the files say what their columns are."""
        return self.files.typed

    @property
    def written(self) -> bool:  # type: ignore[override]
        """Whether some file is text."""
        return not self.files.typed

    @property
    def rows_above(self) -> int:
        """As of the files."""
        return self.files.rows_above

    def part(self, rank: int, size: int) -> Source:
        """Some of the files, or of their rows."""
        return FileSource(self.files.part(rank, size))

    def pieces(self, rows: int) -> Iterator[Piece]:
        """Pieces of the files."""
        return self.files.pieces(rows)

    def as_text(self, names: frozenset[str]) -> Source:
        """With more columns as text, where the files are text."""
        if self.files.typed or names <= self.files.texts:
            return super().as_text(names)
        return FileSource(self.files.as_text(names))


@dataclass(frozen=True, repr=False)
class TableSource(Source):
    """A table that is there as a whole; with targets apart, or not.

    Attributes
    ----------
    table, target : object
    span : range or None
        The rows that are read; None: all.
    """

    table: Any
    target: Any = None
    span: range | None = None

    def __repr__(self) -> str:
        return _said(self.table)

    @property
    def rows_above(self) -> int:
        """The rows before the first that is read."""
        return 0 if self.span is None else self.span.start

    @property
    def _rows(self) -> range:
        return range(len(self.table)) if self.span is None else self.span

    def part(self, rank: int, size: int) -> Source:
        """Some of the rows."""
        rows = self._rows
        first, end = (len(rows) * k // size for k in (rank, rank + 1))
        return replace(self, span=rows[first:end])


class ArraySource(TableSource):
    """Anything with a length and slices: an array, a dataset of h5py or Zarr; or two of them."""

    def pieces(self, rows: int) -> Iterator[Piece]:
        """Slices."""
        for begin in self._rows[::rows]:
            part = slice(begin, min(begin + rows, self._rows.stop))
            target = None if self.target is None else self.target[part]
            yield Piece(as_array("source", self.table[part]), "", begin, target=target)


class FrameSource(TableSource):
    """A DataFrame, or a table of Arrow, in memory; with targets apart, or not."""

    def pieces(self, rows: int) -> Iterator[Piece]:
        """Slices."""
        frame = as_frame(self.table)
        for begin in self._rows[::rows]:
            own = slice(begin, min(begin + rows, self._rows.stop))
            target = self.target
            if target is not None:
                target = (target.iloc if hasattr(target, "iloc") else target)[own]
            yield Piece(frame.iloc[own].reset_index(drop=True), "", begin, target=target)


class OpenedSource(Source):
    """A function that opens a stream anew: of DataFrames, pairs (X, y), or an Arrow stream.

    Parameters
    ----------
    opened : callable
    """

    typed = False

    def __init__(self, opened: Callable[[], Any]) -> None:
        self.opened = opened
        self._last: Any = None  # an iterator that has been read

    def __repr__(self) -> str:
        return getattr(self.opened, "__name__", type(self.opened).__name__)

    def pieces(self, rows: int) -> Iterator[Piece]:
        """What the stream gives, cut where it gives more at a time."""
        above, found = 0, self.opened()
        try:
            for one in self._stream(found):
                if isinstance(one, tuple) and len(one) != 2:
                    raise TypeError(f"source: has a tuple of {len(one)}, must be pairs (X, y)")
                table, target = one if isinstance(one, tuple) else (one, None)
                for piece in _of_table(table, target).pieces(rows):
                    yield Piece(piece.table, "", above + piece.above, target=piece.target)
                above += len(table)
        finally:
            close = getattr(found, "close", None)
            if callable(close) and hasattr(found, "__next__"):
                close()

    def _stream(self, found: Any) -> Iterator[Any]:
        if hasattr(found, "__next__") or hasattr(found, "read_next_batch"):
            if found is self._last:
                raise ValueError(
                    "source: the function gave a stream that was read already: must open a new one"
                )
            self._last = found
        if hasattr(found, "__arrow_c_stream__") and not isinstance(found, pd.DataFrame):
            return arrow_frames(found)
        if isinstance(found, pd.DataFrame) or hasattr(found, "__array__"):
            return iter([found])
        if isinstance(found, tuple) and len(found) == 2:
            return iter([found])
        if not hasattr(found, "__iter__"):
            raise TypeError(
                f"source: the function gave a {type(found).__name__}: must open a stream of "
                "DataFrames, of pairs (X, y), or of Arrow"
            )
        return iter(found)


class ArrowSource(TableSource):
    """A table that gives the same Arrow stream every time."""

    def part(self, rank: int, size: int) -> Source:
        """Some of the rows, where the table has a length and can be cut."""
        if not (hasattr(self.table, "__len__") and hasattr(self.table, "slice")):
            return Source.part(self, rank, size)
        return super().part(rank, size)

    def pieces(self, rows: int) -> Iterator[Piece]:
        """Pieces of the batches."""
        own, above = self.table, self.rows_above
        if self.span is not None:
            own = own.slice(above, len(self.span))
        for piece in OpenedSource(lambda: own).pieces(rows):
            yield replace(piece, above=piece.above + above)


def _said(table: Any) -> str:
    """A table, in a few words."""
    shape = getattr(table, "shape", None)
    return type(table).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")


def arrow_frames(stream: Any) -> Iterator[pd.DataFrame]:
    """The batches of an Arrow stream as DataFrames."""
    try:
        import pyarrow
    except ImportError as error:
        raise TableError(
            f"source: reading a {type(stream).__name__} needs {NEEDS_ARROW}"
        ) from error
    reader = pyarrow.RecordBatchReader.from_stream(stream)
    return (frame_of(batch) for batch in reader if batch.num_rows)


def with_texts(source: Source, encoder: TableEncoder | None) -> Source:
    """The source whose columns are read as a model knows them: levels as they are written."""
    if encoder is None or not source.written:
        return source
    texts = frozenset(name for name, levels in encoder.columns if levels is not None)
    return source.as_text(texts) if texts else source


def find_source(source: Any) -> Source:
    """What rows are read from, by what was given.

    Raises
    ------
    TypeError
        A stream that is read once, or something else that has no rows.
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, Files):
        return FileSource(source)
    if isinstance(source, (str, os.PathLike)) or _are_paths(source):
        return FileSource(Files(found_files(source)))
    if callable(source) and not hasattr(source, "__getitem__"):
        return OpenedSource(source)
    if isinstance(source, tuple) and len(source) == 2:
        return _of_table(*source)
    if hasattr(source, "__next__") or hasattr(source, "read_next_batch"):
        kind = type(source).__name__
        raise TypeError(f"source: a {kind} " + ONCE.format(what="open_it()"))
    return _of_table(source, None)


def _are_paths(source: Any) -> bool:
    some = isinstance(source, (list, tuple)) and len(source) > 0
    return some and all(isinstance(one, (str, os.PathLike)) for one in source)


def _of_table(table: Any, target: Any) -> Source:
    if hasattr(table, "toarray"):
        raise TypeError("source: sparse data is not supported: toarray() makes it dense")
    axes = len(getattr(table, "shape", (0, 0)))
    if axes != 2:
        raise ValueError(f"source: has {axes} axes, must have 2, rows and columns")
    if hasattr(table, "__len__") and hasattr(target, "__len__") and len(target) != len(table):
        raise ValueError(f"source: has {len(table)} rows and {len(target)} targets")
    if isinstance(table, pd.DataFrame):
        return FrameSource(table, target)
    if hasattr(table, "__arrow_c_stream__"):
        return ArrowSource(table) if target is None else FrameSource(table, target)
    if hasattr(table, "__getitem__") and hasattr(table, "__len__") and hasattr(table, "shape"):
        return ArraySource(table, target)
    raise TypeError(
        f"source: a {type(table).__name__} must be files, a table, an array of two axes, a pair of "
        "these, or a function that opens a stream of them"
    )
