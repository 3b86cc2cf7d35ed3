"""Accumulated local effects: what a column does to predictions, among rows that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.explain.explained import Explained, seed_of
from hbcd.explain.local_pairs import pair_effects
from hbcd.explain.local_steps import LocalEffects, level_effects, ordered_effects
from hbcd.explain.member_networks import spread_of_members
from hbcd.explain.partial import columns_of
from hbcd.explain.resampling import Bootstrap
from hbcd.explain.tidy import effect_frame
from hbcd.utils.validation import check_integer

__all__ = ["AccumulatedEffects", "accumulated_effects"]

Array = NDArray[Any]
INTERVALS = {1: 20, 2: 10}  # of each column


@dataclass(frozen=True, eq=False)
class AccumulatedEffects:
    """What `accumulated_effects` found.

    Attributes
    ----------
    features : tuple of str
        One column or two.
    grid : tuple of ndarray
        The ends of the intervals of each: numbers or times; or levels, in the order of their steps.
    outputs : tuple of str
        Targets, or classes.
    effect : ndarray of float64, shape (..., outputs)
        At these values, against the mean over the rows; each column has an axis of points.
    low, high : ndarray of float64, shape (..., outputs)
        Ends of the bootstrap interval; NaN where none was asked for.
    spread : ndarray of float64, shape (..., outputs), or None
        How far the networks of the model are from their sum; None: it is one network.
    counts : ndarray of int
        Rows of each interval or cell; of levels those of each.
    confidence_level : float
    """

    features: tuple[str, ...]
    grid: tuple[Array, ...]
    outputs: tuple[str, ...]
    effect: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spread: NDArray[np.float64] | None
    counts: NDArray[np.intp]
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One line for each point and output.

        Returns
        -------
        DataFrame
            Columns: those of the table, ``output``, ``effect``, ``low``, ``high``, and ``spread``
            where there is one.
        """
        values = {"effect": self.effect, "low": self.low, "high": self.high}
        return effect_frame(self.features, self.grid, self.outputs, values, self.spread)


def accumulated_effects(
    model: Any,
    X: Any,
    features: Any,
    *,
    intervals: int | None = None,
    members: bool = True,
    sample_weight: ArrayLike | None = None,
    max_rows: int | None = None,
    n_bootstrap: int = 200,
    confidence_level: float = 0.9,
    random_state: Any = 0,
) -> AccumulatedEffects:
    """What changes of a column do to the prediction, summed up from its least value.

    The values of a column are cut into intervals ``[z_0, z_1], (z_1, z_2], ...`` of equally many
    rows.  In each the local effect is the mean of ``f(z_k, x_i) - f(z_{k-1}, x_i)`` over the rows
    in it, x_i their other columns; the effect at z_k is the sum of these up to k, less its mean
    over the rows.  Rows are moved within their interval alone, so where columns depend on each
    other no prediction is far from the table.

    Of two columns it is what they do together beyond what each does: the mean second difference of
    each cell, summed along both, less its own effects of first order.  A cell without rows has the
    difference of the nearest one with some.

    Parameters
    ----------
    model : fitted estimator
        `HybridRegressor` or `HybridClassifier`, or any other with ``predict`` or ``predict_proba``
        on a table of numbers.
    X : array_like or DataFrame of shape (rows, columns)
        Rows with a gap in the column are left out, unless the gap is a level.
    features : str, int or pair of these
        A column, by name or position; or two of numbers or dates.
    intervals : int, optional
        Of each column; None: 20, of a pair 10.
    members : bool, default True
        Whether to measure the spread of the networks of a model by members.
    sample_weight : array_like of shape (rows,), optional
        Counts rows in the means; the intervals are of equally many rows.
    max_rows : int, optional
        Of more rows so many are drawn; None: all are used.
    n_bootstrap : int, default 200
        Samples of rows; 0: no interval.
    confidence_level : float, default 0.9
    random_state : int, generator or None, default 0
        Of rows and samples.

    Returns
    -------
    AccumulatedEffects

    Raises
    ------
    ValueError, TypeError
        A column or option that does not exist, a pair with levels, or rows that the model refuses.

    Notes
    -----
    Levels are put in an order in which neighbors have similar rows: the first coordinate of
    classical scaling of their distances, each the sum over the other columns of the largest
    difference of distribution functions, of levels half the sum of differences of shares.  The step
    between two neighbors is the mean over the rows of both.

    The interval has the percentiles of the effect over bootstrap samples of the rows, the ends of
    the intervals as they are; where a sample has no row in one, it takes the mean of all rows.  It
    says how much the effect depends on which rows X has, for the model as it is.  The spread is
    that of the networks' own effects around it, as in `partial_dependence`.

    References
    ----------
    Apley and Zhu, Visualizing the effects of predictor variables in black box supervised learning
    models, J. R. Stat. Soc. B 82 (2020).

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(500, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((5,), random_state=0, members=1, max_iter=50).fit(X, y)
    >>> hbcd.explain.accumulated_effects(model, X, 0).effect.shape
    (21, 1)
    """
    seed = seed_of(random_state)
    explained = Explained(model, X, sample_weight=sample_weight, max_rows=max_rows, seed=seed)
    columns = columns_of(explained, features)
    count = check_integer("intervals", intervals, 1, none=True) or INTERVALS[len(columns)]
    if len(columns) == 2:
        found: LocalEffects = pair_effects(explained, columns, count)
    elif columns[0].levels is not None:
        found = level_effects(explained, columns[0])
    else:
        found = ordered_effects(explained, columns[0], count)

    n, weight = len(explained.features), explained.weight
    bootstrap = Bootstrap(n, weight, n_bootstrap, confidence_level, seed)
    steps = found.steps(explained.evaluate)
    ones = np.ones(n) if weight is None else weight
    effect = found.accumulate(steps, ones[np.newaxis])[0]
    low, high = bootstrap.interval(lambda sample: found.accumulate(steps, sample))
    spread = None
    if members and (nets := explained.members()) is not None:
        own = found.steps(lambda rows: nets.evaluate(rows).reshape(len(rows), -1))
        wide = found.accumulate(own, ones[np.newaxis])[0]
        each = np.moveaxis(wide.reshape(*effect.shape[:-1], -1, effect.shape[-1]), -2, 0)
        spread = spread_of_members(each, nets.weights, effect)
    return AccumulatedEffects(
        features=tuple(column.name for column in columns),
        grid=found.grid,
        outputs=tuple(explained.outputs),
        effect=effect,
        low=low,
        high=high,
        spread=spread,
        counts=found.counts,
        confidence_level=confidence_level,
    )
