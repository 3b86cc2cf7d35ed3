"""A page that needs nothing but itself: text escaped, style and pictures inside, no scripts."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

__all__ = ["card", "details", "heading", "page", "picture", "table"]

STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --text: #1f2328; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3d444d; --soft: #1c2128; --text: #e6edf3; --page: #0d1117; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; text-align: left;
  vertical-align: top; }
td.number, th.number { text-align: right; }
thead th { background: var(--soft); }
.cards, .pictures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 10rem), 1fr)); }
.pictures { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem;
  background: var(--soft); }
.card b { display: block; font-size: 1.5rem; line-height: 1.3; }
figure { margin: 0; } figure img { width: 100%; height: auto; background: #fff;
  border-radius: .5rem; }
summary { cursor: pointer; }
"""


def page(title: str, body: Iterable[str]) -> str:
    """A document of HTML5; `body` is of what the functions below return."""
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{html.escape(title)}</h1>
{"".join(body)}</main>
</body>
</html>
"""


def heading(text: str, note: str = "") -> str:
    """A heading, and a sentence below it."""
    below = f"<p>{html.escape(note)}</p>\n" if note else ""
    return f"<h2>{html.escape(text)}</h2>\n{below}"


def card(title: str, value: str, note: str = "") -> str:
    """A number to see first; cards stand in an element of class cards."""
    return (
        f'<div class="card">{html.escape(title)}<b>{html.escape(value)}</b>'
        f"{html.escape(note)}</div>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts; what reads as a number stands to the right.

    Without a `head`, names and values.
    """
    lines = [list(row) for row in rows]
    right = [
        bool(lines) and all(_is_number(line[k]) for line in lines) for k in range(len(head))
    ] or [False] * max(map(len, lines), default=0)
    kinds = [' class="number"' if numeric else "" for numeric in right]
    top = "".join(
        f'<th scope="col"{kind}>{html.escape(name)}</th>'
        for name, kind in zip(head, kinds, strict=False)
    )
    body = ""
    for line in lines:
        first, *others = line
        cells = f'<th scope="row">{html.escape(first)}</th>' + "".join(
            f"<td{kind}>{html.escape(cell)}</td>"
            for cell, kind in zip(others, kinds[1:], strict=True)
        )
        body += f"<tr>{cells}</tr>\n"
    above = f"<thead><tr>{top}</tr></thead>\n" if head else ""
    return f'<div class="wide"><table>\n{above}<tbody>\n{body}</tbody>\n</table></div>\n'


def _is_number(text: str) -> bool:
    try:
        float(text.rstrip("%"))
    except ValueError:
        return text in ("", "-")
    return True


def details(summary: str, content: str) -> str:
    """What opens when it is clicked on."""
    return f"<details><summary>{html.escape(summary)}</summary>\n{content}</details>\n"


def picture(svg: bytes, text: str) -> str:
    """A picture inside the page; in a file of its own, so that names in it clash with no others."""
    data = base64.b64encode(svg).decode()
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{html.escape(text)}"></figure>\n'
    )
