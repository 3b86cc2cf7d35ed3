"""The hidden layers of an estimator: as given, or by a rule from rows, inputs and outputs."""

from __future__ import annotations

import math
from typing import Any

from hbcd.utils.validation import check_integer

__all__ = ["auto_widths", "hidden_widths"]

REGRESSION, CLASSES = 20, 40  # least widths: a border between classes bends more than a surface
MOST = 100
ROWS_PER_PARAMETER = 10  # with so many rows a second layer finds more than it imagines


def auto_widths(rows: int, n_inputs: int, n_outputs: int, *, classes: bool) -> tuple[int, ...]:
    """What "auto" stands for: layers twice the geometric mean of inputs and outputs wide.

    At least 20 wide, or 40 where the outputs tell classes, and at most 100.  One layer, or two
    where there are ten rows for every parameter that the network has then.  bench/README.md
    ("Tables of scikit-learn") has what this was chosen from.
    """
    least = CLASSES if classes else REGRESSION
    width = min(max(round(2.0 * math.sqrt(n_inputs * n_outputs)), least), MOST)
    parameters = (n_inputs + 1) * width + (width + 1) * width + (width + 1) * n_outputs
    return (width,) if rows < ROWS_PER_PARAMETER * parameters else (width, width)


def hidden_widths(
    value: Any, rows: int, n_inputs: int, n_outputs: int, *, classes: bool
) -> tuple[int, ...]:
    """Checked widths of the hidden layers, from "auto" or a sequence of them."""
    if isinstance(value, str) and value == "auto":
        return auto_widths(rows, n_inputs, n_outputs, classes=classes)
    try:
        return tuple(int(width) for width in value if check_integer("width", width, 1))
    except TypeError:
        raise TypeError(
            f"hidden_layer_sizes={value!r}: must be 'auto' or a sequence of integers"
        ) from None
    except ValueError as error:
        raise ValueError(f"hidden_layer_sizes={value!r}: {error}") from None
