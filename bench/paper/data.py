"""The two tables of the article, and the ways in which they are split."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd

Array = NDArray[Any]

TEST_SIZE = 0.2
RANDOM, NO_DUPLICATES, WEEKS = "random", "no duplicates", "whole weeks"


@dataclass(frozen=True, eq=False)
class Source:
    """A table: inputs x (rows, features), target y (rows,), and the week of each row if known."""

    name: str
    x: Array
    y: Array
    unit: str
    features: tuple[str, ...]
    weeks: Array | None = None

    @property
    def kinds(self) -> tuple[str, str]:
        """The splits made of it: random rows, and one that leaks less into the test rows."""
        return (RANDOM, NO_DUPLICATES if self.weeks is None else WEEKS)

    @cached_property
    def distinct(self) -> Array:
        """Numbers of the rows left when each that repeats an earlier one is taken out."""
        _, first = np.unique(np.column_stack([self.x, self.y]), axis=0, return_index=True)
        return np.sort(first)


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a table to train on and to test on."""

    source: Source
    kind: str
    seed: int
    train: Array  # numbers of rows
    test: Array

    @property
    def train_x(self) -> Array:
        return self.source.x[self.train]

    @property
    def train_y(self) -> Array:
        return self.source.y[self.train]

    @property
    def test_x(self) -> Array:
        return self.source.x[self.test]

    @property
    def test_y(self) -> Array:
        return self.source.y[self.test]

    def held_out(self) -> Split:
        """The training rows alone, split again: what choices may be made on."""
        inner, validation = shuffled(len(self.train), self.seed)
        kind = f"{self.kind}, validation"
        return Split(self.source, kind, self.seed, self.train[inner], self.train[validation])


def load(name: str, home: Any, rows: int | None = None) -> Source:
    """The table `name`, or a random subset of its rows."""
    fetch = {"ccpp": hbcd.fetch_ccpp, "siec": hbcd.fetch_siec}[name]
    table = fetch(home, as_frame=True)
    weeks = None
    if name == "siec":
        # The row of 00:00 carries the date of the day that it ends, so dates are whole days.
        days = table.frame.index.normalize()
        weeks = ((days - days.min()).days // 7).to_numpy()
    keep = np.arange(len(table.frame))
    if rows is not None and rows < len(keep):
        keep = np.sort(np.random.default_rng(0).permutation(keep)[:rows])
    return Source(
        name.upper(),
        np.ascontiguousarray(table.data.to_numpy(np.float64)[keep]),
        np.ascontiguousarray(table.target.to_numpy(np.float64)[keep]),
        table.target_unit,
        tuple(table.feature_names),
        None if weeks is None else weeks[keep],
    )


def shuffled(n: int, seed: int) -> tuple[Array, Array]:
    """Train and test rows as `train_test_split(test_size=0.2, random_state=seed)` draws them.

    Written out because scikit-learn is an extra and the splits must not depend on it.
    """
    n_test = math.ceil(round(TEST_SIZE * n, 9))
    order = np.random.RandomState(seed).permutation(n)  # its generator
    return order[n_test:], order[:n_test]


def split(source: Source, kind: str, seed: int) -> Split:
    """One split of a table."""
    if kind == WEEKS:
        assert source.weeks is not None
        names = np.unique(source.weeks)
        _, test_weeks = shuffled(len(names), seed)
        tests = np.isin(source.weeks, names[test_weeks])
        return Split(source, kind, seed, np.flatnonzero(~tests), np.flatnonzero(tests))
    rows = source.distinct if kind == NO_DUPLICATES else np.arange(len(source.y))
    train, test = shuffled(len(rows), seed)
    return Split(source, kind, seed, rows[train], rows[test])
