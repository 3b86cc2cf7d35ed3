"""What the pictures share: a canvas, colors, dots, strips of runs."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

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
DPI = 90
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


def sample(records: Sequence[Record]) -> np.ndarray:
    """(rows, 2): actual and predicted of the run of seed 0."""
    return np.array(next(record["sample"] for record in records if "sample" in record))


def dots(axes: Any, x: np.ndarray, y: np.ndarray, color: str = BLUE) -> None:
    axes.plot(x, y, ".", color=color, markersize=3, alpha=0.5)


def strip(
    axes: Any,
    scores: Sequence[np.ndarray],
    labels: Sequence[str],
    colors: Sequence[str] = COLORS,
) -> bool:
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
        color = colors[k % len(colors)]
        axes.plot(k + shift, values, "o", color=color, markersize=5, alpha=0.8)
        axes.hlines(np.mean(values), k - 0.32, k + 0.32, color=color, linewidth=2)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    return bool(wide)


def wrapped(name: str, width: int) -> str:
    return "\n".join(textwrap.wrap(name, width))
