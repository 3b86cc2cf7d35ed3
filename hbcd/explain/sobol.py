"""Sobol indices of a model: which columns its variance over a box comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.explain.explained import Explained, seed_of
from hbcd.explain.member_networks import spread_of_members
from hbcd.explain.resampling import Bootstrap
from hbcd.explain.sobol_inputs import Inputs, sobol_points
from hbcd.explain.sobol_moments import Moments
from hbcd.utils.validation import check_integer

__all__ = ["SobolIndices", "sobol_indices"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """What `sobol_indices` found.

    Attributes
    ----------
    features : tuple of str
    outputs : tuple of str
        Targets, or classes.
    mean, variance : ndarray of float64, shape (outputs,)
        Of the prediction, in its unit and the square of it.
    first, total : ndarray of float64, shape (features, outputs)
        The share of the variance that a column explains alone, and with all others; NaN where the
        prediction does not vary.
    second : ndarray of float64, shape (features, features, outputs), or None
        What two columns explain together beyond what each does alone; symmetric, 0 on the diagonal.
    first_low, first_high, total_low, total_high : ndarray of float64, shape (features, outputs)
        Ends of the bootstrap intervals; NaN where none were asked for.
    second_low, second_high : ndarray of float64, as `second`, or None
    first_spread, total_spread : ndarray of float64, shape (features, outputs), or None
        How far the indices of the networks are from these; None: the model is one network.
    evaluations : int
        Predictions that were made.
    confidence_level : float
    """

    features: tuple[str, ...]
    outputs: tuple[str, ...]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    first: NDArray[np.float64]
    first_low: NDArray[np.float64]
    first_high: NDArray[np.float64]
    total: NDArray[np.float64]
    total_low: NDArray[np.float64]
    total_high: NDArray[np.float64]
    second: NDArray[np.float64] | None
    second_low: NDArray[np.float64] | None
    second_high: NDArray[np.float64] | None
    first_spread: NDArray[np.float64] | None
    total_spread: NDArray[np.float64] | None
    evaluations: int
    confidence_level: float

    def to_frame(self, *, pairs: bool = False) -> pd.DataFrame:
        """One line for each column and output.

        Parameters
        ----------
        pairs : bool, default False
            Lines of two columns instead, where there are indices of second order.

        Returns
        -------
        DataFrame
            Columns ``feature``, ``output``, ``first``, ``first_low``, ``first_high``, ``total``,
            ``total_low``, ``total_high``, and ``first_spread``, ``total_spread`` where there are
            any; of pairs ``feature``, ``other``, ``output``, ``second``, ``second_low``,
            ``second_high``.

        Raises
        ------
        ValueError
            Pairs of a result without indices of second order.
        """
        p, q = self.first.shape
        if pairs:
            if self.second is None:
                raise ValueError("pairs=True: second_order=True computes them")
            i, j = np.triu_indices(p, 1)
            names = np.array(self.features, dtype=object)
            made: dict[str, Any] = {
                "feature": np.repeat(names[i], q),
                "other": np.repeat(names[j], q),
            }
            made["output"] = np.tile(np.array(self.outputs, dtype=object), i.size)
            for name in ("second", "second_low", "second_high"):
                made[name] = getattr(self, name)[i, j].reshape(-1)
            return pd.DataFrame(made)
        made = {
            "feature": np.repeat(np.array(self.features, dtype=object), q),
            "output": np.tile(np.array(self.outputs, dtype=object), p),
        }
        names_ = ["first", "first_low", "first_high", "total", "total_low", "total_high"]
        names_ += ["first_spread", "total_spread"] if self.first_spread is not None else []
        return pd.DataFrame(made | {name: getattr(self, name).reshape(-1) for name in names_})


def sobol_indices(
    model: Any,
    X: Any,
    *,
    distribution: str = "uniform",
    box: Mapping[Any, tuple[float, float]] | None = None,
    n_points: int = 4096,
    second_order: bool = False,
    members: bool = True,
    sample_weight: ArrayLike | None = None,
    n_bootstrap: int = 200,
    confidence_level: float = 0.9,
    random_state: Any = 0,
) -> SobolIndices:
    """The share of a model's variance that each column explains, where columns are independent.

    With f0 the mean of f(x) over the columns x_1, ..., x_p, drawn independently of each other, and
    V its variance, the index of first order is ``V(E(f | x_j)) / V`` and the total one ``E(V(f |
    all but x_j)) / V``: what would be lost if x_j were known, and what would be left if all others
    were.  Their difference is what x_j does together with others.

    Parameters
    ----------
    model : fitted estimator
        `HybridRegressor` or `HybridClassifier`, or any other with ``predict`` or ``predict_proba``
        on a table of numbers.
    X : array_like or DataFrame of shape (rows, columns)
        Rows whose columns say how each varies.
    distribution : {"uniform", "empirical"}
        "uniform": numbers and dates over the range of X, all levels that the model knows equally
        often, no gaps; "empirical": each column as in the rows of X, gaps included, but without its
        dependence on the others.
    box : dict of column to (low, high), optional
        Ranges of numbers in place of those of X.
    n_points : int, default 4096
        A power of 2; ``n_points * (columns + 2)`` predictions are made, with `second_order`
        ``n_points * (2 * columns + 2)``.
    second_order : bool, default False
        Whether to compute the indices of pairs.
    members : bool, default True
        Whether to measure the spread of the networks of a model by members.
    sample_weight : array_like of shape (rows,), optional
        Of the rows of an empirical distribution.
    n_bootstrap : int, default 200
        Samples of points; 0: no intervals.
    confidence_level : float, default 0.9
    random_state : int, generator or None, default 0
        Of points and samples.

    Returns
    -------
    SobolIndices

    Raises
    ------
    ValueError, TypeError
        A column, distribution or option that does not exist, or values that the model refuses.

    Notes
    -----
    Estimators on matrices A, B of scrambled Sobol points and A with column j of B (AB_j): of first
    order ``mean(f(B) (f(AB_j) - f(A))) / V`` (Saltelli 2010), total ``mean((f(A) - f(AB_j))**2) /
    (2 V)`` (Jansen); of pairs ``mean(f(BA_i) f(AB_j) - f(A) f(B)) / V`` less both of first order
    (Saltelli 2002).  With `second_order` every estimator is the mean of itself and of that with A
    and B exchanged.

    The interval has the percentiles of the index over bootstrap samples of the points, as if they
    were independent.  It says how much is due to the number of points, which are spread more evenly
    than that, so that it is wide rather than narrow; the model is as it is.  The spread is the
    weighted root mean square difference between the indices of each network and the model's.

    References
    ----------
    Saltelli et al., Variance based sensitivity analysis of model output, Comput. Phys. Commun. 181
    (2010); Saltelli, Comput. Phys. Commun. 145 (2002); Jansen, Comput. Phys. Commun. 117 (1999).

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(500, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((5,), random_state=0, members=1, max_iter=50).fit(X, y)
    >>> hbcd.explain.sobol_indices(model, X).total.shape
    (4, 1)
    """
    seed = seed_of(random_state)
    n = check_integer("n_points", n_points, 2)
    assert n is not None
    if n & (n - 1):
        raise ValueError(f"n_points={n}: must be a power of 2")
    explained = Explained(model, X, sample_weight=sample_weight)
    inputs = Inputs(explained, distribution, box)
    p, q = len(explained.columns), len(explained.outputs)
    points = sobol_points(n, 2 * p, seed)
    sides = inputs.features(points[:, :p]), inputs.features(points[:, p:])
    bootstrap = Bootstrap(n, None, n_bootstrap, confidence_level, seed)

    values = _values(explained, sides, explained.evaluate, q, second_order)
    moments = Moments(*values)
    indices = moments.indices(np.ones((1, n)))[0]
    low, high = bootstrap.interval(moments.indices)
    spread = None
    if members and (nets := explained.members()) is not None:
        wide = nets.weights.size * q
        own = _values(explained, sides, _flat(nets.evaluate), wide, second_order=False)
        each = Moments(*own).indices(np.ones((1, n)))[0].reshape(2 * p, -1, q)
        spread = spread_of_members(each.swapaxes(0, 1), nets.weights, indices[: 2 * p])
    pairs = [_symmetric(one[2 * p :], p) for one in (indices, low, high)] if second_order else None
    return SobolIndices(
        features=tuple(column.name for column in explained.columns),
        outputs=tuple(explained.outputs),
        mean=moments.mean,
        variance=moments.variance,
        first=indices[:p],
        first_low=low[:p],
        first_high=high[:p],
        total=indices[p : 2 * p],
        total_low=low[p : 2 * p],
        total_high=high[p : 2 * p],
        second=pairs[0] if pairs else None,
        second_low=pairs[1] if pairs else None,
        second_high=pairs[2] if pairs else None,
        first_spread=None if spread is None else spread[:p],
        total_spread=None if spread is None else spread[p:],
        evaluations=n * (p * (1 + second_order) + 2),
        confidence_level=confidence_level,
    )


def _flat(evaluate: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Outputs of all networks side by side."""
    return lambda rows: evaluate(rows).reshape(len(rows), -1)


def _values(
    explained: Explained,
    sides: tuple[Array, Array],
    evaluate: Callable[[Array], Array],
    q: int,
    second_order: bool,
) -> tuple[Array, Array, Array, Array | None]:
    """f(A) and f(B), (n, q); f(AB_j) and, for pairs, f(BA_j), (columns, n, q)."""
    a, b = sides
    own = [explained.outputs_at(evaluate, side) for side in sides]

    def mixed(base: Array, other: Array) -> Array:
        found = np.empty((len(explained.columns), len(base), q))
        rows = base.copy()
        for j, column in enumerate(explained.columns):
            rows[:, column.slots] = other[:, column.slots]
            found[j] = explained.outputs_at(evaluate, rows)
            rows[:, column.slots] = base[:, column.slots]
        return found

    return own[0], own[1], mixed(a, b), mixed(b, a) if second_order else None


def _symmetric(pairs: Array, p: int) -> NDArray[np.float64]:
    """Indices of pairs (i < j, q) as (p, p, q)."""
    made = np.zeros((p, p, pairs.shape[1]))
    i, j = np.triu_indices(p, 1)
    made[i, j] = made[j, i] = pairs
    return made
