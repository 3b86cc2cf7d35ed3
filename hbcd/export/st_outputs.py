"""From the outputs of the network in `h` to predictions `y`, as statements."""

from __future__ import annotations

from hbcd.estimators.targets.power_transform import LOG, YEO_JOHNSON
from hbcd.export.form import ModelForm
from hbcd.export.output_numbers import NEAR_ONE, TERMS
from hbcd.export.st_numbers import Real
from hbcd.export.st_steps import indented, sigmoid

__all__ = ["class_number", "predictions"]


def predictions(form: ModelForm, at: int, real: Real) -> list[str]:
    """Statements that compute `y`; the outputs of the network begin at ``h[at]``."""
    n = len(form.outputs)
    if form.classes is not None and form.link == "logistic":
        lines = []
        for k, sign in enumerate("-+"):
            lines += [f"s := {sign.strip('+')}h[{at}];", *sigmoid(real), f"y[{k}] := s;"]
        return lines
    if form.link == "softmax":
        return _softmax(n, at, real)
    lines = []
    for k in range(n):
        lines.append(f"s := h[{at + k}];")
        if form.link == "logistic":
            lines += sigmoid(real)
        elif form.link == "exp":
            lines += _exp(real)
        lines.append(f"s := (s * SCALE[{k}]) + MEAN[{k}];")
        lines += _back(form, k, real)
        if form.ends is not None:
            lines += [f"IF s < LEAST[{k}] THEN", f"    s := LEAST[{k}];", "END_IF;",
                      f"IF s > MOST[{k}] THEN", f"    s := MOST[{k}];", "END_IF;"]  # fmt: skip
        lines.append(f"y[{k}] := s;")
    return lines


def class_number(n: int) -> list[str]:
    """Statements that find the most probable class, the first of several."""
    return [
        "CLASS_NUMBER := 0;",
        "s := y[0];",
        f"FOR i := 1 TO {n - 1} DO",
        "    IF y[i] > s THEN",
        "        s := y[i];",
        "        CLASS_NUMBER := i;",
        "    END_IF;",
        "END_FOR;",
    ]


def _exp(real: Real) -> list[str]:
    """Statements that make exp(s) of `s`, or VALID FALSE where that is too large."""
    most = real.number(real.most)
    return [
        f"IF s > {most} THEN", "    VALID := FALSE;", f"    s := {most};", "END_IF;",
        f"IF s < -{most} THEN", f"    s := -{most};", "END_IF;", "s := EXP(s);",
    ]  # fmt: skip


def _softmax(n: int, at: int, real: Real) -> list[str]:
    low = f"-{real.number(real.most)}"
    return [
        f"t := h[{at}];",
        f"FOR i := 1 TO {n - 1} DO",
        f"    IF h[{at} + i] > t THEN",
        f"        t := h[{at} + i];",
        "    END_IF;",
        "END_FOR;",
        f"total := {real.number(0.0)};",
        f"FOR i := 0 TO {n - 1} DO",
        f"    s := h[{at} + i] - t;",
        f"    IF s < {low} THEN",
        f"        s := {low};",
        "    END_IF;",
        "    y[i] := EXP(s);",
        "    total := total + y[i];",
        "END_FOR;",
        f"FOR i := 0 TO {n - 1} DO",
        "    y[i] := y[i] / total;",
        "END_FOR;",
    ]


def _back(form: ModelForm, k: int, real: Real) -> list[str]:
    """From what was learned in place of a target to the target itself."""
    if form.transform is None:
        return []
    column = form.transform.columns[k]
    if column.name == LOG:
        return [f"s := s + LOG_FACTOR[{k}];", *_exp(real)]
    if column.name != YEO_JOHNSON:
        return []
    if form.transform.residuals is None:
        return [*_power_back(k, real), f"s := POWER_CENTER[{k}] + (POWER_SCALE[{k}] * t);"]
    count = len(form.transform.residuals)
    return [
        "q := s;",
        f"total := {real.number(0.0)};",
        f"FOR i := 0 TO {count - 1} DO",
        f"    s := q + RESIDUALS[{k * count} + i];",
        *indented(_power_back(k, real)),
        f"    t := POWER_CENTER[{k}] + (POWER_SCALE[{k}] * t);",
        f"    total := total + (t * SHARES[{k * count} + i]);",
        "END_FOR;",
        "s := total;",
    ]


def _power_back(k: int, real: Real) -> list[str]:
    """Statements that make `t` the value whose Yeo-Johnson power is `s`.

    ``exp(log(1 + p |s|) / p) - 1``, where a small ``p |s|`` keeps its digits by a series.
    """
    number = real.number
    series = number(1.0 / TERMS)
    for m in range(TERMS - 1, 0, -1):
        series = f"({number(1.0 / m)} - (r * {series}))"
    most = number(real.most)
    return [
        f"p := POWER_UP[{k}];",
        f"IF s < {number(0.0)} THEN",
        f"    p := POWER_DOWN[{k}];",
        "END_IF;",
        "t := ABS(s);",
        "r := p * t;",
        f"IF r < {number(NEAR_ONE)} THEN",
        *indented(_wrapped(f"t := t * {series};")),
        "ELSE",
        f"    t := LN({number(1.0)} + r) / p;",
        "END_IF;",
        f"IF t > {most} THEN",
        "    VALID := FALSE;",
        f"    t := {most};",
        "END_IF;",
        f"t := EXP(t) - {number(1.0)};",
        f"IF s < {number(0.0)} THEN",
        "    t := -t;",
        "END_IF;",
    ]


def _wrapped(line: str) -> list[str]:
    """A long statement as several lines."""
    found, words = [], line.split(" ")
    current = words[0]
    for word in words[1:]:
        if len(current) + len(word) > 70:
            found.append(current)
            current = f"    {word}"
        else:
            current += f" {word}"
    return [*found, current]
