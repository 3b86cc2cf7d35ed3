"""What DataFrames bring into an estimator and take out: names, gaps, index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from hbcd.networks.shared_table import SharedTable
from hbcd.tables.bad_values import PRECISION, BadRowError, BadValueError
from hbcd.tables.columns import NUMBERS, TARGET, to_numbers
from hbcd.tables.encoded import EncodedTable
from hbcd.tables.encoder import TableEncoder
from hbcd.tables.frames import as_frame, as_series
from hbcd.tables.targets import target_numbers
from hbcd.utils.overflow import RowOverflow
from hbcd.utils.scaling import Scaler
from hbcd.utils.validation import as_matrix

__all__ = [
    "FILL",
    "PandasOutput",
    "as_inputs",
    "as_targets",
    "held_out_pair",
    "learn_inputs",
    "refuse_beyond",
    "target_names",
    "told_by_label",
]

Array = NDArray[Any]
FILL = 'fill the gap, or missing="indicator" fills gaps and adds a feature that marks them'


def learn_inputs(X: Any, missing: str, dates: str = "error") -> tuple[TableEncoder | None, Array]:
    """How columns become features, and the features, shape (rows, features).

    Whether those of a table without an encoder are finite is not checked yet, see `FILL`.
    The encoder is None for a table of numbers that has no names and no gaps.  A DataFrame whose
    columns only have numbers (made from an array) counts as an array.
    """
    if isinstance(X, EncodedTable):
        return X.encoder, X.features
    if isinstance(X, SharedTable):
        return None, X  # type: ignore[return-value]
    X = as_frame(X)
    if _is_named(X):
        return TableEncoder.fit_encode(X, missing=missing, dates=dates)
    if missing == "error":
        return None, as_matrix("X", _plain(X), finite=False)
    frame = _positions(as_matrix("X", _plain(X), gaps=True))
    return TableEncoder.fit_encode(frame, missing=missing, named=False)


def _is_named(X: Any) -> bool:
    return isinstance(X, pd.DataFrame) and any(isinstance(name, str) for name in X.columns)


def _plain(X: Any) -> Any:
    """A DataFrame without names as numbers; a cell that is none is named."""
    if not isinstance(X, pd.DataFrame) or all(map(is_numeric_dtype, X.dtypes)) or X.empty:
        return X
    return np.column_stack([to_numbers(X.iloc[:, k]) for k in range(X.shape[1])])


def _positions(table: Array) -> pd.DataFrame:
    return pd.DataFrame(table, columns=[f"x{k}" for k in range(table.shape[1])])


def as_inputs(X: Any, encoder: TableEncoder | None, *, finite: bool = True) -> Array:
    """Features, shape (rows, features); an array is taken as features that are there already."""
    if not isinstance(X, np.ndarray):
        if isinstance(X, EncodedTable):
            return X.features
        X = as_frame(X)
        if encoder is not None and encoder.named and isinstance(X, pd.DataFrame):
            return encoder.encode(X)
        X = _plain(X)
    if encoder is None or encoder.named:
        return as_matrix("X", X, remedy=FILL, finite=finite)
    table = as_matrix("X", X, columns=len(encoder.columns), gaps=True)
    return encoder.encode(_positions(table))


def refuse_beyond(
    X: Any, rows: Array, scaler: Scaler, dtype: Any, encoder: TableEncoder | None
) -> None:
    """ValueError naming the first number that, standardized, the precision `dtype` cannot hold.

    X : the table that `rows` are the features of; a DataFrame names its rows.
    """
    with np.errstate(over="ignore"):
        beyond = ~np.isfinite(scaler.forward(rows, dtype))
    if not beyond.any():
        return
    row, column = (int(k) for k in np.unravel_index(int(np.argmax(beyond)), beyond.shape))
    name = f"X[:, {column}]" if encoder is None else encoder.feature_names[column]
    rule = f"is too large for {np.dtype(dtype).name}, the precision of the model"
    raise BadValueError(name, float(rows[row, column]), rule, row, _label(X, row), PRECISION)


def told_by_label(error: RowOverflow, X: Any) -> ValueError:
    """The error that names the row as a DataFrame does; of other tables the one that it is."""
    if not isinstance(X, pd.DataFrame):
        return error
    return BadRowError(error.rule, error.row, _label(X, error.row))


def _label(X: Any, row: int) -> Any:
    return X.index[row] if isinstance(X, pd.DataFrame) else row


def as_targets(y: Any, *, rows: int, columns: int | None = None) -> Array:
    """Targets, shape (rows, targets); a cell that is no number is named with column and row."""
    y = as_series(y)
    if _holds_text(y):
        y = pd.Series(list(y), name="y")
    frame = y.to_frame("y" if y.name is None else y.name) if isinstance(y, pd.Series) else y
    if isinstance(frame, pd.DataFrame) and frame.shape[1]:
        parts = [frame.iloc[:, k] for k in range(frame.shape[1])]
        if not all(map(is_bool_dtype, frame.dtypes)):
            role = TARGET if len(parts) == 1 else NUMBERS
            y = np.column_stack([target_numbers(part, role) for part in parts])
    return as_matrix("y", y, columns=columns, rows=rows)


def _holds_text(y: Any) -> bool:
    """Whether a vector has text in it."""
    if isinstance(y, np.ndarray):
        return y.ndim == 1 and y.dtype.kind in "OUT" and any(isinstance(v, str) for v in y)
    return isinstance(y, (list, tuple)) and any(isinstance(value, str) for value in y)


def held_out_pair(eval_set: Any, X_val: Any, y_val: Any) -> Any:
    """Held-out rows (X, y), given in one or in two arguments; None where there are none."""
    if X_val is None and y_val is None:
        return eval_set
    if X_val is None or y_val is None or eval_set is not None:
        raise ValueError("X_val, y_val: must be given both, and without eval_set")
    return X_val, y_val


def target_names(y: Any) -> list[str]:
    """Names of the targets, where a table brings them."""
    y = as_series(y)
    if isinstance(y, pd.DataFrame):
        return [str(name) for name in y.columns]
    return [str(y.name)] if isinstance(y, pd.Series) and y.name is not None else []


class PandasOutput:
    """Predictions as pandas objects, on request.

    They are NumPy arrays by default: parts of scikit-learn that hand a DataFrame on to a
    regressor, such as ``TransformedTargetRegressor`` and ``StackingRegressor``, reshape what
    ``predict`` returns, which a Series cannot do.
    """

    target_names_: list[str]

    def set_output(self, *, predict: str | None = None) -> Self:
        """Says what `predict` returns, and `predict_proba` of a classifier.

        Parameters
        ----------
        predict : {"default", "pandas"}, optional
            "pandas": a Series named after the training target, or a DataFrame with one column per
            target (of probabilities: per class), with the index of X; "default": NumPy arrays;
            None: no change.

        Returns
        -------
        self

        Notes
        -----
        Inside ``StackingRegressor``, ``StackingClassifier`` and ``TransformedTargetRegressor``,
        which reshape what they get, leave it at "default".
        """
        if predict not in (None, "default", "pandas"):
            raise ValueError(f"predict={predict!r}: must be one of default, pandas")
        if predict is not None:
            # Under this name scikit-learn's clone keeps it.
            self._sklearn_output_config = {"predict": predict}
        return self

    def _output(self, values: Array, X: Any, columns: Array | None = None) -> Any:
        """Predictions in the kind that was asked for; `columns` name those of a table."""
        config: dict[str, str] = getattr(self, "_sklearn_output_config", {})
        if config.get("predict") != "pandas":
            return values
        index = X.index if isinstance(X, pd.DataFrame) else None
        if columns is not None:
            return pd.DataFrame(values, index, columns=columns)
        n = 1 if values.ndim == 1 else values.shape[1]
        names = _names_for(n, getattr(self, "target_names_", []))
        if values.ndim == 1:
            return pd.Series(values, index, name=names[0])
        return pd.DataFrame(values, index, columns=names)


def _names_for(n: int, known: Sequence[str]) -> list[str]:
    """Names of n columns of predictions."""
    if len(known) == n:
        return list(known)
    return ["prediction"] if n == 1 else [f"prediction_{k}" for k in range(1, n + 1)]
