"""What commands print: one JSON object, or short texts that line up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hbcd.estimator import HybridRegressor

__all__ = ["network_text", "number", "print_json", "score_table", "targets_text"]

Scores = dict[str, Any]


def print_json(value: dict[str, Any]) -> None:
    """One object on one line."""
    print(json.dumps(value, allow_nan=False))


def number(value: float | None, digits: str) -> str:
    """A number in a table; a dash for one that there is not."""
    return "-" if value is None else format(value, digits)


def network_text(model: HybridRegressor) -> str:
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


def score_table(lines: Sequence[tuple[str, str, Scores]], unit: str) -> str:
    """R2, MSE and MAE in columns; a line is what is scored, on which part, and its scores."""
    row = "{:<16}{:<7}{:>9}{:>13}{:>13}"
    units = row.format("", "", "", f"({unit})^2", unit) if unit else ""
    table = [row.format("", "", "R2", "MSE", "MAE"), units]
    for title, part, found in lines:
        r2 = number(found["r2"], ".5f")
        mse, mae = (number(found.get(name), "#.5g") for name in ("mse", "mae"))
        table.append(row.format(title, part, r2, mse if "mse" in found else "", mae
                                if "mae" in found else ""))  # fmt: skip
    return "\n".join(line.rstrip() for line in table if line)
