"""From the outputs of the network in `inner` to predictions `results`, as statements."""

from __future__ import annotations

from hbcd.estimators.targets.power_transform import LOG, YEO_JOHNSON
from hbcd.export.form import ModelForm
from hbcd.export.output_numbers import NEAR_ONE, TERMS
from hbcd.export.structured_text.st_numbers import Real
from hbcd.export.structured_text.st_steps import indented, sigmoid

__all__ = ["class_number", "predictions"]


def predictions(form: ModelForm, at: int, real: Real) -> list[str]:
    """Statements that compute `results`; the outputs of the network begin at ``inner[at]``."""
    n = len(form.outputs)
    if form.classes is not None and form.link == "logistic":
        lines = []
        for k, sign in enumerate("-+"):
            lines += [
                f"current := {sign.strip('+')}inner[{at}];",
                *sigmoid(real),
                f"results[{k}] := current;",
            ]
        return lines
    if form.link == "softmax":
        return _softmax(n, at, real)
    lines = []
    for k in range(n):
        lines.append(f"current := inner[{at + k}];")
        if form.link == "logistic":
            lines += sigmoid(real)
        elif form.link == "exp":
            lines += _exp(real)
        lines.append(f"current := (current * SCALE[{k}]) + MEAN[{k}];")
        lines += _back(form, k, real)
        if form.ends is not None:
            for sign, end in (("<", "LEAST"), (">", "MOST")):
                lines += [f"IF current {sign} {end}[{k}] THEN", f"    current := {end}[{k}];",
                          "END_IF;"]  # fmt: skip
        lines.append(f"results[{k}] := current;")
    return lines


def class_number(n: int) -> list[str]:
    """Statements that find the most probable class, the first of several."""
    return [
        "CLASS_NUMBER := 0;",
        "current := results[0];",
        f"FOR i := 1 TO {n - 1} DO",
        "    IF results[i] > current THEN",
        "        current := results[i];",
        "        CLASS_NUMBER := i;",
        "    END_IF;",
        "END_FOR;",
    ]


def _exp(real: Real) -> list[str]:
    """Statements that make exp(s) of `s`, or VALID FALSE where that is too large."""
    most = real.number(real.most)
    return [
        f"IF current > {most} THEN", "    VALID := FALSE;", f"    current := {most};", "END_IF;",
        f"IF current < -{most} THEN", f"    current := -{most};", "END_IF;",
        "current := EXP(current);",
    ]  # fmt: skip


def _softmax(n: int, at: int, real: Real) -> list[str]:
    low = f"-{real.number(real.most)}"
    return [
        f"part := inner[{at}];",
        f"FOR i := 1 TO {n - 1} DO",
        f"    IF inner[{at} + i] > part THEN",
        f"        part := inner[{at} + i];",
        "    END_IF;",
        "END_FOR;",
        f"total := {real.number(0.0)};",
        f"FOR i := 0 TO {n - 1} DO",
        f"    current := inner[{at} + i] - part;",
        f"    IF current < {low} THEN",
        f"        current := {low};",
        "    END_IF;",
        "    results[i] := EXP(current);",
        "    total := total + results[i];",
        "END_FOR;",
        f"FOR i := 0 TO {n - 1} DO",
        "    results[i] := results[i] / total;",
        "END_FOR;",
    ]


def _back(form: ModelForm, k: int, real: Real) -> list[str]:
    """From what was learned in place of a target to the target itself."""
    if form.transform is None:
        return []
    column = form.transform.columns[k]
    if column.name == LOG:
        return [f"current := current + LOG_FACTOR[{k}];", *_exp(real)]
    if column.name != YEO_JOHNSON:
        return []
    if form.transform.residuals is None:
        return [*_power_back(k, real), f"current := POWER_CENTER[{k}] + (POWER_SCALE[{k}] * part);"]
    count = len(form.transform.residuals)
    return [
        "kept := current;",
        f"total := {real.number(0.0)};",
        f"FOR i := 0 TO {count - 1} DO",
        f"    current := kept + RESIDUALS[{k * count} + i];",
        *indented(_power_back(k, real)),
        f"    part := POWER_CENTER[{k}] + (POWER_SCALE[{k}] * part);",
        f"    total := total + (part * SHARES[{k * count} + i]);",
        "END_FOR;",
        "current := total;",
    ]


def _power_back(k: int, real: Real) -> list[str]:
    """Statements that make `part` the value whose Yeo-Johnson power is `current`.

    ``exp(log(1 + p |z|) / p) - 1``, where a small ``p |z|`` keeps its digits by a series.
    """
    number = real.number
    series = number(1.0 / TERMS)
    for m in range(TERMS - 1, 0, -1):
        series = f"({number(1.0 / m)} - (ratio * {series}))"
    most = number(real.most)
    return [
        f"exponent := POWER_UP[{k}];",
        f"IF current < {number(0.0)} THEN",
        f"    exponent := POWER_DOWN[{k}];",
        "END_IF;",
        "part := ABS(current);",
        "ratio := exponent * part;",
        f"IF ratio < {number(NEAR_ONE)} THEN",
        *indented(_wrapped(f"part := part * {series};")),
        "ELSE",
        f"    part := LN({number(1.0)} + ratio) / exponent;",
        "END_IF;",
        f"IF part > {most} THEN",
        "    VALID := FALSE;",
        f"    part := {most};",
        "END_IF;",
        f"part := EXP(part) - {number(1.0)};",
        f"IF current < {number(0.0)} THEN",
        "    part := -part;",
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
