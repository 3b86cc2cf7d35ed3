"""Laws of reading a flat table of numbers from an .xlsx file with the standard library alone."""

import io
import re
import zipfile

import pytest

from hbcd.tables.xlsx import _column, read_first_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(rows, target="worksheets/sheet7.xml", head=""):
    """Make an .xlsx file of one sheet; texts stand in the cells."""
    cells = "".join(
        f'<row r="{i}">' + "".join(row_cell(i, j, value) for j, value in enumerate(row)) + "</row>"
        for i, row in enumerate(rows, start=1)
    )
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets>'
        '<sheet name="first" r:id="b"/><sheet name="second" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="a" Target="no.xml"/>'
        f'<Relationship Id="b" Target="{target}"/></Relationships>',
        "xl/worksheets/sheet7.xml": f'{head}<worksheet xmlns="{MAIN}"><sheetData>{cells}'
        "</sheetData></worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file


def row_cell(i, j, value):
    if value is None:
        return ""
    reference = f"{'ABC'[j]}{i}"
    if isinstance(value, str):
        return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{reference}"><v>{value!r}</v></c>'


def test_the_sheet_whose_tab_is_first_is_read_whatever_its_part_is_called():
    for target in ("worksheets/sheet7.xml", "/xl/worksheets/sheet7.xml"):
        names, values = read_first_sheet(workbook([["a", "b"], [1.5, -2e-3]], target))
        assert names == ["a", "b"]
        assert values.tolist() == [[1.5, -0.002]]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["a"]],
        [["a", "b"], [1.0]],
        [["a", "b"], [None, 1.0]],
        [["a", "b"], [1.0, None, 2.0]],
        [["a"], ["x"]],
        [["a"], [""]],
    ],
)
def test_a_sheet_that_is_no_table_of_numbers_is_refused(rows):
    with pytest.raises(ValueError, match=r"must be a table|empty cell|could not convert"):
        read_first_sheet(workbook(rows))


def test_columns_count_in_letters():
    references = ["A1", "Z10", "AA1", "AZ3", "BA1", "ZZ9", "AAA1"]
    assert [_column(r) for r in references] == [0, 25, 26, 51, 52, 701, 702]
    for reference in ("", "1", "a1"):
        with pytest.raises(ValueError, match="has no column"):
            _column(reference)


def test_a_sheet_that_would_explode_is_refused():
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    with pytest.raises(ValueError, match="document type"):
        read_first_sheet(workbook([["a"], [1.0]], head=entities))


def test_a_part_too_large_to_unpack_is_refused(monkeypatch):
    monkeypatch.setattr("hbcd.tables.xlsx.MAX_PART", 10)
    with pytest.raises(ValueError, match="larger than 10 bytes"):
        read_first_sheet(workbook([["a"], [1.0]]))


@pytest.mark.parametrize("method", [12, 14, 93])  # bzip2, LZMA; Zstandard, from Python 3.14 on
def test_a_part_that_is_packed_in_another_way_is_refused(method):
    content = bytearray(workbook([["a"], [1.0]]).getvalue())
    for place in re.finditer(b"PK\x01\x02", bytes(content)):  # entries of the directory
        content[place.start() + 10] = method
    for place in re.finditer(b"PK\x03\x04", bytes(content)):
        content[place.start() + 8] = method
    with pytest.raises(ValueError, match=rf"packed by method {method}, must be 0 or 8"):
        read_first_sheet(io.BytesIO(bytes(content)))


def test_a_workbook_cut_anywhere_is_a_value_error():
    content = workbook([["a", "b"], [1.5, 2.0]]).getvalue()
    for size in range(0, len(content), 7):
        with pytest.raises(ValueError, match="not a readable"):
            read_first_sheet(io.BytesIO(content[:size]))


def test_a_workbook_damaged_anywhere_is_read_or_a_value_error():
    content = workbook([["a", "b"], [1.5, 2.0]]).getvalue()
    refused = 0
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        try:
            read_first_sheet(io.BytesIO(bytes(damaged)))
        except ValueError:
            refused += 1
    assert refused > len(content) // 2
