"""What a C file computes, as text: columns to features, layers, predictions, and their slopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.form import ModelForm
from hbcd.networks.affine_layers import AffineLayer, AffinePart

__all__ = [
    "LAYER_FUNCTIONS",
    "Layout",
    "backward",
    "features",
    "forward",
    "is_copy",
    "layout",
    "merged",
]

Array = NDArray[Any]

LAYER_FUNCTIONS = {
    "affine": """\
/* y = x W + b, W (n_in, n_out) row by row. */
static void affine(const REAL *restrict w, const REAL *restrict b, int n_in, int n_out,
                   const REAL *restrict x, REAL *restrict y)
{
    int i;
    int j;
    for (j = 0; j < n_out; j++) {
        y[j] = b[j];
    }
    for (i = 0; i < n_in; i++) {
        for (j = 0; j < n_out; j++) {
            y[j] += w[(i * n_out) + j] * x[i];
        }
    }
}
""",
    "affine_back": """\
/* gx += W gy. */
static void affine_back(const REAL *restrict w, int n_in, int n_out, const REAL *restrict gy,
                        REAL *restrict gx)
{
    int i;
    int j;
    for (i = 0; i < n_in; i++) {
        for (j = 0; j < n_out; j++) {
            gx[i] += w[(i * n_out) + j] * gy[j];
        }
    }
}
""",
    "copy": """\
static void copy(int n, const REAL *restrict x, REAL *restrict y)
{
    int j;
    for (j = 0; j < n; j++) {
        y[j] = x[j];
    }
}
""",
    "add": """\
static void add(int n, const REAL *restrict x, REAL *restrict y)
{
    int j;
    for (j = 0; j < n; j++) {
        y[j] += x[j];
    }
}
""",
}
_ACTIVATIONS = {
    "tanh": ("tanh_of(a[j])", "ONE - (a[j] * a[j])"),
    "sigmoid": ("logistic_of(a[j])", "a[j] * (ONE - a[j])"),
    "relu": ("(a[j] < 0.0S) ? 0.0S : a[j]", "(a[j] > 0.0S) ? 1.0S : 0.0S"),
    "leaky_relu": ("(a[j] < 0.0S) ? (leak * a[j]) : a[j]", "(a[j] > 0.0S) ? 1.0S : leak"),
}


def _activation(name: str, jacobian: bool, suffix: str) -> str:
    value, slope = (text.replace("S", suffix) for text in _ACTIVATIONS[name])
    leak = ", REAL leak" if name == "leaky_relu" else ""
    found = (
        f"static void apply_{name}(int n, REAL *a{leak})\n{{\n    int j;\n"
        f"    for (j = 0; j < n; j++) {{\n        a[j] = {value};\n    }}\n}}\n"
    )
    if jacobian:
        found += (
            f"\nstatic void back_{name}(int n, const REAL *restrict a, REAL *restrict g{leak})\n"
            "{\n    int j;\n"
            f"    for (j = 0; j < n; j++) {{\n        g[j] = g[j] * ({slope});\n    }}\n}}\n"
        )
    return found


@dataclass(frozen=True, eq=False)
class _Step:
    """One part of a layer: where it reads, writes, and finds its numbers."""

    kind: str  # "affine" or "copy"
    read: int
    write: int
    n_in: int
    n_out: int
    weights: int = 0
    biases: int = 0
    activation: str = "identity"
    leak: float = 0.0


@dataclass(frozen=True, eq=False)
class Layout:
    """All values of a forward pass in one array: features first, outputs of the network last.

    Attributes
    ----------
    size : int
        Of the array.
    outputs : int
        Where the outputs of the network begin.
    weights, biases : ndarray
        Those of all parts, one after another.
    steps : list
    """

    size: int
    outputs: int
    weights: Array
    biases: Array
    steps: list[_Step]

    def functions(self, jacobian: bool, suffix: str) -> list[str]:
        """The functions that the steps call."""
        kinds = {step.kind for step in self.steps}
        names = ["affine"] if "affine" in kinds else []
        names += ["affine_back"] if "affine" in kinds and jacobian else []
        names += ["copy"] if "copy" in kinds else []
        names += ["add"] if "copy" in kinds and jacobian else []
        found = [LAYER_FUNCTIONS[name] for name in names]
        activations = sorted({step.activation for step in self.steps} - {"identity"})
        return found + [_activation(name, jacobian, suffix) for name in activations]


def layout(form: ModelForm) -> Layout:
    """Where everything of a forward pass lies."""
    steps: list[_Step] = []
    weights: list[Array] = []
    biases: list[Array] = []
    start, end, used, biased = 0, form.n_features, 0, 0
    for layer in form.layers:
        for part in merged(layer):
            sides = start + part.inputs.start, end + part.outputs.start
            n_in, n_out = part.weights.shape
            if is_copy(part):
                steps.append(_Step("copy", *sides, n_in, n_out))
                continue
            steps.append(_Step("affine", *sides, n_in, n_out, used, biased, part.activation,
                               part.leak))  # fmt: skip
            weights.append(part.weights.ravel())
            biases.append(part.bias)
            used, biased = used + n_in * n_out, biased + n_out
        start, end = end, end + layer.n_out
    flat = [np.concatenate([np.empty(0), *one]) for one in (weights, biases)]
    return Layout(end, start, flat[0], flat[1], steps)


def is_copy(part: AffinePart) -> bool:
    """Whether a part gives its inputs as they are."""
    same = part.weights.shape[0] == part.weights.shape[1]
    return bool(
        same
        and part.activation == "identity"
        and not part.bias.any()
        and (part.weights == np.eye(len(part.weights))).all()
    )


def merged(layer: AffineLayer) -> list[AffinePart]:
    """The parts of a layer, of which neighbors that only copy become one."""
    found: list[AffinePart] = []
    for part in layer.parts:
        last = found[-1] if found else None
        if (
            last is not None
            and is_copy(last)
            and is_copy(part)
            and last.inputs.stop == part.inputs.start
            and last.outputs.stop == part.outputs.start
        ):
            n = len(last.bias) + len(part.bias)
            inputs = slice(last.inputs.start, part.inputs.stop)
            outputs = slice(last.outputs.start, part.outputs.stop)
            found[-1] = AffinePart(inputs, outputs, np.eye(n), np.zeros(n), "identity")
        else:
            found.append(part)
    return found


def forward(plan: Layout, number: Any) -> list[str]:
    """Statements that compute all layers in `h`; `number` writes a constant."""
    lines = []
    for s in plan.steps:
        if s.kind == "copy":
            lines.append(f"copy({s.n_in}, &h[{s.read}], &h[{s.write}]);")
            continue
        lines.append(
            f"affine(&WEIGHTS[{s.weights}], &BIASES[{s.biases}], {s.n_in}, {s.n_out}, "
            f"&h[{s.read}], &h[{s.write}]);"
        )
        if s.activation != "identity":
            leak = f", {number(s.leak)}" if s.activation == "leaky_relu" else ""
            lines.append(f"apply_{s.activation}({s.n_out}, &h[{s.write}]{leak});")
    return lines


def backward(plan: Layout, number: Any) -> list[str]:
    """Statements that take slopes `g` with respect to the outputs back to the features."""
    lines = []
    for s in reversed(plan.steps):
        if s.kind == "copy":
            lines.append(f"add({s.n_in}, &g[{s.write}], &g[{s.read}]);")
            continue
        if s.activation != "identity":
            leak = f", {number(s.leak)}" if s.activation == "leaky_relu" else ""
            lines.append(f"back_{s.activation}({s.n_out}, &h[{s.write}], &g[{s.write}]{leak});")
        lines.append(
            f"affine_back(&WEIGHTS[{s.weights}], {s.n_in}, {s.n_out}, &g[{s.write}], &g[{s.read}]);"
        )
    return lines


def features(form: ModelForm, number: Any) -> list[str]:
    """Statements that make standardized features `h` of the columns `x`, and a `status`."""
    lines = []
    plain = all(c.levels is None and not c.gaps for c in form.columns)
    fine = "((x[{k}] >= -LARGEST) && (x[{k}] <= LARGEST))"
    if plain:
        lines += [
            f"for (k = 0; k < {len(form.columns)}; k++) {{",
            f"    status = ((status == 0) && (!{fine.format(k='k')})) ? (k + 1) : status;",
            "    h[k] = x[k];",
            "}",
        ]
    for k, column in enumerate(() if plain else form.columns):
        at = column.place
        lines.append(f"/* x[{k}] */")
        if column.levels is None:
            good = fine.format(k=k)
        else:
            good = f"((x[{k}] > {number(-0.5)}) && (x[{k}] < {number(len(column.levels) - 0.5)}))"
        if column.gaps:
            zero = number(0.0)
            lines.append(f"known = ((x[{k}] >= {zero}) ? 1 : 0) + ((x[{k}] < {zero}) ? 1 : 0);")
            good = f"((known == 0) || {good})"
        lines.append(f"status = ((status == 0) && (!{good})) ? {k + 1} : status;")
        if column.levels is None:
            value = f"x[{k}]"
            if column.gaps and column.fill is not None:
                value = f"(known == 1) ? x[{k}] : {number(column.fill)}"
            lines.append(f"h[{at}] = {value};")
        for level in range(1, len(column.levels or ())):
            sides = number(level - 0.5), number(level + 0.5)
            lines.append(
                f"h[{at + level - 1}] = ((x[{k}] > {sides[0]}) && (x[{k}] < {sides[1]})) ? "
                f"{number(1.0)} : {number(0.0)};"
            )
        if column.gaps:
            last = at + column.n_features - 1
            lines.append(f"h[{last}] = (known == 1) ? {number(0.0)} : {number(1.0)};")
    shift = "(h[k] - SHIFT[k])" if number(0.1)[-1] != "f" else "((h[k] - SHIFT[k]) - SHIFT_REST[k])"
    return [
        *lines,
        f"for (k = 0; k < {form.n_features}; k++) {{",
        f"    h[k] = {shift} * FACTOR[k];",
        "}",
    ]
