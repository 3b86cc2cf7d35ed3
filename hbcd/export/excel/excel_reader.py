"""Cells of a workbook file, read by the standard library alone."""

from __future__ import annotations

import os
import zipfile
from typing import Any
from xml.etree import ElementTree

from hbcd.tables.xlsx import DAMAGE, PACKED, no_memory
from hbcd.utils.xml_text import parsed_xml

__all__ = ["part_sums", "read_sheets"]

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def read_sheets(path: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Of every sheet its cells: a number, a text, or ``("=", formula)``.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    dict of str to dict

    Raises
    ------
    ValueError
        No workbook, or one with cells of another kind.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if any(part.compress_type not in PACKED for part in file.infolist()):
                raise zipfile.BadZipFile("a part is packed in another way than 0 and 8")
            root = parsed_xml(file.read("xl/workbook.xml"))
            links = parsed_xml(file.read("xl/_rels/workbook.xml.rels"))
            shared = _shared(file)
            targets = {one.get("Id"): one.get("Target", "") for one in links}
            found = {}
            for sheet in root.iter(f"{MAIN}sheet"):
                target = targets[sheet.get(f"{LINK}id")].removeprefix("/xl/")
                content = parsed_xml(file.read(f"xl/{target}"))
                cells = (_cell(one, shared) for one in content.iter(f"{MAIN}c"))
                found[sheet.get("name", "")] = {at: v for at, v in cells if v is not None}
            return found
    except DAMAGE as error:
        if no_memory(error):
            raise MemoryError(str(error)) from error
        raise ValueError(f"workbook: cannot be read: {error}") from error


def part_sums(path: str | os.PathLike[str]) -> dict[str, int]:
    """Of every part of a workbook the checksum of its content, by its name in the archive.

    Parameters
    ----------
    path : str or path
    """
    with zipfile.ZipFile(path) as file:
        return {one.filename: one.CRC for one in file.infolist()}


def _shared(file: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in file.namelist():
        return []
    root = parsed_xml(file.read("xl/sharedStrings.xml"))
    return ["".join(text.text or "" for text in one.iter(f"{MAIN}t")) for one in root]


def _cell(node: ElementTree.Element, shared: list[str]) -> tuple[str, Any]:
    at, kind = node.get("r", ""), node.get("t", "n")
    formula = node.find(f"{MAIN}f")
    if formula is not None:
        if formula.attrib:
            raise ValueError(f"workbook: {at} has an array of formulas")
        return at, ("=", formula.text or "")
    if kind == "inlineStr":
        return at, "".join(text.text or "" for text in node.iter(f"{MAIN}t"))
    value = node.find(f"{MAIN}v")
    if value is None or value.text is None:
        return at, None
    if kind == "s":
        return at, shared[int(value.text)]
    if kind == "b":
        return at, value.text == "1"
    if kind != "n":
        raise ValueError(f"workbook: {at} is of the kind {kind!r}")
    return at, float(value.text)
