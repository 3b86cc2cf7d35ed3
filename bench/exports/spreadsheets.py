"""Workbooks of every kind of model, calculated by LibreOffice, beside the models.

python -m bench.exports.spreadsheets [--rows 60]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import openpyxl

import hbcd
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points
from hbcd.export.self_check import reference

FIRST_ROW, SECONDS = 7, 600
FORMAT = "xlsx:Calc MS Excel 2007 XML"
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))


def filled(path, form, points):
    """Puts points into the rows of the sheet "Inputs", as a person does."""
    book = openpyxl.load_workbook(path)
    for i, point in enumerate(points):
        for k, (column, value) in enumerate(zip(form.columns, point, strict=True)):
            cell = None if np.isnan(value) else float(value)
            if cell is not None and column.levels is not None:
                cell = column.levels[int(value)]
            book["Inputs"].cell(FIRST_ROW + i, 2 + k).value = cell
    book.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60)
    rows = parser.parse_args().rows
    from support.exportable import KINDS, model_of

    office = shutil.which("soffice") or sys.exit("needs LibreOffice")
    with tempfile.TemporaryDirectory() as name:
        folder, expected = Path(name), {}
        for k, kind in enumerate(KINDS):
            path = folder / f"{k}.xlsx"
            record = hbcd.to_excel(model_of(kind), path, rows=rows)
            form = model_form(model_of(kind))
            points = check_points(form.columns)
            points = np.vstack([points[: rows // 2], points[-(rows - rows // 2) :]])
            filled(path, form, points)
            expected[kind] = path, reference(form, points), record
        opened = folder / "as_written.xlsx"
        hbcd.to_excel(model_of("gaps"), opened)
        paths = [str(opened), *(str(one[0]) for one in expected.values())]
        command = [office, "--headless", f"-env:UserInstallation=file://{folder}/profile",
                   "--convert-to", FORMAT, "--outdir", str(folder / "out"), *paths]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        assert (folder / "out" / opened.name).exists(), "the file as written is not opened"
        for kind, (path, wanted, record) in expected.items():
            book = openpyxl.load_workbook(folder / "out" / path.name, data_only=True)
            cells = book["Outputs"].iter_rows(
                min_row=FIRST_ROW, max_row=FIRST_ROW + rows - 1, min_col=3,
                max_col=2 + wanted.shape[1], values_only=True,
            )  # fmt: skip
            off = np.abs(np.array(list(cells), float) - wanted).max(axis=0)
            # Files in between hold 16 digits of inputs and weights, and 15 of results.
            good = "within" if (off <= np.array(record.bound) + 1e-11).all() else "BEYOND"
            print(f"{kind}: largest difference {off.max():.2g}, {good} the bound")


if __name__ == "__main__":
    main()
