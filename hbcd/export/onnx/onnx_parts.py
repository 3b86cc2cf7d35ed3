"""Columns to features, and outputs of the network to predictions, as ONNX operators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.targets.power_transform import LEAST, LOG, YEO_JOHNSON, ColumnTransform
from hbcd.export.form import ModelForm
from hbcd.export.inputs import InputColumn
from hbcd.export.onnx.onnx_graph import Graph

__all__ = ["features_of_columns", "predictions"]

Array = NDArray[Any]


def features_of_columns(graph: Graph, columns: tuple[InputColumn, ...], names: list[str]) -> str:
    """The features (N, features) of inputs (N, 1), one for each column.

    A text that is no level of training, and a gap where there was none, make NaN of the prediction:
    ONNX has no errors.
    """
    found = []
    for column, name in zip(columns, names, strict=True):
        if column.levels is None:
            found += _number(graph, column, name)
        else:
            found += _levels(graph, column, name)
    return found[0] if len(found) == 1 else graph.add("Concat", found, name="features", axis=1)


def _number(graph: Graph, column: InputColumn, name: str) -> list[str]:
    if not column.gaps:
        return [name]
    missing = graph.add("IsNaN", [name])
    flag = graph.add("Cast", [missing], to=graph.dtype)
    if column.fill is None:
        return [name, flag]
    return [graph.add("Where", [missing, graph.constant("fill", column.fill), name]), flag]


def _levels(graph: Graph, column: InputColumn, name: str) -> list[str]:
    levels = column.levels or ()
    texts = graph.constant("levels", np.array([list(levels)], dtype=object))
    equal = graph.add("Cast", [graph.add("Equal", [name, texts])], to=graph.dtype)
    axes = graph.constant("axis_1", [1], np.int64)
    known = graph.add("ReduceSum", [equal, axes], keepdims=1)
    missing = None
    if column.gaps:
        none = graph.constant("no_text", np.array([[""]], dtype=object))
        missing = graph.add("Cast", [graph.add("Equal", [name, none])], to=graph.dtype)
        known = graph.add("Add", [known, missing])
    # 0 / 0 is NaN: an unknown text must not pass for the first level.
    valid = graph.add("Sub", [graph.add("Div", [known, known]), graph.constant("one", 1.0)])
    starts, ends = (graph.constant("cut", [k], np.int64) for k in (1, len(levels)))
    dummies = graph.add("Slice", [equal, starts, ends, axes])
    found = [graph.add("Add", [dummies, valid])]
    if missing is not None:
        found.append(missing if len(levels) > 1 else graph.add("Add", [missing, valid]))
    return found if len(levels) > 1 else found[1:]


def predictions(graph: Graph, form: ModelForm, x: str) -> str:
    """Predictions in their units, of classes probabilities, from the outputs of the network."""
    if form.link == "softmax":
        return graph.add("Softmax", [x], axis=1)
    if form.link == "logistic":
        if form.classes is not None:
            x = graph.add("Concat", [graph.add("Neg", [x]), x], axis=1)
        x = graph.add("Sigmoid", [x])
    if form.classes is not None:
        return x
    if form.link == "exp":
        x = graph.add("Exp", [x])
    x = graph.add("Mul", [x, graph.constant("scale", form.scale)], name="scale_outputs")
    x = graph.add("Add", [x, graph.constant("mean", form.mean)], name="add_mean")
    if form.transform is not None:
        x = _transformed(graph, form, x)
    if form.ends is not None:
        x = graph.add("Max", [x, graph.constant("lowest", form.ends[0])])
        x = graph.add("Min", [x, graph.constant("highest", form.ends[1])])
    return x


def _transformed(graph: Graph, form: ModelForm, x: str) -> str:
    transform = form.transform
    assert transform is not None
    n = len(transform.columns)
    pieces = [x]
    if n > 1:
        sizes = graph.constant("each", [1] * n, np.int64)
        pieces = graph.add_several("Split", [x, sizes], n, axis=1)
    found = []
    for k, (column, piece) in enumerate(zip(transform.columns, pieces, strict=True)):
        if column.name == LOG:
            moved = graph.add(
                "Add", [piece, graph.constant("log_factor", transform.log_factors[k])]
            )
            found.append(graph.add("Exp", [moved]))
        elif column.name == YEO_JOHNSON:
            residuals = None if transform.residuals is None else transform.residuals[:, k]
            shares = None if transform.shares is None else transform.shares[:, k]
            found.append(_power_back(graph, column, piece, residuals, shares))
        else:
            found.append(piece)
    return found[0] if n == 1 else graph.add("Concat", found, axis=1)


def _power_back(
    graph: Graph, column: ColumnTransform, z: str, residuals: Array | None, shares: Array | None
) -> str:
    """``center + scale * mean(inverse(z + residuals))``, (N, 1)."""
    if residuals is not None:
        z = graph.add("Add", [z, graph.constant("residuals", residuals[np.newaxis])])
    one, zero = graph.constant("one", 1.0), graph.constant("zero", 0.0)
    up = graph.constant("power", max(column.power, LEAST))
    down = graph.constant("power_below", max(2.0 - column.power, LEAST))
    negative = graph.add("Less", [z, zero])
    p = graph.add("Where", [negative, down, up])
    y = graph.add("Mul", [p, graph.add("Abs", [z])])
    # log(1 + y) with all digits of a small y: log(w) y / (w - 1), w = 1 + y as it is rounded.
    w = graph.add("Add", [one, y])
    step = graph.add("Sub", [w, one])
    same = graph.add("Equal", [step, zero])
    ratio = graph.add("Div", [y, graph.add("Where", [same, one, step])])
    log = graph.add("Mul", [graph.add("Log", [w]), ratio])
    log = graph.add("Where", [same, y, log])
    size = graph.add("Sub", [graph.add("Exp", [graph.add("Div", [log, p])]), one])
    values = graph.add("Where", [negative, graph.add("Neg", [size]), size])
    if residuals is not None and shares is not None:
        values = graph.add("MatMul", [values, graph.constant("shares", shares[:, np.newaxis])])
    scaled = graph.add("Mul", [values, graph.constant("spread", column.scale)])
    return graph.add("Add", [scaled, graph.constant("center", column.center)])
