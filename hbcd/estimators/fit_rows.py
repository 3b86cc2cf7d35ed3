"""The rows of a fit: numbers and targets, checked; those to train on and those held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.canonical_rows import FEW_ROWS, merged
from hbcd.estimators.dataframes import FILL, as_inputs, learn_inputs, target_names
from hbcd.estimators.fit_settings import FitSettings
from hbcd.estimators.hold_out import NAME, chosen_rows
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.target import Target
from hbcd.networks.rows import Rows
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.validation import check_finite

__all__ = ["FitRows", "fit_rows", "numbers_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class FitRows:
    """Rows of a fit, in the units of the table.

    Attributes
    ----------
    train : Rows
        Up to 1000 rows are sorted, equal ones are there once.  The inputs of more rows may still
        hold values that are not finite: their statistics tell.
    held_out : Rows or None
        Those held out, where it is known which.
    target : Target
        What is to be learned; its values are those of the rows to train on that count.
    encoder : TableEncoder or None
    target_names : list of str
    """

    train: Rows
    held_out: Rows | None
    target: Target
    encoder: TableEncoder | None
    target_names: list[str]


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
    if settings.resumes:
        encoder = model.encoder_
        inputs = numbers_of(model, X, encoder, model.network_.n_inputs, finite=False)
    else:
        encoder, inputs = learn_inputs(X, model.missing, model.dates)
    if y is None:
        raise ValueError("y=None: requires y to be passed, but the target y is None")
    target = model._learning_target(y, inputs.shape[0], sample_weight, classes)
    table, held_out = Rows(inputs, target.values, target.weight), None
    parts = None
    if eval_set is not None:
        held_out = _held_out(model, eval_set, encoder, inputs.shape[1], target)
    elif not settings.partial:
        parts = chosen_rows(model.validation_fraction, inputs, y, len(table))
    if parts is not None or target.weight is not None or len(table) <= FEW_ROWS:
        check_finite("X", inputs, FILL)  # rows that are left out are checked, too
    if parts is not None:
        held_out = table.take(parts[1], f"{NAME}: rows to hold out")
        table = table.take(parts[0], f"{NAME}: rows to train on")
    table = table.that_count()
    target = replace(target, values=table.y, weight=table.weight)
    return FitRows(Rows(*merged(*_parts(table))), held_out, target, encoder, target_names(y))


def _parts(rows: Rows) -> tuple[Array, Array, Array | None]:
    return rows.x, rows.y, rows.weight


def _held_out(
    model: EstimatorParameters,
    eval_set: Any,
    encoder: TableEncoder | None,
    n_inputs: int,
    target: Target,
) -> Rows:
    """The held-out rows that `fit` was given."""
    try:
        X, y = eval_set
    except (TypeError, ValueError):
        raise ValueError("eval_set: must be a pair (X, y)") from None
    inputs = numbers_of(model, X, encoder, n_inputs)
    return Rows(inputs, model._held_targets(y, inputs.shape[0], target))


def numbers_of(
    model: EstimatorParameters,
    X: Any,
    encoder: TableEncoder | None,
    columns: int,
    *,
    finite: bool = True,
) -> Array:
    """The features of a table, (rows, columns).

    finite : bool
        False: the check that all are finite is left to who reads them next.
    """
    table = as_inputs(X, encoder, finite=finite)
    if table.shape[1] != columns:
        # In the words that scikit-learn's own checks look for, too.
        raise ValueError(
            f"X: has {table.shape[1]} columns, must have {columns}: X has {table.shape[1]} "
            f"features, but {type(model).__name__} is expecting {columns} features as input"
        )
    return table
