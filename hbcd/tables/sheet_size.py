"""Refuses workbooks that need far more memory than their bytes say, before anything is built.

A workbook is packed, and one cell far from the others makes a table of all that lies between: a
file of some kilobytes may be gigabytes of memory (16 384 columns by 1 048 576 rows).
"""

from __future__ import annotations

import functools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hbcd.tables.xlsx import DAMAGE, _column, first_sheet

__all__ = ["refuse_far_more_than_it_says"]

MOST_UNPACKED: Final = 64 * 2**20  # bytes of a part that may be any multiple of what is packed
MOST_RATIO: Final = 100  # above that; sheets of numbers unpack to some ten times their bytes
MOST_EMPTY: Final = 1_000_000  # cells of an area that may be filled as little as it likes
LEAST_FILLED: Final = 0.01  # of a larger area
PIECE: Final = 2**20

#: A cell that has something in it: the tag does not end itself.
FILLED: Final = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>')


def refuse_far_more_than_it_says(file: Path) -> None:
    """ValueError of a workbook whose first sheet is empty but for far cells, or unpacks too far.

    Parameters
    ----------
    file : Path
        An .xlsx file.  What is damaged, or no workbook, is left to its reader.

    Raises
    ------
    ValueError
        Says which cell lies far, or which part is packed like that, and what to do.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            for part in archive.infolist():
                _refuse_packed(file, part)
            _refuse_far(file, archive)
    except DAMAGE:
        return


def _refuse_packed(file: Path, part: zipfile.ZipInfo) -> None:
    if part.file_size > max(MOST_UNPACKED, MOST_RATIO * part.compress_size):
        raise ValueError(
            f"path={file}: {part.filename[:100]} unpacks to {part.file_size} bytes, more than "
            f"{MOST_RATIO} times what the file has: save the table as .csv"
        )


def _refuse_far(file: Path, archive: zipfile.ZipFile) -> None:
    """ValueError where the area of the first sheet is large, and next to nothing is in it."""
    try:
        sheet = first_sheet(archive)
    except ValueError:  # the reader tells what is wrong
        return
    number = functools.cache(lambda letters: _column(letters.decode()) + 1)  # of few columns
    cells = rows = columns = 0
    far: dict[str, bytes] = {}
    for letters, digits in _filled_cells(archive, sheet):
        row, column = int(digits), number(letters)
        cells += 1
        if row > rows:
            rows, far["row"] = row, letters + digits
        if column > columns:
            columns, far["column"] = column, letters + digits
    if rows * columns > max(MOST_EMPTY, cells / LEAST_FILLED):
        names = " and ".join(sorted({name.decode() for name in far.values()}))
        raise ValueError(
            f"path={file}: {cells} cells of an area of {rows} rows by {columns} columns have "
            f"something in them: delete what stands far from the table ({names})"
        )


def _filled_cells(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Column and row of every cell that is not empty, read a piece at a time."""
    rest = b""
    with archive.open(name) as part:
        while piece := part.read(PIECE):
            text = rest + piece
            end = text.rfind(b"<")  # a tag may go on in the next piece
            yield from FILLED.findall(text[:end])
            rest = text[end:] if end >= 0 else b""
    yield from FILLED.findall(rest)
