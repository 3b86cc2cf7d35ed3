"""Rows left out by turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.stored_table import StoredTable, own_blocks

__all__ = ["Fold", "deal", "one_part"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Fold:
    """Numbers of the rows to train on, and of those left out; sorted."""

    kept: NDArray[np.integer[Any]]
    left: NDArray[np.integer[Any]]


def deal(x: Array, y: Array, folds: int, generator: np.random.Generator) -> list[Fold]:
    """Parts with like targets: rows sorted by target are dealt out by chance.

    Rows with equal inputs stay together, since what has seen one of them knows the others.

    Parameters
    ----------
    x, y : ndarray of shapes (rows, inputs), (rows, outputs)
    folds : int
    generator : numpy.random.Generator
    """
    y = y[:]
    group, first = equal_rows(x)
    if first.size < folds:  # nothing to keep apart
        group = first = np.arange(len(x))
    n = first.size
    index = generator.permutation(n)
    index = index[np.lexsort(y[first[index]].T)]
    part = np.empty(n, dtype=np.intp)
    for begin in range(0, n, folds):
        some = index[begin : begin + folds]
        part[some] = generator.permutation(folds)[: some.size]
    part = part[group]
    return [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(folds)]


def one_part(x: Array, share: float, most: int, generator: np.random.Generator) -> Fold:
    """A share of the rows, at most `most` of them or some more with equal inputs, left out."""
    count = max(1, min(round(share * len(x)), most))
    if all_differ(x):  # the same, in half of the memory
        index = np.arange(len(x), dtype=np.uint32)
        generator.shuffle(index)
        apart = np.zeros(len(x), dtype=bool)
        apart[index[: min(count, len(x) - 1)]] = True
        index.sort()
        return Fold(index[~apart], index[apart])
    group, first = equal_rows(x)
    if first.size < 2:
        group = first = np.arange(len(x))
    order = generator.permutation(first.size)
    enough = int(np.searchsorted(np.cumsum(np.bincount(group)[order]), count)) + 1
    chosen = np.zeros(first.size, dtype=bool)
    chosen[order[: min(enough, first.size - 1)]] = True
    left = chosen[group]
    return Fold(np.flatnonzero(~left), np.flatnonzero(left))


def equal_rows(x: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Groups of rows with equal inputs.

    Parameters
    ----------
    x : ndarray of shape (rows, inputs)

    Returns
    -------
    group : ndarray of shape (rows,)
        The number of each row's group.
    first : ndarray of shape (groups,)
        The first row of each, rising where all rows differ.
    """
    key = _keys(x)
    values, first, group = np.unique(key, return_index=True, return_inverse=True)
    if values.size == len(x):
        whole = np.arange(len(x))
        return whole, whole
    return group.reshape(-1), first


def all_differ(x: Array) -> bool:
    """Whether no two rows have equal inputs; False where one row is all."""
    key = _keys(x)
    key.sort()
    return len(key) > 1 and not bool((key[1:] == key[:-1]).any())


def _keys(x: Array) -> Array:
    """A number for each row, the same for rows with equal inputs."""
    direction: Array = np.random.default_rng(0).normal(size=(x.shape[1],))
    key = np.zeros(len(x))
    for begin, block in own_blocks(x):
        own = key[begin : begin + len(block)]
        for j in range(x.shape[1]):  # column by column: equal rows have the same rounding
            own += block[:, j] * direction[j]
    return x.all_ranks(key) if isinstance(x, StoredTable) else key
