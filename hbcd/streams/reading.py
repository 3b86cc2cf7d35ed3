"""From the pieces of a table to stored numbers: learn what columns are, then read them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.networks.row_source import Tables
from hbcd.streams.column_scan import ColumnScan, TypesDifferError
from hbcd.streams.parts import Readable, split_piece
from hbcd.streams.pieces import Piece
from hbcd.streams.rows_of_ranks import beside, shared
from hbcd.streams.sources import Source, with_texts
from hbcd.streams.stored_columns import filled, warn_of_numbers
from hbcd.streams.storing import PrecisionError, Stored, frame_of_target, positions, stored
from hbcd.streams.targets import NumberTargets, TargetReader, single_precision
from hbcd.tables.bad_values import BadValueError
from hbcd.tables.columns import NEW, PIECE
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.ranks import Ranks, check_alike
from hbcd.utils.stored_table import StoredTable

__all__ = ["ReadRows", "read_numbers", "read_rows"]

Array = NDArray[Any]


@dataclass(frozen=True)
class ReadRows:
    """All rows of a table, as numbers.

    Attributes
    ----------
    x, y : ndarray or StoredTable, (rows, features) and (rows, outputs)
    weight : ndarray of shape (rows,) or None
    encoder : TableEncoder or None
    """

    x: Any
    y: Any
    weight: Array | None
    encoder: TableEncoder | None


def read_rows(
    rows: Readable,
    target: TargetReader,
    *,
    encoder: TableEncoder | None = None,
    fitted: bool = False,
    columns: int | None = None,
    missing: str = "error",
    dates: str = "error",
    ranks: Ranks | None = None,
) -> ReadRows:
    """Reads all rows.

    Parameters
    ----------
    rows : Rows
    target : TargetReader
    encoder : TableEncoder or None
        How columns become features, where that is known:
    fitted : bool
        True: as `encoder` says, also where it is None.
    columns : int, optional
        Features that there must be.
    missing, dates : str
        As of the estimators.
    ranks : Ranks, optional
        Those whose rows these are, one after another; each reads its own.

    Raises
    ------
    ValueError
        No rows, columns that differ from piece to piece, or cells that are no numbers; file, row
        and column are named.
    """
    source = with_texts(rows.source, encoder)
    if ranks is not None:
        rows = beside(rows, ranks)
        types = "from the source" if source.typed else "from the cells"
        facts = {"target": rows.target_names, "types of columns": types}
        if np.ndim(rows.sample_weight) == 0:
            facts["sample_weight"] = rows.sample_weight
        check_alike(ranks, facts)
    first = _first(rows, source, ranks)
    while True:
        try:
            if not fitted:
                encoder = _learned(rows, source, first, target, missing, dates, ranks)
            elif target.looks:
                _look(rows, source, first, target, ranks)
            break
        except TypesDifferError as error:
            source = source.as_text(frozenset({error.column}))
            first = _first(rows, source, ranks)
    names, role = first.names, NEW if fitted else PIECE
    parts = split_piece(rows, first, names)
    short = encoder is None or not (encoder.dates or encoder.fills)
    short = short and single_precision(parts.inputs)
    short = short and single_precision(frame_of_target(parts.target))
    found = _stored(rows, source, names, target, encoder, role, columns, ranks, short=short)
    store, (p, o) = found.store, found.widths
    inputs = StoredTable(store, 0, p, found.dtypes[0])
    outputs = StoredTable(store, p, o, found.dtypes[1])
    if encoder is not None and not fitted:
        warn_of_numbers(inputs, encoder)
        encoder, inputs = filled(inputs, encoder)
    held = found.held
    return ReadRows(
        inputs[:] if held else inputs, outputs[:] if held else outputs, found.weight, encoder
    )


def _first(rows: Readable, source: Source, ranks: Ranks | None) -> Piece:
    """The first piece, on every rank that of the first one that has rows."""
    first = next(rows.pieces(source), None)
    if ranks is not None:
        own = first
        if own is not None:  # what it says of the columns
            own = replace(own, table=own.table[:1], file=None, numbers=None)
            own = own if own.target is None else replace(own, target=own.target[:1])
        some = [one for one in ranks.gather(own) if one is not None]
        first = some[0] if some else None
    if first is None:
        raise ValueError(f"source={rows.source!r}: must have at least one row")
    return first


def _stored(
    rows: Readable, source: Source, names: list[str] | None, target: TargetReader, encoder: Any,
    role: Any, columns: int | None, ranks: Ranks | None, *, short: bool,
) -> Stored:  # fmt: skip
    """All rows, of all ranks; once more in float64 where a piece asks for it."""
    how = rows, source, names, target, encoder, role, columns
    found, failed = Stored(None), False
    try:
        found = stored(*how, short=short)
    except PrecisionError:
        failed = True
    if failed if ranks is None else any(ranks.gather(failed)):
        short = False
        found = stored(*how, short=short)
    if ranks is not None:
        target.join(ranks.gather(target))
        return shared(ranks, rows, found, short=short)
    if found.store is None:
        raise ValueError("source: must have at least one row")
    return found


def _seen(
    work: Callable[[], None],
    scans: list[ColumnScan],
    target: TargetReader,
    ranks: Ranks | None,
) -> None:
    """What `work` sees of the pieces, in scans and target; of all ranks."""
    if ranks is None:
        return work()
    error = None
    try:
        work()
    except TypesDifferError as found:
        error = found
    met = ranks.gather((error, scans, target))
    try:
        for one in met:
            if one[0] is not None:
                raise one[0]
        for k, scan in enumerate(scans):
            vars(scan).update(vars(met[0][1][k]))
            for _, others, _ in met[1:]:
                scan.join(others[k])
        target.join([one[2] for one in met])
    except TypesDifferError:
        target.join([])
        raise
    return None


def _learned(
    rows: Readable,
    source: Source,
    first: Piece,
    target: TargetReader,
    missing: str,
    dates: str,
    ranks: Ranks | None,
) -> TableEncoder | None:
    """How columns become features; None for those of an array that has no gaps."""
    inputs = split_piece(rows, first, first.names).inputs
    named = isinstance(inputs, pd.DataFrame) and any(isinstance(n, str) for n in inputs.columns)
    gaps = missing == "indicator"
    if not named and not gaps:
        if target.looks:
            _look(rows, source, first, target, ranks)
        return None
    names = list(inputs.columns) if named else [f"x{k}" for k in range(inputs.shape[1])]
    numbers = named and all(
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
        for kind in inputs.dtypes
    )
    if source.typed and numbers and not gaps and not target.looks and dates == "error":
        return TableEncoder(tuple((name, None) for name in names))
    scans = [ColumnScan(name) for name in names]

    def look() -> None:
        for piece in rows.pieces(source):
            part = split_piece(rows, piece, first.names)
            frame = part.inputs if named else positions(part.inputs)
            with piece.told():
                for scan in scans:
                    scan.add(frame[scan.name], piece, gaps=gaps)
            if target.looks:
                target.look(part.target, piece)

    _seen(look, scans, target, ranks)
    learned = []
    for scan in scans:
        try:
            learned.append(scan.learned(dates=dates == "features"))
        except BadValueError as error:
            raise _placed(error, scan.different[error.row], rows, source, first) from None
    encoder = TableEncoder(
        tuple((scan.name, levels) for scan, (levels, _) in zip(scans, learned, strict=True)),
        {
            scan.name: np.nan if levels is None and times is None else None
            for scan, (levels, times) in zip(scans, learned, strict=True)
            if scan.gaps
        },
        named,
        {s.name: times for s, (_, times) in zip(scans, learned, strict=True) if times is not None},
    )
    if not encoder.feature_names:
        raise ValueError("source: must have a column that is not the target and not one text")
    return encoder


def _placed(
    error: BadValueError, cell: Any, rows: Readable, source: Source, first: Piece
) -> BadValueError:
    """The error about a cell of a column, with the first row that has it."""
    for piece in rows.pieces(source):
        inputs = split_piece(rows, piece, first.names).inputs
        column = inputs[error.column] if isinstance(inputs, pd.DataFrame) else pd.Series()
        at = np.flatnonzero(column == cell)
        if at.size:
            error.row = int(at[0])
            try:
                with piece.told():
                    raise error
            except BadValueError as placed:
                return placed
    return error


def _look(
    rows: Readable, source: Source, first: Piece, target: TargetReader, ranks: Ranks | None
) -> None:
    def look() -> None:
        for piece in rows.pieces(source):
            target.look(split_piece(rows, piece, first.names).target, piece)

    _seen(look, [], target, ranks)


def read_numbers(rows: Readable, ranks: Ranks | None = None) -> Tables:
    """Rows whose columns all are numbers."""
    found = read_rows(rows, NumberTargets(), ranks=ranks)
    encoder = found.encoder
    if encoder is not None:
        other = [name for name, levels in encoder.columns if levels is not None]
        if other:
            raise ValueError(f"{other[0]}: must hold numbers; an estimator makes numbers of text")
    return found.x, found.y, found.weight
