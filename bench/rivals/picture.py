"""The picture of rivals.py: time against rows, against width, against threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LOOKS = {  # color, marker
    "hbcd": ("#c0392b", "o"),
    "torch": ("#e08e0b", "s"),
    "torch.compile": ("#8e6a1f", "D"),
    "jax": ("#2563a8", "^"),
    "sklearn _backprop": ("#6b7280", "v"),
}
LABELS = {"torch": "PyTorch", "torch.compile": "torch.compile", "jax": "JAX jit"}
LABELS["sklearn _backprop"] = "scikit-learn _backprop"


def lines_of(results: list[dict[str, Any]], along: str, **fixed: Any) -> dict[str, dict[Any, Any]]:
    """Library -> value of `along` -> result, where every other field is as fixed."""
    found: dict[str, dict[Any, Any]] = {}
    for result in results:
        if all(result[name] in wanted for name, wanted in fixed.items()):
            found.setdefault(result["library"], {})[result[along]] = result
    return {name: dict(sorted(line.items())) for name, line in found.items()}


def draw_lines(axes: Any, lines: dict[str, dict[Any, Any]]) -> None:
    for name, line in lines.items():
        color, marker = LOOKS[name]
        middle = [1e6 * r["median_s"] for r in line.values()]
        low = [1e6 * (r["median_s"] - r["q1_s"]) for r in line.values()]
        high = [1e6 * (r["q3_s"] - r["median_s"]) for r in line.values()]
        axes.errorbar(
            list(line),
            middle,
            [low, high],
            color=color,
            marker=marker,
            label=LABELS.get(name, name),
        )


def draw(results: list[dict[str, Any]], machine: str, path: Path) -> None:
    """Writes the picture; float64 throughout."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(16, 5.6), layout="constrained")
    one = {"threads": (1,), "dtype": ("float64",)}
    draw_lines(panels[0], lines_of(results, "rows", kind=("rows",), **one))
    panels[0].set(xscale="log", yscale="log", xlabel="rows", title="4-10-10-10-1, 1 thread")
    wide = lines_of(results, "width", kind=("gradient",), rows=(7654,), **one)
    draw_lines(panels[1], wide)
    panels[1].set(xscale="log", yscale="log", title="4-width^3-1, 7654 rows, 1 thread")
    panels[1].set_xlabel("neurons per hidden layer")
    ticks = sorted({width for line in wide.values() for width in line})
    panels[1].set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    panels[1].set_xticks([], minor=True)
    threaded = {"hidden": ("10^3",), "dtype": ("float64",), "kind": ("gradient",), "rows": (7654,)}
    bars = lines_of(results, "threads", **threaded)
    counts = sorted({threads for line in bars.values() for threads in line})
    for k, (name, line) in enumerate(bars.items()):
        step = 0.8 / len(bars)
        places = [counts.index(threads) + (k - (len(bars) - 1) / 2) * step for threads in line]
        heights = [1e6 * r["median_s"] for r in line.values()]
        drawn = panels[2].bar(places, heights, step, color=LOOKS[name][0], label=name)
        panels[2].bar_label(drawn, fmt="%.0f", fontsize=9)
    panels[2].set(title="4-10-10-10-1, 7654 rows", xlabel="threads", ylim=(0, None))
    panels[2].set_xticks(range(len(counts)), [str(count) for count in counts])
    for axes in panels:
        axes.set_ylabel("microseconds per value and gradient")
        axes.grid(alpha=0.3)
    for axes in panels[:2]:
        axes.legend()
    figure.suptitle(
        f"One value and gradient, float64: median, bars from quartile to quartile\n{machine}"
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)
