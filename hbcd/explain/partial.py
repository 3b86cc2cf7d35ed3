"""Partial dependence: predictions over one or two columns, the mean over the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained, seed_of
from hbcd.explain.grids import Grid, check_percentiles, grid_of
from hbcd.explain.member_networks import spread_of_members
from hbcd.explain.resampling import Bootstrap
from hbcd.explain.tidy import effect_frame
from hbcd.utils.validation import check_integer

__all__ = ["PartialDependence", "columns_of", "partial_dependence"]

Array = NDArray[Any]
POINTS = {1: 50, 2: 20}  # of a grid, per column
MOST_ROWS = {1: 10_000, 2: 1000}


@dataclass(frozen=True, eq=False)
class PartialDependence:
    """What `partial_dependence` found.

    Attributes
    ----------
    features : tuple of str
        One column or two.
    grid : tuple of ndarray
        The values of each: numbers, times, or names of levels.
    outputs : tuple of str
        Targets, or classes.
    average : ndarray of float64, shape (..., outputs)
        In the target's units, or probabilities; each column has an axis of points.
    low, high : ndarray of float64, shape (..., outputs)
        Ends of the bootstrap interval; NaN where none was asked for.
    spread : ndarray of float64, shape (..., outputs), or None
        How far the networks of the model are from their sum; None: it is one network.
    individual : ndarray of float64, shape (rows, ..., outputs), or None
        The curve of each row.
    rows : ndarray of int
        The rows of X that were used.
    confidence_level : float
    """

    features: tuple[str, ...]
    grid: tuple[Array, ...]
    outputs: tuple[str, ...]
    average: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spread: NDArray[np.float64] | None
    individual: NDArray[np.float64] | None
    rows: NDArray[np.intp]
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One line for each point and output.

        Returns
        -------
        DataFrame
            Columns: those of the table, ``output``, ``average``, ``low``, ``high``, and ``spread``
            where there is one.
        """
        values = {"average": self.average, "low": self.low, "high": self.high}
        return effect_frame(self.features, self.grid, self.outputs, values, self.spread)


def partial_dependence(
    model: Any,
    X: Any,
    features: Any,
    *,
    grid_resolution: int | None = None,
    percentiles: tuple[float, float] = (0.05, 0.95),
    grid: Mapping[Any, ArrayLike] | None = None,
    individual: bool = False,
    members: bool = True,
    sample_weight: ArrayLike | None = None,
    max_rows: int | str | None = "auto",
    n_bootstrap: int = 200,
    confidence_level: float = 0.9,
    random_state: Any = 0,
) -> PartialDependence:
    """The mean prediction at each value of a column, all others as they are in the rows.

    ``average(v) = sum_i w_i f(v, x_i) / sum_i w_i``, x_i the other columns of row i.  Where columns
    depend on each other, some of these points may be far from any row of the table:
    `accumulated_effects` keeps to the rows.

    Parameters
    ----------
    model : fitted estimator
        `HybridRegressor` or `HybridClassifier`, or any other with ``predict`` or ``predict_proba``
        on a table of numbers.
    X : array_like or DataFrame of shape (rows, columns)
        The rows that are averaged over.
    features : str, int or pair of these
        A column, by name or position, or two for a surface.
    grid_resolution : int, optional
        Values of each column of numbers or dates; None: 50, of a pair 20.  A column of fewer
        different values has these; one of levels has all that the model knows.
    percentiles : pair of float, default (0.05, 0.95)
        Where the equally spaced values of a column of numbers begin and end.
    grid : dict, optional
        Values in place of these, by column: numbers or levels.
    individual : bool, default False
        Whether to keep the curve of each row (individual conditional expectation).
    members : bool, default True
        Whether to measure the spread of the networks of a model by members.
    sample_weight : array_like of shape (rows,), optional
    max_rows : int, None or "auto"
        Of more rows so many are drawn; None: all are used; "auto": 10 000, of a pair 1000.
    n_bootstrap : int, default 200
        Samples of rows; 0: no interval.
    confidence_level : float, default 0.9
    random_state : int, generator or None, default 0
        Of rows and samples.

    Returns
    -------
    PartialDependence

    Raises
    ------
    ValueError, TypeError
        A column, level or option that does not exist, or rows that the model refuses.

    Notes
    -----
    The interval has the percentiles of the mean over bootstrap samples of the rows: it says how
    much the curve depends on which rows X has, for the model as it is.  The spread says how much
    the networks that the model is made of differ in it: the weighted root mean square difference of
    their curves from the model's, each network shifted to the mean of the model over the rows.
    Neither includes what another training would change, nor the noise of the target.

    References
    ----------
    Friedman, Greedy function approximation, Annals of Statistics 29 (2001); Goldstein, Kapelner,
    Bleich and Pitkin, Peeking inside the black box, J. Comput. Graph. Stat. 24 (2015).

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(500, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((5,), random_state=0, members=1, max_iter=50).fit(X, y)
    >>> curve = hbcd.explain.partial_dependence(model, X, 0)
    >>> curve.average.shape
    (50, 1)
    """
    seed = seed_of(random_state)
    if max_rows == "auto":
        max_rows = MOST_ROWS[2 if _is_pair(features) else 1]
    explained = Explained(model, X, sample_weight=sample_weight, max_rows=max_rows, seed=seed)
    columns = columns_of(explained, features)
    if grid is not None and not isinstance(grid, Mapping):
        raise TypeError(f"grid={grid!r}: must be a dict of column to values")
    given = {explained.column(name).name: values for name, values in (grid or {}).items()}
    unknown = sorted(given.keys() - {column.name for column in columns})
    if unknown:
        raise ValueError(f"grid: has {unknown[0]}, must be of the columns in features")
    if grid_resolution is None:
        grid_resolution = POINTS[len(columns)]
    check_integer("grid_resolution", grid_resolution, 2)
    ends = check_percentiles(percentiles)
    grids = [grid_of(explained, c, grid_resolution, ends, given.get(c.name)) for c in columns]

    n, shape = len(explained.features), tuple(len(one.values) for one in grids)
    bootstrap = Bootstrap(n, explained.weight, n_bootstrap, confidence_level, seed)
    curves = _curves(explained, columns, grids)  # (points, outputs, n)
    average = np.average(curves, axis=2, weights=explained.weight)
    low, high = bootstrap.means(curves)
    spread = _spread(explained, columns, grids, average) if members else None
    wide = (*shape, average.shape[-1])
    return PartialDependence(
        features=tuple(column.name for column in columns),
        grid=tuple(one.values for one in grids),
        outputs=tuple(explained.outputs),
        average=average.reshape(wide),
        low=low.reshape(wide),
        high=high.reshape(wide),
        spread=None if spread is None else spread.reshape(wide),
        individual=np.moveaxis(curves, 2, 0).reshape(n, *wide) if individual else None,
        rows=explained.rows,
        confidence_level=confidence_level,
    )


def columns_of(explained: Explained, features: Any) -> list[Column]:
    """The one column, or the two different ones, that were asked for."""
    listed = features if _is_pair(features) else [features]
    columns = [explained.column(name) for name in listed]
    if len(columns) not in (1, 2) or len({column.name for column in columns}) < len(columns):
        raise ValueError(f"features={features!r}: must be one column or two different ones")
    return columns


def _is_pair(features: Any) -> bool:
    return isinstance(features, (Sequence, np.ndarray)) and not isinstance(features, str)


def _points(grids: list[Grid]) -> list[tuple[int, ...]]:
    """The places on each grid of all points, the last column fastest."""
    return list(np.ndindex(*(len(one.values) for one in grids)))


def _changed(explained: Explained, columns: list[Column], grids: list[Grid]) -> Any:
    """Batches (which points, which rows, these rows changed to each point)."""
    points = _points(grids)
    for which, part, block in explained.batches(len(points)):
        for copy, number in enumerate(which):
            for column, one, at in zip(columns, grids, points[number], strict=True):
                block[copy, :, column.slots] = one.features[at]
        yield which, part, block


def _curves(explained: Explained, columns: list[Column], grids: list[Grid]) -> Array:
    n, points = len(explained.features), len(_points(grids))
    curves = np.empty((points, len(explained.outputs), n))
    for which, part, block in _changed(explained, columns, grids):
        curves[which.start : which.stop, :, part] = explained.evaluate_blocks(block).swapaxes(1, 2)
    return curves


def _spread(
    explained: Explained, columns: list[Column], grids: list[Grid], average: Array
) -> Array | None:
    """The spread of the networks, (points, outputs)."""
    members = explained.members()
    if members is None:
        return None
    effects = np.zeros((members.weights.size, *average.shape))
    weight = explained.weight if explained.weight is not None else np.ones(len(explained.features))
    share = weight / weight.sum()
    for which, part, block in _changed(explained, columns, grids):
        for copy, number in enumerate(which):
            each = members.evaluate(block[copy])
            effects[:, number] += np.einsum("n,nko->ko", share[part], each)
    return spread_of_members(effects, members.weights, average)
