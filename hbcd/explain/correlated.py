"""Groups of columns that say the same, to be permuted together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained
from hbcd.utils.validation import check_number

__all__ = ["correlated_groups"]

Array = NDArray[Any]
MOST_ROWS = 20_000


def correlated_groups(model: Any, X: Any, *, threshold: float = 0.7) -> list[list[str]]:
    """Puts columns that depend on each other into groups.

    Parameters
    ----------
    model : fitted estimator
        Whose columns are grouped.
    X : array_like or DataFrame of shape (rows, columns)
        Of more than 20 000 rows so many are drawn.
    threshold : float, default 0.7
        From 0 to 1: two groups are joined while the mean correlation between their columns is at
        least this.

    Returns
    -------
    list of list of str
        Every column once, in the order of the table; `permutation_importance` takes it as
        ``features``.

    Raises
    ------
    ValueError, TypeError
        A threshold beyond 0 and 1, or rows that the model refuses.

    Notes
    -----
    The correlation of two columns is the largest between any functions of them that are linear in
    ranks of numbers and dates and free in levels: of numbers that of Spearman without its sign, of
    a number and levels the correlation ratio.  Levels, which can follow anything by chance, are
    adjusted for their number as R2 is for that of regressors.  Groups are joined by mean linkage.

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(500, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((5,), random_state=0, members=1, max_iter=50).fit(X, y)
    >>> hbcd.explain.correlated_groups(model, X, threshold=0.99)
    [['x0'], ['x1'], ['x2'], ['x3']]
    """
    level = check_number("threshold", threshold, low=0.0, high=1.0)
    assert level is not None
    explained = Explained(model, X, max_rows=MOST_ROWS)
    names = [column.name for column in explained.columns]
    if len(names) < 2:
        return [names]
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    correlation = _correlations(explained)
    tree = linkage(squareform(1.0 - correlation, checks=False), "average")
    # Correlations of exactly the threshold are joined, whatever 1 - r rounds to.
    found = fcluster(tree, 1.0 - level + 1e-12, "distance")
    groups: dict[int, list[str]] = {}
    for name, number in zip(names, found, strict=True):
        groups.setdefault(int(number), []).append(name)
    return list(groups.values())


def _correlations(explained: Explained) -> NDArray[np.float64]:
    """Of all pairs of columns, (columns, columns), 1 on the diagonal."""
    n = len(explained.features)
    blocks = [_block(explained, column) for column in explained.columns]
    found = np.eye(len(blocks))
    for i, one in enumerate(blocks):
        for j in range(i):
            other = blocks[j]
            ranks = one.shape[1] + other.shape[1] - 1
            if not one.shape[1] or not other.shape[1] or n <= ranks:
                continue  # a column that does not vary
            largest = float(np.linalg.svd(one.T @ other, compute_uv=False)[0])
            square = 1.0 - (1.0 - min(largest, 1.0) ** 2) * (n - 1.0) / (n - ranks)
            found[i, j] = found[j, i] = np.sqrt(max(square, 0.0))
    return found


def _block(explained: Explained, column: Column) -> NDArray[np.float64]:
    """An orthonormal basis of the functions of a column, centered, (rows, functions)."""
    if column.levels is None:
        values = column.ordered(explained.features)
        known = ~np.isnan(values)
        made = np.zeros((len(values), 1))
        made[known, 0] = _ranks(values[known])
    else:
        codes = column.codes(explained.features)
        made = (codes[:, np.newaxis] == np.unique(codes)[1:]).astype(np.float64)
    made -= made.mean(axis=0)
    if not made.any():
        return made[:, :0]
    left, values, _ = np.linalg.svd(made, full_matrices=False)
    return np.asarray(left[:, values > 1e-9 * values[0]])


def _ranks(values: Array) -> NDArray[np.float64]:
    """Mean ranks around their mean, 0."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - 0.5 * count
    return np.asarray(rank[place] - 0.5 * len(values))
