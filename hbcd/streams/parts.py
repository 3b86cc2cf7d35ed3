"""A piece of a table, apart: inputs, targets and weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from hbcd.streams.pieces import Piece
from hbcd.streams.sources import Source
from hbcd.tables.names import check_columns, check_names

__all__ = ["Parts", "Readable", "column_choice", "split_piece"]


class Readable(Protocol):
    """What `hbcd.Rows` has."""

    source: Source
    sample_weight: Any
    memory: Any
    memory_bytes: int
    folder: str | None

    @property
    def target_names(self) -> list[Any]:
        """The columns to predict."""
        ...

    @property
    def flat(self) -> bool:
        """Whether the target is one column, and not a list of one."""
        ...

    def pieces(self, source: Source | None = None) -> Iterator[Piece]:
        """The rows in pieces."""
        ...


@dataclass(frozen=True)
class Parts:
    """A piece, apart.

    Attributes
    ----------
    inputs : DataFrame or ndarray of shape (rows, columns)
    target : Series, DataFrame, ndarray or None
    weight : ndarray of shape (rows,) or None
    """

    inputs: Any
    target: Any
    weight: Any


def column_choice(name: str, value: Any) -> Any:
    """A column, or a list of them, by names or numbers; None where none is named.

    Raises
    ------
    TypeError, ValueError
        Neither, or a column twice.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, set, frozenset, dict)):
        raise TypeError(f"{name}={value!r}: must be a column, or a list of columns")
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return value
    chosen = [column_choice(name, one) for one in value]
    if any(isinstance(one, list) for one in chosen):
        raise TypeError(f"{name}={value!r}: must be a column, or a list of columns")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"{name}={chosen!r}: must name each column once")
    return chosen


def split_piece(
    rows: Readable, piece: Piece, names: Sequence[Any] | None, *, learned: bool = False
) -> Parts:
    """Inputs, targets and weights of a piece.

    Parameters
    ----------
    rows : Rows
    piece : Piece
    names : sequence or None
        The columns of the first piece, which all must have.
    learned : bool
        Whether there is a model already: targets and weights may then be missing.

    Raises
    ------
    ValueError
        Other columns than in the first piece, no target, or no inputs.
    """
    weight = rows.sample_weight
    weighted = [weight] if isinstance(weight, (str, int)) else []
    if isinstance(piece.table, pd.DataFrame):
        return _of_frame(rows, piece, names, weighted, learned=learned)
    return _of_array(rows, piece, weighted, learned=learned)


def _of_frame(
    rows: Readable, piece: Piece, names: Sequence[Any] | None, weighted: list[Any], *, learned: bool
) -> Parts:
    table, targets = piece.table, rows.target_names
    check_same_names(piece, names)
    if learned:
        targets = targets if all(name in table.columns for name in targets) else []
        weighted = [name for name in weighted if name in table.columns]
    else:
        _check_target(piece, targets)
        for what, own in (("target", targets), ("sample_weight", weighted)):
            if own:
                check_columns(table, what, own)
        table = table if names is None else table[list(names)]
    inputs = table.drop(columns=[*targets, *weighted])
    if not inputs.shape[1]:
        raise ValueError(f"target={targets}: must leave a column to predict it from")
    target: Any = piece.target
    if targets:
        target = table[targets[0]] if rows.flat else table[targets]
    return Parts(inputs, target, table[weighted[0]].to_numpy() if weighted else None)


def _of_array(rows: Readable, piece: Piece, weighted: list[Any], *, learned: bool) -> Parts:
    table, targets, width = piece.table, rows.target_names, piece.table.shape[1]
    if not learned:
        _check_target(piece, targets)
    for what, own in (("target", targets), ("sample_weight", weighted)):
        if any(not isinstance(k, int) or not -width <= k < width for k in own):
            raise ValueError(f"{what}={own}: must be numbers of the {width} columns")
    if len({k % width for k in (*targets, *weighted)}) < len(targets) + len(weighted):
        raise ValueError(f"target={targets}: must name each column once")
    kept = np.ones(width, dtype=bool)
    kept[[*targets, *weighted]] = False
    if not kept.any():
        raise ValueError(f"target={targets}: must leave a column to predict it from")
    target: Any = piece.target
    if targets:
        target = table[:, targets[0]] if rows.flat else table[:, targets]
    inputs = table if kept.all() else table[:, kept]
    return Parts(inputs, target, table[:, weighted[0]] if weighted else None)


def _check_target(piece: Piece, targets: list[Any]) -> None:
    if not targets and piece.target is None:
        raise ValueError("target=None: must name the column to predict, or the source be a pair")
    if targets and piece.target is not None:
        raise ValueError(f"target={targets}: must be None where the source is a pair (X, y)")


def check_same_names(piece: Piece, names: Sequence[Any] | None) -> None:
    """ValueError where a piece has other columns than the first one."""
    where = piece.name or piece.row(0)
    if all(isinstance(name, str) for name in piece.table.columns):
        check_names(piece.table, where)
    if names is None or list(piece.table.columns) == list(names):
        return
    lacks = [name for name in names if name not in piece.table.columns]
    more = [name for name in piece.table.columns if name not in names]
    if lacks or more:
        what = f"lacks the column {lacks[0]!r}" if lacks else f"has the column {more[0]!r}, too"
        raise ValueError(f"{where}: {what}: all must have the columns of the first")
