"""Names of columns as names that a language takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["comment_text", "identifiers"]


def identifiers(names: Iterable[str], taken: Iterable[str], most: int, default: str) -> list[str]:
    """A legal name for each: letters, digits and single underscores, no two the same.

    Parameters
    ----------
    names : iterable of str
    taken : iterable of str
        Names that are not to be used, keywords among them; case does not count.
    most : int
        Characters of the longest one.
    default : str
        For a name without a letter or digit of ASCII.

    Returns
    -------
    list of str
    """
    used = {name.casefold() for name in taken}
    found = []
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        word = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") or default
        if word[0].isdigit():
            word = f"{default}_{word}"
        word = word[:most].rstrip("_")
        made, number = word, 2
        while made.casefold() in used:
            end = f"_{number}"
            made, number = word[: most - len(end)].rstrip("_") + end, number + 1
        used.add(made.casefold())
        found.append(made)
    return found


def comment_text(text: str) -> str:
    """A text that may stand in a comment of any of the languages."""
    return re.sub(r"[^ -~]|[*#{}$?\\\"]", "_", text)
