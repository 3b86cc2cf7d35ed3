"""`to_structured_text`: a model as a function block for controllers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from hbcd.export.form import model_form
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, keep_checked, record_of
from hbcd.export.structured_text.st_numbers import REALS
from hbcd.export.structured_text.st_text import STText
from hbcd.utils.public import public

__all__ = ["to_structured_text"]

DIALECTS = ("iec", "scl")
ULPS = 16.0  # of EXP and LN, whose accuracy controllers do not state


@public
def to_structured_text(
    model: Any,
    path: str | os.PathLike[str],
    *,
    dtype: str = "float64",
    dialect: str = "iec",
    name: str | None = None,
) -> ExportRecord:
    """Writes a model as a function block in Structured Text, IEC 61131-3, for a controller.

    Every column of a table is an input of the block by its name: a number in the units of the
    table; text as the number of its level, from 0, which a comment lists.  Where the model knows
    gaps, an input ``NAME_MISSING`` tells that a number is missing, and -1 that a text is.  Of a
    date stand the features that hbcd computes from it.  Outputs are the predictions, of a
    classifier the probabilities of its classes and ``CLASS_NUMBER``.

    ``VALID`` is FALSE where an input is no number, a million standard deviations from the mean,
    or no level, and where a prediction is too large: outputs then keep their last values.
    ``OUT_OF_RANGE`` is TRUE where a number lies outside of the box of the training rows.

    The block uses ``ABS``, ``EXP`` and ``LN``, ``IF`` and ``FOR`` alone, and computes tanh and the
    sigmoid by an ``EXP`` that neither over- nor underflows.  Names have at most 32 characters.

    The file is read back by an evaluator that knows the language alone, and compared as `to_c`
    says.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    path : str or path
        Of the file, such as ``plant.st``.
    dtype : {"float64", "float32"}
        Numbers of the type LREAL, or REAL for controllers without it.
    dialect : {"iec", "scl"}
        "scl" is what Siemens reads: ``BEGIN`` before the statements, the name in quotes, ``#``
        before names of variables, and arrays that are not declared constant.
    name : str, optional
        Of the block; by default that of the file.

    Returns
    -------
    ExportRecord
        How far the file is from the model: what was measured, and what is proven.

    Raises
    ------
    ValueError
        A custom layer, activation or loss; a file that does not agree with the model.
    NotFittedError
        Before `fit`.
    OSError
        The file cannot be written.
    """
    if dtype not in REALS:
        raise ValueError(f"dtype={dtype!r}: must be one of {', '.join(REALS)}")
    if dialect not in DIALECTS:
        raise ValueError(f"dialect={dialect!r}: must be one of {', '.join(DIALECTS)}")
    form = model_form(model)
    arithmetic = Arithmetic(np.dtype(dtype), ULPS, absolute=True)
    agreed = agreement(form, arithmetic)
    text = STText(form, dtype, dialect, Path(path).stem if name is None else name, agreed)

    def check(place: Path) -> ExportRecord:
        found = text.compute(place.read_text(encoding="ascii"))
        return record_of(form, agreed, found, arithmetic, "structured_text", [])

    return keep_checked(path, text.content, check)
