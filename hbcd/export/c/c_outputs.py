"""From the outputs of the network in `h` to predictions `y` and their slopes, as C text."""

from __future__ import annotations

from typing import Any

from hbcd.estimators.targets.power_transform import LEAST, LOG, YEO_JOHNSON
from hbcd.export.form import ModelForm

__all__ = ["elementary_names", "output_constants", "outputs", "seeds"]


def elementary_names(form: ModelForm, jacobian: bool) -> set[str]:
    """Names of the functions that predictions and slopes need, activations among them."""
    found = {part.activation for layer in form.layers for part in layer.parts}
    found |= {"softmax": {"exp"}, "exp": {"exp"}, "logistic": {"logistic"}}.get(form.link, set())
    for column in () if form.transform is None else form.transform.columns:
        powers = {"yeo-johnson slope"} if jacobian else {"yeo-johnson"}
        found |= {LOG: {"exp"}, YEO_JOHNSON: powers}.get(column.name, set())
    return found


def output_constants(form: ModelForm) -> dict[str, Any]:
    """Arrays that the way back from a transform of targets needs."""
    transform = form.transform
    if transform is None or transform.residuals is None or transform.shares is None:
        return {}
    found = {}
    for k, column in enumerate(transform.columns):
        if column.name == YEO_JOHNSON:
            found[f"RESIDUALS_{k}"] = transform.residuals[:, k]
            found[f"SHARES_{k}"] = transform.shares[:, k]
    return found


def _powers(power: float, number: Any) -> str:
    return f"{number(max(power, LEAST))}, {number(max(2.0 - power, LEAST))}"


def outputs(form: ModelForm, at: int, number: Any) -> list[str]:
    """Statements that compute `y`; the outputs of the network begin at ``h[at]``."""
    n = len(form.outputs)
    if form.classes is not None and form.link == "logistic":
        return [f"y[0] = logistic_of(-h[{at}]);", f"y[1] = logistic_of(h[{at}]);"]
    if form.link == "softmax":
        return [
            f"largest = h[{at}];",
            f"for (k = 1; k < {n}; k++) {{",
            f"    largest = (h[{at} + k] > largest) ? h[{at} + k] : largest;",
            "}",
            f"sum = {number(0.0)};",
            f"for (k = 0; k < {n}; k++) {{",
            f"    y[k] = exp_of(h[{at} + k] - largest);",
            "    sum = sum + y[k];",
            "}",
            f"for (k = 0; k < {n}; k++) {{",
            "    y[k] = y[k] / sum;",
            "}",
        ]
    function = {"identity": "", "exp": "exp_of", "logistic": "logistic_of"}[form.link]
    lines = []
    for k in range(n):
        value = f"{function}(h[{at + k}])" if function else f"h[{at + k}]"
        lines.append(f"y[{k}] = ({value} * {number(form.scale[k])}) + {number(form.mean[k])};")
        lines += _back(form, k, number)
        if form.ends is not None:
            low, high = number(form.ends[0, k]), number(form.ends[1, k])
            lines += [
                f"y[{k}] = (y[{k}] < {low}) ? {low} : y[{k}];",
                f"y[{k}] = (y[{k}] > {high}) ? {high} : y[{k}];",
            ]
    return lines


def _back(form: ModelForm, k: int, number: Any) -> list[str]:
    """From what was learned in place of a target to the target itself."""
    if form.transform is None:
        return []
    column = form.transform.columns[k]
    if column.name == LOG:
        return [f"y[{k}] = exp_of(y[{k}] + {number(form.transform.log_factors[k])});"]
    if column.name != YEO_JOHNSON:
        return []
    powers = _powers(column.power, number)
    sides = f"{number(column.center)} + ({number(column.scale)} * "
    if form.transform.residuals is None:
        return [f"y[{k}] = {sides}power_back(y[{k}], {powers}));"]
    value = f"power_back(y[{k}] + RESIDUALS_{k}[k], {powers})"
    return [
        f"sum = {number(0.0)};",
        f"for (k = 0; k < {len(form.transform.residuals)}; k++) {{",
        f"    sum = sum + (({sides}{value})) * SHARES_{k}[k]);",
        "}",
        f"y[{k}] = sum;",
    ]


def seeds(form: ModelForm, output: int, at: int, number: Any) -> list[str]:
    """Statements that set ``g``, the slope of ``y[output]`` with respect to outputs of layers.

    All of `g` is 0 before; ``y`` holds the predictions.
    """
    one, zero = number(1.0), number(0.0)
    if form.classes is not None and form.link == "logistic":
        sign = "-" if output == 0 else ""
        return [f"g[{at}] = {sign}(y[0] * y[1]);"]
    if form.link == "softmax":
        return [
            f"for (k = 0; k < {len(form.outputs)}; k++) {{",
            f"    g[{at} + k] = y[{output}] * (((k == {output}) ? {one} : {zero}) - y[k]);",
            "}",
        ]
    scale, mean = number(form.scale[output]), number(form.mean[output])
    h = f"h[{at + output}]"
    lines = [f"slope = {scale};"]
    if form.link == "exp":
        lines = [f"slope = exp_of({h}) * {scale};"]
    elif form.link == "logistic":
        lines = [f"slope = logistic_of({h});", f"slope = ({scale} * slope) * ({one} - slope);"]
    back = _back_slope(form, output, number)
    if back:
        function = {"identity": "", "exp": "exp_of", "logistic": "logistic_of"}[form.link]
        computed = f"{function}({h})" if function else h
        lines.append(f"value = ({computed} * {scale}) + {mean};")
    lines += back
    if form.ends is not None:
        low, high = number(form.ends[0, output]), number(form.ends[1, output])
        inside = f"(y[{output}] > {low}) && (y[{output}] < {high})"
        lines.append(f"slope = ({inside}) ? slope : {zero};")
    return [*lines, f"g[{at + output}] = slope;"]


def _back_slope(form: ModelForm, k: int, number: Any) -> list[str]:
    if form.transform is None:
        return []
    column = form.transform.columns[k]
    if column.name == LOG:
        return [f"slope = slope * exp_of(value + {number(form.transform.log_factors[k])});"]
    if column.name != YEO_JOHNSON:
        return []
    powers = _powers(column.power, number)
    if form.transform.residuals is None:
        return [f"slope = slope * ({number(column.scale)} * power_slope(value, {powers}));"]
    return [
        f"sum = {number(0.0)};",
        f"for (k = 0; k < {len(form.transform.residuals)}; k++) {{",
        f"    sum = sum + (power_slope(value + RESIDUALS_{k}[k], {powers}) * SHARES_{k}[k]);",
        "}",
        f"slope = slope * (sum * {number(column.scale)});",
    ]
