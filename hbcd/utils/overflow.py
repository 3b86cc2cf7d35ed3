"""Outputs that are not finite, because a row is too large for the precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core

__all__ = ["RowOverflow", "refuse_overflow"]

Array = NDArray[Any]


class RowOverflow(ValueError):
    """An output that is not finite.

    Attributes
    ----------
    row : int
        From 0.
    rule : str
        What is wrong with it.
    """

    def __init__(self, row: int, rule: str) -> None:
        self.row, self.rule = row, rule
        super().__init__(row, rule)

    def __str__(self) -> str:
        return f"X: row {self.row}: {self.rule}"


def refuse_overflow(out: Array, cause: str) -> Array:
    """`out` (rows, columns) as it is; RowOverflow of the first row where it is not finite."""
    if not core.all_finite(out):
        bad = ~np.isfinite(out)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise RowOverflow(int(row), f"the output is {out[row, column]}, {cause}")
    return out
