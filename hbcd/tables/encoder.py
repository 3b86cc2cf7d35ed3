"""How the columns of a table become a network's inputs.

A column of numbers stays as it is; one of texts, categories or truth values becomes dummies: a
column of 0 and 1 for each of its levels but the first; one of dates, on request, the features of
`hbcd.tables.dates`. What was learned from the training table is kept in a `TableEncoder`, which the
model file carries, so that new rows mean the same.

Missing values are refused, or on request filled and marked by an indicator: a column of 0 and 1
next to each column in which the training table had gaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.choices import DATES, MISSING
from hbcd.tables.columns import (
    INPUT,
    NEW,
    Role,
    is_missing,
    median,
    to_dummies,
    to_numbers,
)
from hbcd.tables.dates import (
    ENDINGS,
    day_order,
    filled_date_features,
    holds_dates,
    levels_of,
    time_range,
    warn_of_dates,
)
from hbcd.tables.encoder_checks import checked_description
from hbcd.tables.frames import as_frame
from hbcd.tables.names import check_columns, check_names
from hbcd.tables.sentinels import warn_of_sentinels

__all__ = ["TableEncoder"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TableEncoder:
    """How the columns of a table become numbers; learned once by `fit`, then only applied.

    Attributes
    ----------
    columns : tuple of (str, None or tuple of str)
        Each input column's name with, for a column of dummies, its sorted levels; None for numbers
        and for dates.  The first level is the one that all dummies at 0 stand for.
    fills : dict of str to (float or None)
        Columns that may have gaps, since the training table had some: what stands in place of a
        missing number, the median; None for levels and dates, whose features are 0 then.
    named : bool
        Whether columns are found by their names; else the names stand for positions.
    dates : dict of str to (str, str)
        Columns of dates: what stands first in their text (`hbcd.tables.dates.ORDERS`), and the
        first time in training.

    Examples
    --------
    >>> frame = pd.DataFrame({"t": [20.0, 25.0], "day": ["Mon", "Fri"]})
    >>> encoder = TableEncoder.fit(frame)
    >>> encoder.feature_names
    ['t', 'day_Mon']
    >>> encoder.encode(frame)
    array([[20.,  1.],
           [25.,  0.]])
    """

    columns: tuple[tuple[str, tuple[str, ...] | None], ...]
    fills: Mapping[str, float | None] = field(default_factory=dict)
    named: bool = True
    dates: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def fit(cls, frame: Any, target: Sequence[str] = (), **options: Any) -> TableEncoder:
        """Learn from a table which columns are numbers and which levels the others have.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
        target : sequence of str, optional
        **options
            As `fit_encode`, which says more.

        Returns
        -------
        TableEncoder
        """
        return cls.fit_encode(frame, target, **options)[0]

    @classmethod
    def fit_encode(
        cls,
        frame: Any,
        target: Sequence[str] = (),
        *,
        missing: str = "error",
        dates: str = "error",
        named: bool = True,
    ) -> tuple[TableEncoder, Array]:
        """Learn from a table, and turn it into features.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
            The training table, of pandas or another library. Constant columns are allowed.
        target : sequence of str, optional
            Columns that are no inputs.
        missing : {"error", "indicator"}
            Whether columns may have gaps: "indicator" records the median of each that has some,
            and adds a feature that is 1 where the value is missing.
        dates : {"error", "features"}
            Whether columns may hold dates: "features" makes hour, weekday, day of the year and
            elapsed days of each.
        named : bool
            Whether the columns have names of their own.

        Returns
        -------
        encoder : TableEncoder
        features : ndarray of float64, shape (rows, features)
            What its `encode` gives for this table.

        Raises
        ------
        ValueError
            Text among numbers, a column of dates or of texts that are nearly all different, a
            missing value, a column of nothing else, no rows, or nothing left to learn from.

        Warns
        -----
        TableWarning
            A number that occurs often and stands far outside all others of its column.
        """
        for name, value, known in (("missing", missing, MISSING), ("dates", dates, DATES)):
            if value not in known:
                raise ValueError(f"{name}={value!r}: must be one of {', '.join(known)}")
        frame = as_frame(frame, "frame")
        check_names(frame, "frame")
        names = [target] if isinstance(target, str) else list(target)
        check_columns(frame, "target", names)
        if not len(frame):
            raise ValueError("frame: must have at least one row")
        columns: list[tuple[str, tuple[str, ...] | None]] = []
        fills: dict[str, float | None] = {}
        times: dict[str, tuple[str, str]] = {}
        blocks = [np.empty((len(frame), 0))]
        for name in frame.columns:
            if name in names:
                continue
            column = frame[name]
            if dates == "features" and holds_dates(column):
                times[name] = (order := day_order(column), time_range(column, order)[0])
                levels = None
            else:
                levels = levels_of(column, gaps=missing == "indicator")
            columns.append((name, levels))
            numbers = None
            if levels is None and name not in times:
                numbers = to_numbers(column, gaps=missing == "indicator", role=INPUT)
                warn_of_sentinels(name, numbers)
                warn_of_dates(name, numbers)
            if missing == "indicator" and is_missing(column).any():
                fills[name] = None if numbers is None else median(numbers[~np.isnan(numbers)])
            part = cls(((name, levels),), fills, named, times)
            blocks += part._blocks(column, levels, INPUT, numbers)
        encoder = cls(tuple(columns), fills, named, times)
        if not encoder.feature_names:
            raise ValueError("frame: must have a column that is not the target and not one text")
        return encoder, np.ascontiguousarray(np.hstack(blocks))

    @property
    def feature_names(self) -> list[str]:
        """Names of the features: the column's, column_level for a dummy, column_missing.

        A name that is there already gets a number at its end, from 2.
        """
        taken = {name for name, levels in self.columns if levels is None and name not in self.dates}
        names = []
        for name, levels in self.columns:
            if name in self.dates:
                added = [f"{name}_{ending}" for ending in ENDINGS]
            elif levels is None:
                names.append(name)
                added = []
            else:
                added = [f"{name}_{level}" for level in levels[1:]]
            added += [f"{name}_missing"] if name in self.fills else []
            for wanted in added:
                found, number = wanted, 2
                while found in taken:
                    found, number = f"{wanted}_{number}", number + 1
                taken.add(found)
                names.append(found)
        return names

    @property
    def places(self) -> dict[str, int]:
        """Where the features of each column begin."""
        found, place = {}, 0
        for name, levels in self.columns:
            found[name] = place
            own = len(ENDINGS) if name in self.dates else 1 if levels is None else len(levels) - 1
            place += own + (name in self.fills)
        return found

    def encode(self, frame: Any, role: Role = NEW) -> Array:
        """Turn a table into features.

        Parameters
        ----------
        frame : DataFrame, shape (rows, columns)
            Has every column that was learned; others are ignored, and so is their order.
        role : Role
            What the columns are, for errors.

        Returns
        -------
        ndarray of float64, shape (rows, features), C order
            In the order of `feature_names`.

        Raises
        ------
        ValueError
            A missing column, an infinite value, a level that was not there in training, or a
            missing value in a column that had none in training.
        """
        frame = as_frame(frame, "frame")
        missing = [name for name, _ in self.columns if name not in frame.columns]
        if missing:
            there = ", ".join(map(str, frame.columns))
            raise ValueError(f"frame: lacks the columns {', '.join(missing)}; it has {there}")
        check_names(frame, "frame")
        blocks = [
            block
            for name, levels in self.columns
            for block in self._blocks(frame[name], levels, role)
        ]
        return np.ascontiguousarray(np.hstack([np.empty((len(frame), 0)), *blocks]))

    def _blocks(
        self,
        column: pd.Series,
        levels: tuple[str, ...] | None,
        role: Role,
        numbers: Array | None = None,
    ) -> list[Array]:
        """Features of one column, each of shape (rows, n): its own, and the indicator of gaps."""
        gaps = column.name in self.fills
        if column.name in self.dates:
            known = self.dates[column.name]
            features = filled_date_features(column, *known, gaps, role.gap)
        elif levels is not None:
            features = to_dummies(column, levels, gaps=gaps)
        else:
            if numbers is None:
                numbers = to_numbers(column, gaps=gaps, role=role)
            features = numbers[:, None]
        if not gaps:
            return [features]
        missing = is_missing(column)[:, None]
        fill = self.fills[column.name]
        if fill is not None:
            features = np.where(missing, fill, features)
        return [features, missing.astype(np.float64)]

    def to_dict(self) -> dict[str, Any]:
        """Describe the encoder in JSON types.

        Returns
        -------
        dict
        """
        return {
            "fills": dict(self.fills),
            "named": self.named,
            "columns": [
                {"name": name, "levels": None if levels is None else list(levels)}
                for name, levels in self.columns
            ],
            "dates": {name: list(known) for name, known in self.dates.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TableEncoder:
        """Restore what `to_dict` gave.

        Parameters
        ----------
        data : dict

        Returns
        -------
        TableEncoder

        Raises
        ------
        ValueError
            It is anything else.
        """
        return cls(**checked_description(data))
