"""The pieces of a table as stored numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.streams.column_scan import ColumnScan, check_types
from hbcd.streams.parts import Readable, split_piece
from hbcd.streams.pieces import Piece
from hbcd.streams.sources import Source
from hbcd.streams.targets import TargetReader, single_precision
from hbcd.tables.columns import Role, to_numbers
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.row_store import RowStore
from hbcd.utils.validation import as_array, as_matrix

__all__ = ["FEW", "PrecisionError", "Stored", "frame_of_target", "positions", "stored"]

Array = NDArray[Any]
FEW = 1000  # rows that are always in memory: they are sorted there


class PrecisionError(Exception):
    """A piece has numbers that float32 does not hold, other than the first one."""


@dataclass
class Stored:
    """Rows that were read.

    Attributes
    ----------
    store : RowStore, SharedStore or None
        None: no rows.
    widths : (int, int)
        Inputs and targets.
    dtypes : (dtype, dtype)
        Theirs.
    weight : ndarray of shape (rows,) or None
    types : dict of ColumnScan
        By column, of files that have types.
    held : bool
        Whether all rows are to be arrays.
    """

    store: Any
    widths: tuple[int, int] = (0, 0)
    dtypes: tuple[Any, Any] = (np.float64, np.float64)
    weight: Array | None = None
    types: dict[str, ColumnScan] = field(default_factory=dict)
    held: bool = False


def stored(
    rows: Readable,
    source: Source,
    names: list[str] | None,
    target: TargetReader,
    encoder: TableEncoder | None,
    role: Role,
    columns: int | None,
    *,
    short: bool,
) -> Stored:
    """All rows of a source in a store, as float32 where that is exact (`short`)."""
    found, weights = Stored(None), list[Array]()
    for piece in rows.pieces(source):
        part = split_piece(rows, piece, names)
        if source.typed and names is not None:
            check_types(found.types, piece)
        exact = single_precision(part.inputs) and single_precision(frame_of_target(part.target))
        if short and not exact:
            raise PrecisionError
        with piece.told():
            x = features_of(part.inputs, encoder, piece, role)
            y = target.read(part.target, piece)
        if columns is not None and x.shape[1] != columns:
            raise ValueError(f"X: has {x.shape[1]} columns, must have {columns}")
        p, o = widths = x.shape[1], y.shape[1]
        if found.store is None:
            found.widths = widths
            found.dtypes = (np.float64 if encoder is not None else x.dtype), y.dtype
            dtype = np.float32 if short else np.float64
            found.store = RowStore(p + o, dtype, rows.memory_bytes // 2, rows.folder)
        if widths != found.widths:
            raise ValueError(
                f"{piece.name or piece.row(0)}: has {p} inputs and {o} targets, "
                f"must have {found.widths[0]} and {found.widths[1]}"
            )
        block = np.empty((len(x), p + o), found.store.dtype)
        block[:, :p], block[:, p:] = x, y
        found.store.append(block)
        if part.weight is not None:
            weights.append(_weights(part.weight, piece))
    n = 0
    if found.store is not None:
        found.store.finish()
        n = found.store.rows
        found.held = found.store.in_memory or n <= FEW
    found.weight = np.concatenate(weights) if weights else _given_weight(rows, n)
    return found


def frame_of_target(target: Any) -> Any:
    """Targets whose columns have types."""
    return target.to_frame() if isinstance(target, pd.Series) else target


def positions(table: Any) -> pd.DataFrame:
    """An array as a DataFrame of columns that are named by their numbers."""
    plain = as_matrix("X", table, gaps=True)
    return pd.DataFrame(plain, columns=[f"x{k}" for k in range(plain.shape[1])])


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
        return encoder.encode(positions(inputs), role)
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
    array = as_array("sample_weight", weight)
    if array.shape != (n,):
        raise ValueError(f"sample_weight: has shape {array.shape}, must be ({n},)")
    return array
