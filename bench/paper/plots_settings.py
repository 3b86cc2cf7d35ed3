"""Pictures over settings: times, combinations, widths, tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .plots import BLUE, COLORS, GRAY, RED, WIDE
from .records import Record


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
    """Above test R2, below seconds; hollow where the clock ended at least half of the fits."""
    grid = figure.subplots(2, len(panels), squeeze=False, sharex=True)
    for column, (title, lines) in enumerate(panels):
        errors = [
            1.0 - np.mean([r["r2_test"] for r in records])
            for groups in lines.values()
            for records in groups
        ]
        wide = max(errors) > WIDE * min(errors)
        for color, (name, groups) in zip(COLORS, lines.items(), strict=False):
            scores = [np.array([r["r2_test"] for r in records]) for records in groups]
            spreads = [v.std(ddof=1) if v.size > 1 else 0.0 for v in scores]
            means = [1.0 - v.mean() if wide else v.mean() for v in scores]
            grid[0, column].errorbar(
                widths, means, spreads, color=color, marker="o", capsize=4, label=name
            )
            seconds = [np.median([r["seconds"] for r in records]) for records in groups]
            grid[1, column].plot(widths, seconds, color=color, marker="o", label=name)
            for k, records in enumerate(groups):
                if 2 * sum(r["stopped"] == "time" for r in records) >= len(records):
                    for axes, height in zip(grid[:, column], (means[k], seconds[k]), strict=True):
                        axes.plot(
                            widths[k], height, "o", color=color, markerfacecolor="white", zorder=5
                        )
        label = "1 - test R² (less is better)" if wide else "test R²"
        grid[0, column].set(title=title, ylabel=label)
        if wide:
            grid[0, column].set_yscale("log")
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
