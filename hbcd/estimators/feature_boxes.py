"""Boxes of a table's columns, as users give them, as boxes of a network's features."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.estimators.feature_range import FeatureRange
from hbcd.tables.dates import ENDINGS
from hbcd.tables.encoder import TableEncoder
from hbcd.tables.frames import as_frame
from hbcd.utils.validation import as_real

__all__ = ["FeatureBoxes", "column_names", "feature_boxes"]

Array = NDArray[np.float64]
MOST_COMBINATIONS = 64  # of levels that get a box each; beyond, dummies lie between 0 and 1
GIVE = "give its least and greatest value"


class FeatureBoxes(NamedTuple):
    """Boxes of features, in the units of the table.

    Attributes
    ----------
    lo, hi : ndarray of shape (boxes, features)
    owner : ndarray of int, shape (boxes,)
        The user's box that each is a part of, in order: one has a part for each combination of its
        levels.
    single : bool
        Whether the user gave one box, not an array of them.
    """

    lo: Array
    hi: Array
    owner: NDArray[np.intp]
    single: bool


def column_names(model: FeatureRange) -> list[Any]:
    """What the columns of a model are called: their names, or numbers where they have none."""
    if model.encoder_ is not None and model.encoder_.named:
        return [name for name, _ in model.encoder_.columns]
    labels = getattr(model, "column_labels_", None)
    return list(range(model.n_features_in_)) if labels is None else list(labels)


def feature_boxes(model: FeatureRange, box: Any) -> FeatureBoxes:
    """The boxes of features that a box of columns stands for.

    Parameters
    ----------
    model : FeatureRange
        Fitted.
    box : None, mapping, DataFrame or array_like
        As `output_bounds` takes it.

    Raises
    ------
    ValueError, TypeError
        It is none: a column that is not there, ends that are no numbers or in the wrong order.
    """
    if not (box is None or isinstance(box, Mapping)):
        box = as_frame(box, "box")
    if box is None or isinstance(box, (Mapping, pd.DataFrame)):
        parts = _parts(model, _by_column(model, box))
        lo, hi = (np.array([part[side] for part in parts]) for side in (0, 1))
        return FeatureBoxes(lo, hi, np.zeros(len(parts), np.intp), single=True)
    pairs = as_real("box", box)
    columns, features = model.n_features_in_, model.network_.n_inputs
    single = pairs.ndim == 2
    pairs = pairs[np.newaxis] if single else pairs
    if pairs.ndim != 3 or pairs.shape[2] != 2 or pairs.shape[1] not in (columns, features):
        raise ValueError(
            f"box: has shape {np.shape(box)}, must be ({columns}, 2), a pair (least, greatest) for "
            "every column"
        )
    pairs = pairs.astype(np.float64)
    if model.encoder_ is None or pairs.shape[1] != columns or _all_numbers(model.encoder_):
        names: Any = range(pairs.shape[1])
        for one in pairs:
            for name, ends in zip(names, one, strict=True):
                _checked(f"box[{name}]", ends)
        lo, hi = (np.ascontiguousarray(pairs[:, :, side]) for side in (0, 1))
        return FeatureBoxes(lo, hi, np.arange(len(pairs), dtype=np.intp), single)
    found = [
        _parts(model, dict(zip(column_names(model), one.tolist(), strict=True))) for one in pairs
    ]
    owner = np.repeat(np.arange(len(found), dtype=np.intp), [len(parts) for parts in found])
    lo, hi = (np.array([part[side] for parts in found for part in parts]) for side in (0, 1))
    return FeatureBoxes(lo, hi, owner, single)


def _all_numbers(encoder: TableEncoder) -> bool:
    """Whether features are the columns as they are."""
    return not encoder.fills and not encoder.dates and all(ls is None for _, ls in encoder.columns)


def _by_column(model: FeatureRange, box: Mapping[Any, Any] | pd.DataFrame | None) -> Any:
    """What the box says of columns, by name; of a DataFrame a `_Between`."""
    if box is None:
        return {}
    names = column_names(model)
    given = dict(box) if isinstance(box, Mapping) else _ends(box)
    for name in given:
        if name not in names and not isinstance(box, pd.DataFrame):
            raise ValueError(f"box: has {name!r}, must have the model's columns: {_listed(names)}")
    known = {name: given[name] for name in names if name in given}
    if not known and len(given):
        raise ValueError(f"box: has none of the model's columns: {_listed(names)}")
    return known


def _listed(names: list[Any]) -> str:
    return ", ".join(str(name) for name in names[:10]) + (", ..." if len(names) > 10 else "")


class _Between(NamedTuple):
    """The least and the greatest value of a column, of levels in the order of their names."""

    least: Any
    most: Any


def _ends(frame: pd.DataFrame) -> dict[Any, _Between]:
    """Rows "min" and "max" of a table, or its two rows."""
    rows = frame.index.tolist()
    if "min" in rows and "max" in rows:
        frame = frame.loc[["min", "max"]]
    if len(frame) != 2:
        raise ValueError(
            f"box: has {len(frame)} rows, must have two, the least and the greatest values, or "
            "rows named 'min' and 'max'"
        )
    return {name: _Between(*frame[name].tolist()) for name in frame.columns}


def _parts(model: FeatureRange, given: Mapping[Any, Any]) -> list[tuple[Array, Array]]:
    """The parts of one box of columns: (least, greatest) of all features each."""
    encoder, ranges = model.encoder_, model.feature_range_
    sides: list[list[tuple[Array, Array]]] = []
    for k, name in enumerate(column_names(model)):
        levels = None if encoder is None else encoder.columns[k][1]
        key = name if encoder is None else encoder.columns[k][0]
        dates = encoder is not None and key in encoder.dates
        gaps = encoder is not None and key in encoder.fills
        value = given.get(name)
        if levels is not None:
            assert encoder is not None
            own = _of_levels(encoder, k, value)
        elif dates:
            assert encoder is not None
            own = [_of_dates(encoder, k, value)]
        else:
            own = [_of_numbers(name, value, ranges[:, k])]
        if gaps:  # values that are there
            own = [(np.append(lo, 0.0), np.append(hi, 0.0)) for lo, hi in own]
        sides.append(own)
    if np.prod([float(len(own)) for own in sides]) > MOST_COMBINATIONS:
        sides = [[_hull(own)] for own in sides]
    return [
        (np.concatenate([lo for lo, _ in one]), np.concatenate([hi for _, hi in one]))
        for one in product(*sides)
    ]


def _hull(own: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    return np.min([lo for lo, _ in own], axis=0), np.max([hi for _, hi in own], axis=0)


def _of_numbers(name: Any, value: Any, known: Array) -> tuple[Array, Array]:
    if value is None:
        if not np.isfinite(known).all():
            raise ValueError(f"box: the training range of {name!r} is not known; {GIVE}")
        return known[:1].copy(), known[1:].copy()
    ends = (value, value) if np.ndim(value) == 0 else value
    ends = _checked(f"box[{name!r}]", ends)
    return ends[:1], ends[1:]


def _checked(name: str, ends: Any) -> Array:
    """A pair (least, greatest) of finite numbers."""
    try:
        pair = np.array([float(end) for end in ends])
    except (TypeError, ValueError):
        pair = np.empty(0)
    if pair.shape != (2,) or not np.isfinite(pair).all() or pair[0] > pair[1]:
        shown = tuple(ends) if isinstance(ends, (list, tuple, np.ndarray)) else ends
        raise ValueError(f"{name}={shown!r}: must be a pair (least, greatest) of finite numbers")
    return pair


def _alone(encoder: TableEncoder, k: int) -> TableEncoder:
    """The encoder of one column, which has no gaps in a box."""
    (name, levels) = encoder.columns[k]
    dates = {name: encoder.dates[name]} if name in encoder.dates else {}
    return TableEncoder(((name, levels),), {}, encoder.named, dates)


def _of_levels(encoder: TableEncoder, k: int, value: Any) -> list[tuple[Array, Array]]:
    name, levels = encoder.columns[k]
    assert levels is not None
    alone, dummies = _alone(encoder, k), np.eye(len(levels))[:, 1:]
    if value is None:
        rows = dummies
    elif isinstance(value, _Between):
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
    return [(row, row) for row in rows]


def _of_dates(encoder: TableEncoder, k: int, value: Any) -> tuple[Array, Array]:
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
        return first, first
    lo, hi = np.full(len(ENDINGS), -1.0), np.full(len(ENDINGS), 1.0)
    lo[at], hi[at] = first[at], last[at]
    return lo, hi
