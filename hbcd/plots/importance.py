"""Pictures of how much a model needs its columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbcd.plots.style import BLACK, BLUE, axes, finish
from hbcd.utils.public import public

__all__ = ["plot_importance"]

MOST_NAMES = 24  # characters of a column's name


@public
def plot_importance(result: Any, ax: Any = None, *, most: int = 20) -> Any:
    """Draws the permutation importance of columns, the greatest on top.

    Parameters
    ----------
    result : PermutationImportance
        From `hbcd.explain.permutation_importance`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    most : int, default 20
        Columns that are drawn.

    Returns
    -------
    matplotlib.axes.Axes
        A bar for what the score loses; a dark line for its bootstrap interval.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    ax = axes(ax)
    order = np.argsort(-result.mean, kind="stable")[:most][::-1]
    names = [result.features[k] for k in order]
    ax.barh(range(len(order)), result.mean[order], color=BLUE, height=0.7)
    if np.isfinite(result.low).all():
        # Percentiles need not lie on both sides of the mean.
        ax.hlines(range(len(order)), result.low[order], result.high[order], color=BLACK)
    shown = [name if len(name) <= MOST_NAMES else name[: MOST_NAMES - 1] + "…" for name in names]
    ax.set_yticks(range(len(order)), shown)
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    return finish(ax, f"loss of {result.metric} when permuted", "", "Permutation importance")
