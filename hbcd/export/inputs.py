"""The columns that an exported model takes, their box, and points in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.tables.dates import ENDINGS
from hbcd.tables.encoded import EncodedTable

__all__ = [
    "POINTS",
    "InputColumn",
    "check_points",
    "feature_columns",
    "features_of",
    "input_columns",
    "table_of",
]

Array = NDArray[np.float64]
POINTS = 4096  # of low discrepancy, beside the corners
MOST_CORNERS = 1024
SPREAD = 3.0  # standard deviations on either side where the range of a column is not known
GAP_SHARE = 0.125  # of points in which a column that may have gaps has one


@dataclass(frozen=True)
class InputColumn:
    """A column of a table, as an exported model takes it.

    Attributes
    ----------
    name : str
    place : int
        Its first feature.
    low, high : float
        The least and the greatest value in training; of levels their numbers, from 0.
    levels : tuple of str or None
        Sorted levels of text, which become 0 and 1 for each but the first; None for numbers.
    gaps : bool
        Whether it may be missing: a feature of 0 or 1 then follows its others.
    fill : float or None
        What stands in place of a missing number; of levels all features are 0.
    of_date : bool
        Whether it is a feature that hbcd computes from a date.
    """

    name: str
    place: int
    low: float
    high: float
    levels: tuple[str, ...] | None = None
    gaps: bool = False
    fill: float | None = None
    of_date: bool = False

    @property
    def n_features(self) -> int:
        """How many features it becomes, the indicator of gaps among them."""
        own = 1 if self.levels is None else len(self.levels) - 1
        return own + self.gaps


def input_columns(model: HybridEstimator) -> tuple[tuple[InputColumn, ...], tuple[str, ...]]:
    """The columns of a fitted model, and the names of its features.

    A column of dates stands as the features that hbcd computes from it, a number each.
    """
    encoder = model.encoder_
    ends = model.feature_range_
    if encoder is None:
        names = [f"x{k}" for k in range(1, model.network_.n_inputs + 1)]
        columns = [
            InputColumn(name, k, *_ends(model, k, ends[:, k])) for k, name in enumerate(names)
        ]
        return tuple(columns), tuple(names)
    features = encoder.feature_names
    columns = []
    for k, (name, levels) in enumerate(encoder.columns):
        place, gaps = encoder.places[name], name in encoder.fills
        if name in encoder.dates:
            for at in range(place, place + len(ENDINGS) + gaps):
                low, high = (-1.0, 1.0) if at < place + 6 else (0.0, 1.0)
                if at == place + 6:
                    low, high = _ends(model, at, np.array([np.nan, np.nan]))
                columns.append(InputColumn(features[at], at, low, high, of_date=True))
        elif levels is None:
            low, high = _ends(model, place, ends[:, k])
            column = InputColumn(name, place, low, high, None, gaps, encoder.fills.get(name))
            columns.append(column)
        else:
            last = float(len(levels) - 1)
            columns.append(InputColumn(name, place, 0.0, last, tuple(levels), gaps))
    return tuple(columns), tuple(features)


def _ends(model: HybridEstimator, feature: int, known: Array) -> tuple[float, float]:
    """The range of a column; where it is not known, `SPREAD` deviations around its mean."""
    if np.isfinite(known).all():
        return float(known[0]), float(known[1])
    center, deviation = (float(v[feature]) for v in (model.x_scaler_.mean, model.x_scaler_.scale))
    return center - SPREAD * deviation, center + SPREAD * deviation


def feature_columns(
    columns: tuple[InputColumn, ...], features: tuple[str, ...]
) -> tuple[InputColumn, ...]:
    """The features as columns of numbers, for what has neither text nor gaps."""
    found: list[InputColumn] = []
    for column in columns:
        own = column.n_features
        if column.levels is None:
            found.append(InputColumn(column.name, column.place, column.low, column.high,
                                     of_date=column.of_date))  # fmt: skip
        first = column.place + (column.levels is None)
        for place in range(first, column.place + own):
            found.append(InputColumn(features[place], place, 0.0, 1.0))
    return tuple(found)


def check_points(columns: tuple[InputColumn, ...]) -> Array:
    """Points that a file is checked at, (points, columns): none of them is a training row.

    `POINTS` of an additive recurrence [1]_ that fills the box evenly, then its corners, at most
    `MOST_CORNERS` of them.  Levels are their numbers, gaps NaN.

    References
    ----------
    .. [1] M. Roberts, The unreasonable effectiveness of quasirandom sequences (2018).
    """
    n = len(columns)
    low = np.array([column.low for column in columns])
    high = np.array([column.high for column in columns])
    even = _recurrence(POINTS, 2 * n)
    points = low + even[:, :n] * (high - low)
    free = min(n, MOST_CORNERS.bit_length() - 1)
    sides = np.array(list(product((0.0, 1.0), repeat=free)))
    corners = np.resize(sides, (len(sides), n)) if n == free else _more_sides(sides, n)
    points = np.vstack([points, np.where(corners > 0, high, low)])
    for k, column in enumerate(columns):
        if column.levels is not None:
            count = len(column.levels)
            numbers = np.minimum(np.floor(even[:, k] * count), count - 1)
            points[:POINTS, k] = numbers
        if column.gaps:
            points[:POINTS][even[:, n + k] < GAP_SHARE, k] = np.nan
    return points


def _more_sides(sides: Array, n: int) -> Array:
    """Corners of a box of more sides than can all be visited: each further side repeats one."""
    free = sides.shape[1]
    turned = [sides[:, k % free] if (k // free) % 2 == 0 else 1 - sides[:, k % free]
              for k in range(n)]  # fmt: skip
    return np.column_stack(turned)


def _recurrence(rows: int, columns: int) -> Array:
    """``frac(0.5 + row * g**-(column + 1))``, where ``g**(columns + 1) = g + 1``."""
    root = 2.0
    for _ in range(64):
        root = (1.0 + root) ** (1.0 / (columns + 1))
    steps = root ** -np.arange(1.0, columns + 1.0)
    return np.mod(0.5 + np.outer(np.arange(1.0, rows + 1.0), steps), 1.0)


def features_of(columns: tuple[InputColumn, ...], points: Array) -> Array:
    """The features of points, (points, features)."""
    found = []
    for k, column in enumerate(columns):
        values = points[:, k]
        missing = np.isnan(values)
        if column.levels is None:
            known = values if column.fill is None else np.where(missing, column.fill, values)
            found.append(known[:, np.newaxis])
        else:
            numbers = np.arange(1, len(column.levels))
            found.append((values[:, np.newaxis] == numbers).astype(np.float64))
        if column.gaps:
            found.append(missing[:, np.newaxis].astype(np.float64))
    return np.hstack(found)


def table_of(model: HybridEstimator, columns: tuple[InputColumn, ...], points: Array) -> Any:
    """Points as a table that the model itself predicts: texts for levels, gaps for NaN."""
    encoder = model.encoder_
    if encoder is None:
        return points
    structured = any(column.levels is not None or column.gaps for column in columns)
    if not structured or encoder.dates:  # features stand in the place of columns, or are the same
        return EncodedTable(encoder, features_of(columns, points))
    if not encoder.named:
        return points
    table = {}
    for k, column in enumerate(columns):
        values = points[:, k]
        if column.levels is None:
            table[column.name] = values
            continue
        numbers = np.where(np.isnan(values), 0, values).astype(int)
        texts = np.array(column.levels, dtype=object)[numbers]
        texts[np.isnan(values)] = None
        table[column.name] = texts
    return pd.DataFrame(table)
