"""Which rows a candidate trains on, and which rows judge it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.tables.encoded import EncodedTable
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Split", "count_rows", "splits_of", "take_rows"]

Rows = NDArray[np.intp]
Split = tuple[Rows, Rows]

FOLDS, FEW_ROWS = 3, 2000  # below so many rows every row is left out once
SHARE = 0.2  # left out of more


def count_rows(X: Any) -> int:
    """The rows of a table of any kind."""
    shape = getattr(X, "shape", None)
    return int(shape[0]) if shape else len(X)


def take_rows(table: Any, rows: Rows) -> Any:
    """Some rows of an array, a DataFrame, an encoded table or a list."""
    if isinstance(table, EncodedTable):
        return table.rows(rows)
    if hasattr(table, "iloc"):
        return table.iloc[rows]
    if isinstance(table, (list, tuple)):
        return [table[row] for row in rows]
    return table[rows]


def splits_of(
    cv: Any, X: Any, y: Any, groups: Any, classes: bool, generator: np.random.Generator
) -> list[Split]:
    """Pairs of rows to train on and rows left out.

    Parameters
    ----------
    cv : None, int, float, splitter or iterable of pairs
    X, y, groups
        What a splitter is given.
    classes : bool
        Whether y is of classes, each of which is dealt out evenly.
    generator : Generator

    Raises
    ------
    ValueError, TypeError
        No such splits.
    """
    n = count_rows(X)
    if cv is None:
        cv = FOLDS if n < FEW_ROWS else SHARE
    if callable(getattr(cv, "split", None)) and not isinstance(cv, str):
        try:
            pairs = list(cv.split(X, y) if groups is None else cv.split(X, y, groups))
        except ValueError as error:
            raise ValueError(f"cv={cv!r}: {error}") from error
        return _checked(cv, pairs, n)
    if isinstance(cv, (list, tuple)) or (hasattr(cv, "__iter__") and not isinstance(cv, str)):
        return _checked(cv, list(cv), n)
    if groups is not None:
        raise ValueError("groups: must go with cv=, a splitter that takes groups")
    if isinstance(cv, (float, np.floating)):
        share = check_number("cv", cv, low=0.0, high=1.0, open_low=True, open_high=True)
        assert share is not None
        block = round(max(1.0 / share, 1.0 / (1.0 - share)))
        return [_one_split(share, _dealt(y, n, classes, block, generator), n)]
    if isinstance(cv, (bool, str)) or not isinstance(cv, (int, np.integer)):
        raise TypeError(
            f"cv={cv!r}: must be a number of folds, a share of the rows, an object with "
            "split(X, y), pairs of rows or None"
        )
    k = check_integer("cv", cv, 2)
    assert k is not None
    if k > n:
        raise ValueError(f"cv={k}: must be at most the number of rows, {n}")
    fold = np.empty(n, dtype=np.intp)
    order = _dealt(y, n, classes, k, generator)
    fold[order] = np.arange(n) % k
    return [(np.flatnonzero(fold != left), np.flatnonzero(fold == left)) for left in range(k)]


def _one_split(share: float, order: Rows, n: int) -> Split:
    if not 1 <= round(share * n) < n:
        raise ValueError(f"cv={share}: must leave out at least one of {n} rows, and not all")
    # Spread evenly over the order in which rows are dealt.
    steps = np.floor(np.round(np.arange(n + 1) * share, 9))
    held = np.zeros(n, dtype=bool)
    held[order[np.flatnonzero(steps[1:] > steps[:-1])]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def _dealt(y: Any, n: int, classes: bool, block: int, generator: np.random.Generator) -> Rows:
    """The rows in the order in which they are dealt out: alike targets beside each other.

    Of rows of one class, and of `block` rows with targets that follow each other, any is first.
    """
    order = generator.permutation(n)
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        return order
    if classes:
        _, values, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
        if counts.min() < 2:
            rare = np.asarray(y).reshape(-1)[np.flatnonzero(counts[values] < 2)[:1]].tolist()[0]
            raise ValueError(
                f"y: class {rare!r} has 1 row, must have 2 at least: one to train on, one to "
                "leave out"
            )
        return order[np.argsort(values[order], kind="stable")]
    if values.dtype.kind not in "fiub":
        return order
    order = order[np.argsort(values[order], kind="stable")]
    return order[np.lexsort((generator.random(n), np.arange(n) // block))]


def _checked(cv: Any, pairs: list[Any], n: int) -> list[Split]:
    if not pairs:
        raise ValueError(f"cv={cv!r}: must split at least once")
    found = []
    for number, pair in enumerate(pairs):
        try:
            train, left = pair
        except (TypeError, ValueError):
            raise TypeError(
                f"cv: split {number} must be a pair, rows to train on and rows left out"
            ) from None
        split = _numbers(number, train, n), _numbers(number, left, n)
        both = np.intersect1d(*split)
        if both.size:
            raise ValueError(f"cv: split {number} has row {both[0]} in both parts")
        found.append(split)
    return found


def _numbers(number: int, part: Any, n: int) -> Rows:
    rows = np.asarray(part)
    if rows.dtype == bool and rows.shape == (n,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or rows.size == 0 or rows.dtype.kind not in "iu":
        raise ValueError(f"cv: split {number} must have two lists of row numbers, none empty")
    if rows.min() < 0 or rows.max() >= n:
        wrong = rows.min() if rows.min() < 0 else rows.max()
        raise ValueError(f"cv: split {number} has row {wrong}, must be one of the {n} rows")
    return rows.astype(np.intp)
