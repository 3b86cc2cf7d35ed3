"""Smooth pieces of the inputs: where they lie, from the rows to train on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.structured_layers import SmoothPieces

__all__ = ["smooth_pieces"]

Array = NDArray[Any]
ROWS = 10_000  # that quantiles are taken of


def smooth_pieces(x: Array, pieces: int) -> SmoothPieces | None:
    """Pieces between quantiles of every input: in the middle of each, as wide as it.

    Inputs of fewer than three values have none; None where no input has any.

    Parameters
    ----------
    x : ndarray of shape (rows, inputs)
        Standardized.
    pieces : int
        At most, of each input.
    """
    some = x[:] if x.shape[0] <= ROWS else x[:: -(-x.shape[0] // ROWS)]
    columns, centers, widths = [], [], []
    for column in range(x.shape[1]):
        ends = np.unique(np.quantile(some[:, column], np.linspace(0.0, 1.0, pieces + 1)))
        if ends.size < 3:
            continue
        columns += [column] * (ends.size - 1)
        centers += ((ends[1:] + ends[:-1]) / 2).tolist()
        widths += np.maximum(np.diff(ends), 1e-3).tolist()
    return SmoothPieces(columns, centers, widths) if columns else None
