"""Local effects of one column: what predictions of rows change by, from value to value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained
from hbcd.explain.grids import quantile_rows
from hbcd.explain.level_order import level_order

__all__ = ["LocalEffects", "Sums", "edges_of", "interval_of", "level_effects", "ordered_effects"]

Array = NDArray[Any]
Evaluate = Callable[[Array], Array]


class Sums:
    """Weighted sums over the rows of each of several parts.

    Parameters
    ----------
    part : ndarray of int, shape (rows,)
        The part of each row; where they ascend, rows are read as they lie.
    n : int
        Parts.
    """

    def __init__(self, part: Array, n: int) -> None:
        self.n = n
        ascend = bool((np.diff(part) >= 0).all())
        self._order = None if ascend else np.argsort(part, kind="stable")
        counts = np.bincount(part, minlength=n)
        self._there = np.flatnonzero(counts)
        self._starts = (np.cumsum(counts) - counts)[self._there]

    def __call__(self, values: Array) -> NDArray[np.float64]:
        """Sums (samples, parts) of values (samples, rows)."""
        found = np.zeros((len(values), self.n))
        if self._there.size:
            read = values if self._order is None else values[:, self._order]
            found[:, self._there] = np.add.reduceat(read, self._starts, axis=1)
        return found


class LocalEffects(ABC):
    """Changes of predictions between neighboring values, and how they add up.

    Attributes
    ----------
    grid : tuple of ndarray
    counts : ndarray of int
    """

    grid: tuple[Array, ...]
    counts: NDArray[np.intp]

    @abstractmethod
    def steps(self, evaluate: Evaluate) -> NDArray[np.float64]:
        """The change of each row that is moved, (moves, outputs)."""

    @abstractmethod
    def accumulate(self, steps: Array, weight: Array) -> NDArray[np.float64]:
        """Effects at the grid, of samples that count rows by weight (samples, rows).

        Returns
        -------
        ndarray of shape (samples, ..., outputs)
        """


def edges_of(explained: Explained, column: Column, count: int) -> tuple[Array, Array]:
    """Ends of intervals of equally many rows: values, ascending, and the column's features."""
    rows = quantile_rows(explained, column, np.linspace(0.0, 1.0, count + 1))
    features = explained.features[rows]
    return column.ordered(features), features[:, column.slots]


def interval_of(edges: Array, values: Array) -> NDArray[np.intp]:
    """The interval of each value: (z_k, z_k+1], the first with its lower end."""
    place = np.searchsorted(edges, values, side="left") - 1
    return np.clip(place, 0, max(len(edges) - 2, 0))


class _Line(LocalEffects):
    """Moves along one column.

    Parameters
    ----------
    explained : Explained
    column : Column
    grid : ndarray of shape (points,)
    features : ndarray of shape (points, slots)
        Of the points.
    rows, step : ndarray of int, shape (moves,)
        The row of each move, and the step that it is a move of: from point k to k + 1.
    """

    def __init__(
        self, explained: Explained, column: Column, grid: Array, features: Array, rows: Array,
        step: Array,
    ) -> None:  # fmt: skip
        self.explained, self.column, self.features = explained, column, features
        order = np.argsort(step, kind="stable")
        self.grid, self.rows, self.step = (grid,), rows[order], step[order]
        self.n_steps = len(grid) - 1
        self._sums = Sums(self.step, max(self.n_steps, 1))

    def steps(self, evaluate: Evaluate) -> NDArray[np.float64]:
        """The change of each row that is moved, (moves, outputs)."""
        sides = []
        for side in (0, 1):
            place = np.minimum(self.step + side, len(self.features) - 1)
            sides.append(
                self.explained.moved(evaluate, self.rows, {self.column: self.features[place]})
            )
        return np.asarray(sides[1] - sides[0])

    def accumulate(self, steps: Array, weight: Array) -> NDArray[np.float64]:
        """Effects at the grid, (samples, points, outputs)."""
        own = weight[:, self.rows]
        total = self._sums(own)
        effects = np.zeros((len(weight), self.n_steps + 1, steps.shape[1]))
        everyone = self._sums(np.ones((1, len(self.rows))))
        for k, change in enumerate(steps.T):
            whole = self._sums(change[np.newaxis]) / np.maximum(everyone, 1.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = np.where(total > 0.0, self._sums(own * change) / total, whole)
            effects[:, 1:, k] = np.cumsum(mean[:, : self.n_steps], axis=1)
        at = self.at_points(weight, total)
        center = np.einsum("sp,spo->so", at, effects) / at.sum(axis=1)[:, np.newaxis]
        return np.asarray(effects - center[:, np.newaxis])

    @abstractmethod
    def at_points(self, weight: Array, total: Array) -> NDArray[np.float64]:
        """What the points count for in the mean, (samples, points).

        Parameters
        ----------
        weight : ndarray of shape (samples, rows)
        total : ndarray of shape (samples, steps)
            Sums of the weights of the moves.
        """


class _Ordered(_Line):
    """Intervals of numbers or dates: a row counts half at either end of its own."""

    def at_points(self, weight: Array, total: Array) -> NDArray[np.float64]:
        """Half of the intervals on both sides."""
        found = np.zeros((len(weight), self.n_steps + 1))
        if not self.n_steps:
            return found + 1.0
        found[:, :-1] += 0.5 * total
        found[:, 1:] += 0.5 * total
        return found


class _Levels(_Line):
    """Levels: a row stands at its own."""

    sums: Sums

    def at_points(self, weight: Array, total: Array) -> NDArray[np.float64]:
        """The rows of each level."""
        return self.sums(weight)


def ordered_effects(explained: Explained, column: Column, count: int) -> LocalEffects:
    """Of a column of numbers or dates."""
    edges, features = edges_of(explained, column, count)
    values = column.ordered(explained.features)
    rows = np.flatnonzero(~np.isnan(values))
    step = interval_of(edges, values[rows])
    found = _Ordered(explained, column, column.shown(edges), features, rows, step)
    found.counts = np.bincount(step, minlength=max(len(edges) - 1, 1))
    return found


def level_effects(explained: Explained, column: Column) -> LocalEffects:
    """Of a column of levels, those that the rows have."""
    assert column.levels is not None
    codes = column.codes(explained.features)
    order = level_order(explained, column, codes)
    place = np.full(len(column.levels), -1)
    place[order] = np.arange(order.size)
    own = place[codes]
    up, down = np.flatnonzero(own < order.size - 1), np.flatnonzero(own > 0)
    rows, step = np.concatenate([up, down]), np.concatenate([own[up], own[down] - 1])
    names = np.array(column.levels, dtype=object)[order]
    found = _Levels(explained, column, names, column.of_levels()[order], rows, step)
    found.sums = Sums(own, order.size)
    found.counts = np.bincount(own, minlength=order.size)
    return found
