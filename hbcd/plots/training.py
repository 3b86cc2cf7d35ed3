"""Pictures of training: the loss, the layers that were chosen, and their sensitivities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hbcd.plots.style import BLACK, BLUE, COLORS, MARKERS, ORANGE, axes, finish
from hbcd.utils.public import public

__all__ = ["plot_history", "plot_layer_selection", "plot_sensitivity", "report_and_history"]

MOST_BELOW = 4  # names of phases, one below the other


@public
def plot_history(model_or_report: Any, ax: Any = None) -> Any:
    """Draws the loss at the end of every pass over the data.

    Parameters
    ----------
    model_or_report : fitted estimator or FitReport
        What has a history; one that was read from a file has none.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Loss (logarithmic; of a regressor in standardized units) against evaluations of the
        objective; dotted lines where a phase of the strategy begins.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        Nothing was recorded.
    """
    report, history = report_and_history(model_or_report)
    ax = axes(ax)
    ends = history[history["event"] == "epoch"]
    ends = ends if len(ends) else history
    for name, column, color, line in (
        ("training rows", "loss", BLUE, "-"),
        ("held-out rows", "validation_loss", ORANGE, "--"),
    ):
        values = ends[column].to_numpy()
        if np.isfinite(values).any():
            dots = "." if len(ends) <= 60 else ""
            ax.plot(ends["n_fev"], values, line, color=color, label=name, marker=dots)
    if (ends["loss"] > 0).all():
        ax.set_yscale("log")
    _mark_phases(ax, report.phases, history, report._chosen)
    ax.legend(loc="best")
    network = getattr(model_or_report, "network_", None)
    plain = network is not None and not network.loss.standardize_target
    loss = "loss" if plain else "loss (standardized units)"
    return finish(ax, "evaluations of the objective", loss, "Training")


@public
def plot_layer_selection(model_or_report: Any, ax: Any = None) -> Any:
    """Draws which layer each block visit trained, and how often each was chosen.

    Parameters
    ----------
    model_or_report : fitted estimator or FitReport
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        One mark per visit: layer (1 is next to the input) against step; the share of visits
        beside each layer's name.

    Raises
    ------
    ValueError
        The strategy has no block visits.
    """
    _, history = report_and_history(model_or_report)
    visits = _visits(history)
    ax = axes(ax)
    network = getattr(model_or_report, "network_", None)
    last = int(visits["block"].max()) if network is None else len(network.blocks) - 1
    labels = []
    for block in range(last + 1):
        chosen = visits.loc[visits["block"] == block, "step"]
        color = COLORS[block % len(COLORS)]
        ax.plot(chosen, np.full(len(chosen), block), "|", color=color, markersize=14)
        labels.append(f"layer {block + 1}\n{len(chosen) / len(visits):.0%} of visits")
    ax.set_yticks(range(last + 1), labels)
    ax.set_ylim(-0.6, last + 0.6)
    return finish(ax, "step", "", f"Layer selection, {len(visits)} visits")


@public
def plot_sensitivity(model_or_report: Any, ax: Any = None) -> Any:
    """Draws the sensitivity of each layer at the visits that it was chosen for.

    Parameters
    ----------
    model_or_report : fitted estimator or FitReport
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Sensitivity (logarithmic) against step, one series per layer.

    Raises
    ------
    ValueError
        The strategy measured no sensitivity.
    """
    _, history = report_and_history(model_or_report)
    visits = _visits(history)
    visits = visits[visits["sensitivity"] > 0]
    if not len(visits):
        raise ValueError("history: has no sensitivities; the selector must be one that measures")
    ax = axes(ax)
    for block, chosen in visits.groupby("block"):
        ax.plot(
            chosen["step"],
            chosen["sensitivity"],
            linestyle="none",
            color=COLORS[block % len(COLORS)],
            marker=MARKERS[block % len(MARKERS)],
            markersize=4,
            label=f"layer {block + 1}",
        )
    ax.set_yscale("log")
    ax.legend(loc="best")
    return finish(ax, "step", "sensitivity (standardized units)", "Sensitivity when chosen")


def _mark_phases(ax: Any, names: Sequence[str], history: pd.DataFrame, start: int) -> None:
    """A dotted line with the optimizer's name where each phase begins, the first at `start`.

    The same name is not said again: between two changes of a network that grows.
    """
    ends = history.groupby("phase")["n_fev"].max()
    last, below, said = -np.inf, 0, ""
    for phase, end in ends.items():
        ax.axvline(start, color=BLACK, linewidth=0.8, linestyle=":")
        name, begin, start = names[phase] if phase < len(names) else f"phase {phase}", start, end
        if name == said:
            continue
        # A name beside the one before would cover it: it stands below.
        below = (below + 1) % MOST_BELOW if begin - last < 0.05 * ends.max() else 0
        last, said = begin, name
        ax.annotate(
            name,
            (begin, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -2 - 36 * below),
            textcoords="offset points",
            rotation=90,
            va="top",
            fontsize="x-small",
            color=BLACK,
        )


def report_and_history(source: Any) -> tuple[Any, pd.DataFrame]:
    """The report and its history, of an estimator or of itself.

    Parameters
    ----------
    source : fitted estimator or FitReport
    """
    report = getattr(source, "report_", source)
    history = getattr(report, "history", None)
    if history is None:
        raise TypeError(f"{type(source).__name__}: must be a fitted estimator or a FitReport")
    if not len(history):
        raise ValueError("history: is empty; a model read from a file has none, fit it again")
    return report, history


def _visits(history: pd.DataFrame) -> pd.DataFrame:
    """Lines of visits of one block; -1 stands for all parameters at once."""
    visits = history[(history["event"] == "visit") & (history["block"] >= 0)]
    if not len(visits):
        raise ValueError("history: has no block visits; the strategy must train by blocks")
    return visits
