"""The tables and the picture of quality.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bench.quality.race import GOALS

COLORS = {  # warm: hbcd; blue: scikit-learn; green: PyTorch; gray: trees
    "hbcd": ["#c0392b", "#7b1e14", "#e67e22", "#d81b60", "#8e44ad", "#b08d00", "#5d4037"],
    "scikit-learn": ["#2563a8", "#5b9bd5"],
    "PyTorch": ["#15803d", "#65a30d"],
    "trees": ["#111827", "#6b7280", "#a3a3a3"],
}
STYLES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2))]


def methods_of(results: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(r["method"] for r in results))


def cell(lines: list[dict[str, Any]], goal: str) -> str:
    """Mean seconds over the splits; a split that never got there counts as its budget."""
    found = [(line["seconds_to"][goal], line["budget"]) for line in lines]
    never = sum(seconds is None for seconds, _ in found)
    mean = float(np.mean([budget if seconds is None else seconds for seconds, budget in found]))
    return f"{mean:.2f}" + (f" ({never} of {len(found)} never)" if never else "")


def markdown(results: list[dict[str, Any]]) -> str:
    """One table per data set: a line per method, a column per goal."""
    text = []
    for table in dict.fromkeys(r["table"] for r in results):
        own = [r for r in results if r["table"] == table]
        goals = [goal.name for goal in GOALS[table]]
        base = np.mean([r["least_squares"] for r in own])
        splits = len({r["seed"] for r in own})
        text.append(
            f"{table}: mean seconds over {splits} splits, budget {own[0]['budget']:g} s; least "
            f"squares: R2 {base:.4f}\n"
        )
        text.append(f"| method | {' | '.join(goals)} | last R2 | its gain |")
        text.append("|---" * (len(goals) + 3) + "|")
        for method in methods_of(own):
            lines = [r for r in own if r["method"] == method]
            cells = [cell(lines, goal) for goal in goals]
            last = [np.nan if r["last"] is None else r["last"] for r in lines]
            gain = np.mean(last) - np.mean([r["least_squares"] for r in lines])
            text.append(f"| {method} | {' | '.join(cells)} | {np.mean(last):.5f} | {gain:.5f} |")
        text.append("")
    return "\n".join(text)


def draw(results: list[dict[str, Any]], title: str, file: Path) -> None:
    """1 - R2 on test rows against seconds, median over the splits, one panel per data set."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(r["table"] for r in results))
    figure, axes = plt.subplots(1, len(names), figsize=(7.5 * len(names), 6.5), squeeze=False)
    for panel, table in zip(axes[0], names, strict=True):
        own = [r for r in results if r["table"] == table]
        counts: dict[str, int] = {}
        lowest = 1.0
        for method in methods_of(own):
            lines = [r for r in own if r["method"] == method]
            errors = 1.0 - np.array([r["r2"] for r in lines], dtype=float)
            some = np.isfinite(errors).any(axis=0)
            if not some.any():
                continue
            middle = np.nanmedian(errors[:, some], axis=0)
            library = next((name for name in COLORS if method.startswith(name)), "trees")
            style = STYLES[counts.get(library, 0) % len(STYLES)]
            counts[library] = counts.get(library, 0) + 1
            color = COLORS[library][(counts[library] - 1) % len(COLORS[library])]
            seconds = np.array(lines[0]["checks"])[some]
            panel.plot(seconds, middle, color=color, linestyle=style, label=method, linewidth=1.6)
            lowest = min(lowest, float(middle.min()))
        base = 1.0 - float(np.mean([r["least_squares"] for r in own]))
        panel.axhline(base, color="#9ca3af", linewidth=1)
        panel.annotate(
            "least squares", (1, base), xycoords=("axes fraction", "data"), xytext=(-4, 3),
            textcoords="offset points", ha="right", fontsize=9, color="#6b7280",
        )  # fmt: skip
        panel.set(xscale="log", yscale="log", xlabel="seconds of training", title=table)
        panel.set_ylabel("1 - R² on test rows (median of the splits)")
        panel.set_ylim(lowest * 0.9, base * 3)
        panel.grid(which="both", color="#e5e7eb", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.legend(fontsize=8, loc="best", framealpha=0.9)
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    figure.savefig(file, dpi=130)
    plt.close(figure)
