"""Boxes of a table's columns, as users give them, as boxes of a network's features."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.estimators.bounds.column_box import (
    Between,
    Part,
    checked_pair,
    hull,
    of_dates,
    of_levels,
    of_numbers,
)
from hbcd.estimators.feature_range import FeatureRange
from hbcd.tables.encoder import TableEncoder
from hbcd.tables.frames import as_frame
from hbcd.utils.validation import as_real

__all__ = [
    "FeatureBoxes",
    "column_names",
    "column_of",
    "feature_boxes",
    "feature_places",
    "table_row",
]

Array = NDArray[np.float64]
MOST_COMBINATIONS = 64  # of levels that get a box each; beyond, dummies lie between 0 and 1


class FeatureBoxes(NamedTuple):
    """Boxes of features, in the units of the table.

    Attributes
    ----------
    lo, hi : ndarray of shape (boxes, features)
    examples : ndarray of shape (boxes, features)
    shown : list of tuple
        See `Part`.
    owner : ndarray of int, shape (boxes,)
        The user's box that each is a part of, in order: one has a part for each combination of its
        levels.
    single : bool
        Whether the user gave one box, not an array of them.
    """

    lo: Array
    hi: Array
    examples: Array
    shown: list[tuple[Any, ...]]
    owner: NDArray[np.intp]
    single: bool


def column_names(model: FeatureRange) -> list[Any]:
    """What the columns of a model are called: their names, or numbers where they have none."""
    if model.encoder_ is not None and model.encoder_.named:
        return [name for name, _ in model.encoder_.columns]
    labels = getattr(model, "column_labels_", None)
    return list(range(model.n_features_in_)) if labels is None else list(labels)


def feature_places(model: FeatureRange) -> tuple[list[int], list[int]]:
    """The columns of numbers, and the feature of each."""
    if model.encoder_ is None:
        columns = list(range(model.n_features_in_))
        return columns, columns
    encoder, places = model.encoder_, model.encoder_.places
    kept = [
        (k, places[name])
        for k, (name, levels) in enumerate(encoder.columns)
        if levels is None and name not in encoder.dates
    ]
    return [k for k, _ in kept], [place for _, place in kept]


def column_of(model: FeatureRange, feature: int) -> Any:
    """What the column of numbers is called that a feature is."""
    columns, places = feature_places(model)
    return column_names(model)[columns[places.index(feature)]]


def table_row(model: FeatureRange, row: Array, shown: tuple[Any, ...]) -> Any:
    """A row of features (features,) as a row of the table: an array, or a DataFrame of one row."""
    encoder = model.encoder_
    if encoder is None or len(shown) != len(encoder.columns):
        return row[np.newaxis].copy()
    values, (columns, places) = list(shown), feature_places(model)
    for k, place in zip(columns, places, strict=True):
        values[k] = float(row[place])
    if not encoder.named:
        return np.array([values], dtype=np.float64)
    return pd.DataFrame([values], columns=column_names(model))


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
    if box is None or isinstance(box, Mapping):
        return _together([_parts(model, _by_column(model, box))], single=True)
    table = as_frame(box, "box")
    if isinstance(table, pd.DataFrame):
        return _together([_parts(model, _by_column(model, table))], single=True)
    pairs = as_real("box", table)
    columns, features = model.n_features_in_, model.network_.n_inputs
    single = pairs.ndim == 2
    pairs = pairs[np.newaxis] if single else pairs
    if pairs.ndim != 3 or pairs.shape[2] != 2 or pairs.shape[1] not in (columns, features):
        raise ValueError(
            f"box: has shape {np.shape(table)}, must be ({columns}, 2), a pair (least, greatest) "
            "for every column"
        )
    if not len(pairs):
        raise ValueError("box: has no boxes, must have at least 1")
    pairs = pairs.astype(np.float64)
    if model.encoder_ is None or pairs.shape[1] != columns or _all_numbers(model.encoder_):
        for one in pairs:
            for name, ends in enumerate(one):
                checked_pair(f"box[{name}]", ends)
        lo, hi = (np.ascontiguousarray(pairs[:, :, side]) for side in (0, 1))
        shown = [(None,) * pairs.shape[1]] * len(pairs)
        owner = np.arange(len(pairs), dtype=np.intp)
        return FeatureBoxes(lo, hi, np.full(lo.shape, np.nan), shown, owner, single)
    names = column_names(model)
    given = [dict(zip(names, one.tolist(), strict=True)) for one in pairs]
    return _together([_parts(model, one) for one in given], single)


def _together(found: list[list[Part]], single: bool) -> FeatureBoxes:
    """The parts of several boxes."""
    owner = np.repeat(np.arange(len(found), dtype=np.intp), [len(parts) for parts in found])
    every = [part for parts in found for part in parts]
    lo, hi, examples = (np.array([part[side] for part in every]) for side in range(3))
    return FeatureBoxes(lo, hi, examples, [part.shown for part in every], owner, single)


def _all_numbers(encoder: TableEncoder) -> bool:
    """Whether features are the columns as they are."""
    return not encoder.fills and not encoder.dates and all(ls is None for _, ls in encoder.columns)


def _by_column(model: FeatureRange, box: Mapping[Any, Any] | pd.DataFrame | None) -> Any:
    """What the box says of columns, by name; of a DataFrame a `Between`."""
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


def _ends(frame: pd.DataFrame) -> dict[Any, Between]:
    """Rows "min" and "max" of a table, or its two rows."""
    rows = frame.index.tolist()
    if "min" in rows and "max" in rows:
        frame = frame.loc[["min", "max"]]
    if len(frame) != 2:
        raise ValueError(
            f"box: has {len(frame)} rows, must have two, the least and the greatest values, or "
            "rows named 'min' and 'max'"
        )
    return {name: Between(*frame[name].tolist()) for name in frame.columns}


def _parts(model: FeatureRange, given: Mapping[Any, Any]) -> list[Part]:
    """The parts of one box of columns."""
    encoder, ranges = model.encoder_, model.feature_range_
    sides: list[list[Part]] = []
    for k, name in enumerate(column_names(model)):
        value = given.get(name)
        if encoder is None:
            sides.append([of_numbers(name, value, ranges[:, k])])
            continue
        key, levels = encoder.columns[k]
        if levels is not None:
            own = of_levels(encoder, k, value)
        elif key in encoder.dates:
            own = [of_dates(encoder, k, value)]
        else:
            own = [of_numbers(name, value, ranges[:, k])]
        if key in encoder.fills:  # the value is there
            own = [one.without_gaps() for one in own]
        sides.append(own)
    if np.prod([float(len(own)) for own in sides]) > MOST_COMBINATIONS:
        sides = [[hull(own)] for own in sides]
    return [_joined(one) for one in product(*sides)]


def _joined(parts: tuple[Part, ...]) -> Part:
    """Parts of single columns side by side."""
    lo, hi, example = (np.concatenate([part[side] for part in parts]) for side in range(3))
    return Part(lo, hi, example, tuple(part.shown[0] for part in parts))
