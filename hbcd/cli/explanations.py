"""What the command shows of a model's use of its columns, within a bound of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.explain import (
    AccumulatedEffects,
    PartialDependence,
    PermutationImportance,
    SobolIndices,
    accumulated_effects,
    partial_dependence,
    permutation_importance,
    sobol_indices,
)
from hbcd.parts.losses import Quantile

__all__ = ["Explanations", "explanations"]

Array = NDArray[Any]
REPEATS = 5
MOST_CURVES = 4  # columns that are drawn, the most important ones
PREDICTIONS = 100_000  # of each kind, about
LEAST_ROWS = 100


@dataclass(frozen=True)
class Explanations:
    """What was found.

    Attributes
    ----------
    importance : PermutationImportance or None
        None: there are no targets to score by.
    indices : SobolIndices
    share : ndarray of shape (features, 2)
        Of first order and total: the mean over targets; over classes, by their variance.
    curves : list of PartialDependence
    effects : list of AccumulatedEffects
    """

    importance: PermutationImportance | None
    indices: SobolIndices
    share: NDArray[np.float64]
    curves: list[PartialDependence]
    effects: list[AccumulatedEffects]

    @property
    def order(self) -> NDArray[np.intp]:
        """The columns, the most important first."""
        values = self.share[:, 1] if self.importance is None else self.importance.mean
        return np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")


def explanations(
    model: HybridEstimator,
    rows: Any,
    scored: Any = None,
    y: Any = None,
    *,
    seed: int = 0,
    features: Sequence[str] | None = None,
    most: int | None = None,
) -> Explanations:
    """Importance, Sobol indices and curves.

    Parameters
    ----------
    model : HybridEstimator
    rows : DataFrame or EncodedTable
        Those that the curves are means over and whose ranges are taken.
    scored : DataFrame or EncodedTable, optional
        Those that the importance is measured on; None: `rows`.
    y : ndarray, optional
        Their targets.
    seed : int
    features : sequence of str, optional
        Columns that curves are drawn of; None: the most important ones.
    most : int, optional
        Of the rows, for everything; None: as many as keep within a bound of predictions.
    """
    columns = len(model.encoder_.columns) if model.encoder_ else model.n_features_in_
    importance = None
    if y is not None:
        classes = isinstance(model, HybridClassifier)
        quantile = isinstance(model.network_.loss, Quantile)
        importance = permutation_importance(
            model,
            rows if scored is None else scored,
            y,
            metric="log_loss" if classes else "mae" if quantile else "r2",
            n_repeats=REPEATS,
            max_rows=most or _rows(columns * REPEATS),
            random_state=seed,
        )
    points = 1 << max(6, int(np.log2(PREDICTIONS / (2 * (columns + 2)))))
    indices = sobol_indices(model, rows, n_points=min(points, 4096), random_state=seed)
    weight = indices.variance if hasattr(model, "classes_") else np.ones(len(indices.outputs))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.stack([each @ weight for each in (indices.first, indices.total)], axis=1)
        share /= weight.sum()
    found = Explanations(importance, indices, share, [], [])
    names = [indices.features[k] for k in found.order[:MOST_CURVES]]
    for name in names if features is None else features:
        found.curves.append(
            partial_dependence(
                model,
                rows,
                name,
                grid_resolution=25,
                individual=True,
                max_rows=most or _rows(25 * MOST_CURVES),
                random_state=seed,
            )
        )
        found.effects.append(
            accumulated_effects(
                model, rows, name, max_rows=most or _rows(2 * MOST_CURVES), random_state=seed
            )
        )
    return found


def _rows(each: int) -> int:
    """How many rows may be used where each costs so many predictions."""
    return max(LEAST_ROWS, PREDICTIONS // each)
