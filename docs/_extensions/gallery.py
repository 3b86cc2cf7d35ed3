"""The gallery: code runs when the pages are built, and what it prints and draws is shown.

A page of ``docs/gallery`` is Markdown with blocks of Python, as every page is.  Here each block
runs, from top to bottom in one namespace and in an empty folder; below it come its output and its
figures, as SVG in two colorings, for a light and for a dark page.  An error in a block is an error
of the build.  The index shows the first picture of every page that its table of contents names.
"""

from __future__ import annotations

import ast
import contextlib
import html
import io
import logging
import os
import re
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

FOLDER = "gallery/"
INDEX = "gallery/index"
PICTURES = "gallery/pictures"
MARK = "<!-- cards -->"
BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"^[a-z_]+$", re.MULTILINE)  # an entry of the table of contents of the index

#: What every figure begins with.  The colors are those of `hbcd.plots`, so that `DARK` finds them.
STYLE: dict[str, Any] = {
    "axes.edgecolor": "#333333",
    "axes.facecolor": "none",
    "axes.labelcolor": "#333333",
    "figure.facecolor": "none",
    "font.size": 10.5,
    "legend.edgecolor": "#dddddd",
    "legend.facecolor": "#fefefe",
    "savefig.dpi": 150,
    "savefig.facecolor": "none",
    "text.color": "#333333",
    "xtick.color": "#333333",
    "ytick.color": "#333333",
}

#: Colors of the light page and of the dark one: ink, grid, paper, then the palette, lighter.
DARK = {
    "#333333": "#d4d4d4",
    "#dddddd": "#3f4247",
    "#fefefe": "#131416",
    "#0072b2": "#4ba3e3",
    "#d55e00": "#f58b4c",
    "#009e73": "#2fc49a",
    "#cc79a7": "#e29bc3",
    "#56b4e9": "#a9dcff",
}


def run_blocks(text: str, name: str) -> Iterator[tuple[re.Match[str], str, list[Any]]]:
    """Runs the blocks of a page in turn.

    Parameters
    ----------
    text : str
        The page.
    name : str
        What a traceback calls it.

    Yields
    ------
    block : re.Match
    printed : str
    figures : list of matplotlib.figure.Figure
        Those that the block drew.

    Raises
    ------
    RuntimeError
        A block failed; says in which line of the page.
    """
    from matplotlib import pyplot, rc_context

    namespace = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        code = compile(ast.parse("\n" * line + block[1], filename=name), name, "exec")
        printed = io.StringIO()
        with rc_context(STYLE), contextlib.redirect_stdout(printed):
            try:
                exec(code, namespace)
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                line = next((f.lineno for f in reversed(frames) if f.filename == name), None)
                raise RuntimeError(f"{name}, line {line}: {error!r}") from error
            figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
            yield block, printed.getvalue(), figures
            pyplot.close("all")


def draw(figure: Any, name: str) -> tuple[str, str]:
    """A figure as SVG for a light and for a dark page; equal figures of a name are equal bytes."""
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    light = file.getvalue()
    return light, re.sub("|".join(DARK), lambda color: DARK[color[0]], light)


def describe(figure: Any) -> str:
    """A figure in words, for those who do not see it: titles and labels of its axes."""
    said = []
    for axes in figure.axes:
        labels = " over ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel())))
        said.append(": ".join(filter(None, (axes.get_title(), labels))))
    return "; ".join(filter(None, said)).replace("\n", " ")


def picture(name: str, words: str) -> str:
    """HTML of both colorings of a picture, of which the page shows one."""
    alt = html.escape(words, quote=True)
    return "".join(
        f'<img class="only-{page}" src="pictures/{name}-{page}.svg" alt="{alt}" loading="lazy">'
        for page in ("light", "dark")
    )


def executed(text: str, docname: str, pictures: Path) -> str:
    """The page with what its blocks print and draw; writes the pictures."""
    name = docname.removeprefix(FOLDER)
    parts, end, count = [], 0, 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for block, printed, figures in run_blocks(text, f"{docname}.md"):
            parts.append(text[end : block.end()])
            end = block.end()
            if printed:
                parts.append(f"\n```text\n{printed}```\n")
            for figure in figures:
                count += 1
                stem = f"{name}-{count}"
                for page, svg in zip(("light", "dark"), draw(figure, stem), strict=True):
                    (pictures / f"{stem}-{page}.svg").write_text(svg, encoding="utf-8")
                parts.append(f"\n```{{raw}} html\n{picture(stem, describe(figure))}\n```\n")
    return "".join([*parts, text[end:]])


def card(page: Path) -> str:
    """HTML that leads to a page: its first picture, its title, its first paragraph."""
    title, about = page.read_text(encoding="utf-8").split("\n\n", 2)[:2]
    return (
        f'<a class="example" href="{page.stem}.html">{picture(f"{page.stem}-1", "")}'
        f"<strong>{html.escape(title.lstrip('# '))}</strong>"
        f"<span>{html.escape(' '.join(about.split()))}</span></a>"
    )


def read_page(app: Sphinx, docname: str, content: list[str]) -> None:
    """Called with the text of every page before it is parsed."""
    if docname == INDEX:
        folder = Path(app.srcdir, FOLDER)
        cards = [card(folder / f"{name}.md") for name in NAME.findall(content[0])]
        examples = f'```{{raw}} html\n<div class="examples">{"".join(cards)}</div>\n```'
        content[0] = content[0].replace(MARK, examples)
    elif docname.startswith(FOLDER):
        pictures = Path(app.outdir, PICTURES)
        pictures.mkdir(parents=True, exist_ok=True)
        content[0] = executed(content[0], docname, pictures)


def find_outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Pages to read again though they have not changed: the index, and where pictures are gone."""
    return [
        name
        for name in env.found_docs
        if name.startswith(FOLDER)
        and not Path(app.outdir, PICTURES, f"{name.removeprefix(FOLDER)}-1-dark.svg").exists()
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    os.environ.setdefault("MPLBACKEND", "svg")  # no window
    logging.getLogger("hbcd").setLevel(logging.WARNING)  # Sphinx shows what is logged
    app.connect("source-read", read_page)
    app.connect("env-get-outdated", find_outdated)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
