"""A workbook as bytes: cells of its sheets, and how they look."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

from hbcd.export.excel.excel_cells import Cells, Formula, letters
from hbcd.export.packages import needed

__all__ = ["LONGEST", "Look", "workbook_bytes"]

LONGEST = 65_531  # bytes of an extra field of an entry of an archive
FIELD = 0x6268  # the number of ours, which other readers skip
DAY = (1980, 1, 1, 0, 0, 0)  # the first that the format knows: entries have no time of their own
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
HEAD, EDIT, RESULT = "DDE6EE", "FFF6D5", "E4F1E0"  # colors of cells: heads, to edit, predictions


class Look:
    """How a sheet looks, and what its cells offer.

    Attributes
    ----------
    widths : dict of int to float
        Of columns, in characters.
    freeze : str
        The first cell that scrolls.
    heads, edit, results : list of str
        Ranges of cells by what they are for.
    texts : list of str
        Ranges that hold text whatever is typed.
    choices : dict of str to str
        Of a range the range of what may be chosen in it.
    """

    def __init__(self, freeze: str) -> None:
        self.widths: dict[int, float] = {}
        self.freeze = freeze
        self.heads: list[str] = []
        self.edit: list[str] = []
        self.results: list[str] = []
        self.texts: list[str] = []
        self.choices: dict[str, str] = {}


def workbook_bytes(sheets: dict[str, tuple[Cells, Look]], record: str) -> bytes:
    """The content of a file, the same for the same cells.

    Parameters
    ----------
    sheets : dict of str to (Cells, Look)
    record : str
        At most `LONGEST` characters of ASCII, which stand in the file as they are.
    """
    openpyxl = needed("openpyxl", "excel")
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.creator = "hbcd"
    book.calculation.fullCalcOnLoad = True
    for name, (cells, look) in sheets.items():
        sheet = book.create_sheet(name)
        for (row, column), value in cells.found.items():
            _write(sheet.cell(row, column), value)
        _dress(sheet, look)
    buffer = io.BytesIO()
    book.save(buffer)
    return _with_record(buffer, record.encode("ascii"))


def _with_record(book: io.BytesIO, record: bytes) -> bytes:
    """The same archive with a record before its first file, in a field that readers skip.

    Its comment is no place for it: LibreOffice does not open a workbook with a long one.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(stream, "w") as new:
        for k, name in enumerate(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = TIME.sub(b"1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, DAY)
            entry.create_system = 3  # the same on every system
            if k == 0 and record:
                entry.extra = struct.pack("<HH", FIELD, len(record)) + record
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
            entry.extra = b""  # it stands before the file alone, and not in the directory
    return stream.getvalue()


def _write(cell: Any, value: Any) -> None:
    if isinstance(value, Formula):
        cell.value = f"={value}"
    elif isinstance(value, str):
        cell.value = value
        cell.data_type = "s"  # a text that begins with = is no formula
    elif isinstance(value, bool):
        cell.value = value
    elif value is not None:
        cell.value = repr(float(value))  # 17 digits: openpyxl would write 16
        cell.data_type = "n"


def _dress(sheet: Any, look: Look) -> None:
    styles = needed("openpyxl.styles", "excel")
    sheet.freeze_panes = look.freeze
    for column, width in look.widths.items():
        sheet.column_dimensions[letters(column)].width = width

    def each(ranges: list[str], change: Callable[[Any], None]) -> None:
        for one in ranges:
            for row in sheet[one]:
                for cell in row:
                    change(cell)

    def filled(color: str) -> Callable[[Any], None]:
        fill = styles.PatternFill("solid", fgColor=color)
        return lambda cell: setattr(cell, "fill", fill)

    bold = styles.Font(bold=True)
    sheet["A1"].font = bold
    each(look.heads, filled(HEAD))
    each(look.heads, lambda cell: setattr(cell, "font", bold))
    each(look.edit, filled(EDIT))
    each(look.results, filled(RESULT))
    each(look.texts, lambda cell: setattr(cell, "number_format", "@"))
    validation = needed("openpyxl.worksheet.datavalidation", "excel")
    for one, choices in look.choices.items():
        rule = validation.DataValidation(type="list", formula1=choices, allow_blank=True)
        rule.error = "This is no level that the model knows."
        rule.showErrorMessage = True
        sheet.add_data_validation(rule)
        rule.add(one)
