"""The part of report.html that says how often intervals hold the targets of rows to test on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.cli.report import html

__all__ = ["interval_section", "measured_intervals"]

LEVELS = (0.8, 0.9, 0.95, 0.99)
SOURCES = {
    "out-of-fold": "errors of members for rows that they had not seen",
    "leave-one-out": "errors of the network, enlarged by the leverage of the row",
    "held-out": "errors of rows held out, which have ended the training",
}


def measured_intervals(model: Any, rows: Any, y: NDArray[Any]) -> dict[str, Any] | None:
    """Share of rows inside and mean width at each level, by targets, as metrics.json has them.

    None where a fit has kept no rows, as one on ranks.

    Parameters
    ----------
    model : HybridRegressor
    rows : EncodedTable
        To test on.
    y : ndarray of shape (rows,) or (rows, targets)
    """
    truth = y.reshape(len(y), -1)
    try:
        source = model.interval_source_
    except ValueError:
        return None
    found: dict[str, Any] = {"source": source, "levels": list(LEVELS)}
    coverage, width = [], []
    for level in LEVELS:
        ends = model.predict_interval(rows, level).reshape(*truth.shape, 2)
        inside = (ends[..., 0] <= truth) & (truth <= ends[..., 1])
        coverage.append(inside.mean(axis=0).tolist())
        width.append((ends[..., 1] - ends[..., 0]).mean(axis=0).tolist())
    return found | {"coverage": coverage, "width": width}


def interval_section(found: dict[str, Any] | None, targets: list[str], unit: str) -> list[str]:
    """Heading and table; nothing of classes.

    Parameters
    ----------
    found : dict or None
        What `measured_intervals` gave.
    targets : list of str
    unit : str
    """
    if found is None:
        return []
    unit = f" {unit}" if unit else ""
    lines = [
        (target, f"{level:.0%}", f"{shares[k]:.1%}", f"{widths[k]:.5g}{unit}")
        for k, target in enumerate(targets)
        for level, shares, widths in zip(
            found["levels"], found["coverage"], found["width"], strict=True
        )
        if np.isfinite(widths[k])
    ]
    note = f"From {SOURCES[found['source']]}. Rows to test on had no part in them."
    head = ("target", "level", "test rows inside", "mean width")
    return [html.heading("Intervals", note), html.table(head, lines)]
