"""Predictions of Dask collections, piece by piece, by a model in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbcd.distributed.dask_rows import is_table

__all__ = ["lazy_output"]


def lazy_output(model: Any, method: str, X: Any) -> Any:
    """What a method of a fitted estimator returns, of a collection; nothing is computed yet.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
    method : str
        "predict" or "predict_proba".
    X : dask array or dataframe of shape (rows, features)

    Returns
    -------
    dask array

    Raises
    ------
    TypeError, ValueError
        Not such a collection, or one with other columns.
    """
    _check_columns(model, X)
    empty = _without_rows(model, method)
    if not hasattr(X, "chunks"):
        return X.map_partitions(_output_of, model, method, empty, meta=empty)
    X = X.rechunk({1: -1})
    if empty.ndim == 1:
        return X.map_blocks(_output_of, model, method, empty, drop_axis=1, meta=empty)
    chunks = X.chunks[0], (empty.shape[1],)
    return X.map_blocks(_output_of, model, method, empty, chunks=chunks, meta=empty)


def _check_columns(model: Any, X: Any) -> None:
    """Whether a collection has the columns of a model, as far as it tells without its rows."""
    if not is_table(X):
        raise TypeError(f"X: is of type {type(X).__name__}, must be a dask array or dataframe")
    if X.ndim != 2:
        raise ValueError(f"X: must have 2 axes (rows, columns), not {X.ndim}")
    names = getattr(model, "feature_names_in_", None)
    if hasattr(X, "columns") and names is not None:
        missing = [str(name) for name in names if name not in X.columns]
        if missing:
            there = ", ".join(map(str, X.columns))
            raise ValueError(f"X: lacks the columns {', '.join(missing)}; it has {there}")
    elif not np.isnan(X.shape[1]) and X.shape[1] != model.n_features_in_:
        raise ValueError(f"X: has {X.shape[1]} columns, must have {model.n_features_in_}")


def _without_rows(model: Any, method: str) -> Any:
    """What a method of a fitted estimator returns for no rows."""
    if hasattr(model, "classes_"):
        return model.classes_[:0] if method == "predict" else np.empty((0, len(model.classes_)))
    return np.empty((0,) if model._flat else (0, model.n_outputs_))


def _output_of(table: Any, model: Any, method: str, empty: Any) -> Any:
    """The outputs of a piece; `empty` are those of one without rows."""
    return empty if len(table) == 0 else np.asarray(getattr(model, method)(table))
