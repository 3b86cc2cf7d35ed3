"""Reads a table piece by piece, so that it need not fit into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from hbcd.tables.files import (
    check_fields,
    check_header,
    find_table,
    guarded,
    no_rows,
    read_table,
    text_options,
)

__all__ = ["read_chunks"]


def read_chunks(
    path: str | os.PathLike[str], rows: int, levels: Collection[str]
) -> Iterator[pd.DataFrame]:
    """Read a table in pieces that together hold what `read_table` gives.

    Parameters
    ----------
    path : path
        As in `read_table`.  A spreadsheet is one piece: its readers take all of it at once.
    rows : int
        Of a piece, at most.
    levels : collection of str
        Columns whose values are compared as text.  In a file of text they are looked through
        first: whether ``01`` is a number or a text depends on the whole column.

    Yields
    ------
    DataFrame
        At least one, each of at least one row; names as in `read_table`.

    Raises
    ------
    FileNotFoundError
        There is no such file; raised by the call.
    ValueError
        As in `read_table`; raised when the piece is asked for.
    """
    file, suffix = find_table(path)
    if suffix == ".parquet":
        return _checked(lambda: _parquet(file, rows), file, suffix)
    if suffix in (".xlsx", ".xls"):
        return iter([read_table(path)])
    return _text(file, suffix, rows, levels)


def _checked(
    start: Callable[[], Iterator[pd.DataFrame]], file: Path, suffix: str
) -> Iterator[pd.DataFrame]:
    """The pieces with good headers and without errors of a reader's own kind."""
    pieces = guarded(start, file, suffix)
    found = False
    while (piece := guarded(lambda: next(pieces, None), file, suffix)) is not None:
        if len(piece):
            found = True
            yield check_header(piece, file)
    if not found:
        raise no_rows(file)


def _parquet(file: Path, rows: int) -> Iterator[pd.DataFrame]:
    from pyarrow import parquet

    for batch in parquet.ParquetFile(file).iter_batches(batch_size=rows):
        yield batch.to_pandas().reset_index(drop=True)


def _text(file: Path, suffix: str, rows: int, levels: Collection[str]) -> Iterator[pd.DataFrame]:
    kinds: dict[str, set[str]] = {}
    if levels:
        for piece in _checked(lambda: _lines(file, suffix, rows, {}), file, suffix):
            for name in levels:
                if name in piece.columns:
                    kinds.setdefault(name, set()).update(_kind(piece[name]))
    mixed = {name for name, found in kinds.items() if len(found) > 1}
    yield from _checked(lambda: _lines(file, suffix, rows, mixed), file, suffix)


def _lines(file: Path, suffix: str, rows: int, texts: Collection[str]) -> Iterator[pd.DataFrame]:
    """Pieces as pandas reads them; columns named in `texts` stay as they are written."""
    options = text_options(suffix)
    names = pd.read_csv(file, **options, nrows=0).columns
    types: dict[Any, Any] = {name: str for name in names if str(name).strip() in texts}
    with pd.read_csv(file, **options, chunksize=rows, dtype=types) as pieces:
        for piece in pieces:
            yield check_fields(piece)


def _kind(column: pd.Series) -> set[str]:
    """What pandas took the values for; nothing where all are missing."""
    if column.isna().all():
        return set()
    if pd.api.types.infer_dtype(column, skipna=True) == "boolean":
        return {"truth"}
    return {"number" if pd.api.types.is_numeric_dtype(column.dtype) else "text"}
