"""Rows left out by turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fold", "deal", "one_part"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Fold:
    """Numbers of the rows to train on, and of those left out; sorted."""

    kept: NDArray[np.intp]
    left: NDArray[np.intp]


def deal(y: Array, folds: int, generator: np.random.Generator) -> list[Fold]:
    """Parts with like targets: rows sorted by target (rows, outputs) are dealt out by chance."""
    n = y.shape[0]
    index = generator.permutation(n)
    index = index[np.lexsort(y[index].T)]
    part = np.empty(n, dtype=np.intp)
    for begin in range(0, n, folds):
        group = index[begin : begin + folds]
        part[group] = generator.permutation(folds)[: group.size]
    return [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(folds)]


def one_part(n: int, share: float, most: int, generator: np.random.Generator) -> Fold:
    """A share of n rows, at most `most` of them, left out."""
    left = np.zeros(n, dtype=bool)
    left[generator.permutation(n)[: max(1, min(round(share * n), most))]] = True
    return Fold(np.flatnonzero(~left), np.flatnonzero(left))
