"""Titles above the row of names, as reports and exports of machines have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hbcd.tables.bad_values import Remedy, TableError
from hbcd.tables.kinds import PLAIN

__all__ = ["refuse_title"]

MOST: Final = 20  # rows above the names
BELOW: Final = 20  # rows below them that are looked at
SHOWN: Final = 5
SKIP: Final = Remedy(
    "delete the rows above the names, or leave them out when reading (pandas: skiprows=...)",
    "delete the rows above the names",
)


def refuse_title(file: Path, rows: Sequence[Sequence[str]]) -> None:
    """TableError where a table begins with rows that hold no names, and the names stand below.

    Such rows have fewer fields than the table, or at most half of them filled.  The names are the
    first row that is filled, without a number, above rows of the same length with numbers.

    Parameters
    ----------
    file : Path
    rows : sequence of sequences of str
        The first rows of the file, the first one included; "" for an empty cell.
    """
    place = _names_below(rows)
    if place == 0:
        return
    title = next((cell.strip() for row in rows[:place] for cell in row if cell.strip()), "")
    begins = f"begins with the title {title!r}" if title else "begins with an empty row"
    names = ", ".join(name.strip() for name in rows[place][:SHOWN])
    more = ", ..." if len(rows[place]) > SHOWN else ""
    raise TableError(
        f"path={file}: {begins}; names must stand in the first row, and seem to stand further "
        f"down ({names}{more})",
        SKIP,
    )


def _names_below(rows: Sequence[Sequence[str]]) -> int:
    """The place of the names where they stand below a title; else 0."""
    for place in range(1, min(MOST + 1, len(rows) - 1)):
        width = len(rows[place])
        if not all(_is_above(row, width) for row in rows[:place]):
            continue
        below = rows[place + 1 : place + 1 + BELOW]
        if (
            width > 1
            and all(_is_name(cell) for cell in rows[place])
            and all(len(row) == width for row in below)
            and any(PLAIN.fullmatch(cell) for row in below for cell in row)
        ):
            return place
    return 0


def _is_above(row: Sequence[str], width: int) -> bool:
    """Whether a row is no row of `width` names."""
    filled = [bool(cell.strip()) for cell in row]
    if not any(filled):
        return True
    return filled[0] and (len(row) < width or 2 * sum(filled) <= width)


def _is_name(cell: str) -> bool:
    return bool(cell.strip()) and not PLAIN.fullmatch(cell)
