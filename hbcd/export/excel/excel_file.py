"""`to_excel`: a model as a workbook that computes predictions by formulas of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from hbcd.export.excel.excel_text import ExcelText
from hbcd.export.form import model_form
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, keep_checked, record_of
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer

__all__ = ["to_excel"]

ULPS = 16.0  # of TANH, EXP and LN, whose accuracy spreadsheets do not state
SUMS = 2.0**-48  # a difference that is smaller, as a share of its sides, becomes 0


@public
def to_excel(model: Any, path: str | os.PathLike[str], *, rows: int = 20) -> ExportRecord:
    """Writes a model as a workbook with live formulas.  It needs ``openpyxl``: the extra `excel`.

    The sheet "Inputs" has a row for each prediction, of which the first is filled in; "Outputs"
    the predictions, of a classifier the probabilities and the class, and whether a row can be used
    and lies within the box of the training rows; "Model" the numbers, one to a cell; "Work" the
    formulas; "Record" how far the workbook is from the model.  Texts are chosen from a list.  An
    empty cell is a gap where the model knows gaps.  Of a date stand the features that hbcd computes
    from it.

    Formulas are those of Excel 2010 and LibreOffice, without macros and without arrays of formulas.

    The file is read back by an evaluator that knows formulas alone, every row of it, and compared
    as `to_c` says.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    path : str or path
        Of the file, such as ``plant.xlsx``.
    rows : int, default 20
        How many rows there are for inputs.

    Returns
    -------
    ExportRecord
        How far the file is from the model: what was measured, and what is proven.

    Raises
    ------
    ImportError
        ``openpyxl`` is not installed.
    ValueError
        A custom layer, activation or loss; a model of too many neurons for so many rows; a file
        that does not agree with the model.
    NotFittedError
        Before `fit`.
    OSError
        The file cannot be written.
    """
    check_integer("rows", rows, low=1)
    form = model_form(model)
    arithmetic = Arithmetic(np.dtype(np.float64), ULPS, absolute=True, sums=SUMS)
    agreed = agreement(form, arithmetic)
    text = ExcelText(form, int(rows), agreed)

    def check(place: Path) -> ExportRecord:
        return record_of(form, agreed, text.compute(place), arithmetic, "excel", [])

    return keep_checked(path, text.content, check)
