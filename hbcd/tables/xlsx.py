"""Reads the first sheet of an .xlsx file that is one flat table of numbers under one row of names.

An .xlsx file is a zip of XML parts (ECMA-376, part 1, chapter 18), so the standard library is
enough for such a table: no dates, no formulas without a stored value, no gaps.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Final
from xml.etree import ElementTree

import numpy as np

from hbcd.utils.xml_text import parsed_xml

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REL_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

#: Largest part that is unpacked (bytes), against zip bombs; the published sheet has 2 MB.
MAX_PART: Final = 64 * 2**20

#: How parts are packed: stored, or by deflate; other methods fail by errors of their own.
PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: What reading a damaged archive raises: no zip, bytes that do not unpack, a part cut off, XML cut
#: off, a part or a shared text missing, a packing or an encryption that is not supported.
DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ElementTree.ParseError,
    LookupError,
    RuntimeError,
)


def no_memory(error: Exception) -> bool:
    """Whether what stands for damage was a want of memory: zlib tells it as an error of its own."""
    return isinstance(error, zlib.error) and str(error).startswith("Error -4 ")


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one part of an archive, refusing one that says it is larger than `MAX_PART`.

    Other packings than the two of .xlsx files have errors of their own, of each version of Python.
    """
    entry = archive.getinfo(name)
    if entry.file_size > MAX_PART:
        raise ValueError(f"{name}: larger than {MAX_PART} bytes")
    if entry.compress_type not in PACKED:
        raise ValueError(f"{name}: packed by method {entry.compress_type}, must be 0 or 8")
    return archive.read(name)


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Parse one part; a document type, which no .xlsx has, could define entities that explode."""
    text = read_part(archive, name)
    if b"<!DOCTYPE" in text:
        raise ValueError(f"{name}: has a document type")
    return parsed_xml(text)


def first_sheet(archive: zipfile.ZipFile) -> str:
    """Name of the part that holds the sheet whose tab stands first."""
    sheet = _xml(archive, "xl/workbook.xml").find(f"{MAIN}sheets/{MAIN}sheet")
    if sheet is None:
        raise ValueError("xl/workbook.xml: names no sheet")
    for relation in _xml(archive, "xl/_rels/workbook.xml.rels"):
        if relation.get("Id") == sheet.get(REL_ID):
            target = relation.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise ValueError(f"sheet {sheet.get('name')}: has no part in the file")


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    """Texts that cells of type ``s`` refer to by their position."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    items = _xml(archive, "xl/sharedStrings.xml").findall(f"{MAIN}si")
    return ["".join(text.text or "" for text in item.iter(f"{MAIN}t")) for item in items]


def _column(reference: str) -> int:
    """Column of a cell from its reference: ``A1`` -> 0, ``Z1`` -> 25, ``AA1`` -> 26."""
    letters = re.match(r"[A-Z]+", reference)
    if letters is None:
        raise ValueError(f"cell {reference!r}: has no column")
    number = 0
    for letter in letters[0]:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _cell_text(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
    value = cell.findtext(f"{MAIN}v", "")
    return shared[int(value)] if cell.get("t") == "s" else value


def _cells(row: ElementTree.Element, shared: list[str]) -> list[str]:
    """Texts of a row's cells; a row that leaves one out, or has an empty one, is refused."""
    texts = []
    for position, cell in enumerate(row.iter(f"{MAIN}c")):
        reference = cell.get("r", "")
        text = _cell_text(cell, shared)
        if _column(reference) != position or not text:
            raise ValueError(f"row {row.get('r')}: has an empty cell")
        texts.append(text)
    return texts


def _table(archive: zipfile.ZipFile) -> tuple[list[str], NDArray[np.float64]]:
    shared = _shared_texts(archive)
    sheet = _xml(archive, first_sheet(archive))
    rows = [texts for row in sheet.iter(f"{MAIN}row") if (texts := _cells(row, shared))]
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("first sheet: must be a table of equally long rows under a row of names")
    return rows[0], np.array([[float(text) for text in row] for row in rows[1:]])


def read_first_sheet(
    file: str | os.PathLike[str] | IO[bytes],
) -> tuple[list[str], NDArray[np.float64]]:
    """Read a flat table of numbers.

    Parameters
    ----------
    file : path or binary file
        The .xlsx file.

    Returns
    -------
    names : list of str
        The first row.
    values : ndarray of float64, shape (rows, columns)
        All further rows.

    Raises
    ------
    ValueError
        The file is no .xlsx file, is damaged, or its first sheet is no such table.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _table(archive)
    except DAMAGE as error:
        if no_memory(error):
            raise MemoryError(str(error)) from error
        raise ValueError(f"not a readable .xlsx file ({error})") from error
