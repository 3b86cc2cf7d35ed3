"""Workbooks that would need far more memory than their bytes say are refused before it is taken."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from hbcd.tables import sheet_size
from hbcd.tables.files import read_table

openpyxl = pytest.importorskip("openpyxl")


def workbook(path, cells):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["a", "b"])
    sheet.append([1, 2])
    for name, value in cells.items():
        sheet[name] = value
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"SZ20000": 1}, "5 cells of an area of 20000 rows by 520 columns"),
        ({"XFD1048576": "x"}, r"1048576 rows by 16384 columns .*\(XFD1048576\)"),
        ({"A1000000": 1, "ZZ3": 1}, r"1000000 rows by 702 columns .*\(A1000000 and ZZ3\)"),
    ],
)
def test_a_cell_far_from_the_table_is_named(cells, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        read_table(workbook(tmp_path / "far.xlsx", cells))


def test_an_empty_cell_that_has_only_a_style_is_not_far(tmp_path):
    path = tmp_path / "styled.xlsx"
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [3, 4]):
        book.active.append(row)
    book.active["XFD900"].font = openpyxl.styles.Font(bold=True)
    book.save(path)
    assert read_table(path).shape == (2, 2)


def test_a_part_that_unpacks_too_far_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet_size, "MOST_UNPACKED", 10_000)
    path = workbook(tmp_path / "packed.xlsx", {})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b" " * 3_000_000)
    with pytest.raises(ValueError, match=r"xl/more\.xml unpacks to 3000000 bytes, more than 100"):
        read_table(path)


def test_a_sheet_with_gaps_is_no_far_cell(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet_size, "MOST_EMPTY", 1000)
    values = np.full((200, 90), np.nan)
    values[::7, ::13] = 1.5  # a hundredth is filled, and the first row and column
    values[0], values[:, 0] = 2.0, 3.0
    frame = pd.DataFrame(values, columns=[f"c{k}" for k in range(90)])
    path = tmp_path / "gaps.xlsx"
    frame.to_excel(path, index=False)
    assert read_table(path).shape == (200, 90)
    frame.iloc[:2, :2].to_excel(path, index=False, startrow=0)
    with pytest.raises(ValueError, match="delete what stands far"):
        read_table(workbook(path, {"Z900": 1}))


def test_tags_that_two_pieces_share_are_read_once(tmp_path, monkeypatch):
    path = workbook(tmp_path / "pieces.xlsx", {f"C{k}": k for k in range(1, 40)})
    with zipfile.ZipFile(path) as archive:
        whole = list(sheet_size._filled_cells(archive, "xl/worksheets/sheet1.xml"))
        for size in (1, 7, 100):
            monkeypatch.setattr(sheet_size, "PIECE", size)
            assert list(sheet_size._filled_cells(archive, "xl/worksheets/sheet1.xml")) == whole
    assert len(whole) == 43
