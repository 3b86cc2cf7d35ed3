"""The box of one column: a pair of numbers, levels, or a range of dates, in its features."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.dates import ENDINGS
from hbcd.tables.encoder import TableEncoder

__all__ = ["Between", "Part", "checked_pair", "hull", "of_dates", "of_levels", "of_numbers"]

Array = NDArray[np.float64]
GIVE = "give its least and greatest value"


class Part(NamedTuple):
    """A box of some features, of one column or of all.

    Attributes
    ----------
    lo, hi : ndarray of shape (features,)
    example : ndarray of shape (features,)
        A row of the box in the features that not every number stands for, such as those of dates;
        NaN in the others.
    shown : tuple
        What the example is in the table, a value for each column; None for numbers.
    """

    lo: Array
    hi: Array
    example: Array
    shown: tuple[Any, ...]

    def without_gaps(self) -> Part:
        """The same with the indicator of gaps, which is 0."""
        lo, hi, example = (np.append(side, 0.0) for side in self[:3])
        return Part(lo, hi, example, self.shown)


class Between(NamedTuple):
    """The least and the greatest value of a column, of levels in the order of their names."""

    least: Any
    most: Any


def hull(own: list[Part]) -> Part:
    """The least box with all of these, and the example of the first."""
    lo, hi = np.min([one.lo for one in own], axis=0), np.max([one.hi for one in own], axis=0)
    return Part(lo, hi, own[0].example, own[0].shown)


def of_numbers(name: Any, value: Any, known: Array) -> Part:
    """Of a column of numbers; None: its training range (2,)."""
    if value is None:
        if not np.isfinite(known).all():
            raise ValueError(f"box: the training range of {name!r} is not known; {GIVE}")
        ends = known
    else:
        ends = checked_pair(f"box[{name!r}]", (value, value) if np.ndim(value) == 0 else value)
    return Part(ends[:1].copy(), ends[1:].copy(), np.full(1, np.nan), (None,))


def checked_pair(name: str, ends: Any) -> Array:
    """A pair (least, greatest) of finite numbers."""
    try:
        pair = np.array([float(end) for end in ends])
    except (TypeError, ValueError):
        pair = np.empty(0)
    if pair.shape != (2,) or not np.isfinite(pair).all() or pair[0] > pair[1]:
        shown = ends
        if isinstance(ends, (list, tuple, np.ndarray)):
            shown = tuple(one.item() if isinstance(one, np.generic) else one for one in ends)
        raise ValueError(f"{name}={shown!r}: must be a pair (least, greatest) of finite numbers")
    return pair


def _alone(encoder: TableEncoder, k: int) -> TableEncoder:
    """The encoder of one column, which has no gaps in a box."""
    (name, levels) = encoder.columns[k]
    dates = {name: encoder.dates[name]} if name in encoder.dates else {}
    return TableEncoder(((name, levels),), {}, encoder.named, dates)


def of_levels(encoder: TableEncoder, k: int, value: Any) -> list[Part]:
    """Of column k, of levels, one for each of these; None: all of them."""
    name, levels = encoder.columns[k]
    assert levels is not None
    alone, dummies = _alone(encoder, k), np.eye(len(levels))[:, 1:]
    if value is None:
        rows = dummies
    elif isinstance(value, Between):
        ends = alone.encode(pd.DataFrame({name: list(value)}))
        first, last = (int(end.argmax()) + 1 if end.any() else 0 for end in ends)
        if first > last:
            raise ValueError(f"box[{name!r}]={tuple(value)!r}: must be in the order of the levels")
        rows = dummies[first : last + 1]
    else:
        chosen = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
        if not chosen:
            raise ValueError(f"box[{name!r}]={value!r}: must have a level")
        rows = np.unique(alone.encode(pd.DataFrame({name: chosen})), axis=0)
    return [Part(row, row, row, (levels[int(row @ np.arange(1, len(levels)))],)) for row in rows]


def of_dates(encoder: TableEncoder, k: int, value: Any) -> Part:
    """Of column k, of dates, whatever hour and day lies between two times."""
    name = encoder.columns[k][0]
    if value is None:
        raise ValueError(f"box: the training range of {name!r} is not known; {GIVE}")
    pair = list(value) if isinstance(value, (list, tuple)) else [value, value]
    if len(pair) != 2:
        raise ValueError(f"box[{name!r}]={value!r}: must be a pair (first, last) of times")
    first, last = _alone(encoder, k).encode(pd.DataFrame({name: pair}))
    at = ENDINGS.index("elapsed_days")
    if first[at] > last[at]:
        raise ValueError(f"box[{name!r}]={value!r}: must be a pair (first, last) of times")
    if first[at] == last[at]:
        return Part(first, first, first, (pair[0],))
    lo, hi = np.full(len(ENDINGS), -1.0), np.full(len(ENDINGS), 1.0)
    lo[at], hi[at] = first[at], last[at]
    return Part(lo, hi, first, (pair[0],))
