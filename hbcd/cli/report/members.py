"""The part of report.html, and its picture, that say what members a fit has tried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hbcd.cli.report import html
from hbcd.estimators.base import HybridEstimator
from hbcd.plots.style import COLORS, MARKERS, finish

__all__ = ["members_section", "plot_members"]

HEAD = ("", "member", "networks", "penalty", "loss left out", "weight")
FAR = 3.0
MOST_LINES = 40  # of members that count for nothing; the picture has all of them


def members_section(model: HybridEstimator, effort: Any) -> list[str]:
    """Every member, in the order of the fit; nothing where one network was trained."""
    members = model.members_
    if members.empty:
        return []
    counts = members["weight"] > 0
    shown = members[counts | (np.cumsum(~counts) <= MOST_LINES)]
    lines = [
        (
            str(place + 1),
            line["name"],
            str(line["networks"]),
            f"{line['alpha']:.3g}" if line["alpha"] else "-",
            f"{line['loss']:.5g}",
            f"{line['weight']:.1%}" if line["weight"] else "-",
        )
        for place, line in shown.iterrows()
    ]
    note = (
        f"Effort {effort}: {len(members)} were tried, in this order, and {int(counts.sum())} have "
        "a weight in the network. The loss is that of rows that a member has not seen; every line "
        "of an architecture is a penalty on its way."
    )
    if len(shown) < len(members):
        note += f" {len(members) - len(shown)} without a weight are left out here."
    return [html.heading("Members", note), html.table(HEAD, lines)]


def plot_members(model: HybridEstimator, ax: Any) -> Any:
    """Draws the loss of rows left out against the penalty, a line for each arm.

    The constant and the linear model are levels, where these are near.

    Raises
    ------
    ValueError
        One network was trained.
    """
    members = model.members_
    arms = members[members["widths"].map(len) > 0]
    if arms.empty:
        raise ValueError("members_: must have a network")
    names = list(dict.fromkeys(arms["name"]))
    # Stages of one arm stand one after another; the same name later is another arm.
    runs = (arms["name"] != arms["name"].shift()).cumsum()
    for _, arm in arms.groupby(runs, sort=False):
        k = names.index(arm["name"].iloc[0])
        color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
        ax.plot(arm["alpha"], arm["loss"], "-", color=color, marker=marker, markersize=4,
                linewidth=1, label=arm["name"].iloc[0])  # fmt: skip
    _mark(ax, arms[arms["weight"] > 0])
    for name, dash in (("constant", ":"), ("linear", "--")):
        loss = members.loc[members["name"] == name, "loss"]
        if (loss < FAR * arms["loss"].max()).all():  # farther ones would flatten the others
            ax.axhline(float(loss.iloc[0]), color=COLORS[-1], linestyle=dash, linewidth=1)
            ax.annotate(name, (1, float(loss.iloc[0])), xycoords=("axes fraction", "data"),
                        ha="right", va="bottom", fontsize="small")  # fmt: skip
    ax.set_xscale("log")
    if (members["loss"] > 0).all():
        ax.set_yscale("log")
    handles, labels = ax.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    ax.legend(unique.values(), unique.keys(), loc="best", fontsize="small")
    return finish(ax, "penalty", "loss of rows left out", "Members tried; circled: in the network")


def _mark(ax: Any, held: pd.DataFrame) -> None:
    """Rings around the members that count, larger where they count for more."""
    ax.scatter(held["alpha"], held["loss"], s=80 + 240 * held["weight"], facecolors="none",
               edgecolors=COLORS[-1], zorder=3)  # fmt: skip
