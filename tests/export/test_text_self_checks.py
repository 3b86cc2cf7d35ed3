"""Text of a model that is not the model is refused, and leaves no trace."""

import struct

import numpy as np
import pytest

import hbcd
from hbcd.export.excel.excel_text import ExcelText
from hbcd.export.julia.julia_text import JuliaText
from hbcd.export.structured_text.st_text import STText
from support.exportable import regressor

FLIPS = 40  # here; 1000 in `python -m bench.exports`
WRITERS = {
    "excel": (hbcd.to_excel, ExcelText),
    "julia": (hbcd.to_julia, JuliaText),
    "structured_text": (hbcd.to_structured_text, STText),
}
WRONG = [
    ("julia", "h = tanh.(W1_1", "h = sigmoid.(W1_1"),
    ("julia", ".- SHIFT", ".+ SHIFT"),
    ("julia", "MathOptAI.Tanh()", "MathOptAI.Sigmoid()"),
    ("julia", "MathOptAI.Affine(A1, C1),", "MathOptAI.Affine(A1, B1_1),"),
    ("julia", "x[1],", "x[2],"),
    ("julia", "W2_1 * h .+ B2_1", "W2_1 * h"),
    ("structured_text", "(LREAL#1.0 - part)", "(LREAL#1.0000000001 - part)"),
    ("structured_text", "inner[i] - SHIFT[i]", "inner[i] + SHIFT[i]"),
    ("structured_text", "IF current < LREAL#0.0 THEN", "IF current > LREAL#0.0 THEN"),
    ("structured_text", "VALID := TRUE", "VALID := FALSE"),
    ("structured_text", "given[0] := x1", "given[0] := x2"),
    ("structured_text", "current := BIASES[0 + j]", "current := LREAL#0.0"),
]


def writer(target):
    if target == "excel":
        pytest.importorskip("openpyxl", reason="the extra excel is not installed")
    return WRITERS[target]


def turned(array, rng):
    """A copy with one bit of one number turned over."""
    found = array.copy()
    at, bit = int(rng.integers(array.size)), int(rng.integers(64))
    (bits,) = struct.unpack("<Q", struct.pack("<d", found.flat[at]))
    found.flat[at] = struct.unpack("<d", struct.pack("<Q", bits ^ 1 << bit))[0]
    return found


@pytest.mark.parametrize("target", sorted(WRITERS))
def test_a_bit_of_any_number_that_is_written_wrongly_is_refused(target, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    write, home = writer(target)
    content = home.content

    def wrong(self, record):
        right = self.arrays
        key = rng.choice(sorted(right))
        self.arrays = right | {key: turned(right[key], rng)}
        try:
            return content(self, record)
        finally:
            self.arrays = right

    monkeypatch.setattr(home, "content", wrong)
    for _ in range(FLIPS):
        with pytest.raises(ValueError, match=rf"{target}|structured text|Julia text"):
            write(regressor(), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", sorted(WRITERS))
def test_a_bit_that_changes_later_breaks_the_seal(target, tmp_path):
    path, rng = tmp_path / "m", np.random.default_rng(0)
    writer(target)[0](regressor(), path)
    content = path.read_bytes()
    for _ in range(FLIPS):
        at = int(rng.integers(8 * len(content)))
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(bytes(changed))
        with pytest.raises(ValueError, match=r"seal is broken|no record"):
            hbcd.read_record(path)


@pytest.mark.parametrize(("target", "right", "wrong"), WRONG)
def test_other_text_than_that_of_the_model_is_refused(target, right, wrong, tmp_path, monkeypatch):
    write, home = writer(target)
    content = home.content

    def changed(self, record):
        text = content(self, record).decode()
        assert right in text
        return text.replace(right, wrong).encode()

    monkeypatch.setattr(home, "content", changed)
    with pytest.raises(ValueError, match=rf"{target}|Julia text"):
        write(regressor(depth=1), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("TANH(", "SIN("), ("TANH(", "ABS("), ("-Model!$C$3)", "+Model!$C$3)"),
        ("Inputs!$B8", "Inputs!$B7"), ("+Model!$B$", "-Model!$B$"), ("<2,", "<3,"),
    ],
)  # fmt: skip
def test_other_formulas_than_those_of_the_model_are_refused(right, wrong, tmp_path, monkeypatch):
    pytest.importorskip("openpyxl", reason="the extra excel is not installed")
    from hbcd.export.excel import excel_workbook

    write, seen = excel_workbook._write, []

    def changed(cell, value):
        if isinstance(value, excel_workbook.Formula) and right in value:
            seen.append(value)
            value = excel_workbook.Formula(value.replace(right, wrong))
        write(cell, value)

    monkeypatch.setattr(excel_workbook, "_write", changed)
    with pytest.raises(ValueError, match=r"excel|formula"):
        hbcd.to_excel(regressor(depth=1), tmp_path / "m.xlsx")
    assert seen
    assert list(tmp_path.iterdir()) == []
