"""Reads a table piece by piece, so that it need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from hbcd.tables.files import TableFile, check_fields, guarded, no_rows
from hbcd.tables.names import refuse_twice

__all__ = ["read_chunks"]


def read_chunks(file: TableFile, rows: int, *, empty: bool = False) -> Iterator[pd.DataFrame]:
    """Read a table in pieces that together hold what `TableFile.read` gives.

    Parameters
    ----------
    file : TableFile
        A spreadsheet is one piece: its readers take all of it at once.
    rows : int
        Of a piece, at most.
    empty : bool, default False
        Whether a file of no rows is no piece; else it is an error.

    Yields
    ------
    DataFrame
        Each of at least one row; names as in `read_table`.

    Raises
    ------
    ValueError
        As in `read_table`; raised when the piece is asked for.
    """
    if file.suffix == ".parquet":
        return _checked(lambda: _parquet(file, rows), file, empty=empty)
    if not file.is_text:
        return iter([file.read()])
    return _checked(lambda: _lines(file, rows), file, empty=empty)


def _checked(
    start: Callable[[], Iterator[pd.DataFrame]], file: TableFile, *, empty: bool
) -> Iterator[pd.DataFrame]:
    """The pieces with good headers and without errors of a reader's own kind."""
    pieces = guarded(start, file.path, file.suffix)
    found = False
    while (piece := guarded(lambda: next(pieces, None), file.path, file.suffix)) is not None:
        if len(piece):
            found = True
            yield file.finish(piece)
    if not found and not empty:
        raise no_rows(file.path)


def _parquet(file: TableFile, rows: int) -> Iterator[pd.DataFrame]:
    from pyarrow import parquet

    for batch in parquet.ParquetFile(file.path).iter_batches(batch_size=rows):
        yield batch.to_pandas().reset_index(drop=True)


def _lines(file: TableFile, rows: int) -> Iterator[pd.DataFrame]:
    """Pieces as pandas reads them; columns that a model knows as text stay as they are written."""
    refuse_twice([name.strip() for name in file.header()], f"path={file.path}")
    names = pd.read_csv(file.path, **file.text.options(), nrows=0).columns
    with pd.read_csv(file.path, **file.text_options(list(names)), chunksize=rows) as pieces:
        for piece in pieces:
            yield check_fields(piece, file.path)
