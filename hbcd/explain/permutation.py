"""Permutation importance: how much worse a model predicts without what a column says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained, seed_of
from hbcd.explain.resampling import Bootstrap
from hbcd.explain.score_drops import ScoreDrops
from hbcd.explain.scores import Scorer, metric_of, truth_of
from hbcd.utils.validation import check_integer

__all__ = ["PermutationImportance", "permutation_importance"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class PermutationImportance:
    """What `permutation_importance` found.

    Attributes
    ----------
    features : tuple of str
        Columns, or groups of them.
    groups : tuple of tuple of str
        The columns of each.
    metric : str
    baseline : float
        The score of the rows as they are.
    importances : ndarray of float64, shape (features, repeats)
        How much worse the score is with the column permuted; positive: the model needs it.
    mean : ndarray of float64, shape (features,)
        Over the repeats.
    deviation : ndarray of float64, shape (features,)
        Standard deviation over the repeats.
    low, high : ndarray of float64, shape (features,)
        Ends of the bootstrap interval of the mean; NaN where none was asked for.
    spread : ndarray of float64, shape (features,), or None
        How far the importance is, by itself, for the networks of the model; None: it is one.
    confidence_level : float
    """

    features: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    metric: str
    baseline: float
    importances: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spread: NDArray[np.float64] | None
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One line for each column or group, the most important first.

        Returns
        -------
        DataFrame
            Columns ``feature``, ``importance``, ``deviation``, ``low``, ``high``, and ``spread``
            where there is one.
        """
        made: dict[str, Any] = {
            "feature": list(self.features),
            "importance": self.mean,
            "deviation": self.deviation,
            "low": self.low,
            "high": self.high,
        }
        if self.spread is not None:
            made["spread"] = self.spread
        order = np.argsort(-self.mean, kind="stable")
        return pd.DataFrame(made).iloc[order].reset_index(drop=True)


def permutation_importance(
    model: Any,
    X: Any,
    y: ArrayLike,
    *,
    features: Sequence[Any] | Mapping[str, Sequence[Any]] | None = None,
    metric: Any = None,
    n_repeats: int = 5,
    members: bool = True,
    sample_weight: ArrayLike | None = None,
    max_rows: int | None = None,
    n_bootstrap: int = 200,
    confidence_level: float = 0.9,
    random_state: Any = 0,
) -> PermutationImportance:
    """How much worse the score of a model is when the values of a column change places.

    The importance is the score of the rows minus that of the rows with the column, or all columns
    of a group together, in another order; of a loss the reverse.  Columns that say the same stand
    in for each other and look unimportant one by one: `correlated_groups` finds them.

    Parameters
    ----------
    model : fitted estimator
        `HybridRegressor` or `HybridClassifier`, or any other with ``predict`` or ``predict_proba``
        on a table of numbers.
    X : array_like or DataFrame of shape (rows, columns)
        Rows that the model was not trained on; on others a column counts that helped to overfit.
    y : array_like of shape (rows,) or (rows, outputs)
        Targets, or labels.
    features : sequence or dict, optional
        What is permuted: names or positions, and sequences of these for groups, or a dict of name:
        group; None: every column.
    metric : str or callable, optional
        Of numbers "r2" (None), "mse" or "mae", the mean over targets; of classes
        "accuracy" (None), "log_loss" or, of two, "roc_auc"; or a function of (y, predicted, weight)
        that is greater where the prediction is better: y is (rows,) or (rows, targets), of classes
        their numbers, predicted (rows,) or (rows, outputs) as `partial_dependence` has outputs, and
        weight (rows,) or None.
    n_repeats : int, default 5
        Permutations, the same ones for every column.
    members : bool, default True
        Whether to measure the spread of the networks of a model by members.
    sample_weight : array_like of shape (rows,), optional
    max_rows : int, optional
        Of more rows so many are drawn; None: all are used.
    n_bootstrap : int, default 200
        Samples of rows; 0: no interval.
    confidence_level : float, default 0.9
    random_state : int, generator or None, default 0
        Of permutations, rows and samples.

    Returns
    -------
    PermutationImportance

    Raises
    ------
    ValueError, TypeError
        A column, metric or option that does not exist, rows that the model refuses, targets of
        another length or kind, or rows that have no score, such as the R2 of a single one.

    Notes
    -----
    The interval has the percentiles of the importance over bootstrap samples of the rows, with the
    predictions of permuted rows as they are: the mean over the repeats in each sample.  For
    "roc_auc" and functions, which are no means over rows, sample b has permutation b modulo
    `n_repeats` alone.  It says how much the figure depends on which rows were scored, for the
    model as it is.  The spread is the weighted root mean square difference between the importance
    for each network by itself and that for the model.

    References
    ----------
    Breiman, Random forests, Machine Learning 45 (2001); Fisher, Rudin and Dominici, All models are
    wrong, but many are useful, JMLR 20 (2019).

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(500, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((5,), random_state=0, members=1, max_iter=50).fit(X, y)
    >>> hbcd.explain.permutation_importance(model, X, y).features
    ('x0', 'x1', 'x2', 'x3')
    """
    seed = seed_of(random_state)
    repeats = check_integer("n_repeats", n_repeats, 1)
    assert repeats is not None
    explained = Explained(model, X, sample_weight=sample_weight, max_rows=max_rows, seed=seed)
    groups = _groups(explained, features)
    truth = truth_of(model, y, explained.rows, explained.n_rows)
    if not hasattr(model, "classes_") and truth.shape[1] != len(explained.outputs):
        raise ValueError(f"y: has {truth.shape[1]} columns, must have {len(explained.outputs)}")
    weight = explained.weight
    chosen = metric_of(
        metric, classes=len(getattr(model, "classes_", ())), weighted=weight is not None
    )
    bootstrap = Bootstrap(len(truth), weight, n_bootstrap, confidence_level, seed)
    nets = explained.members() if members else None
    generator = np.random.default_rng([seed, 3])
    orders = [generator.permutation(len(truth)) for _ in range(repeats)]
    with np.errstate(invalid="ignore"):  # R2 of a target that does not vary is NaN
        found = ScoreDrops(Scorer(chosen, truth, weight), explained, nets, bootstrap)
        if not np.isfinite(found.baseline):
            raise ValueError(_no_score(chosen.name, found.baseline, truth))
        for group in groups.values():
            found.add(group, orders)
        low, high = found.interval()
    importances = np.array(found.drops)
    return PermutationImportance(
        features=tuple(groups),
        groups=tuple(tuple(column.name for column in group) for group in groups.values()),
        metric=chosen.name,
        baseline=found.baseline,
        importances=importances,
        mean=importances.mean(axis=1),
        deviation=importances.std(axis=1),
        low=low,
        high=high,
        spread=None if nets is None else np.array(found.spreads),
        confidence_level=confidence_level,
    )


def _no_score(metric: str, score: float, truth: NDArray[Any]) -> str:
    text = f"metric={metric!r}: is {score} for the {len(truth)} rows, must be a number"
    if metric in ("r2", "roc_auc") and (truth == truth[0]).all(axis=0).any():
        text += "; y must vary" + ("" if metric == "roc_auc" else ", or metric='mse'")
    return text


def _groups(explained: Explained, features: Any) -> dict[str, list[Column]]:
    """What is permuted together, by name."""
    if features is None:
        return {column.name: [column] for column in explained.columns}
    named: dict[str, list[Column]] = {}
    if isinstance(features, Mapping):
        pairs = list(features.items())
    elif isinstance(features, Sequence) and not isinstance(features, str):
        pairs = [(None, one) for one in features]
    else:
        raise TypeError(f"features={features!r}: must be a sequence of columns and groups")
    for given, one in pairs:
        several = isinstance(one, Sequence) and not isinstance(one, str)
        group = [explained.column(name) for name in (one if several else [one])]
        name = " + ".join(column.name for column in group) if given is None else str(given)
        if not group or name in named:
            raise ValueError(
                f"features: {name or 'a group'} is {'there twice' if group else 'empty'}"
            )
        named[name] = group
    if not named:
        raise ValueError("features: must have at least one column")
    return named
