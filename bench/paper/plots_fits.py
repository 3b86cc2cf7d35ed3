"""Pictures of fits: what was predicted, which layers were visited, how runs spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import article
from .plots import COLORS, GRAY, RED, dots, mean_and_spread, sample, strip, wrapped
from .records import Record

BINS = 60  # stretches of a run, in the pictures of layers


def actual_against_predicted(
    figure: Any, panels: Sequence[tuple[str, list[Record]]], unit: str
) -> None:
    """Above actual against predicted, below residuals, one column per method."""
    axes = figure.subplots(2, len(panels), sharex=True, sharey="row")
    for column, (name, records) in enumerate(panels):
        actual, predicted = sample(records).T
        ends = [actual.min(), actual.max()]
        dots(axes[0, column], actual, predicted)
        axes[0, column].plot(ends, ends, color="black", linewidth=0.8)
        axes[0, column].set_title(f"{name}\ntest R² {mean_and_spread(records)}")
        dots(axes[1, column], actual, predicted - actual, RED)
        axes[1, column].axhline(0.0, color="black", linewidth=0.8)
        axes[1, column].set_xlabel(f"actual, {unit}")
    axes[0, 0].set_ylabel(f"predicted, {unit}")
    axes[1, 0].set_ylabel(f"predicted - actual, {unit}")


def layer_choices(figure: Any, panels: Sequence[tuple[str, list[Record]]]) -> None:
    """Left the shares of the layers along the run, one strip per rule; right test R2."""
    left, right = figure.subfigures(1, 2, width_ratios=(1.7, 1.0))
    strips = left.subplots(len(panels), 1, sharex=True)
    for axes, (name, records) in zip(strips, panels, strict=True):
        visits = np.array([int(layer, 36) for layer in records[0]["visits"]], dtype=np.int64)
        shares = visit_shares(visits)
        image = axes.imshow(
            shares,
            aspect="auto",
            origin="lower",
            vmin=0,
            vmax=1,
            cmap="viridis",
            extent=(0, max(1, len(visits)), 0.5, len(shares) + 0.5),
        )
        axes.grid(False)
        axes.set_yticks(range(1, len(shares) + 1))
        axes.set_ylabel("layer")
        axes.set_title(name, fontsize=11)
    strips[-1].set_xlabel("visit")
    left.colorbar(image, ax=strips, label="share of the visits", location="right")
    axes = right.subplots()
    strip(
        axes,
        [np.array([record["r2_test"] for record in records]) for _, records in panels],
        [name.replace(" ", "\n").replace("-", "-\n") for name, _ in panels],
    )


def visit_shares(visits: np.ndarray) -> np.ndarray:
    """(layers, bins): share of each layer among the visits of a stretch of the run."""
    if not visits.size:  # a budget that the search used up
        return np.zeros((1, 1))
    layers = int(visits.max()) + 1
    stretches = np.array_split(visits, min(BINS, len(visits)))
    return np.array([np.bincount(part, minlength=layers) / len(part) for part in stretches]).T


def run_by_run(figure: Any, panels: Sequence[tuple[str, Mapping[str, list[float]]]]) -> None:
    """Test R2 of every run by method; on CCPP the article's bands."""
    everywhere = list(dict.fromkeys(name for _, runs in panels for name in runs))
    colors = dict(zip(everywhere, COLORS, strict=False))
    columns = 2
    rows = -(-len(panels) // columns)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (title, runs) in zip(grid.flat, panels, strict=False):
        names = list(runs)
        scores = [np.array(runs[name]) for name in names]
        looks = [colors[name] for name in names]
        wide = strip(axes, scores, [two_lines(name) for name in names], looks)
        if title.startswith("CCPP"):
            icrs, lbfgs = (
                [1.0 - end if wide else end for end in band]
                for band in (article.ICRS_R2, article.LBFGS_R2)
            )
            axes.axhspan(*icrs, color=RED, alpha=0.15, label="article, ICRS")
            axes.axhspan(*lbfgs, fill=False, hatch="//", edgecolor=GRAY, label="article, L-BFGS")
            axes.legend(loc="upper right")
        axes.set_title(title)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)


def two_lines(name: str) -> str:
    return name.replace(", ", "\n", 1)


def with_and_without(figure: Any, panels: Sequence[tuple[str, list[Record]]], unit: str) -> None:
    """Above actual against predicted and residuals with and without; below R2 of every run."""
    above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1.0))
    axes = above.subplots(1, 3)
    for k, (name, records) in enumerate(panels[:2]):
        actual, predicted = sample(records).T
        dots(axes[k], actual, predicted, COLORS[k])
        ends = [actual.min(), actual.max()]
        axes[k].plot(ends, ends, color="black", linewidth=0.8)
        axes[k].set(xlabel=f"actual, {unit}", ylabel=f"predicted, {unit}")
        axes[k].set_title(f"{wrapped(name, 40)}\ntest R² {mean_and_spread(records)}", fontsize=11)
    residuals = [np.subtract(*sample(records).T) for _, records in panels[:2]]
    width = np.quantile(np.abs(np.concatenate(residuals)), 0.99)
    for k, values in enumerate(residuals):
        axes[2].hist(
            -values,
            bins=np.linspace(-width, width, 41),
            histtype="step",
            color=COLORS[k],
            linewidth=1.8,
            label=("with", "without: same batches")[k],
        )
    axes[2].set(xlabel=f"predicted - actual, {unit}", ylabel="test rows", title="residuals")
    axes[2].set_ylim(0, 1.3 * axes[2].get_ylim()[1])  # room for the legend
    axes[2].legend(loc="upper left")
    every = below.subplots()
    strip(
        every,
        [np.array([record["r2_test"] for record in records]) for _, records in panels],
        [wrapped(name, 24) for name, _ in panels],
    )
