"""From the pieces of a table to stored numbers: learn what columns are, then read them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.networks.row_source import Tables
from hbcd.streams.column_scan import ColumnScan, TypesDifferError, check_types
from hbcd.streams.parts import Readable, split_piece
from hbcd.streams.pieces import Piece
from hbcd.streams.sources import Source, with_texts
from hbcd.streams.stored_columns import filled, warn_of_numbers
from hbcd.streams.targets import NumberTargets, TargetReader, single_precision
from hbcd.tables.columns import INPUT, NEW, Role, to_numbers
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.row_store import RowStore
from hbcd.utils.stored_table import StoredTable
from hbcd.utils.validation import as_matrix

__all__ = ["ReadRows", "read_numbers", "read_rows"]

Array = NDArray[Any]
FEW = 1000  # rows that are always in memory: they are sorted there


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


class PrecisionError(Exception):
    """A piece has numbers that float32 does not hold, other than the first one."""


def read_rows(
    rows: Readable,
    target: TargetReader,
    *,
    encoder: TableEncoder | None = None,
    fitted: bool = False,
    columns: int | None = None,
    missing: str = "error",
    dates: str = "error",
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

    Raises
    ------
    ValueError
        No rows, columns that differ from piece to piece, or cells that are no numbers; file, row
        and column are named.
    """
    source = with_texts(rows.source, encoder)
    first = next(rows.pieces(source), None)
    if first is None:
        raise ValueError(f"source={rows.source!r}: must have at least one row")
    while True:
        try:
            if not fitted:
                encoder = _learned(rows, source, first, target, missing, dates)
            elif target.looks:
                _look(rows, source, target)
            break
        except TypesDifferError as error:
            source = source.as_text(frozenset({error.column}))
            first = next(rows.pieces(source))
    names, role = first.names, NEW if fitted else INPUT
    parts = split_piece(rows, first, names)
    short = encoder is None or not (encoder.dates or encoder.fills)
    short = short and single_precision(parts.inputs) and single_precision(_frame(parts.target))
    try:
        return _stored(rows, source, names, target, encoder, role, columns, short=short)
    except PrecisionError:
        return _stored(rows, source, names, target, encoder, role, columns, short=False)


def _frame(target: Any) -> Any:
    return target.to_frame() if isinstance(target, pd.Series) else target


def _learned(
    rows: Readable, source: Source, first: Piece, target: TargetReader, missing: str, dates: str
) -> TableEncoder | None:
    """How columns become features; None for those of an array that has no gaps."""
    inputs = split_piece(rows, first, first.names).inputs
    named = isinstance(inputs, pd.DataFrame) and any(isinstance(n, str) for n in inputs.columns)
    gaps = missing == "indicator"
    if not named and not gaps:
        if target.looks:
            _look(rows, source, target)
        return None
    names = list(inputs.columns) if named else [f"x{k}" for k in range(inputs.shape[1])]
    numbers = named and all(
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
        for kind in inputs.dtypes
    )
    if source.typed and numbers and not gaps and not target.looks and dates == "error":
        return TableEncoder(tuple((name, None) for name in names))
    scans = [ColumnScan(name) for name in names]
    for piece in rows.pieces(source):
        part = split_piece(rows, piece, first.names)
        frame = part.inputs if named else _positions(part.inputs)
        with piece.told():
            for scan in scans:
                scan.add(frame[scan.name], piece, gaps=gaps)
        if target.looks:
            target.look(part.target, piece)
    learned = [scan.learned(dates=dates == "features") for scan in scans]
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


def _look(rows: Readable, source: Source, target: TargetReader) -> None:
    names: list[str] | None = None
    for k, piece in enumerate(rows.pieces(source)):
        names = piece.names if k == 0 else names
        target.look(split_piece(rows, piece, names).target, piece)


def _positions(table: Any) -> pd.DataFrame:
    plain = as_matrix("X", np.asarray(table), gaps=True)
    return pd.DataFrame(plain, columns=[f"x{k}" for k in range(plain.shape[1])])


def _stored(
    rows: Readable,
    source: Source,
    names: list[str] | None,
    target: TargetReader,
    encoder: TableEncoder | None,
    role: Role,
    columns: int | None,
    *,
    short: bool,
) -> ReadRows:
    """All rows in a store, as float32 where that is exact."""
    store: RowStore | None = None
    weights: list[Array] = []
    types: dict[str, ColumnScan] = {}
    x_type: Any = np.float64
    y_type: Any = np.float64
    p = o = 0
    for piece in rows.pieces(source):
        part = split_piece(rows, piece, names)
        if source.typed and names is not None:
            check_types(types, piece)
        if short and not (single_precision(part.inputs) and single_precision(_frame(part.target))):
            raise PrecisionError
        with piece.told():
            x = features_of(part.inputs, encoder, piece, role)
            y = target.read(part.target, piece)
        if columns is not None and x.shape[1] != columns:
            raise ValueError(f"X: has {x.shape[1]} columns, must have {columns}")
        if store is None:
            p, o = x.shape[1], y.shape[1]
            x_type = np.float64 if encoder is not None else x.dtype
            y_type = y.dtype
            store = RowStore(
                p + o, np.float32 if short else np.float64, rows.memory_bytes // 2, rows.folder
            )
        if (x.shape[1], y.shape[1]) != (p, o):
            raise ValueError(
                f"{piece.name or piece.row(0)}: has {x.shape[1]} inputs and {y.shape[1]} targets, "
                f"must have {p} and {o}"
            )
        block = np.empty((len(x), p + o), store.dtype)
        block[:, :p], block[:, p:] = x, y
        store.append(block)
        if part.weight is not None:
            weights.append(_weights(part.weight, piece))
    if store is None:
        raise ValueError("source: must have at least one row")
    store.finish()
    inputs, outputs = StoredTable(store, 0, p, x_type), StoredTable(store, p, o, y_type)
    if encoder is not None and role is INPUT:
        warn_of_numbers(inputs, encoder)
        encoder, inputs = filled(inputs, encoder)
    held = store.in_memory or store.rows <= FEW
    weight = np.concatenate(weights) if weights else _given_weight(rows, store.rows)
    return ReadRows(inputs[:] if held else inputs, outputs[:] if held else outputs, weight, encoder)


def features_of(inputs: Any, encoder: TableEncoder | None, piece: Piece, role: Role) -> Array:
    """The features of a piece."""
    if encoder is None:
        plain = inputs.to_numpy() if isinstance(inputs, pd.DataFrame) else inputs
        table = as_matrix("X", plain, finite=False)
        good = np.isfinite(table)
        if not good.all():
            at, column = np.unravel_index(int(np.argmin(good)), good.shape)
            what = "missing (NaN)" if np.isnan(table[at, column]) else "infinite"
            raise ValueError(f"X[:, {column}]: {piece.row(int(at))} is {what}: must be a number")
        return table
    if not encoder.named:
        return encoder.encode(_positions(inputs), role)
    if encoder.feature_names == list(inputs.columns) and single_precision(inputs):
        numbers: Array = inputs.to_numpy(np.float32, na_value=np.nan)
        if np.isfinite(numbers).all():  # else the columns are looked at one by one, for the message
            return numbers
        for name in inputs.columns:
            to_numbers(inputs[name], role=role)
    return encoder.encode(inputs, role)


def _weights(values: Any, piece: Piece) -> Array:
    weight = as_matrix("sample_weight", np.asarray(values)[:, np.newaxis], finite=False)[:, 0]
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"sample_weight={weight[at]:g}: {piece.row(at)}: must be at least 0")
    return weight


def _given_weight(rows: Readable, n: int) -> Any:
    weight = rows.sample_weight
    if weight is None or isinstance(weight, (str, int)):
        return None
    array = np.asarray(weight)
    if array.shape != (n,):
        raise ValueError(f"sample_weight: has shape {array.shape}, must be ({n},)")
    return array


def read_numbers(rows: Readable) -> Tables:
    """Rows whose columns all are numbers."""
    found = read_rows(rows, NumberTargets())
    encoder = found.encoder
    if encoder is not None:
        other = [name for name, levels in encoder.columns if levels is not None]
        if other:
            raise ValueError(f"{other[0]}: must hold numbers; an estimator makes numbers of text")
    return found.x, found.y, found.weight
