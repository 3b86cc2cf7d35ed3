"""What a function block computes, as statements: inputs to features, and all layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hbcd.export.c.c_steps import Layout
from hbcd.export.form import ModelForm
from hbcd.export.inputs import InputColumn
from hbcd.export.structured_text.st_numbers import Real

__all__ = ["Port", "checks", "features", "indented", "layers", "sigmoid"]

TANH_MOST = 20.0  # beyond it tanh is 1 to the last digit


@dataclass(frozen=True)
class Port:
    """An input of the block.

    Attributes
    ----------
    column : InputColumn
    name : str
    missing : str
        The input that tells whether a number is missing; "" where it never is, and of text.
    number : int
        Its place among the numbers; -1 of text.
    """

    column: InputColumn
    name: str
    missing: str
    number: int


def indented(lines: list[str]) -> list[str]:
    """The same lines, further to the right."""
    return [f"    {line}" for line in lines]


def checks(ports: list[Port]) -> list[str]:
    """Statements that set VALID and OUT_OF_RANGE, and `given` to the numbers among the inputs."""
    lines = ["VALID := TRUE;", "OUT_OF_RANGE := FALSE;"]
    numbers = [port for port in ports if port.number >= 0]
    for port in numbers:
        at = port.number
        if port.missing:
            lines += [
                f"IF {port.missing} THEN",
                f"    given[{at}] := FILL[{at}];",
                "ELSE",
                f"    given[{at}] := {port.name};",
                "END_IF;",
            ]
        else:
            lines.append(f"given[{at}] := {port.name};")
    if numbers:
        lines += [
            f"FOR i := 0 TO {len(numbers) - 1} DO",
            "    IF NOT (ABS(given[i] - CENTER[i]) <= REACH[i]) THEN",
            "        VALID := FALSE;",
            "    END_IF;",
            "    IF NOT ((given[i] >= LOW[i]) AND (given[i] <= HIGH[i])) THEN",
            "        OUT_OF_RANGE := TRUE;",
            "    END_IF;",
            "END_FOR;",
        ]
    for port in ports:
        if port.column.levels is not None:
            least, most = -1 if port.column.gaps else 0, len(port.column.levels) - 1
            lines += [
                f"IF ({port.name} < {least}) OR ({port.name} > {most}) THEN",
                "    VALID := FALSE;",
                "END_IF;",
            ]
    return lines


def features(form: ModelForm, ports: list[Port], real: Real) -> list[str]:
    """Statements that make standardized features `inner` of the inputs."""
    one, zero = real.number(1.0), real.number(0.0)
    lines = []

    def switch(condition: str, place: str) -> list[str]:
        return [f"IF {condition} THEN", f"    inner[{place}] := {one};", "ELSE",
                f"    inner[{place}] := {zero};", "END_IF;"]  # fmt: skip

    for port in ports:
        column, at = port.column, port.column.place
        if column.levels is None:
            lines.append(f"inner[{at}] := given[{port.number}];")
        elif len(column.levels) > 1:
            lines += [
                f"FOR i := 1 TO {len(column.levels) - 1} DO",
                *indented(switch(f"{port.name} = i", f"{at - 1} + i")),
                "END_FOR;",
            ]
        if column.gaps:
            missing = port.missing or f"{port.name} < 0"
            lines += switch(missing, str(at + column.n_features - 1))
    centered = "inner[i] - SHIFT[i]"
    if real.dtype == np.float32:
        centered = "(inner[i] - SHIFT[i]) - SHIFT_REST[i]"
    return [
        *lines,
        f"FOR i := 0 TO {form.n_features - 1} DO",
        f"    inner[i] := ({centered}) * FACTOR[i];",
        "END_FOR;",
    ]


def layers(plan: Layout, real: Real) -> list[str]:
    """Statements that compute all layers in `inner`."""
    lines: list[str] = []
    for step in plan.steps:
        if step.kind == "copy":
            lines += [
                f"FOR j := 0 TO {step.n_out - 1} DO",
                f"    inner[{step.write} + j] := inner[{step.read} + j];",
                "END_FOR;",
            ]
            continue
        name, leak = step.activation, real.number(step.leak)
        lines += [
            f"FOR j := 0 TO {step.n_out - 1} DO",
            f"    current := BIASES[{step.biases} + j];",
            f"    FOR i := 0 TO {step.n_in - 1} DO",
            f"        current := current + (WEIGHTS[{step.weights} + (i * {step.n_out}) + j] * "
            f"inner[{step.read} + i]);",
            "    END_FOR;",
            *indented(_activation(name, leak, real)),
            f"    inner[{step.write} + j] := current;",
            "END_FOR;",
        ]
    return lines


def _activation(name: str, leak: str, real: Real) -> list[str]:
    """Statements that change `current`; EXP is given what it neither over- nor underflows at."""
    zero, one = real.number(0.0), real.number(1.0)
    if name == "identity":
        return []
    if name in ("relu", "leaky_relu"):
        low = f"{leak} * current" if name == "leaky_relu" else zero
        return [f"IF current < {zero} THEN", f"    current := {low};", "END_IF;"]
    most = real.number(TANH_MOST if name == "tanh" else real.most)
    lines = ["part := ABS(current);", f"IF part > {most} THEN", f"    part := {most};", "END_IF;"]
    if name == "tanh":
        return [
            *lines,
            f"part := EXP(-({real.number(2.0)} * part));",
            f"part := ({one} - part) / ({one} + part);",
            f"IF current < {zero} THEN",
            "    current := -part;",
            "ELSE",
            "    current := part;",
            "END_IF;",
        ]
    return [
        *lines,
        "part := EXP(-part);",
        f"IF current < {zero} THEN",
        f"    current := part / ({one} + part);",
        "ELSE",
        f"    current := {one} / ({one} + part);",
        "END_IF;",
    ]


def sigmoid(real: Real) -> list[str]:
    """Statements that make 1 / (1 + exp(-current)) of `current`."""
    return _activation("sigmoid", "", real)
