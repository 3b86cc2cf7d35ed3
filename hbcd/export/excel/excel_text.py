"""The sheets of a workbook, and the same workbook read back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.c.c_steps import Layout, layout
from hbcd.export.excel.excel_cells import Cells, Formula, ModelSheet, letters
from hbcd.export.excel.excel_formulas import Calculation
from hbcd.export.excel.excel_reader import part_sums, read_sheets
from hbcd.export.excel.excel_work import BEYOND, EMPTY, GOOD, WRONG, WorkSheet
from hbcd.export.excel.excel_workbook import LONGEST, Look, workbook_bytes
from hbcd.export.form import ModelForm
from hbcd.export.output_numbers import output_arrays
from hbcd.export.record import ExportRecord
from hbcd.export.self_check import Agreement
from hbcd.tables.levels import level_text
from hbcd.utils.version import __version__

__all__ = ["ExcelText"]

Array = NDArray[Any]
TOP, FIRST_ROW = 4, 7  # the row of names, and the first one to edit
MOST_COLUMNS, MOST_FORMULAS, MOST_CHARACTERS = 16_384, 1_000_000, 32_767
RECORD_PARTS = ("xl/worksheets/sheet5.xml", "xl/sharedStrings.xml")  # parts that it changes
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not in XML


class ExcelText:
    """The content of one file, and what it must hold."""

    def __init__(self, form: ModelForm, rows: int, agreed: Agreement) -> None:
        self.form, self.rows, self.agreed = form, rows, agreed
        self.first: Any = None  # what was read first, without the record
        self.plan: Layout = layout(form)
        self.arrays = self._arrays()
        self._refuse_texts()
        self.model = self._model_sheet()
        self.work = WorkSheet(form, self.plan, self.model)
        wide = max(self.work.width, len(form.columns), 3 + form.n_features)
        if wide > MOST_COLUMNS or rows * wide > MOST_FORMULAS:
            raise ValueError(
                f"excel: needs {wide} columns for each of {rows} rows: a workbook has "
                f"{MOST_COLUMNS}, and at most {MOST_FORMULAS} formulas are written"
            )

    def _arrays(self) -> dict[str, Array]:
        form = self.form
        found: dict[str, Array] = {
            "SHIFT": form.shift, "FACTOR": form.factor,
            "LOW": np.array([column.low for column in form.columns]),
            "HIGH": np.array([column.high for column in form.columns]),
        }  # fmt: skip
        if any(column.gaps and column.levels is None for column in form.columns):
            found["FILL"] = np.array([column.fill or 0.0 for column in form.columns])
        found |= output_arrays(form)
        for number, step in enumerate(self.plan.steps, 1):
            if step.kind == "copy":
                continue
            first, n = step.weights, step.n_in * step.n_out
            weights = self.plan.weights[first : first + n].reshape(step.n_in, step.n_out)
            found[f"weights of part {number}"] = weights
            found[f"biases of part {number}"] = self.plan.biases[step.biases :][: step.n_out]
            if step.activation == "leaky_relu":
                found[f"leak of part {number}"] = np.array([step.leak])
        return found

    def _refuse_texts(self) -> None:
        texts = [text for column in self.form.columns for text in column.levels or ()]
        texts += [one for one in self.form.classes or () if isinstance(one, str)]
        for text in texts:
            if CONTROL.search(text) or "\r" in text:
                raise ValueError(f"excel: {text!r:.60} has a character that a workbook cannot hold")
            if len(text) > MOST_CHARACTERS:
                raise ValueError(
                    f"excel: {text!r:.60} has {len(text)} characters, a cell at most "
                    f"{MOST_CHARACTERS}"
                )

    def _model_sheet(self) -> ModelSheet:
        sheet, form = ModelSheet(), self.form
        for column in form.columns:
            if column.levels is not None:
                sheet.add(f"levels of {column.name}", column.levels)
        if form.classes is not None:
            sheet.add("CLASSES", [_label(one) for one in form.classes])
        for name, values in self.arrays.items():
            kind, _, part = name.partition(" of ")
            if kind == "weights":
                sheet.add_neurons(part, values, self.arrays[f"biases of {part}"])
            elif kind != "biases":
                sheet.add(name, values.tolist())
        return sheet

    # ---- sheets

    def content(self, record: ExportRecord | None) -> bytes:
        """The whole file."""
        told = "" if record is None else record.to_text()
        if len(told) > LONGEST:
            n = len(self.form.columns)
            raise ValueError(f"excel: has no room for the record of {n} inputs and their levels")
        model = Look("B3")
        model.widths = {1: 28.0}
        sheets = {
            "Inputs": self._inputs(),
            "Outputs": self._outputs(),
            "Model": (self._model_sheet().cells, model),
            "Work": self._work(),
            "Record": self._record(record),
        }
        return workbook_bytes(sheets, told)

    def _numbered(self, cells: Cells) -> range:
        """The rows of a sheet that belong to inputs, with their numbers in the first column."""
        found = range(FIRST_ROW, FIRST_ROW + self.rows)
        for row in found:
            cells.put(row, 1, float(row - FIRST_ROW + 1))
        return found

    def _inputs(self) -> tuple[Cells, Look]:
        cells, look, columns = Cells(), Look(f"B{FIRST_ROW}"), self.form.columns
        cells.put(1, 1, f"Inputs of a model of hbcd {__version__}: change or add rows below; "
                        'predictions are on the sheet "Outputs"')  # fmt: skip
        for row, head in enumerate(("input", "least in training", "greatest in training"), TOP):
            cells.put(row, 1, head)
        last = FIRST_ROW + self.rows - 1
        for k, column in enumerate(columns):
            at = letters(2 + k)
            cells.put(TOP, 2 + k, _plain(column.name))
            if column.gaps:
                cells.put(TOP - 1, 2 + k, "may be empty")
            below = f"{at}{FIRST_ROW}:{at}{last}"
            if column.levels is None:
                cells.put(TOP + 1, 2 + k, column.low)
                cells.put(TOP + 2, 2 + k, column.high)
                middle = float(f"{column.low / 2.0 + column.high / 2.0:.6g}")
                cells.put(FIRST_ROW, 2 + k, min(max(middle, column.low), column.high))
            else:
                cells.put(TOP + 1, 2 + k, "a text of the list")
                cells.put(FIRST_ROW, 2 + k, column.levels[0])
                look.texts.append(below)
                choices = self.model.several(f"levels of {column.name}", len(column.levels))
                look.choices[below] = choices
            look.widths[2 + k] = 18.0
        self._numbered(cells)
        look.widths[1] = 20.0
        end = letters(1 + len(columns))
        look.heads = [f"A{TOP}:{end}{TOP}"]
        look.edit = [f"B{FIRST_ROW}:{end}{last}"]
        return cells, look

    def _outputs(self) -> tuple[Cells, Look]:
        form, cells, look = self.form, Cells(), Look(f"C{FIRST_ROW}")
        cells.put(1, 1, 'Predictions for the rows of the sheet "Inputs"')
        cells.put(TOP, 1, "row", "state", *(_plain(name) for name in form.outputs))
        if form.unit:
            cells.put(TOP + 1, 3, *[_plain(form.unit)] * len(form.outputs))
        n = len(form.outputs)
        names = f"Inputs!$B${TOP}:${letters(1 + len(form.columns))}${TOP}"
        for row in self._numbered(cells):
            state = f"Work!$B{row}"
            which = [f"INDEX({names},1,MATCH(1,{self.work.side(first, row)},0))"
                     for first in (self.work.wrong, self.work.beyond)]  # fmt: skip
            cells.put(row, 2, Formula(
                f'IF({state}={EMPTY},"",IF({state}={WRONG},"not usable: "&{which[0]},'
                f'IF({state}={BEYOND},"beyond the training rows: "&{which[1]},"ok")))'
            ))  # fmt: skip
            values = [f"Work!{letters(column)}{row}" for column in self.work.outputs]
            if form.classes is not None:
                every = f"{values[0]}:{values[-1].removeprefix('Work!')}"
                labels = self.model.several("CLASSES", n)
                values.append(f"INDEX({labels},1,MATCH(MAX({every}),{every},0))")
            cells.put(row, 3, *(Formula(f'IF({state}<{GOOD},"",{one})') for one in values))
        if form.classes is not None:
            cells.put(TOP, 3 + n, "class")
        end = letters(2 + n + (form.classes is not None))
        look.heads = [f"A{TOP}:{end}{TOP}"]
        look.results = [f"C{FIRST_ROW}:{end}{FIRST_ROW + self.rows - 1}"]
        look.widths = {1: 8.0, 2: 36.0} | dict.fromkeys(range(3, 4 + n), 22.0)
        return cells, look

    def _work(self) -> tuple[Cells, Look]:
        cells, look = Cells(), Look(f"C{FIRST_ROW}")
        cells.put(1, 1, "What is computed on the way: change nothing here")
        cells.put(TOP, 1, "row", "state", *map(_plain, self.work.heads))
        for row in self._numbered(cells):
            cells.put(row, 2, *self.work.row(row))
        look.heads = [f"A{TOP}:{letters(self.work.width)}{TOP}"]
        return cells, look

    def _record(self, record: ExportRecord | None) -> tuple[Cells, Look]:
        cells, look = Cells(), Look("A3")
        cells.put(1, 1, "How far the predictions of this workbook can be from those of the model")
        look.widths = {1: 30.0, 2: 26.0, 3: 26.0}
        if record is None:
            return cells, look
        cells.put(3, 1, "output", "largest difference measured", "proven bound")
        look.heads = ["A3:C3"]
        for k, name in enumerate(record.outputs):
            bound = record.bound[k]
            cells.put(4 + k, 1, _plain(name), record.measured[k],
                      "none is proven" if bound is None else bound)  # fmt: skip
        lines = [
            ("points, corners", f"{record.points}, {record.corners}"),
            ("assumed", record.assumed),
            ("model, SHA-256", record.model),
            ("hbcd", record.hbcd),
            ("seal", '"hbcd info FILE" tells whether the file is as it was written; a spreadsheet '
                     "that saves it again takes that away"),
        ]  # fmt: skip
        for k, line in enumerate(lines):
            cells.put(5 + len(record.outputs) + k, 1, *line)
        return cells, look

    # ---- the file read back

    def compute(self, place: Path) -> Array:
        """What the file computes at the points; ValueError where it has other numbers."""
        sheets = read_sheets(place)
        self._check_again(sheets, part_sums(place))
        held = sheets.get("Model", {})
        for (row, column), wanted in self.model.cells.found.items():
            at = f"{letters(column)}{row}"
            if not _same(held.get(at), wanted):
                raise ValueError(
                    f"excel: {at} of the sheet Model reads back as another: nothing is written"
                )
        points, n = self.agreed.points, len(self.form.outputs)
        found = np.full((len(points), n), np.nan)
        for k in range(self.rows):
            here = points[k :: self.rows]
            values, labels = self._row(sheets, FIRST_ROW + k, here)
            found[k :: self.rows] = values
            if self.form.classes is not None:
                wanted = np.array([_label(one) for one in self.form.classes], object)
                if (np.asarray(labels, object) != wanted[values.argmax(axis=1)]).any():
                    raise ValueError("excel: gives other classes than its probabilities")
        return found

    def _check_again(self, sheets: dict[str, Any], sums: dict[str, int]) -> None:
        """ValueError where a file is another one than the first, in more than the record.

        openpyxl leaves out attributes for which it gets no memory, and says nothing.
        """
        parts = {name: one for name, one in sums.items() if name not in RECORD_PARTS}
        now = {**parts, **{name: cells for name, cells in sheets.items() if name != "Record"}}
        first = self.first = now if self.first is None else self.first
        for name in {**first, **now}:
            if first.get(name) != now.get(name):
                raise ValueError(f"excel: {name} was written in two ways: nothing is written")

    def _row(self, sheets: dict[str, Any], row: int, points: Array) -> tuple[Array, Any]:
        """What one row of the sheet "Outputs" gives where points stand in that of "Inputs"."""
        given: dict[Any, Array] = {}
        for k, (column, values) in enumerate(zip(self.form.columns, points.T, strict=True)):
            if column.levels is not None:
                gap = np.isnan(values)
                texts = np.array(column.levels, object)[np.where(gap, 0, values).astype(int)]
                texts[gap] = None
                values = texts
            given["Inputs", f"{letters(2 + k)}{row}"] = values
        calculation = Calculation(sheets, given)
        with np.errstate(all="ignore"):
            n = len(self.form.outputs)
            cells = [calculation.cell("Outputs", f"{letters(3 + k)}{row}") for k in range(n)]
            labels = None
            if self.form.classes is not None:
                labels = calculation.cell("Outputs", f"{letters(3 + n)}{row}")
        if any(np.asarray(one).dtype.kind != "f" for one in cells):
            raise ValueError("excel: refuses points of the box: nothing is written")
        sides = [np.broadcast_to(one, len(points)) for one in cells]
        return np.column_stack(sides).astype(np.float64), labels


def _label(value: Any) -> Any:
    """A class as a cell holds it: whole numbers and texts as they are."""
    if isinstance(value, (str, bool)):
        return value
    return float(value) if isinstance(value, (int, float)) else level_text(value)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float):
        return isinstance(found, float) and found.hex() == wanted.hex()
    return type(found) is type(wanted) and bool(found == wanted)


def _plain(text: str) -> str:
    """A text without what a workbook cannot hold."""
    return CONTROL.sub("_", text)
