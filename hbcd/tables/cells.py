"""A cell as it stands in its file, for messages: readers change it (``NA`` becomes a gap)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from hbcd.tables.bad_values import BadValueError
from hbcd.tables.files import TableFile
from hbcd.tables.text_format import open_text

__all__ = ["told_by_file"]


@contextmanager
def told_by_file(file: TableFile | None, above: int = 0) -> Iterator[None]:
    """Errors about cells name the cell and the row as they stand in the file.

    Parameters
    ----------
    file : TableFile or None
        Where the table is from; None: it is from no file.
    above : int
        Rows of the table above the piece that is looked at.
    """
    try:
        yield
    except BadValueError as error:
        row = error.row + above
        if file is None:
            raise error.moved(row, f"data row {row + 1}") from None
        where, cell = _place(file, row, error.column)
        raise error.moved(row, where, cell) from None


def _place(file: TableFile, row: int, column: str) -> tuple[str, str | None]:
    """The place of a cell, said, and what stands there; None where that is not to be had."""
    name = file.path.name
    counted = "the header is row 1"
    if file.suffix == ".parquet":
        return f"data row {row + 1} of {name}", None
    try:
        if file.is_text:
            line, cell = _text_cell(file, row, column)
            return f"row {line} of {name}, {counted}", cell
        return f"row {row + 2} of {name}, {counted}", _sheet_cell(file, row, column)
    except (LookupError, ValueError, OSError, ImportError, csv.Error):
        return f"row {row + 2} of {name}, {counted}", None


def _text_cell(file: TableFile, row: int, column: str) -> tuple[int, str]:
    """The line that a row begins in, counted from 1, and the cell."""
    assert file.text.encoding is not None
    assert file.text.sep is not None
    with open_text(file.path, file.text.encoding) as stream:
        reader = csv.reader(stream, delimiter=file.text.sep)
        place, data_row, before = -1, -1, 0
        for record in reader:
            first, before = before + 1, reader.line_num
            if not record or (len(record) == 1 and not record[0].strip()):
                continue  # an empty line, which counts as a line but not as a row of the table
            if place < 0:
                place = [name.strip() for name in record].index(column)
                continue
            data_row += 1
            if data_row == row:
                cell = record[place] if place < len(record) else ""
                return first, cell if cell.strip() else ""
    raise LookupError(f"row {row}")


def _sheet_cell(file: TableFile, row: int, column: str) -> str | None:
    """The cell of a spreadsheet; pandas makes a gap of one that holds an error such as #N/A."""
    if file.suffix == ".xls":
        lines = pd.read_excel(file.path, header=None, dtype=object, keep_default_na=False)
        head, cells = lines.iloc[0], lines.iloc[row + 1]
    else:
        from openpyxl import load_workbook

        book = load_workbook(file.path, read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            head = next(sheet.iter_rows(1, 1, values_only=True))
            cells = next(sheet.iter_rows(row + 2, row + 2, values_only=True))
        finally:
            book.close()
    value = cells[[str(name).strip() for name in head].index(column)]
    return "" if value is None else str(value)
