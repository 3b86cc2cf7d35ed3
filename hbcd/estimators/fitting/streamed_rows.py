"""The rows of a fit from `hbcd.Rows`: read in pieces, held in memory or in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.fitting.fit_settings import FitSettings
from hbcd.estimators.fitting.hold_out import NAME, chosen_rows
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.targets.target import Target
from hbcd.networks.checked_rows import CheckedRows
from hbcd.streams.parts import Parts, split_piece
from hbcd.streams.pieces import Piece
from hbcd.streams.reading import read_rows
from hbcd.streams.rows import Rows
from hbcd.streams.sources import with_texts
from hbcd.streams.targets import TargetReader
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.ranks import Ranks
from hbcd.utils.stored_table import StoredTable

__all__ = ["StreamedRows", "for_pieces", "held_out_of", "parts_of", "streamed_rows"]

Array = NDArray[Any]
Result = TypeVar("Result")


class StreamedRows:
    """What was read for a fit.

    Attributes
    ----------
    inputs : ndarray or StoredTable, (rows, features)
    target : Target
        Its values are an ndarray or a StoredTable.
    encoder : TableEncoder or None
    names : list of str
        Of the targets.
    """

    def __init__(
        self, inputs: Any, target: Target, encoder: TableEncoder | None, names: list[str]
    ) -> None:
        self.inputs, self.target, self.encoder, self.names = inputs, target, encoder, names

    def parts(self, choice: Any) -> tuple[Array, Array] | None:
        """The rows to train on and those held out, where lists of them are given."""
        splits = callable(getattr(choice, "split", None)) and not isinstance(choice, str)
        if splits and isinstance(self.inputs, StoredTable):
            raise ValueError(
                f"{NAME}={choice!r}: needs the whole table in memory; a share, a pair of rows or "
                "eval_set does not"
            )
        return chosen_rows(choice, self.inputs, self.target.values, self.inputs.shape[0])


def streamed_rows(
    model: EstimatorParameters,
    rows: Rows,
    y: Any,
    sample_weight: ArrayLike | None,
    settings: FitSettings,
    classes: Array | None,
) -> StreamedRows:
    """Reads the rows of a fit."""
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{name}: must be None where X is an hbcd.Rows, which has its own")
    reader: Any = model._target_reader(classes)
    known: dict[str, Any] = {"missing": model.missing, "dates": model.dates}
    known["ranks"] = settings.ranks
    if settings.resumes:
        known |= {"encoder": model.encoder_, "fitted": True, "columns": model.network_.n_inputs}
    found = read_rows(rows, reader, **known)
    target = model._streamed_target(reader, found.y, found.weight)
    return StreamedRows(found.x, target, found.encoder, reader.names)


def held_out_of(
    rows: Rows,
    reader: TargetReader,
    encoder: TableEncoder | None,
    columns: int,
    target: Target,
    ranks: Ranks | None,
) -> CheckedRows:
    """Held-out rows that are read."""
    found = read_rows(rows, reader, encoder=encoder, fitted=True, columns=columns, ranks=ranks)
    if found.y.shape[1] != target.values.shape[1]:
        raise ValueError(
            f"eval_set: has {found.y.shape[1]} targets, must have {target.values.shape[1]}"
        )
    return CheckedRows(found.x, found.y, found.weight)


def parts_of(rows: Rows, encoder: TableEncoder | None) -> Iterator[tuple[Piece, Parts]]:
    """The pieces of rows for a model, and their parts; targets may be missing."""
    for piece in rows.pieces(with_texts(rows.source, encoder)):
        yield piece, split_piece(rows, piece, None, learned=True)


def for_pieces(
    rows: Rows, encoder: TableEncoder | None, work: Callable[[Parts], Result]
) -> list[Result]:
    """What `work` makes of every piece of rows for a model; targets may be missing.

    Errors about cells name file and row.
    """
    found = []
    for piece, parts in parts_of(rows, encoder):
        with piece.told():
            found.append(work(parts))
    if not found:
        raise ValueError(f"source={rows.source!r}: must have at least one row")
    return found
