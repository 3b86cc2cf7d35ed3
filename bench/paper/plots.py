"""The pictures; each function draws into a figure that it is given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import article
from .records import Record

RED, BLUE, GRAY, ORANGE, GREEN, VIOLET = (
    "#c0392b",
    "#2563a8",
    "#6b7280",
    "#e08e0b",
    "#2f855a",
    "#6b46c1",
)
COLORS = (RED, BLUE, ORANGE, GREEN, VIOLET, GRAY)
BINS = 60  # of the run, in the pictures of layers
DPI = 100
WIDE = 4.0  # ratio of errors from which on only logarithms can be read


def available() -> bool:
    """Whether matplotlib is there; says in one line if not."""
    try:
        import matplotlib
    except ImportError:
        print("no figures: matplotlib is not installed: pip install -e '.[bench]'")
        return False
    matplotlib.use("Agg")
    return True


@contextlib.contextmanager
def picture(path: Path, size: tuple[float, float]) -> Iterator[Any]:
    """A figure that is written to a file in the end."""
    import matplotlib.pyplot as plt

    with plt.rc_context({"font.size": 11, "axes.grid": True, "grid.alpha": 0.3}):
        figure = plt.figure(figsize=size, layout="constrained")
        try:
            yield figure
            figure.savefig(path, dpi=DPI, metadata={"Software": None})
        finally:
            plt.close(figure)


def mean_and_spread(records: Sequence[Record], name: str = "r2_test") -> str:
    values = np.array([record[name] for record in records])
    spread = f" ± {values.std(ddof=1):.4f}" if values.size > 1 else ""
    return f"{values.mean():.4f}{spread}"


def _sample(records: Sequence[Record]) -> np.ndarray:
    """(rows, 2): actual and predicted of the run of seed 0."""
    return np.array(next(record["sample"] for record in records if "sample" in record))


def _dots(axes: Any, x: np.ndarray, y: np.ndarray, color: str = BLUE) -> None:
    axes.plot(x, y, ".", color=color, markersize=3, alpha=0.5)


def _strip(axes: Any, scores: Sequence[np.ndarray], labels: Sequence[str]) -> bool:
    """One column of points per method, the mean as a line: test R2.

    Where errors differ by more than `WIDE` it is 1 - R2 on a logarithmic axis; says whether.
    """
    errors = [1.0 - values for values in scores]
    wide = max(e.max() for e in errors) > WIDE * min(e.min() for e in errors)
    axes.set_ylabel("1 - test R² (less is better)" if wide else "test R²")
    if wide:
        axes.set_yscale("log")
    for k, values in enumerate(errors if wide else scores):
        shift = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
        color = COLORS[k % len(COLORS)]
        axes.plot(k + shift, values, "o", color=color, markersize=5, alpha=0.8)
        axes.hlines(np.mean(values), k - 0.32, k + 0.32, color=color, linewidth=2)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    return bool(wide)


def actual_against_predicted(
    figure: Any, panels: Sequence[tuple[str, list[Record]]], unit: str
) -> None:
    """Above actual against predicted, below residuals, one column per method."""
    axes = figure.subplots(2, len(panels), sharex=True, sharey="row")
    for column, (name, records) in enumerate(panels):
        actual, predicted = _sample(records).T
        ends = [actual.min(), actual.max()]
        _dots(axes[0, column], actual, predicted)
        axes[0, column].plot(ends, ends, color="black", linewidth=0.8)
        axes[0, column].set_title(f"{name}\ntest R² {mean_and_spread(records)}")
        _dots(axes[1, column], actual, predicted - actual, RED)
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
    _strip(
        axes,
        [np.array([record["r2_test"] for record in records]) for _, records in panels],
        [name.replace(" ", "\n") for name, _ in panels],
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
    columns = 2
    rows = -(-len(panels) // columns)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (title, runs) in zip(grid.flat, panels, strict=False):
        names = list(runs)
        scores = [np.array(runs[name]) for name in names]
        wide = _strip(axes, scores, [_two_lines(name) for name in names])
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


def _two_lines(name: str) -> str:
    return name.replace(", ", "\n", 1)


def with_and_without(figure: Any, panels: Sequence[tuple[str, list[Record]]], unit: str) -> None:
    """Above actual against predicted and residuals with and without; below R2 of every run."""
    above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1.0))
    axes = above.subplots(1, 3)
    for k, (name, records) in enumerate(panels[:2]):
        actual, predicted = _sample(records).T
        _dots(axes[k], actual, predicted, COLORS[k])
        ends = [actual.min(), actual.max()]
        axes[k].plot(ends, ends, color="black", linewidth=0.8)
        axes[k].set(xlabel=f"actual, {unit}", ylabel=f"predicted, {unit}")
        axes[k].set_title(f"{_wrapped(name, 40)}\ntest R² {mean_and_spread(records)}", fontsize=11)
    residuals = [np.subtract(*_sample(records).T) for _, records in panels[:2]]
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
    axes[2].legend()
    strip = below.subplots()
    _strip(
        strip,
        [np.array([record["r2_test"] for record in records]) for _, records in panels],
        [_wrapped(name, 24) for name, _ in panels],
    )


def _wrapped(name: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(name, width))


def bars_of_times(
    figure: Any, panels: Sequence[tuple[str, float, Mapping[str, Mapping[str, Any]]]]
) -> None:
    """Seconds in all, and to the target, on a logarithmic axis."""
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, target, rows) in zip(grid, panels, strict=True):
        places = np.arange(len(rows))[::-1]
        totals = [row["seconds"] for row in rows.values()]
        reached = [row["seconds to target"] for row in rows.values()]
        never = [2 * row["never"] >= row["runs"] for row in rows.values()]
        axes.barh(places + 0.2, totals, 0.38, color=GRAY)
        bars = axes.barh(places - 0.2, reached, 0.38, color=BLUE)
        for bar, lost in zip(bars, never, strict=True):
            bar.set(hatch="///" if lost else None, facecolor="white" if lost else BLUE)
            bar.set_edgecolor(BLUE)
        for place, all_of_it, part, lost in zip(places, totals, reached, never, strict=True):
            axes.text(all_of_it * 1.06, place + 0.2, f"{all_of_it:.2g}", va="center", fontsize=10)
            text = "never" if lost else f"{part:.2g}"
            axes.text(part * 1.06, place - 0.2, text, va="center", fontsize=10)
        axes.set_yticks(places, list(rows))
        axes.set_xscale("log")
        axes.set_xlim(min(reached + totals) / 2, max(totals) * 2.5)
        axes.set(title=name, xlabel="seconds")
        axes.grid(axis="y", visible=False)
        key = {"in all": GRAY, f"to test R² {target:g}": BLUE}
        axes.legend(
            [axes.barh(0, 0, color=color) for color in key.values()],
            list(key),
            loc="upper center",
            bbox_to_anchor=(0.5, -0.14),
            ncols=2,
            frameon=False,
        )


def grid_of_scores(
    figure: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    scores: Mapping[tuple[str, str], list[float]],
) -> None:
    """A table in colors."""
    means = np.array([[np.mean(scores[row, column]) for column in columns] for row in rows])
    axes = figure.subplots()
    image = axes.imshow(means, cmap="viridis", aspect="auto")
    middle = (means.min() + means.max()) / 2
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            values = np.array(scores[row, column])
            spread = f"\n({values.std(ddof=1):.4f})" if values.size > 1 else ""
            color = "white" if means[i, j] < middle else "black"
            axes.text(j, i, f"{means[i, j]:.4f}{spread}", ha="center", va="center", color=color)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.grid(False)
    figure.colorbar(image, label="mean test R²")


def lines_over_widths(
    figure: Any,
    widths: Sequence[int],
    panels: Sequence[tuple[str, Mapping[str, list[list[Record]]]]],
) -> None:
    """Above test R2, below seconds; one column per table."""
    grid = figure.subplots(2, len(panels), squeeze=False, sharex=True)
    for column, (title, lines) in enumerate(panels):
        for color, (name, groups) in zip(COLORS, lines.items(), strict=False):
            scores = [np.array([r["r2_test"] for r in records]) for records in groups]
            spreads = [v.std(ddof=1) if v.size > 1 else 0.0 for v in scores]
            means = [v.mean() for v in scores]
            grid[0, column].errorbar(
                widths, means, spreads, color=color, marker="o", capsize=4, label=name
            )
            seconds = [np.median([r["seconds"] for r in records]) for records in groups]
            grid[1, column].plot(widths, seconds, color=color, marker="o", label=name)
        grid[0, column].set(title=title, ylabel="test R²")
        grid[1, column].set(xlabel="neurons in each of 3 hidden layers", ylabel="seconds")
        grid[1, column].set_yscale("log")
        grid[1, column].set_xticks(widths)
        grid[0, column].legend()


def tuning_panels(
    figure: Any, panels: Mapping[str, tuple[Mapping[float, list[Record]], Any]]
) -> None:
    """One panel per setting."""
    for axes, (setting, (lines, own)) in zip(
        figure.subplots(2, 2).flat, panels.items(), strict=True
    ):
        values = list(lines)
        for name, label, color in (
            ("r2_validation", "validation", BLUE),
            ("r2_test", "test", RED),
        ):
            scores = [np.array([r[name] for r in records]) for records in lines.values()]
            spreads = [v.std(ddof=1) if v.size > 1 else 0.0 for v in scores]
            axes.errorbar(
                values,
                [v.mean() for v in scores],
                spreads,
                color=color,
                marker="o",
                capsize=4,
                label=label,
            )
        if own is not None:
            axes.axvline(own, color="black", linestyle="--", linewidth=1)
        axes.set_xscale("log")
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.set_xticks([], minor=True)
        axes.set(xlabel=setting, ylabel="R²")
        axes.legend()
