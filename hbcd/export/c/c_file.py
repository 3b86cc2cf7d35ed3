"""`to_c`: a model as one C99 file that needs nothing, not even a mathematical library."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hbcd.export.c.c_text import REALS, CText
from hbcd.export.form import model_form
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, keep_checked, record_of
from hbcd.utils.public import public

__all__ = ["c_identifier", "to_c"]

KEYWORDS = frozenset(
    """
    auto break case char const continue default do double else enum extern float for goto if inline
    int long register restrict return short signed sizeof static struct switch typedef union
    unsigned void volatile while
    """.split()  # noqa: SIM905 - words are easier to read than a list of them
)


@public
def to_c(
    model: Any,
    path: str | os.PathLike[str],
    *,
    dtype: str = "float64",
    jacobian: bool = False,
    name: str | None = None,
) -> ExportRecord:
    """Writes a model as one C99 file: no allocation, no library, no state, for any target.

    It has ``int NAME_predict(const double x[], double y[])``, which gives 0, or the number of the
    first input, from 1, that is no finite number or no level, or -1 where a prediction overflows;
    with `jacobian` ``NAME_jacobian(x, y, dy)`` with dy the slopes (outputs, inputs), row by row;
    and ``NAME_selftest()``, which computes points that the file holds and gives 0 where all are
    right.  Inputs are in the units of the table.  Text is the number of its level from 0; NaN
    stands for a gap where the model knows gaps; of a date stand the features that hbcd computes
    from it.  Outputs of a classifier are the probabilities of its classes.

    The file is read back by an evaluator that knows C alone, at 4096 points and the corners of the
    box of the training rows, and its constants are compared bit by bit.  A file that fails is not
    kept.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    path : str or path
        Of the file, such as ``plant.c``.
    dtype : {"float64", "float32"}
        The precision of all numbers in it.
    jacobian : bool, default False
        Whether it has slopes, too.  Those of levels and of gaps are 0.
    name : str, optional
        What the names in it begin with; by default that of the file.

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
    form = model_form(model)
    prefix = c_identifier(Path(path).stem if name is None else name)
    arithmetic = Arithmetic(np.dtype(dtype))
    agreed = agreement(form, arithmetic)
    text = CText(form, dtype, jacobian, prefix, agreed)

    def check(place: Path) -> ExportRecord:
        program = text.program(place.read_text(encoding="ascii"))
        record = record_of(form, agreed, text.predictions(program), arithmetic, "c", [])
        return replace(record, measured_jacobian=text.slope_differences(program))

    return keep_checked(path, text.content, check)


def c_identifier(text: str) -> str:
    """A text as a name that C takes."""
    found = re.sub(r"\W", "_", text, flags=re.ASCII).strip("_").lower() or "model"
    return f"model_{found}" if found[0].isdigit() or found in KEYWORDS else found
