"""What commands print: one JSON object, or short texts that line up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hbcd.cli.tasks import Score
from hbcd.estimators.base import HybridEstimator
from hbcd.tables.levels import level_text

__all__ = [
    "confusion_lines",
    "network_text",
    "number",
    "print_json",
    "score_table",
    "targets_text",
    "widths_text",
]

Scores = dict[str, Any]
MOST_CLASSES = 20  # of a confusion matrix that is printed


def print_json(value: dict[str, Any]) -> None:
    """One object on one line."""
    print(json.dumps(value, allow_nan=False))


def number(value: float | None, digits: str) -> str:
    """A number in a table; a dash for one that there is not."""
    return "-" if value is None else format(value, digits)


def widths_text(hidden: Sequence[int]) -> str:
    """`10,10`, or `none`."""
    return ",".join(map(str, hidden)) or "none"


def network_text(model: HybridEstimator) -> str:
    """`4-10-10-10-1 tanh, 281 parameters, float64`."""
    network = model.network_
    layers = network.layers[1:]
    widths = "-".join(str(width) for width in (network.n_inputs, *(la.n_neurons for la in layers)))
    names = [type(layer.activation).__name__.lower() for layer in layers[:-1]]
    kinds = ", ".join(names if len(set(names)) > 1 else names[:1]) or "linear"
    return f"{widths} {kinds}, {network.n_parameters} parameters, {model.theta_.dtype}"


def targets_text(targets: Sequence[str], unit: str) -> str:
    """`PE (MW)`."""
    return ", ".join(targets) + (f" ({unit})" if unit else "")


def score_table(
    columns: Sequence[Score], lines: Sequence[tuple[str, str, Scores]], unit: str
) -> str:
    """Scores in columns; a line is what is scored, on which part, and its scores."""
    row = "{:<16}{:<7}{:>9}" + "{:>13}" * (len(columns) - 1)
    table = [row.format("", "", *(column.title for column in columns))]
    units = [column.unit(unit) for column in columns]
    table += [row.format("", "", *units)] if any(units) else []
    for title, part, found in lines:
        cells = [
            number(found[column.key], column.digits) if column.key in found else ""
            for column in columns
        ]
        table.append(row.format(title, part, *cells))
    return "\n".join(line.rstrip() for line in table)


def confusion_lines(classes: Sequence[Any], counts: Sequence[Sequence[int]]) -> str:
    """Confusion matrix: rows by their class, down, and by the predicted class, across."""
    if len(classes) > MOST_CLASSES:
        return ""
    names = [level_text(label) for label in classes]
    cells = [["actual, predicted:", *names]]
    cells += [[name, *map(str, line)] for name, line in zip(names, counts, strict=True)]
    first = max(len(line[0]) for line in cells) + 2
    wide = max(len(cell) for line in cells for cell in line[1:]) + 2
    return "\n".join(
        f"{line[0]:<{first}}" + "".join(f"{cell:>{wide}}" for cell in line[1:]) for line in cells
    )
