"""Pictures of how much a model needs its columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbcd.plots.effects import output_places
from hbcd.plots.style import BLACK, BLUE, ORANGE, axes, finish
from hbcd.utils.public import public

__all__ = ["plot_importance", "plot_sobol"]

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
    ax.barh(range(len(order)), result.mean[order], color=BLUE, height=0.7)
    _ends(ax, np.arange(len(order)), result.low[order], result.high[order])
    _names(ax, [result.features[k] for k in order])
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    return finish(ax, f"change of {result.metric} when permuted", "", "Permutation importance")


@public
def plot_sobol(result: Any, ax: Any = None, *, output: Any = None, most: int = 20) -> Any:
    """Draws Sobol indices of columns, the greatest total one on top.

    Parameters
    ----------
    result : SobolIndices
        From `hbcd.explain.sobol_indices`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    output : int or str, optional
        Which target or class; None: the first.
    most : int, default 20
        Columns that are drawn.

    Returns
    -------
    matplotlib.axes.Axes
        Bars of first order and total for each column; dark lines for their bootstrap intervals.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        An output that there is none of.
    """
    ax = axes(ax)
    place = output_places(result.outputs, 0 if output is None else output)[0]
    order = np.argsort(-result.total[:, place], kind="stable")[:most][::-1]
    at = np.arange(len(order))
    for name, shift, color in (("first", 0.2, BLUE), ("total", -0.2, ORANGE)):
        label = {"first": "alone (first order)", "total": "with others (total)"}[name]
        values = getattr(result, name)[order, place]
        ax.barh(at + shift, values, color=color, height=0.38, label=label)
        ends = (getattr(result, f"{name}_{end}")[order, place] for end in ("low", "high"))
        _ends(ax, at + shift, *ends)
    _names(ax, [result.features[k] for k in order])
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    ax.legend(loc="lower right", fontsize="small")
    return finish(ax, f"share of the variance of {result.outputs[place]}", "", "Sobol indices")


def _ends(ax: Any, at: Any, low: Any, high: Any) -> None:
    """Lines of intervals, which need not have the bar's end between theirs."""
    if np.isfinite(low).all():
        ax.hlines(at, low, high, color=BLACK)


def _names(ax: Any, names: list[str]) -> None:
    shown = [name if len(name) <= MOST_NAMES else name[: MOST_NAMES - 1] + "…" for name in names]
    ax.set_yticks(range(len(shown)), shown)
