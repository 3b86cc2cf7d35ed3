"""Nothing of the pages comes from elsewhere: scripts, styles, fonts, pictures lie beside them.

Links to other sites are links, and allowed; what a browser would load by itself is a warning of
the build.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOADS = {"src", "srcset", "data", "poster"}  # attributes that are loaded, of any element
REMOTE = re.compile(r"\s*(?:https?:|ftp:|wss?:)?//", re.IGNORECASE)
STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


class _Loaded(HTMLParser):
    """Collects what a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loads = LOADS | ({"href"} if tag in ("link", "image", "use") else set())
        for name, value in attrs:
            if name in loads and value and REMOTE.match(value):
                self.found.append(value)
            elif name == "style" and value:
                self.found += STYLE.findall(value)

    handle_startendtag = handle_starttag


def loaded_from_elsewhere(text: str, suffix: str) -> list[str]:
    """Addresses elsewhere that a browser loads with a file.

    Parameters
    ----------
    text : str
        The file.
    suffix : str
        ``".html"`` or ``".svg"``, or ``".css"``.
    """
    if suffix == ".css":
        return STYLE.findall(text)
    page = _Loaded()
    page.feed(text)
    return page.found + [
        url
        for style in re.findall(r"<style.*?</style>", text, re.S)
        for url in STYLE.findall(style)
    ]


def check_pages(app: Sphinx, exception: Exception | None) -> None:
    """Called when the pages are written."""
    from sphinx.util import logging

    if exception is not None:
        return
    logger = logging.getLogger(__name__)
    for file in sorted(Path(app.outdir).rglob("*")):
        if file.suffix in (".html", ".svg", ".css"):
            for url in loaded_from_elsewhere(file.read_text(encoding="utf-8"), file.suffix):
                logger.warning("%s loads %s from elsewhere", file.relative_to(app.outdir), url)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
