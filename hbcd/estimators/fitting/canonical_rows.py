"""Rows of a small table, sorted and each once: order and repetition cannot change a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["merged"]

Array = NDArray[Any]
FEW_ROWS = 1000  # sorting them takes well below a millisecond


def merged(
    rows: Array, targets: Array, weight: Array | None
) -> tuple[Array, Array, Array | None, NDArray[np.intp] | None]:
    """Up to 1000 rows sorted by value, equal ones once with their weights added.

    A fit then gives the same bits whatever the order of its rows, and whether a row is repeated or
    has a whole weight: training magnifies rounding, so that sums in another order would not do.

    Parameters
    ----------
    rows : ndarray of shape (rows, columns)
    targets : ndarray of shape (rows, outputs)
    weight : ndarray of shape (rows,) or None
        Above 0.

    Returns
    -------
    rows, targets, weight
        As they are where there are more; `weight` is None where all of them are equal.
    place : ndarray of int, shape (rows,), or None
        Where each row went; None: all are where they were.
    """
    if rows.shape[0] > FEW_ROWS:
        return rows, targets, weight, None
    count = np.ones(rows.shape[0]) if weight is None else weight.astype(np.float64)
    table = np.column_stack([targets, rows])
    order = np.lexsort([count, *table.T])
    table = table[order]
    new = np.ones(order.size, dtype=bool)
    new[1:] = (table[1:] != table[:-1]).any(axis=1)
    sums = np.add.reduceat(count[order], np.flatnonzero(new))
    first = order[new]
    place = np.empty(order.size, np.intp)
    place[order] = np.cumsum(new) - 1
    return rows[first], targets[first], None if (sums == sums[0]).all() else sums, place
