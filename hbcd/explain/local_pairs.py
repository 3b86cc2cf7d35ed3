"""Local effects of two columns together: second differences in the cells of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained
from hbcd.explain.local_steps import Evaluate, LocalEffects, Sums, edges_of, interval_of

__all__ = ["pair_effects"]

Array = NDArray[Any]


def pair_effects(explained: Explained, columns: list[Column], count: int) -> LocalEffects:
    """Of two columns of numbers or dates."""
    for column in columns:
        if column.levels is not None:
            raise ValueError(
                f"features: {column.name} has levels, must be numbers or dates in a pair; "
                "partial_dependence takes both"
            )
    values = [column.ordered(explained.features) for column in columns]
    rows = np.flatnonzero(~np.isnan(values[0]) & ~np.isnan(values[1]))
    if not rows.size:
        names = " or ".join(column.name for column in columns)
        raise ValueError(f"features: {names} is missing in every row")
    return _Cells(explained, columns, count, [value[rows] for value in values], rows)


class _Cells(LocalEffects):
    """Moves to the four corners of a row's cell."""

    def __init__(
        self, explained: Explained, columns: list[Column], count: int, values: list[Array],
        rows: Array,
    ) -> None:  # fmt: skip
        self.explained, self.columns = explained, columns
        ends = [edges_of(explained, column, count) for column in columns]
        self.features = [features for _, features in ends]
        self.grid = tuple(
            column.shown(edges) for column, (edges, _) in zip(columns, ends, strict=True)
        )
        self.shape = tuple(max(len(edges) - 1, 1) for edges, _ in ends)
        place = [interval_of(edges, own) for own, (edges, _) in zip(values, ends, strict=True)]
        cell = place[0] * self.shape[1] + place[1]
        order = np.argsort(cell, kind="stable")
        self.rows, self.place = rows[order], [own[order] for own in place]
        self.counts = np.bincount(cell, minlength=self.shape[0] * self.shape[1])
        self._sums = Sums(cell[order], self.counts.size)
        self._nearest = _nearest_with_rows(self.counts.reshape(self.shape))
        self.counts = self.counts.reshape(self.shape)

    def steps(self, evaluate: Evaluate) -> NDArray[np.float64]:
        """The second difference of each row, (rows, outputs)."""
        found: Any = 0.0
        for first in (0, 1):
            for second in (0, 1):
                to = {
                    column: features[np.minimum(place + side, len(features) - 1)]
                    for column, features, place, side in zip(
                        self.columns, self.features, self.place, (first, second), strict=True
                    )
                }
                sign = 1.0 if first == second else -1.0
                found = found + sign * self.explained.moved(evaluate, self.rows, to)
        return np.asarray(found, np.float64)

    def accumulate(self, steps: Array, weight: Array) -> NDArray[np.float64]:
        """Effects at the grid, (samples, points, points, outputs)."""
        own = weight[:, self.rows]
        total = self._sums(own)
        everyone = np.maximum(self._sums(np.ones((1, len(self.rows)))), 1.0)
        points = [len(one) for one in self.grid]
        found = np.zeros((len(weight), *points, steps.shape[1]))
        count = total.reshape(-1, *self.shape)
        for k, change in enumerate(steps.T):
            whole = self._sums(change[np.newaxis]) / everyone
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = np.where(total > 0.0, self._sums(own * change) / total, whole)
            mean = mean[:, self._nearest].reshape(-1, *self.shape)[:, : points[0] - 1]
            sums = np.cumsum(np.cumsum(mean[:, :, : points[1] - 1], axis=1), axis=2)
            found[:, 1:, 1:, k] = sums
            found[..., k] = _beyond_each(found[..., k], count)
        return found


def _beyond_each(surface: Array, count: Array) -> NDArray[np.float64]:
    """A surface (samples, points, points) less its effects of first order and its mean.

    Parameters
    ----------
    surface : ndarray of shape (samples, p, q)
    count : ndarray of shape (samples, cells, cells)
        What cells count for.
    """
    if min(surface.shape[1:]) < 2:  # a column of one value
        return np.zeros_like(surface)
    along = np.diff(surface, axis=1)
    along = _mean(0.5 * (along[:, :, 1:] + along[:, :, :-1]), count, 2)
    across = np.diff(surface, axis=2)
    across = _mean(0.5 * (across[:, 1:] + across[:, :-1]), count, 1)
    rest = surface.copy()
    rest[:, 1:] -= np.cumsum(along, axis=1)[:, :, np.newaxis]
    rest[:, :, 1:] -= np.cumsum(across, axis=1)[:, np.newaxis]
    corners = rest[:, 1:, 1:] + rest[:, :-1, 1:] + rest[:, 1:, :-1] + rest[:, :-1, :-1]
    center = (0.25 * corners * count).sum(axis=(1, 2)) / count.sum(axis=(1, 2))
    return np.asarray(rest - center[:, np.newaxis, np.newaxis])


def _mean(values: Array, count: Array, axis: int) -> NDArray[np.float64]:
    """The mean by counts along an axis; where there are none, the plain one."""
    total = count.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = (values * count).sum(axis=axis) / total
    return np.asarray(np.where(total > 0.0, weighted, values.mean(axis=axis)))


def _nearest_with_rows(counts: Array) -> NDArray[np.intp]:
    """For each cell itself, or the nearest that has rows, in intervals; of equals the first."""
    full = np.argwhere(counts > 0)
    numbers = np.arange(counts.size)
    empty = np.argwhere(counts == 0)
    if not len(empty):
        return numbers
    far = np.abs((empty[:, np.newaxis] - full[np.newaxis]) / np.array(counts.shape))
    nearest = full[np.square(far).sum(axis=2).argmin(axis=1)]
    place = np.ravel_multi_index((empty[:, 0], empty[:, 1]), counts.shape)
    numbers[place] = np.ravel_multi_index((nearest[:, 0], nearest[:, 1]), counts.shape)
    return numbers
