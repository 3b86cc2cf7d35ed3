"""Pictures of a network that changed while it trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbcd.plots.style import COLORS, axes, finish
from hbcd.plots.training import report_and_history
from hbcd.utils.public import public

__all__ = ["plot_growth"]


@public
def plot_growth(model_or_report: Any, ax: Any = None) -> Any:
    """Draws the widths of the hidden layers over a training by `Grow`.

    Parameters
    ----------
    model_or_report : fitted estimator or FitReport
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Neurons of every hidden layer against evaluations of the objective, and a dotted line at
        what the layer ends with; a layer that is added later begins there.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        The network did not change.
    """
    report, history = report_and_history(model_or_report)
    if "widths" not in history:
        raise ValueError("history: has no widths, the network did not change; Grow changes it")
    ax = axes(ax)
    lines = [[int(width) for width in text.split("-")] for text in history["widths"]]
    depth = max(map(len, lines))
    table = np.array([line + [np.nan] * (depth - len(line)) for line in lines], dtype=float)
    ends = report.network.widths[:-1]
    for layer in range(depth):
        color = COLORS[layer % len(COLORS)]
        label = f"layer {layer + 1}"
        if layer < len(ends):
            label += f", ends with {ends[layer]}"
            ax.axhline(ends[layer], color=color, linewidth=0.8, linestyle=":")
        ax.step(history["n_fev"], table[:, layer], where="pre", color=color, label=label)
    ax.set_ylim(bottom=0)
    ax.legend(loc="best")
    return finish(ax, "evaluations of the objective", "neurons", "Growth")
