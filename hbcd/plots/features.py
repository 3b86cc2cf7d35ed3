"""Pictures of where a model errs: over the range of each feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.plots.errors import target_of
from hbcd.plots.style import GREEN, finish, new_axes
from hbcd.tables.dates import DAY, EPOCH, date_features
from hbcd.tables.frames import as_frame
from hbcd.utils.public import public
from hbcd.utils.validation import as_matrix, check_integer

__all__ = ["plot_error_by_feature"]

Array = NDArray[Any]


@public
def plot_error_by_feature(
    model: Any,
    X: Any,
    y: ArrayLike,
    ax: Any = None,
    *,
    bins: int = 10,
    output: int = 0,
    features: Sequence[Any] | None = None,
) -> Any:
    """Draws the mean absolute error, or the share misclassified, over each feature's range.

    Parameters
    ----------
    model : fitted estimator
    X : array_like or DataFrame of shape (rows, features)
    y : array_like of shape (rows,) or (rows, outputs)
        Targets, or labels.
    ax : sequence of matplotlib.axes.Axes, optional
        One for each feature.
    bins : int, default 10
        Groups of equally many rows, for features of numbers and dates; others have one per value.
    output : int, default 0
        Which of several targets.
    features : sequence, optional
        Columns to draw, names or positions; None: those that the model takes.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (features,)
    """
    check_integer("bins", bins, 1)
    check_integer("output", output, 0)
    error, label = _errors(model, X, y, output)
    name, unit = target_of(model, y, output)
    what = f"{label}{f' ({unit})' if unit else ''}"
    X = as_frame(X)
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    frame = frame[_feature_names(model, frame) if features is None else list(features)]
    pair = _grid(frame.shape[1]) if ax is None else np.asarray(ax, dtype=object).ravel()
    if len(pair) != frame.shape[1]:
        raise ValueError(f"ax: has {len(pair)} axes, must be {frame.shape[1]}, one per feature")
    top = 0.0
    dates = getattr(getattr(model, "encoder_", None), "dates", {})
    for place, feature in enumerate(frame.columns):
        if str(feature) in dates and frame[feature].nunique() > 1:
            height = _error_over_time(pair[place], frame[feature], error, bins, dates[str(feature)])
        else:
            height = _error_bars(pair[place], frame[feature], error, bins)
        top = max(top, height)
        title = feature if isinstance(feature, str) else f"feature {feature}"
        finish(pair[place], title, what)
    for one in pair:
        one.set_ylim(0.0, 1.1 * top or 1.0)
        if ax is None and not one.get_subplotspec().is_first_col():
            one.set_ylabel("")
    pair[0].set_title(f"Error of {name}, mean {error.mean():.3g}")
    return pair


def _errors(model: Any, X: Any, y: ArrayLike, output: int) -> tuple[Array, str]:
    """The error of every row, and what it is called."""
    predicted = np.asarray(model.predict(X)).reshape(len(X), -1)
    if hasattr(model, "classes_"):
        labels = np.asarray(y).reshape(len(predicted))
        return (labels != predicted[:, 0]).astype(np.float64), "share misclassified"
    truth = as_matrix("y", y, columns=predicted.shape[1], rows=len(predicted))
    return np.abs(truth - predicted)[:, output], "mean |error|"


def _feature_names(model: Any, frame: pd.DataFrame) -> list[Any]:
    """Columns that the model takes; a table may have more."""
    known = getattr(model, "feature_names_in_", None)
    return list(frame.columns) if known is None else [n for n in known if n in frame.columns]


def _grid(n: int) -> Any:
    """Axes of n features, three in a row."""
    columns = min(n, 3)
    rows = -(-n // columns)
    first = new_axes(1, width=4.0 * columns, height=2.8 * rows)[0]
    figure = first.figure
    first.remove()
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for spare in grid[n:]:
        spare.remove()
    return grid[:n]


def _error_bars(ax: Any, column: pd.Series, error: Array, bins: int) -> float:
    """Mean error per group of rows; the highest of them."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and column.nunique() > bins:
        return _error_steps(ax, column.to_numpy(dtype=np.float64), error, bins)
    means = pd.Series(error).groupby(column.astype(str).to_numpy()).mean()
    if numeric:
        means = means.loc[sorted(means.index, key=float)]
    shown = means if len(means) <= 12 else means.nlargest(12)
    ax.bar([text if len(text) <= 12 else text[:11] + "…" for text in shown.index], shown,
           color=GREEN)  # fmt: skip
    if len(shown) > 4:
        ax.tick_params(axis="x", rotation=45)
    return float(shown.max())


def _error_over_time(
    ax: Any, column: pd.Series, error: Array, bins: int, known: tuple[str, str]
) -> float:
    """Mean error between quantiles of the times of a column of dates, as the model reads them."""
    order, start = known
    days = date_features(column, order or "year", start)[:, -1]
    days += (np.datetime64(start, "us") - EPOCH) / DAY  # since 1970, as matplotlib counts
    highest = _error_steps(ax, days, error, bins)
    ax.xaxis_date()
    ax.tick_params(axis="x", rotation=45)
    return highest


def _error_steps(ax: Any, values: Array, error: Array, bins: int) -> float:
    """Mean error between quantiles of the values; missing ones are left out."""
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], np.linspace(0.0, 1.0, bins + 1)))
    where = np.clip(np.searchsorted(edges, values[known], side="right") - 1, 0, len(edges) - 2)
    count = np.bincount(where, minlength=len(edges) - 1)
    total = np.bincount(where, error[known], minlength=len(edges) - 1)
    means = total / np.maximum(count, 1)
    ax.bar(edges[:-1], means, np.diff(edges), align="edge", color=GREEN, edgecolor="white",
           linewidth=0.5)  # fmt: skip
    return float(means.max())
