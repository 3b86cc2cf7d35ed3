"""What commands print: one JSON object, or short texts that line up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hbcd.cli.tasks import Score
from hbcd.estimators.base import HybridEstimator
from hbcd.parts.structured_layers import BlockDiagonalLayer, SmoothPieces
from hbcd.tables.levels import level_text
from hbcd.training import registry

__all__ = [
    "confusion_lines",
    "described_layer",
    "layer_kind",
    "members_text",
    "network_text",
    "number",
    "print_json",
    "score_table",
    "targets_text",
    "transform_text",
    "widths_text",
]

Scores = dict[str, Any]
KINDS: dict[type, str] = {
    BlockDiagonalLayer: "blocks side by side",
    SmoothPieces: "smooth pieces",
}
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
    widths = "-".join(str(width) for width in (network.n_inputs, *network.widths))
    names = [layer_kind(layer) for layer in network.layers[1:-1]]
    kinds = ", ".join(names if len(set(names)) > 1 else names[:1]) or "linear"
    text = f"{widths} {kinds}, {network.n_parameters} parameters, {model.theta_.dtype}"
    transform = transform_text(model)
    return text if transform == "none" else f"{text}\nof transformed targets: {transform}"


def described_layer(layer: Any) -> dict[str, Any]:
    """The activation of a dense layer with its parameters; the kind of another layer."""
    activation = getattr(layer, "activation", None)
    if activation is not None:
        return registry.describe_activation(activation)
    blocks = getattr(layer, "blocks", None)
    more = {} if blocks is None else {"blocks": len(blocks)}
    return {"kind": KINDS.get(type(layer), type(layer).__name__), **more}


def layer_kind(layer: Any) -> str:
    """`tanh`, or `10 blocks side by side`."""
    found = described_layer(layer)
    if "activation" in found:
        return str(found["activation"])
    return f"{found['blocks']} {found['kind']}" if "blocks" in found else str(found["kind"])


def members_text(model: HybridEstimator) -> str:
    """The members that count, a line each, by weight; empty where one network was trained."""
    members = model.members_
    if members.empty:
        return ""
    held = members[members["weight"] > 0].sort_values("weight", ascending=False, kind="stable")
    lines = [f"\nof {len(members)} members tried, weighted on rows they have not seen:"]
    for row in held.itertuples():
        count = f"{row.networks} networks {row.name}" if row.widths else row.name
        lines.append(f"  {row.weight:6.1%}  {count}, penalty {row.alpha:.3g}, loss {row.loss:.4g}")
    return "\n".join(lines)


def transform_text(model: HybridEstimator) -> str:
    """`log`, `yeo-johnson (power 0.23)`, or `none`."""
    transform = getattr(model, "target_transform_", None)
    return "none" if transform is None else str(transform)


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
