"""What a module of Julia computes, as lines: columns to features, layers, predictions."""

from __future__ import annotations

from hbcd.estimators.targets.power_transform import LOG, YEO_JOHNSON
from hbcd.export.c.c_steps import is_copy, merged
from hbcd.export.form import ModelForm

__all__ = ["FUNCTIONS", "column_lines", "layer_lines", "needed_functions", "prediction_lines"]

FUNCTIONS = {
    "sigmoid": ["sigmoid(z) = 1.0 / (1.0 + exp(-z))"],
    "relu": ["relu(z) = max(z, 0.0)"],
    "leaky_relu": ["leaky_relu(z, leak) = ifelse(z < 0.0, leak * z, z)"],
    "power_back": [
        "# The value whose Yeo-Johnson power is z; up, down: powers for positive and negative z.",
        "function power_back(z, up, down)",
        "    p = z < 0.0 ? down : up",
        "    v = expm1(log1p(p * abs(z)) / p)",
        "    return z < 0.0 ? -v : v",
        "end",
    ],
}


def needed_functions(form: ModelForm) -> list[str]:
    """Names of those of `FUNCTIONS` that predictions need."""
    found = {part.activation for layer in form.layers for part in layer.parts}
    found |= {"sigmoid"} if form.link == "logistic" else set()
    columns = () if form.transform is None else form.transform.columns
    found |= {"power_back" for column in columns if column.name == YEO_JOHNSON}
    return [name for name in FUNCTIONS if name in found]


def column_lines(form: ModelForm) -> list[str]:
    """Lines of ``features(x)``: checks of columns, and the features that they become."""
    n = len(form.columns)
    lines = [f'length(x) == {n} || throw(ArgumentError("x: must have {n} numbers"))']
    values: list[str] = []
    for k, column in enumerate(form.columns):
        x, place = f"x[{k + 1}]", f"x[{k + 1}], $(INPUTS[{k + 1}])"
        if column.levels is None:
            good, told = f"isfinite({x})", "must be a finite number"
        else:
            good = f"{x} in 0:{len(column.levels) - 1}"
            told = f"must be the number of a level, from 0 to {len(column.levels) - 1}"
        if column.gaps:
            good, told = f"isnan({x}) || {good}", f"{told}, or NaN"
        test = good if good.startswith("isfinite") else f"({good})"
        lines.append(f'{test} || throw(ArgumentError("{place}: {told}"))')
        if column.levels is None:
            values.append(f"isnan({x}) ? FILL[{k + 1}] : {x}" if column.gaps else x)
        for number in range(1, len(column.levels or ())):
            values.append(f"{x} == {number} ? 1.0 : 0.0")
        if column.gaps:
            values.append(f"isnan({x}) ? 1.0 : 0.0")
    return [*lines, "return [", *(f"    {value}," for value in values), "]"]


def layer_lines(form: ModelForm) -> list[str]:
    """Lines that make `h`, the outputs of the network, of standardized features `h`."""
    lines = []
    for number, layer in enumerate(form.layers, 1):
        parts = []
        for k, part in enumerate(merged(layer), 1):
            whole = (part.inputs.start, part.inputs.stop) == (0, layer.n_in)
            x = "h" if whole else f"h[{part.inputs.start + 1}:{part.inputs.stop}]"
            if is_copy(part):
                parts.append(x)
                continue
            z = f"W{number}_{k} * {x} .+ B{number}_{k}"
            if part.activation == "identity":
                parts.append(z)
            elif part.activation == "leaky_relu":
                parts.append(f"leaky_relu.({z}, LEAK{number}_{k}[1])")
            else:
                parts.append(f"{part.activation}.({z})")
        if len(parts) == 1:
            lines.append(f"h = {parts[0]}")
        else:
            lines += ["h = vcat(", *(f"    {one}," for one in parts), ")"]
    return lines


def prediction_lines(form: ModelForm) -> list[str]:
    """Lines that give predictions from `h`, the outputs of the network."""
    if form.classes is not None and form.link == "logistic":
        return ["return [sigmoid(-h[1]), sigmoid(h[1])]"]
    if form.link == "softmax":
        return ["e = exp.(h .- maximum(h))", "return e ./ sum(e)"]
    value = {"exp": "exp.(h)", "logistic": "sigmoid.(h)"}.get(form.link, "h")
    lines = [f"y = {value} .* SCALE .+ MEAN"]
    if form.transform is not None:
        values = [_back(form, k) for k in range(len(form.outputs))]
        lines += ["y = [", *(f"    {one}," for one in values), "]"]
    if form.ends is not None:
        lines.append("y = min.(max.(y, LEAST), MOST)")
    return [*lines, "return y"]


def _back(form: ModelForm, k: int) -> str:
    """From what was learned in place of a target to the target itself."""
    assert form.transform is not None
    column, at, y = form.transform.columns[k], k + 1, f"y[{k + 1}]"
    if column.name == LOG:
        return f"exp({y} + LOG_FACTOR[{at}])"
    if column.name != YEO_JOHNSON:
        return y
    powers = f"POWER_UP[{at}], POWER_DOWN[{at}]"
    if form.transform.residuals is None:
        return f"POWER_CENTER[{at}] + POWER_SCALE[{at}] * power_back({y}, {powers})"
    count = len(form.transform.residuals)
    here = f"[{k * count + 1}:{(k + 1) * count}]"
    each = f"power_back.({y} .+ RESIDUALS{here}, {powers})"
    return f"sum(SHARES{here} .* (POWER_CENTER[{at}] .+ POWER_SCALE[{at}] .* {each}))"
