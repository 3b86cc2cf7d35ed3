"""Pictures as vector files: no window, no state, the same bytes at every run."""

from __future__ import annotations

import io
from typing import Any

from hbcd.plots.style import without_matplotlib

__all__ = ["Picture", "Pictures"]

Picture = tuple[str, str, bytes]


class Pictures:
    """Figures of one axes each, in the order in which they are begun.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """

    def __init__(self) -> None:
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise without_matplotlib(error) from None
        self._new = Figure
        self._figures: list[tuple[str, str, Any]] = []

    def axes(self, name: str, text: str) -> Any:
        """Where to draw the next one: its file and what it shows."""
        figure = self._new(figsize=(5.0, 3.4), layout="constrained")
        self._figures.append((name, text, figure))
        return figure.subplots()

    def drop(self) -> None:
        """Forgets the last one."""
        self._figures.pop()

    def drawn(self) -> list[Picture]:
        """All of them: (name of the file, what it shows, SVG)."""
        from matplotlib import rc_context

        with rc_context({"svg.hashsalt": "hbcd"}):  # the same names in the file at every run
            return [(name, text, _svg(figure)) for name, text, figure in self._figures]


def _svg(figure: Any) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="svg", dpi=150, metadata={"Date": None})
    return content.getvalue()
