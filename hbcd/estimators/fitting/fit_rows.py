"""The rows of a fit: numbers and targets, checked; those to train on and those held out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.dataframes import FILL, as_inputs, learn_inputs, target_names
from hbcd.estimators.fitting.canonical_rows import FEW_ROWS, merged
from hbcd.estimators.fitting.fit_settings import FitSettings
from hbcd.estimators.fitting.hold_out import NAME, chosen_rows
from hbcd.estimators.fitting.streamed_rows import held_out_of, streamed_rows
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.targets.target import Target
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.shared_table import SharedTable
from hbcd.streams.rows import Rows
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.ranks import Ranks, check_alike
from hbcd.utils.stored_table import StoredTable
from hbcd.utils.validation import check_finite

__all__ = ["FitRows", "fit_rows", "numbers_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class FitRows:
    """Rows of a fit, in the units of the table.

    Attributes
    ----------
    train : CheckedRows
        Up to 1000 rows are sorted, equal ones are there once.  The inputs of more rows may still
        hold values that are not finite: their statistics tell.
    held_out : CheckedRows or None
        Those held out, where it is known which.
    target : Target
        What is to be learned; its values are those of the rows to train on that count.
    encoder : TableEncoder or None
    column_labels : list of int or None
        Those of a DataFrame whose columns have numbers for names.
    target_names : list of str
    place : ndarray of int, shape (rows,), or None
        The row of `train` that each row of the table is, -1 for one that is not among them; None:
        the rows are in a file.
    """

    train: CheckedRows
    held_out: CheckedRows | None
    target: Target
    encoder: TableEncoder | None
    column_labels: list[int] | None
    target_names: list[str]
    place: NDArray[np.intp] | None


def fit_rows(
    model: EstimatorParameters,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None,
    eval_set: Any,
    settings: FitSettings,
    classes: Array | None,
) -> FitRows:
    """Checks a table and its targets, and chooses rows."""
    if isinstance(X, Rows):
        return _of_stream(model, X, y, sample_weight, eval_set, settings, classes)
    labels = model.column_labels_ if settings.resumes else column_labels(X)
    if settings.resumes:
        encoder = model.encoder_
        inputs = numbers_of(model, X, encoder, model.network_.n_inputs, labels, finite=False)
    else:
        encoder, inputs = learn_inputs(X, model.missing, model.dates)
    if y is None:
        raise ValueError("y=None: requires y to be passed, but the target y is None")
    target = model._learning_target(y, inputs.shape[0], sample_weight, classes)
    table, held_out = CheckedRows(inputs, target.values, target.weight), None
    n = len(table)
    parts = None
    if eval_set is not None:
        ranks = settings.ranks
        held_out = _held_out(model, eval_set, encoder, inputs.shape[1], labels, target, ranks)
    elif not settings.partial:
        parts = chosen_rows(model.validation_fraction, inputs, y, len(table))
    some = target.weight is not None and not target.weight.all()
    if parts is not None or some or len(table) <= FEW_ROWS:
        own = inputs.own if isinstance(inputs, SharedTable) else inputs
        check_finite("X", own, FILL)  # rows that are left out are checked, too
    if parts is not None:
        _check_parts(parts, settings.ranks)
        held_out = table.take(parts[1], f"{NAME}: rows to hold out")
        table = table.take(parts[0], f"{NAME}: rows to train on")
    chosen = np.arange(n) if parts is None else parts[0]
    chosen = chosen if target.weight is None else chosen[target.weight[chosen] > 0]
    table = table.that_count()
    target = Target(table.y, table.weight, target.loss, target.attributes)
    *train, place = merged(*table.parts())
    return FitRows(
        train=CheckedRows(*train),
        held_out=held_out,
        target=target,
        encoder=encoder,
        column_labels=labels,
        target_names=target_names(y),
        place=_places(n, chosen, place),
    )


def _of_stream(
    model: EstimatorParameters,
    X: Rows,
    y: Any,
    sample_weight: ArrayLike | None,
    eval_set: Any,
    settings: FitSettings,
    classes: Array | None,
) -> FitRows:
    """The same of rows that are read."""
    read = streamed_rows(model, X, y, sample_weight, settings, classes)
    target, n = read.target, len(read.inputs)
    table, held_out, parts = CheckedRows(read.inputs, target.values, target.weight), None, None
    if eval_set is not None:
        columns = read.inputs.shape[1]
        ranks = settings.ranks
        held_out = _held_out(model, eval_set, read.encoder, columns, None, target, ranks)
    elif not settings.partial:
        parts = read.parts(model.validation_fraction)
    if parts is not None:
        _check_parts(parts, settings.ranks)
        held_out = table.take(parts[1], f"{NAME}: rows to hold out")
        table = table.take(parts[0], f"{NAME}: rows to train on")
    table = table.that_count()
    place = None
    if not isinstance(table.x, StoredTable):
        chosen = np.arange(n) if parts is None else parts[0]
        chosen = chosen if target.weight is None else chosen[target.weight[chosen] > 0]
        *merged_parts, to = merged(*table.parts())
        table, place = CheckedRows(*merged_parts), _places(n, chosen, to)
        target = Target(table.y, table.weight, target.loss, target.attributes)
    return FitRows(table, held_out, target, read.encoder, None, read.names, place)


def _check_parts(parts: tuple[Array, Array], ranks: Ranks | None) -> None:
    """ValueError, on every rank, where ranks were given other rows to hold out."""
    if ranks is not None:
        digest = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
        check_alike(ranks, {f"{NAME}, as a hash of its rows": digest[:12]})


def _places(n: int, chosen: Array, place: Array | None) -> NDArray[np.intp]:
    """For each of n rows its row among those chosen, which went to `place`; -1: not among them."""
    found = np.full(n, -1, np.intp)
    found[chosen] = np.arange(chosen.size) if place is None else place
    return found


def column_labels(X: Any) -> list[int] | None:
    """The names of a DataFrame's columns where they are whole numbers, each once; else None."""
    if not isinstance(X, pd.DataFrame):
        return None
    labels = X.columns.tolist()
    numbers = all(type(label) is int for label in labels)
    return labels if labels and numbers and len(set(labels)) == len(labels) else None


def in_order(X: Any, labels: list[int] | None) -> Any:
    """A DataFrame whose columns are numbered as those in training, in the order of training.

    Columns that are numbered otherwise count by their position, as those of an array do.
    """
    if labels is None or not isinstance(X, pd.DataFrame) or X.columns.tolist() == labels:
        return X
    return X[labels] if sorted(column_labels(X) or ()) == sorted(labels) else X


def _held_out(
    model: EstimatorParameters,
    eval_set: Any,
    encoder: TableEncoder | None,
    n_inputs: int,
    labels: list[int] | None,
    target: Target,
    ranks: Ranks | None,
) -> CheckedRows:
    """The held-out rows that `fit` was given."""
    if isinstance(eval_set, Rows):
        reader = model._target_reader(target.attributes.get("classes_"))
        return held_out_of(eval_set, reader, encoder, n_inputs, target, ranks)
    try:
        X, y = eval_set
    except (TypeError, ValueError):
        raise ValueError("eval_set: must be a pair (X, y)") from None
    inputs = numbers_of(model, X, encoder, n_inputs, labels)
    return CheckedRows(inputs, model._held_targets(y, inputs.shape[0], target))


def numbers_of(
    model: EstimatorParameters,
    X: Any,
    encoder: TableEncoder | None,
    columns: int,
    labels: list[int] | None,
    *,
    finite: bool = True,
) -> Array:
    """The features of a table, (rows, columns).

    labels : list of int or None
        See `FitRows.column_labels`.
    finite : bool
        False: whether all are finite is checked later, when they are read for their statistics.
    """
    table = as_inputs(in_order(X, labels), encoder, finite=finite)
    if table.shape[1] != columns:
        # In the words that scikit-learn's own checks look for, too.
        raise ValueError(
            f"X: has {table.shape[1]} columns, must have {columns}: X has {table.shape[1]} "
            f"features, but {type(model).__name__} is expecting {columns} features as input"
        )
    return table
