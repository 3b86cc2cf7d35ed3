"""An order of the levels of a column in which neighbors have similar rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained

__all__ = ["level_order"]

Array = NDArray[Any]


def level_order(explained: Explained, column: Column, codes: Array) -> NDArray[np.intp]:
    """The codes of the levels that rows have, from one end to the other.

    Parameters
    ----------
    explained : Explained
    column : Column
        Of levels.
    codes : ndarray of int, shape (rows,)
        The level of each row.
    """
    there = np.unique(codes)
    if there.size < 3:
        return there
    own = codes[:, np.newaxis] == there  # (rows, levels)
    distance = np.zeros((there.size, there.size))
    for other in explained.columns:
        if other is column:
            continue
        shares = _distributions(explained, other, own)
        gaps = np.abs(shares[:, np.newaxis] - shares[np.newaxis])
        distance += 0.5 * gaps.sum(axis=2) if other.levels is not None else gaps.max(axis=2)
    square = np.square(distance)
    middle = square - square.mean(axis=0) - square.mean(axis=1)[:, np.newaxis] + square.mean()
    scale = max(float(np.abs(middle).max()), np.finfo(float).tiny)
    # Without the last bits, which would put levels in an order where rows have none.
    axis = np.linalg.eigh(np.round(-0.5 * middle / scale, 9))[1][:, -1]
    first = np.round(axis, 6)
    if first[0] > first[-1]:
        first = -first
    return there[np.argsort(first, kind="stable")]


def _distributions(explained: Explained, column: Column, own: Array) -> NDArray[np.float64]:
    """Of a column, for each level: shares of its levels, or its distribution function."""
    weight = np.ones(len(own)) if explained.weight is None else explained.weight
    counted = own * weight[:, np.newaxis]
    total = counted.sum(axis=0)[:, np.newaxis]
    if column.levels is not None:
        codes = column.codes(explained.features)
        counts = [np.bincount(codes, each, len(column.levels)) for each in counted.T]
        return np.asarray(np.array(counts) / total)
    values = column.ordered(explained.features)
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0.0, True))
    sums = np.cumsum(counted[order], axis=0)[ends].T
    return np.asarray(sums / total)
