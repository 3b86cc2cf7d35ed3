"""What all pictures share: matplotlib when it is there, colors for everyone's eyes, axes."""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "BLACK",
    "BLUE",
    "COLORS",
    "GREEN",
    "MARKERS",
    "ORANGE",
    "axes",
    "finish",
    "new_axes",
    "without_matplotlib",
]

# Okabe and Ito's palette, which readers with any color vision tell apart, darkest first; the
# markers tell series apart where there is no color at all.
BLUE: Final = "#0072b2"
ORANGE: Final = "#d55e00"
GREEN: Final = "#009e73"
BLACK: Final = "#333333"
COLORS: Final = (BLUE, ORANGE, GREEN, "#cc79a7", "#e69f00", "#56b4e9", BLACK)
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")


def without_matplotlib(error: ImportError) -> ImportError:
    """The error where matplotlib cannot be imported."""
    return ImportError(f"pictures need matplotlib: pip install hbcd[plot] ({error})")


def _figure(width: float, height: float) -> Any:
    """A figure of that many inches."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise without_matplotlib(error) from None
    return pyplot.figure(figsize=(width, height), layout="constrained")


def new_axes(columns: int, *, width: float = 6.0, height: float = 4.0) -> Any:
    """An array of `columns` axes side by side, each so many inches wide and high."""
    return _figure(columns * width, height).subplots(1, columns, squeeze=False)[0]


def axes(ax: Any) -> Any:
    """The user's axes, or one of a new figure."""
    return new_axes(1)[0] if ax is None else ax


def finish(ax: Any, x: str, y: str, title: str = "") -> Any:
    """Labels, a quiet grid, no frame above and to the right."""
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    if title:
        ax.set_title(title)
    ax.grid(True, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
