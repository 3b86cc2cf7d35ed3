"""`to_julia`: a model as a module of Julia, with a predictor for MathOptAI."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hbcd.export.form import ModelForm, model_form
from hbcd.export.inputs import feature_columns
from hbcd.export.julia.julia_text import JuliaText, Predictor
from hbcd.export.lowering import both, plain_form
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, keep_checked, record_of
from hbcd.utils.public import public

__all__ = ["to_julia"]

ULPS = 16.0  # of elementary functions, whose accuracy is not stated
LINKS = ("identity", "logistic", "softmax")
RESERVED = frozenset(
    """
    ArgumentError Base CLASSES Core FACTOR FEATURES FILL HIGH INPUTS LEAST LOW LinearAlgebra MEAN
    MOST Main MathOptAI OUTPUTS RESIDUALS SCALE SHARES SHIFT
    """.split()  # noqa: SIM905 - words are easier to read than a list of them
)


@public
def to_julia(model: Any, path: str | os.PathLike[str], *, name: str | None = None) -> ExportRecord:
    """Writes a model as a module of Julia: ``predict(x)``, and a predictor for MathOptAI.jl.

    ``predict(x)`` needs no package.  It takes the columns of a table in their units, text as the
    number of its level from 0, NaN for a gap where the model knows gaps, of a date the features
    that hbcd computes from it; it gives the predictions, of a classifier the probabilities of its
    classes, and ``classify(x)`` its class.  What is no number or level is an ``ArgumentError``.

    ``predictor(MathOptAI)`` gives a ``Pipeline`` of ``Affine``, ``Tanh``, ``Sigmoid``, ``ReLU`` and
    ``SoftMax`` for JuMP, of the features of a row (``features(x)``), in units.  A leaky ReLU is two
    ReLU, exactly.  Where the model has what has no place there, such as a transform of targets
    or tanh and the identity side by side, the file has no such function, and the record says so;
    so it does of `output_range_`.

    The file is read back by an evaluator that knows Julia alone, and compared as `to_c` says; the
    predictor by what MathOptAI's manual says of its parts.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    path : str or path
        Of the file, such as ``plant.jl``.
    name : str, optional
        Of the module; by default that of the file, ``Plant``.

    Returns
    -------
    ExportRecord
        How far the file is from the model: what was measured, and what is proven; of predict and
        predictor the larger.

    Raises
    ------
    ValueError
        A custom layer, activation or loss; a file that does not agree with the model.
    NotFittedError
        Before `fit`.
    OSError
        The file cannot be written.
    """
    form = model_form(model)
    arithmetic = Arithmetic(np.dtype(np.float64), ULPS)
    agreed = agreement(form, arithmetic)
    predictor, left_out = _predictor(form, arithmetic)
    text = JuliaText(form, _module(Path(path).stem if name is None else name), agreed, predictor)

    def check(place: Path) -> ExportRecord:
        y, embedded = text.compute(place.read_text(encoding="ascii"))
        record = record_of(form, agreed, y, arithmetic, "julia", left_out)
        if predictor is None or embedded is None:
            return record
        other = record_of(form, predictor.agreed, embedded, arithmetic, "julia", left_out)
        sides = list(zip(record.bound, other.bound, strict=True))
        return replace(
            record,
            measured=[max(pair) for pair in zip(record.measured, other.measured, strict=True)],
            bound=[None if a is None or b is None else max(a, b) for a, b in sides],
        )

    return keep_checked(path, text.content, check)


def _predictor(form: ModelForm, arithmetic: Arithmetic) -> tuple[Predictor | None, list[str]]:
    """What becomes a predictor, or why there is none."""
    features = replace(form, columns=feature_columns(form.columns, form.features))
    try:
        plain, slack, left_out = plain_form(features, "the model", LINKS)
    except ValueError as error:
        return None, [f"predictor(MathOptAI): {error}"]
    agreed = agreement(features, arithmetic, written=plain, slack=slack, ends=False)
    if form.classes is not None and form.link == "logistic":
        plain = replace(plain, layers=(*plain.layers[:-1], both(plain.layers[-1])))
    told = [f"of predictor(MathOptAI): {text}" for text in left_out]
    return Predictor(plain, features.columns, agreed), told


def _module(text: str) -> str:
    """A name of a module: words that begin with a capital, unlike the constants within it."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    found = "".join(word[:1].upper() + word[1:] for word in words) or "Model"
    taken = found in RESERVED or re.fullmatch(r"[AC]\d+", found)
    return f"Model{found}" if found[0].isdigit() or taken else found
