"""`to_onnx`: a model as an ONNX file, in the dialect of those who are to read it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.form import ModelForm, model_form
from hbcd.export.inputs import feature_columns
from hbcd.export.lowering import both, plain_form
from hbcd.export.onnx.onnx_graph import Graph
from hbcd.export.onnx.onnx_parts import features_of_columns, predictions
from hbcd.export.onnx.onnx_proto import onnx_bytes, read_constants, run_file
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import Agreement, agreement, keep_checked, record_of
from hbcd.utils.public import public

__all__ = ["DIALECTS", "to_onnx"]

Array = NDArray[Any]
ULPS = 16.0  # of elementary functions, whose accuracy runtimes do not state


@dataclass(frozen=True)
class Dialect:
    """What readers of a dialect ask for.

    Attributes
    ----------
    dtype : str
    columns : bool
        Whether a column of a table is an input of its own, text as text.
    rows : str or int
        The first axis: a name where any number of rows is read, or 1.
    opset : int
        The version of the operators.
    plain : bool
        Whether it takes products and activations alone.
    """

    dtype: str
    columns: bool
    rows: str | int
    opset: int
    plain: bool = False


DIALECTS = {
    "general": Dialect("float64", True, "N", 19),
    "omlt": Dialect("float64", False, "N", 13, plain=True),
    "static": Dialect("float64", False, 1, 13),
    "float32": Dialect("float32", False, "N", 13),
}


@public
def to_onnx(model: Any, path: str | os.PathLike[str], *, dialect: str = "general") -> ExportRecord:
    """Writes a model as an ONNX file.  It needs the package ``onnx``: the extra `onnx`.

    =========  =======================================================================  =====
    dialect    for                                                                      opset
    =========  =======================================================================  =====
    general    any runtime: float64; of a table every column is an input (N, 1) by its     19
               name, texts as texts, a gap NaN or ""; otherwise one input `X`
    omlt       OMLT and other embedders: float64, `Gemm` and activations alone, in         13
               units; `PATH.bounds.json` beside it has the box
    static     controllers that read one row: float64, ``X`` of shape (1, features)        13
    float32    runtimes without float64: ``X`` of shape (N, features)                      13
    =========  =======================================================================  =====

    The last three take features: text as the dummies of `encode`, a gap as a value and its
    indicator.  The output is ``prediction``, of shape (N, outputs); of a classifier
    ``probabilities`` and, but for "omlt", ``label``; where a column has that name, ``label_2``.  A
    text that was no level in training makes NaN of the prediction.

    For "omlt" a leaky ReLU becomes two ReLU, exactly, and networks of several members one; what
    has no place in it, `output_range_`, is left out, and the record says so.

    The file is read back by the reference evaluator of ONNX, and compared as `to_c` says.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    path : str or path
        Of the file, such as ``plant.onnx``.
    dialect : {"general", "omlt", "static", "float32"}

    Returns
    -------
    ExportRecord

    Raises
    ------
    ImportError
        ``onnx`` is not installed.
    ValueError
        A custom layer, activation or loss; what the dialect cannot hold; a file that does not agree
        with the model.
    NotFittedError
        Before `fit`.
    OSError
        The file cannot be written.
    """
    if dialect not in DIALECTS:
        raise ValueError(f"dialect={dialect!r}: must be one of {', '.join(DIALECTS)}")
    chosen = DIALECTS[dialect]
    form = model_form(model)
    if not chosen.columns:
        form = replace(form, columns=feature_columns(form.columns, form.features))
    arithmetic = Arithmetic(np.dtype(chosen.dtype), ULPS)
    left_out: list[str] = []
    written, slack = form, None
    if chosen.plain:
        written, slack, left_out = plain_form(form, "dialect='omlt'", ("identity", "logistic"))
    agreed = agreement(form, arithmetic, written=written, slack=slack, ends=not chosen.plain)
    file = _File(written, chosen, agreed)

    def check(place: Path) -> ExportRecord:
        found = file.compute(place)
        return record_of(form, agreed, found, arithmetic, "onnx", left_out)

    beside = {}
    if chosen.plain:
        bounds = [{"key": k, "lower_bound": c.low, "upper_bound": c.high}
                  for k, c in enumerate(form.columns)]  # fmt: skip
        beside[".bounds.json"] = json.dumps(bounds, indent=1).encode()
    return keep_checked(path, file.content, check, beside)


class _File:
    """One file: its graph, and what it must compute."""

    def __init__(self, form: ModelForm, dialect: Dialect, agreed: Agreement) -> None:
        self.form, self.dialect, self.agreed = form, dialect, agreed
        encoder = form.model.encoder_
        self.by_column = dialect.columns and encoder is not None and encoder.named
        names = [c.name for c in form.columns] if self.by_column else ["X"]
        self.inputs = _unique(names)
        self.graph = Graph(dialect.dtype, tuple(self.inputs))
        x = self.inputs[0]
        if self.by_column:
            self._refuse_empty_levels()
            x = features_of_columns(self.graph, form.columns, self.inputs)
        elif any(c.gaps for c in form.columns):
            x = self._columns_of_x()
        self.outputs = [self.graph.free("prediction" if form.classes is None else "probabilities")]
        self._network(x)
        self.labels: Array = np.zeros(0)
        if form.classes is not None and not dialect.plain:
            self._label()

    def _refuse_empty_levels(self) -> None:
        """An empty text is a gap: it cannot be a level as well."""
        for column in self.form.columns:
            if column.gaps and column.levels is not None and "" in column.levels:
                raise ValueError(
                    f"{column.name}: has the level '' and gaps, which the dialect 'general' writes "
                    "as ''; the other dialects take features"
                )

    def _columns_of_x(self) -> str:
        """Features of an array with gaps."""
        n = len(self.form.columns)
        sizes = self.graph.constant("columns", [1] * n, np.int64)
        pieces = self.graph.add_several("Split", ["X", sizes], n, axis=1) if n > 1 else ["X"]
        return features_of_columns(self.graph, self.form.columns, pieces)

    def _network(self, x: str) -> None:
        graph, form = self.graph, self.form
        if self.dialect.plain:
            if form.classes is not None:
                form = replace(form, layers=(*form.layers[:-1], both(form.layers[-1])))
            x = graph.layers(form, x)
            if form.classes is not None:
                x = graph.add("Sigmoid", [x], name="probability")
        else:
            x = graph.layers(form, graph.standardized(form, x))
            x = predictions(graph, form, x)
        graph.rename(x, self.outputs[0])

    def _label(self) -> None:
        labels = np.array(self.form.classes)
        if labels.dtype.kind in "US":
            labels = labels.astype(object)
        elif labels.dtype.kind == "b":
            labels = np.array([str(one) for one in labels], dtype=object)
        kind = None if labels.dtype.kind == "O" else labels.dtype
        named = self.graph.constant("labels", labels, kind)
        self.labels = self.graph.constants[named]
        place = self.graph.add("ArgMax", [self.outputs[0]], axis=1, keepdims=0)
        label = self.graph.free("label")
        self.graph.rename(self.graph.add("Gather", [named, place], axis=0), label)
        self.outputs.append(label)

    def content(self, record: ExportRecord | None) -> bytes:
        """The whole file."""
        widths = {name: 1 if self.by_column else len(self.form.columns) for name in self.inputs}
        texts = {
            name for name, c in zip(self.inputs, self.form.columns, strict=False)
            if self.by_column and c.levels is not None
        }  # fmt: skip
        made: dict[str, tuple[int | None, Any]] = {
            self.outputs[0]: (len(self.form.outputs), self.graph.dtype)
        }
        made |= {name: (None, self.labels.dtype) for name in self.outputs[1:]}
        return onnx_bytes(
            self.graph, widths, texts, made, self.dialect.rows, self.dialect.opset,
            "" if record is None else record.to_text(),
        )  # fmt: skip

    def compute(self, place: Path) -> Array:
        """What the file computes at the points; ValueError where it has not what it must have."""
        found = read_constants(place)
        for name, wanted in self.graph.constants.items():
            same = name in found and found[name].dtype == wanted.dtype
            if not same or found[name].tolist() != wanted.tolist():
                raise ValueError(f"onnx: {name} reads back as other numbers: nothing is written")
        points = self.agreed.points
        given: dict[str, Array] = {"X": points.astype(self.graph.dtype)}
        if self.by_column:
            given = {name: self._column(k, points[:, [k]]) for k, name in enumerate(self.inputs)}
        rows = 1 if self.dialect.rows == 1 else len(points)
        computed = run_file(place, given, rows)
        if self.labels.size:
            self._check_labels(computed[self.outputs[1]], computed[self.outputs[0]])
        return np.asarray(computed[self.outputs[0]], np.float64)

    def _column(self, k: int, values: Array) -> Array:
        levels = self.form.columns[k].levels
        if levels is None:
            return values.astype(self.graph.dtype)
        missing = np.isnan(values)
        texts = np.array(levels, dtype=object)[np.where(missing, 0, values).astype(int)]
        texts[missing] = ""
        return np.asarray(texts)

    def _check_labels(self, found: Array, probabilities: Array) -> None:
        wanted = np.array(self.form.classes)[probabilities.argmax(axis=1)]
        if [str(one) for one in found.tolist()] != [str(one) for one in wanted.tolist()]:
            raise ValueError("onnx: gives other labels than its probabilities: nothing is written")


def _unique(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        wanted, number = name or "column", 2
        while wanted in found:
            wanted, number = f"{name}_{number}", number + 1
        found.append(wanted)
    return found
