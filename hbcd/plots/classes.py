"""Pictures of predicted classes: the confusion matrix, and how sure the model is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.metrics.classification import confusion
from hbcd.plots.style import BLUE, COLORS, ORANGE, axes, finish
from hbcd.utils.public import public

__all__ = ["plot_confusion", "plot_probabilities"]

Array = NDArray[Any]
MOST_NUMBERS = 12  # classes up to which every cell has its number
BINS = 20


@public
def plot_confusion(model: Any, X: Any, y: ArrayLike, ax: Any = None) -> Any:
    """Draws the confusion matrix: rows by actual and predicted class.

    Parameters
    ----------
    model : fitted classifier
    X : array_like or DataFrame
    y : array_like of shape (rows,)
        Labels.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Actual classes down, predicted ones across; colors are shares of a row, numbers count rows.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        A label that is none of the model's classes.
    """
    truth, predicted = _numbers(model, y), _numbers(model, model.predict(X))
    counts = confusion(truth, predicted, len(model.classes_))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = axes(ax)
    ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    if len(counts) <= MOST_NUMBERS:
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            ax.text(column, row, str(count), ha="center", va="center", color=color)
    names = [_short(label) for label in model.classes_.tolist()]
    upright = 0 if sum(map(len, names)) <= 30 else 90
    ax.set_xticks(range(len(names)), names, rotation=upright)
    ax.set_yticks(range(len(names)), names)
    finish(ax, "predicted", "actual", f"Accuracy {np.trace(counts) / counts.sum():.3g}")
    ax.grid(False)
    return ax


@public
def plot_probabilities(model: Any, X: Any, y: ArrayLike, ax: Any = None) -> Any:
    """Draws how sure a model is, and whether rightly so.

    Parameters
    ----------
    model : fitted classifier
    X : array_like or DataFrame
    y : array_like of shape (rows,)
        Labels.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Of two classes: rows by the probability of the second, for each class; of more: rows by the
        probability of the predicted class, for rows predicted correctly and wrongly.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        A label that is none of the model's classes.
    """
    truth = _numbers(model, y)
    shares = model.predict_proba(X)
    names = [_short(label) for label in model.classes_.tolist()]
    ax = axes(ax)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    if len(names) == 2:
        groups = [(names[k], shares[truth == k, 1], COLORS[k]) for k in (0, 1)]
        label = f"probability of {names[1]}"
    else:
        right = shares.argmax(axis=1) == truth
        most = shares.max(axis=1)
        groups = [("correct", most[right], BLUE), ("wrong", most[~right], ORANGE)]
        label = "probability of the predicted class"
    for place, (name, values, color) in enumerate(groups):
        text = f"{name}, {len(values)} rows"
        ax.hist(values, edges, color=color, alpha=0.6, label=text, hatch=("", "//")[place])
    ax.set_yscale(
        "symlog", linthresh=1
    )  # so that a single wrong row shows next to many correct ones
    ax.yaxis.set_major_formatter("{x:.0f}")
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper center", ncols=2, fontsize="small")
    return finish(ax, label, "rows", "Probabilities")


def _numbers(model: Any, y: ArrayLike) -> Array:
    """The number of each row's class."""
    labels, classes = np.asarray(y), model.classes_
    place = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    wrong = classes[place] != labels
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"y: row {at} is {labels[at]!s}: must be a class of the model")
    return place


def _short(label: Any) -> str:
    text = str(label)
    return text if len(text) <= 14 else text[:13] + "…"
