"""`to_excel`: the workbook computes what the model predicts."""

import io
import re
import zipfile
import zlib
from xml.etree import ElementTree
from xml.parsers.expat import errors

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.export.excel import excel_workbook
from hbcd.export.excel.excel_formulas import Calculation
from hbcd.export.excel.excel_reader import read_sheets
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points
from hbcd.export.self_check import reference
from support.exportable import ACTIVATIONS, FAST, KINDS, model_of, of_table, regressor, rows

openpyxl = pytest.importorskip("openpyxl", reason="the extra excel is not installed")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_workbook_read_back_is_the_model_of_every_kind(kind, tmp_path):
    path = tmp_path / "plant.xlsx"
    record = hbcd.to_excel(model_of(kind), path, rows=3)
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    assert hbcd.read_record(path) == record


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_workbook_read_back_is_within_the_bound(activation, depth, outputs, tmp_path):
    record = hbcd.to_excel(regressor(activation, depth, outputs), tmp_path / "m.xlsx", rows=2)
    assert (np.array(record.measured) <= np.array(record.bound)).all()


def filled(path, form, points):
    """Puts points into the rows of the sheet "Inputs", as a person does."""
    book = openpyxl.load_workbook(path)
    sheet = book["Inputs"]
    for i, point in enumerate(points):
        for k, (column, value) in enumerate(zip(form.columns, point, strict=True)):
            cell = None if np.isnan(value) else float(value)
            if cell is not None and column.levels is not None:
                cell = column.levels[int(value)]
            sheet.cell(7 + i, 2 + k).value = cell
    book.save(path)


@pytest.mark.parametrize("kind", ["gaps", "three classes", "yeo-johnson", "mixed activations"])
@pytest.mark.filterwarnings("ignore")
def test_formulas_calculates_the_predictions(kind, tmp_path):
    formulas = pytest.importorskip("formulas", reason="formulas is not installed")
    model, path = model_of(kind), tmp_path / "m.xlsx"
    record, form = hbcd.to_excel(model, path, rows=3), model_form(model)
    points = check_points(form.columns)[[0, 1, -1]]
    filled(path, form, points)
    solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    wanted = reference(form, points)
    for i, y in enumerate(wanted):
        at = [f"'[m.xlsx]OUTPUTS'!{letter}{7 + i}" for letter in "CDE"[: len(y)]]
        values = [float(solution[one].value[0, 0]) for one in at]
        # openpyxl, which filled the cells, writes 16 digits of 17.
        assert (np.abs(np.array(values) - y) <= np.array(record.bound) + 1e-11).all()


def value(path, place, row):
    """A cell of "Outputs" where the cells of a row of "Inputs" have other values."""
    given = {("Inputs", f"{letter}7"): np.array([one]) for letter, one in row.items()}
    with np.errstate(all="ignore"):
        return np.ravel(Calculation(read_sheets(path), given).cell("Outputs", place))[0]


def test_a_row_tells_whether_it_can_be_used(tmp_path):
    path = tmp_path / "m.xlsx"
    hbcd.to_excel(of_table(), path)
    blank, text = np.nan, lambda one: np.array(one, object).item()
    good = {"B": 1013.0, "C": 0.02, "D": -50.0, "E": text("B ?"), "F": text("True")}
    assert value(path, "B7", good) == "ok"
    for change, told in (
        ({"D": 1e5}, "beyond the training rows: flow"),
        ({"C": blank}, "not usable: a b*/"),
        ({"E": text("b ?")}, "not usable: grade"),  # another level, as text goes
        ({"E": text("C*")}, "not usable: grade"),  # no pattern
        ({"F": None}, "not usable: open"),
    ):
        assert value(path, "B7", good | change) == told
        assert (value(path, "C7", good | change) == "") == told.startswith("not")
    empty = dict.fromkeys("BCD", blank) | {"E": None, "F": None}
    assert (value(path, "B7", empty), value(path, "C7", empty)) == ("", "")


def test_the_first_row_is_filled_in_and_the_others_wait(tmp_path):
    path = tmp_path / "m.xlsx"
    model = of_table(gaps=True)
    hbcd.to_excel(model, path, rows=3)
    found = Calculation(read_sheets(path), {})
    middle = {c.name: float(f"{(c.low + c.high) / 2:.6g}") if c.levels is None else c.levels[0]
              for c in model_form(model).columns}  # fmt: skip
    assert found.cell("Outputs", "C7") == pytest.approx(model.predict(pd.DataFrame([middle]))[0])
    assert [found.cell("Outputs", f"C{row}") for row in (8, 9, 10)] == ["", "", None]


def test_a_model_whose_columns_may_all_be_missing_predicts_an_empty_row(tmp_path):
    X, Y = rows()
    frame = pd.DataFrame({"flow": X[:, 2]})
    frame.loc[::4, "flow"] = np.nan
    model = hbcd.HybridRegressor((2,), missing="indicator", **FAST).fit(frame, Y[:, 0])
    path = tmp_path / "m.xlsx"
    record = hbcd.to_excel(model, path, rows=2)
    found = Calculation(read_sheets(path), {}).cell("Outputs", "C8")
    wanted = model.predict(pd.DataFrame({"flow": [np.nan]}))[0]
    assert abs(found - wanted) <= record.bound[0]


def test_the_same_model_gives_the_same_bytes_in_an_archive_that_is_whole(tmp_path):
    paths = tmp_path / "m.xlsx", tmp_path / "n.xlsx"
    for path in paths:
        hbcd.to_excel(of_table(), path, rows=2)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    with zipfile.ZipFile(paths[0]) as file:
        assert file.testzip() is None
        assert file.comment == b""  # LibreOffice opens no workbook with a long one


@pytest.mark.parametrize("part", ["_rels/.rels", "xl/styles.xml", "xl/worksheets/sheet2.xml"])
def test_a_workbook_that_openpyxl_damages_is_not_kept(part, tmp_path, monkeypatch):
    """It leaves out attributes, such as a namespace, where it gets no memory for them."""
    whole = excel_workbook._with_record

    def damaged(book, record):
        if not record:
            return whole(book, record)
        stream = io.BytesIO()
        with zipfile.ZipFile(book) as old, zipfile.ZipFile(stream, "w") as new:
            for one in old.infolist():
                new.writestr(one, old.read(one) + b"\n" * (one.filename == part))
        return whole(stream, record)

    monkeypatch.setattr(excel_workbook, "_with_record", damaged)
    with pytest.raises(ValueError, match=f"^excel: {part} was written in two ways: nothing is"):
        hbcd.to_excel(regressor("tanh"), tmp_path / "m.xlsx", rows=1)
    assert not list(tmp_path.iterdir())


def test_no_memory_for_a_part_is_no_error_of_the_workbook(tmp_path, monkeypatch):
    def fails(_):
        error = ElementTree.ParseError("out of memory: line 1, column 0")
        error.code = errors.codes[errors.XML_ERROR_NO_MEMORY]
        raise error

    hbcd.to_excel(regressor("tanh"), tmp_path / "m.xlsx", rows=1)
    monkeypatch.setattr(ElementTree, "fromstring", fails)
    with pytest.raises(MemoryError, match="out of memory"):
        read_sheets(tmp_path / "m.xlsx")


def test_texts_that_look_like_formulas_stay_texts(tmp_path):
    X, Y = rows()
    frame = pd.DataFrame(X, columns=["=A1", "+b", "@c"])
    frame["=SUM(A1)"] = np.where(np.arange(len(X)) % 2, "=1+1", "-x")
    model = hbcd.HybridRegressor((2,), **FAST).fit(frame, Y[:, 0])
    hbcd.to_excel(model, tmp_path / "m.xlsx", rows=2)
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    cells = [cell for row in book["Inputs"].iter_rows() for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert book["Inputs"]["B4"].value == "=A1"
    (choice,) = book["Inputs"].data_validations.dataValidation
    assert choice.formula1 == "Model!$C$3:$D$3"
    assert [book["Model"][at].value for at in ("C3", "D3")] == ["-x", "=1+1"]


def test_numbers_keep_all_digits_and_no_formula_holds_one(tmp_path):
    model = regressor(depth=1)
    hbcd.to_excel(model, tmp_path / "m.xlsx", rows=1)
    sheets = read_sheets(tmp_path / "m.xlsx")
    held = {value for value in sheets["Model"].values() if isinstance(value, float)}
    assert set(model.theta_.tolist()) <= held
    texts = [v[1] for sheet in sheets.values() for v in sheet.values() if isinstance(v, tuple)]
    numbers = {one for text in texts for one in re.findall(r"(?<![\w$.])[\d.]+", text)}
    assert numbers  # spreadsheets read 15 digits of a number in a formula
    assert numbers <= {"0", "1", "2", "3", "0.5"}


def test_what_a_workbook_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match="rows=0: must be at least 1"):
        hbcd.to_excel(regressor(), tmp_path / "m.xlsx", rows=0)
    with pytest.raises(ValueError, match=r"excel: needs .* at most 1000000 formulas are written"):
        hbcd.to_excel(regressor(), tmp_path / "m.xlsx", rows=200_000)
    X, Y = rows()
    frame = pd.DataFrame({"flow": X[:, 2], "grade": np.where(np.arange(len(X)) % 2, "a\x01", "b")})
    model = hbcd.HybridRegressor((2,), **FAST).fit(frame, Y[:, 0])
    with pytest.raises(ValueError, match="has a character that a workbook cannot hold"):
        hbcd.to_excel(model, tmp_path / "m.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_the_calculation_knows_spreadsheets_and_not_what_was_written():
    sheets = {"One": {"A1": 2.0, "B1": -3.0, "C1": "b", "D1": ("=", 'IF(A1>B1,"yes ""x""",1/0)')},
              "Two": {"A2": ("=", "SUMPRODUCT(One!$A$1:$B$1,One!A1:B1)-2*3"), "AA1": 1.0,
                      "Z1": 5.0, "B2": ("=", "MAX(0,MIN(A2,4))"),
                      "C2": ("=", '"x"&One!C1')}}  # fmt: skip
    found = Calculation(sheets, {})
    assert found.cell("One", "D1") == 'yes "x"'
    assert found.cell("Two", "A2") == 7.0
    assert found.range("Two", "Z1:AA1") == [5.0, 1.0]
    assert found.cell("Two", "B2") == 4.0
    assert found.cell("Two", "C2") == "xb"
    for wrong in ("1+", "A1:B2", "SUM(1", "1 2", "%", 'VLOOKUP("x",1)', "MATCH(1,A1:B1,1)"):
        with pytest.raises(ValueError, match="formula: "):
            Calculation({"One": {"A1": ("=", wrong)}}, {}).cell("One", "A1")


@pytest.mark.parametrize(
    ("level", "told"),
    [("a\r\nb", "has a character that a workbook"), ("a" * 40_000, "has 40000 characters")],
)
def test_a_level_that_no_cell_holds_is_refused_by_name(level, told, tmp_path):
    X, Y = rows()
    frame = pd.DataFrame({"t": np.resize(np.array([level, "z"], object), len(X)), "x": X[:, 0]})
    model = hbcd.HybridRegressor((3,), max_iter=3, random_state=0).fit(frame, Y[:, 0])
    with pytest.raises(ValueError, match=told):
        hbcd.to_excel(model, tmp_path / "m.xlsx")


@pytest.mark.parametrize("at", [0, 5, 100])
def test_a_workbook_that_does_not_unpack_is_told_as_one(at, tmp_path):
    path = tmp_path / "m.xlsx"
    hbcd.to_excel(regressor(), path, rows=1)
    with zipfile.ZipFile(path) as file:
        part = file.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    begin = part.header_offset + 30 + len(part.filename) + at  # a header of 30 bytes, the name
    content[begin : begin + 20] = bytes(255 - byte for byte in content[begin : begin + 20])
    path.write_bytes(content)
    with pytest.raises(ValueError, match="workbook: cannot be read"):
        read_sheets(path)


def test_a_workbook_packed_in_another_way_is_refused(tmp_path):
    path = tmp_path / "m.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(ValueError, match="packed in another way"):
        read_sheets(path)


def test_no_memory_to_unpack_is_no_error_of_the_workbook(tmp_path, monkeypatch):
    path = tmp_path / "m.xlsx"
    hbcd.to_excel(regressor(), path, rows=1)

    def fails(self, name):
        raise zlib.error("Error -4 while decompressing data")

    monkeypatch.setattr(zipfile.ZipFile, "read", fails)
    with pytest.raises(MemoryError, match="Error -4"):
        read_sheets(path)
