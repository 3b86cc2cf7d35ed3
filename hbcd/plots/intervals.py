"""A picture of intervals and of the targets that they are to hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hbcd.plots.errors import target_of
from hbcd.plots.style import BLUE, ORANGE, axes, finish
from hbcd.utils.public import public
from hbcd.utils.validation import as_matrix, check_integer

__all__ = ["plot_intervals"]

MOST_ROWS = 200  # more cannot be told apart


@public
def plot_intervals(
    model: Any,
    X: Any,
    y: ArrayLike,
    ax: Any = None,
    *,
    confidence_level: float = 0.9,
    output: int = 0,
) -> Any:
    """Intervals of rows in the order of their predictions, and the targets that they hold or not.

    The title has the share of all rows whose target lies in its interval; of more than 200 rows
    evenly spaced ones are drawn.

    Parameters
    ----------
    model : HybridRegressor
        Fitted.
    X : array_like or DataFrame of shape (rows, features)
    y : array_like of shape (rows,) or (rows, outputs)
        In the target's unit.
    ax : matplotlib.axes.Axes, optional
    confidence_level : float, default 0.9
    output : int, default 0
        Which of several targets.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ends = np.asarray(model.predict_interval(X, confidence_level))
    ends = ends[:, np.newaxis] if ends.ndim == 2 else ends
    check_integer("output", output, 0)
    if output >= ends.shape[1]:
        raise ValueError(f"output={output}: must be less than {ends.shape[1]}")
    truth = as_matrix("y", y, columns=ends.shape[1], rows=len(ends))[:, output]
    low, high = ends[:, output].T
    inside = (low <= truth) & (truth <= high)
    name, unit = target_of(model, y, output)
    order = np.argsort(0.5 * (low + high), kind="stable")
    if order.size > MOST_ROWS:
        order = order[np.arange(MOST_ROWS) * order.size // MOST_ROWS]
    ax = axes(ax)
    place = np.arange(order.size)
    ax.vlines(place, low[order], high[order], color=BLUE, alpha=0.35, linewidth=1.5)
    for held, color, marker, label in (
        (True, BLUE, "o", "inside"),
        (False, ORANGE, "X", "outside"),
    ):
        some = inside[order] == held
        ax.plot(place[some], truth[order][some], marker, color=color, markersize=4, label=label)
    ax.legend(frameon=False)
    title = f"{np.mean(inside):.1%} in intervals of {confidence_level:.0%}"
    return finish(ax, "rows by their prediction", f"{name} ({unit})" if unit else name, title)
