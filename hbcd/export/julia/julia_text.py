"""The text of a module of Julia, and the same text read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.c.c_steps import is_copy, merged
from hbcd.export.form import ModelForm
from hbcd.export.inputs import InputColumn
from hbcd.export.julia.julia_program import JuliaProgram, Matrix, Tool, Vector
from hbcd.export.julia.julia_steps import (
    FUNCTIONS,
    column_lines,
    layer_lines,
    needed_functions,
    prediction_lines,
)
from hbcd.export.output_numbers import output_arrays
from hbcd.export.record import ExportRecord
from hbcd.export.self_check import Agreement
from hbcd.export.text_names import comment_text
from hbcd.utils.version import __version__

__all__ = ["JuliaText", "Predictor"]

Array = NDArray[Any]
WIDTH = 96
PREDICTORS = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "ReLU"}  # of MathOptAI


@dataclass(frozen=True, eq=False)
class Predictor:
    """What becomes a predictor of MathOptAI.

    Attributes
    ----------
    form : ModelForm
        In units, with one activation a layer.
    columns : tuple of InputColumn
        The features that it takes.
    agreed : Agreement
    """

    form: ModelForm
    columns: tuple[InputColumn, ...]
    agreed: Agreement


class JuliaText:
    """The text of one file, and what it must hold."""

    def __init__(
        self, form: ModelForm, name: str, agreed: Agreement, predictor: Predictor | None
    ) -> None:
        self.form, self.name, self.agreed, self.predictor = form, name, agreed, predictor
        self.arrays = self._arrays()

    def _arrays(self) -> dict[str, Array]:
        form = self.form
        found: dict[str, Array] = {
            "LOW": np.array([column.low for column in form.columns]),
            "HIGH": np.array([column.high for column in form.columns]),
        }
        if any(column.gaps and column.levels is None for column in form.columns):
            found["FILL"] = np.array([column.fill or 0.0 for column in form.columns])
        found |= {"SHIFT": form.shift, "FACTOR": form.factor, **output_arrays(form)}
        for number, layer in enumerate(form.layers, 1):
            for k, part in enumerate(merged(layer), 1):
                if is_copy(part):
                    continue
                found |= {f"W{number}_{k}": part.weights.T, f"B{number}_{k}": part.bias}
                if part.activation == "leaky_relu":
                    found[f"LEAK{number}_{k}"] = np.array([part.leak])
        if self.predictor is not None:
            found["FEATURES_LOW"] = np.array([column.low for column in self.predictor.columns])
            found["FEATURES_HIGH"] = np.array([column.high for column in self.predictor.columns])
            for number, layer in enumerate(self.predictor.form.layers, 1):
                (part,) = layer.parts
                found |= {f"A{number}": part.weights.T, f"C{number}": part.bias}
        return {name: np.asarray(array, np.float64) for name, array in found.items()}

    # ---- parts of the file

    def content(self, record: ExportRecord | None) -> bytes:
        """The whole file."""
        form = self.form
        lines = [f"# A model of hbcd {__version__}: include(...) it, then {self.name}.predict(x).",
                 "#", "# Inputs, in the order of x:", "#"]  # fmt: skip
        for k, column in enumerate(form.columns, 1):
            what = f"from {column.low:.6g} to {column.high:.6g}"
            if column.levels is not None:
                what = ", ".join(f"{n}: {comment_text(t)}" for n, t in enumerate(column.levels))
            gaps = "; NaN is missing" if column.gaps else ""
            lines.append(f"#     x[{k}]  {comment_text(column.name)}  ({what}{gaps})")
        unit = f" in {comment_text(form.unit)}" if form.unit else ""
        lines += ["#", "# Outputs:", "#"]
        for k, name in enumerate(form.outputs, 1):
            lines.append(f"#     y[{k}]  {comment_text(name)}{unit}")
        if record is not None:
            lines += ["", f"#= {record.to_text()} =#"]
        lines += ["", f"module {self.name}", "", "using LinearAlgebra", "",
                  *self._names()]  # fmt: skip
        for name, values in self.arrays.items():
            lines += self._array(name, values)
        for name in needed_functions(form):
            lines += ["", *FUNCTIONS[name]]
        lines += self._functions()
        return "\n".join([*lines, "", f"end # module {self.name}", ""]).encode("ascii")

    def _names(self) -> list[str]:
        found = {"INPUTS": [column.name for column in self.form.columns],
                 "OUTPUTS": list(self.form.outputs)}  # fmt: skip
        if self.predictor is not None:
            found["FEATURES"] = [column.name for column in self.predictor.columns]
        lines = []
        for name, texts in found.items():
            lines += [f"const {name} = [", *(f"    {_text(one)}," for one in texts), "]"]
        if self.form.classes is not None:
            labels = ", ".join(_label(one) for one in self.form.classes)
            lines.append(f"const CLASSES = [{labels}]")
        return lines

    def _array(self, name: str, values: Array) -> list[str]:
        """A vector, or a matrix column by column."""
        numbers = [repr(float(value)) for value in values.ravel(order="F")]
        head, end = f"const {name} = [", "]"
        if values.ndim == 2:
            head, end = f"const {name} = reshape([", f"], {values.shape[0]}, {values.shape[1]})"
        lines, line = [head], "   "
        for number in numbers:
            if len(line) + len(number) + 2 > WIDTH:
                lines.append(line)
                line = "   "
            line += f" {number},"
        return [*lines, line, end]

    def _functions(self) -> list[str]:
        lines = ["", '"""', "Features of a row of inputs: text as 0 and 1 for each level, gaps.",
                 '"""', *_function("features(x)", column_lines(self.form))]  # fmt: skip
        body = ["h = (features(x) .- SHIFT) .* FACTOR", *layer_lines(self.form)]
        lines += ["", '"""', "Predictions for a row of inputs, in units.", '"""',
                  *_function("predict(x)", [*body, *prediction_lines(self.form)])]  # fmt: skip
        if self.form.classes is not None:
            chosen = ["return CLASSES[argmax(predict(x))]"]
            lines += ["", '"""', "The most probable class of a row of inputs.", '"""',
                      *_function("classify(x)", chosen)]  # fmt: skip
        if self.predictor is None:
            return lines
        steps = []
        for number, layer in enumerate(self.predictor.form.layers, 1):
            steps.append(f"MathOptAI.Affine(A{number}, C{number})")
            name = layer.parts[0].activation
            if name != "identity":
                steps.append(f"MathOptAI.{PREDICTORS[name]}()")
        link = {"logistic": "Sigmoid", "softmax": "SoftMax"}.get(self.predictor.form.link)
        steps += [f"MathOptAI.{link}()"] if link else []
        chain = ["return MathOptAI.Pipeline(", *(f"    {step}," for step in steps), ")"]
        told = ["The model of features, in units, as a predictor of MathOptAI, a module that the",
                "caller imports: predictor(MathOptAI)."]  # fmt: skip
        return [*lines, "", '"""', *told, '"""', *_function("predictor(MathOptAI)", chain)]

    # ---- the file read back

    def compute(self, text: str) -> tuple[Array, Array | None]:
        """What ``predict`` and the predictor compute; ValueError where numbers are others."""
        program = JuliaProgram(text)
        for name, wanted in self.arrays.items():
            found = program.constants.get(name)
            held = found.values if isinstance(found, Matrix) else None
            if isinstance(found, Vector):
                held = found.values[:, 0]
            if held is None or held.shape != wanted.shape or held.tobytes() != wanted.tobytes():
                raise ValueError(f"julia: {name} reads back as other numbers: nothing is written")
        with np.errstate(all="ignore"):
            y = _over_points(program.run("predict", Vector(self.agreed.points.T)), self.agreed)
            if self.form.classes is not None:
                labels = program.run("classify", Vector(self.agreed.points.T))
                wanted_labels = np.array(self.form.classes, object)[y.argmax(axis=1)]
                if list(labels) != list(wanted_labels):
                    raise ValueError("julia: gives other classes than its probabilities")
            if self.predictor is None:
                return y, None
            predictor = program.run("predictor", Tool(MATHOPTAI))
            agreed = self.predictor.agreed
            return y, _over_points(predictor(Vector(agreed.points.T)), agreed)


def _over_points(found: Any, agreed: Agreement) -> Array:
    if not isinstance(found, Vector):
        raise ValueError("julia: predicts no vector: nothing is written")
    return np.broadcast_to(found.values, (len(found.values), len(agreed.points))).T


def _affine(a: Matrix, b: Vector) -> Callable[[Vector], Vector]:
    if a.values.shape[0] != len(b.values):
        raise ValueError("julia: Affine has a matrix and a vector of other lengths")
    return lambda x: Vector(a.values @ x.values + b.values)


def _softmax(x: Vector) -> Vector:
    powers = np.exp(x.values - x.values.max(axis=0))
    return Vector(powers / powers.sum(axis=0))


def _pipeline(*steps: Callable[[Vector], Vector]) -> Callable[[Vector], Vector]:
    def run(x: Vector) -> Vector:
        for step in steps:
            x = step(x)
        return x

    return run


MATHOPTAI: dict[str, Callable[..., Any]] = {  # what its manual says of them
    "Affine": _affine,
    "Pipeline": _pipeline,
    "ReLU": lambda: lambda x: Vector(np.maximum(x.values, 0.0)),
    "Sigmoid": lambda: lambda x: Vector(1.0 / (1.0 + np.exp(-x.values))),
    "SoftMax": lambda: _softmax,
    "Tanh": lambda: lambda x: Vector(np.tanh(x.values)),
}


def _function(head: str, body: list[str]) -> list[str]:
    return [f"function {head}", *(f"    {line}" for line in body), "end"]


def _text(text: str) -> str:
    """A string of Julia in ASCII."""
    plain = "".join(
        f"\\{sign}" if sign in '\\"$' else sign if " " <= sign <= "~" else f"\\U{ord(sign):08x}"
        for sign in text
    )
    return f'"{plain}"'


def _label(value: Any) -> str:
    """A class as a literal of Julia."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, (int, float)) else _text(str(value))
