"""Which rows of which files are a part of a table that lies in files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

from hbcd.tables.bad_values import TableError
from hbcd.tables.files import guarded

__all__ = ["ARROW", "NEEDS_ARROW", "TEXT", "FilePart", "arrow_batches", "file_parts"]

ARROW = (".arrow", ".feather", ".ipc")
TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
NEEDS_ARROW = "pyarrow: pip install hbcd[arrow]"


@dataclass(frozen=True)
class FilePart:
    """Some rows of a file.

    Attributes
    ----------
    path : Path
    begin : int
    end : int or None
        None: to the end of the file.
    """

    path: Path
    begin: int = 0
    end: int | None = None


def file_parts(paths: Sequence[Path], low: Fraction, high: Fraction) -> list[FilePart]:
    """What lies between two shares of the bytes of all files, in order.

    A file that knows its number of rows is cut between rows.  Another one, such as text, goes whole
    to where its middle is.  So parts that follow each other have every row once.

    Parameters
    ----------
    paths : sequence of Path
    low, high : Fraction
        From 0 to 1.
    """
    if low == 0 and high == 1:
        return [FilePart(path) for path in paths]
    sizes = [max(path.stat().st_size, 1) for path in paths]
    found = []
    for path, size, after in zip(paths, sizes, accumulate(sizes), strict=True):
        first, share = Fraction(after - size, sum(sizes)), Fraction(size, sum(sizes))
        if first >= high or first + share <= low:
            continue
        rows = None if path.name.lower().endswith(TEXT) else _rows(path)
        if rows is None:
            if low <= first + share / 2 < high:
                found.append(FilePart(path))
            continue
        of_file = (max(low - first, Fraction(0)), min(high - first, share))
        begin, end = (int(rows * at / share) for at in of_file)
        if begin < end:
            found.append(FilePart(path, begin, end))
    return found


def _rows(path: Path) -> int | None:
    """How many rows a file says it has; None of a stream of Arrow."""
    opened = guarded(lambda: _opened(path), path, path.suffix)
    if path.suffix.lower() == ".parquet":
        return int(opened.metadata.num_rows)
    if not hasattr(opened, "num_record_batches"):
        return None
    return sum(int(opened.get_batch(k).num_rows) for k in range(opened.num_record_batches))


def _opened(path: Path) -> Any:
    """A file of parquet or Arrow, or a stream of it."""
    try:
        import pyarrow
    except ImportError as error:
        raise TableError(f"path={path}: reading {path.suffix} needs {NEEDS_ARROW}") from error
    if path.suffix.lower() == ".parquet":
        from pyarrow import parquet

        # Pages are read as they are needed, not a whole group of rows at once.
        return parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    source = pyarrow.memory_map(str(path))
    try:
        return pyarrow.ipc.open_file(source)
    except pyarrow.ArrowInvalid:
        return pyarrow.ipc.open_stream(source)


def arrow_batches(part: FilePart, rows: int) -> Iterator[tuple[int, Any]]:
    """The rows of a part of a file of parquet or Arrow, in batches of at most so many.

    Yields
    ------
    above : int
        Rows before the batch in the file.
    batch : pyarrow.RecordBatch
    """
    path = part.path
    above, batches = guarded(lambda: _batches(part, rows), path, path.suffix)
    while (batch := guarded(lambda: next(batches, None), path, path.suffix)) is not None:
        end = batch.num_rows if part.end is None else min(part.end - above, batch.num_rows)
        for begin in range(max(part.begin - above, 0), end, rows):
            yield above + begin, batch.slice(begin, min(rows, end - begin))
        above += batch.num_rows


def _batches(part: FilePart, rows: int) -> tuple[int, Iterator[Any]]:
    """The rows above those that are read, and the batches."""
    file = _opened(part.path)
    if part.path.suffix.lower() == ".parquet":
        groups, above = _groups(part, file.metadata)
        return above, iter(file.iter_batches(batch_size=rows, row_groups=groups, use_threads=False))
    if hasattr(file, "num_record_batches"):
        return 0, (file.get_batch(k) for k in range(file.num_record_batches))
    return 0, iter(file)


def _groups(part: FilePart, metadata: Any) -> tuple[list[int], int]:
    """The groups of rows of a file of parquet that a part has some of, and the rows above them."""
    found, above, begin = [], 0, 0
    for group in range(metadata.num_row_groups):
        end = begin + metadata.row_group(group).num_rows
        if end <= part.begin:
            above = end
        elif part.end is None or begin < part.end:
            found.append(group)
        begin = end
    return found, above
