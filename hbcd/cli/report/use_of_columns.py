"""The part of a page, and its pictures, that say what a model makes of its columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hbcd import plots
from hbcd.cli.explanations import REPEATS, Explanations
from hbcd.cli.report import html

__all__ = ["draw_use", "percent", "use_section"]

MOST_LINES = 30
METRICS = {
    "r2": "R2 falls",
    "mae": "the mean absolute error grows",
    "log_loss": "the log-loss grows",
}


def use_section(found: Explanations, where: str) -> list[str]:
    """A heading, what the numbers mean, and a line for each column.

    Parameters
    ----------
    found : Explanations
    where : str
        The rows that were scored, in words.
    """
    one, indices = found.importance, found.indices
    level = f"{indices.confidence_level:.0%}"
    head, note = ["column"], ""
    if one is not None:
        head += ["importance", "from", "to"]
        note = (
            f"Importance: how much {METRICS[one.metric]} on {where} when the values of a column "
            f"change places, the mean of {REPEATS} times; from, to: its {level} interval over "
            "bootstrap samples of these rows. "
        )
        if one.spread is not None:
            head.append("spread")
            note += "Spread: how much this differs between the networks of the model. "
    head += ["alone", "with others"]
    note += (
        "Alone, with others: the share of the variance of the prediction that a column explains, "
        "by itself and in all it has part in, were columns independent over their ranges (Sobol "
        "indices). Columns that say the same share their importance."
    )
    lines = [_line(found, int(k)) for k in found.order[:MOST_LINES]]
    if len(found.order) > MOST_LINES:
        note += f" The first {MOST_LINES} of {len(found.order)} columns are shown."
    return [html.heading("What the model uses", note), html.table(head, lines)]


def _line(found: Explanations, k: int) -> list[str]:
    one, cells = found.importance, [found.indices.features[k]]
    if one is not None:
        numbers = [one.mean[k], one.low[k], one.high[k]]
        numbers += [] if one.spread is None else [one.spread[k]]
        cells += [f"{number:.4g}" if np.isfinite(number) else "-" for number in numbers]
    return cells + [percent(share) for share in found.share[k]]


def percent(share: float) -> str:
    """A share, which errors of sampling may put a little below 0."""
    return f"{share:.1%}".replace("-0.0%", "0.0%") if np.isfinite(share) else "-"


def draw_use(found: Explanations, axes: Callable[[str, str], Any]) -> None:
    """Draws importance, Sobol indices and the curves of columns.

    Parameters
    ----------
    found : Explanations
    axes : callable
        Of the name of a file and what it shows: where to draw.
    """
    if found.importance is not None and np.isfinite(found.importance.mean).all():
        text = "Permutation importance of the columns"
        plots.plot_importance(found.importance, axes("importance", text))
    outputs = found.indices.outputs
    place = int(np.argmax(found.indices.variance)) if len(outputs) > 1 else 0
    if np.isfinite(found.indices.total[:, place]).all():
        text = f"Sobol indices of {outputs[place]}"
        plots.plot_sobol(found.indices, axes("sobol", text), output=place)
    for k, (curve, effect) in enumerate(zip(found.curves, found.effects, strict=True), 1):
        column = curve.features[0]
        plots.plot_partial_dependence(
            curve, axes(f"partial_dependence_{k}", f"Partial dependence on {column}")
        )
        plots.plot_accumulated_effects(
            effect, axes(f"accumulated_effect_{k}", f"Accumulated local effect of {column}")
        )
