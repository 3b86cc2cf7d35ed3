"""Parts of the rows that judge by turns what was fitted on the others, and what a gain is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.losses import Loss

__all__ = ["PARTS", "gain", "part_of_rows", "ramp"]

Array = NDArray[Any]
PARTS = 5


def part_of_rows(target: Array) -> NDArray[np.intp]:
    """The part of each row."""
    return np.arange(target.shape[0]) % PARTS


def gain(loss: Loss, before: Array, after: Array, target: Array, weight: Array | None) -> float:
    """The mean decrease of the loss of a row, in standard errors."""
    less = loss.evaluate(before, target, None) - loss.evaluate(after, target, None)
    if weight is not None:
        less = less * weight
    spread = float(less.std())
    return float(less.mean()) * np.sqrt(less.size) / spread if spread > 0 else 0.0


def ramp(gained: float) -> float:
    """0 up to a gain of one standard error, 1 from two on."""
    return float(np.clip(gained - 1.0, 0.0, 1.0))
