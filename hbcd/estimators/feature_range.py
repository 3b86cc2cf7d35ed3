"""The range of every column in the training rows, in the units of the table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.parameters import EstimatorParameters
from hbcd.tables.encoder import TableEncoder

__all__ = ["FeatureRange", "column_ends"]

Array = NDArray[np.float64]


def column_ends(ends: Array, encoder: TableEncoder | None) -> Array:
    """The ends (2, columns) of a table's columns from those of its features, (2, features).

    NaN for columns of text, categories, truth values and dates.  Gaps were filled by medians, which
    lie between the ends of the numbers that are there.
    """
    if encoder is None:
        return np.array(ends, np.float64)
    found = np.full((2, len(encoder.columns)), np.nan)
    places = encoder.places
    for k, (name, levels) in enumerate(encoder.columns):
        if levels is None and name not in encoder.dates:
            found[:, k] = ends[:, places[name]]
    return found


class FeatureRange(EstimatorParameters):
    """Adds `feature_range_`."""

    @property
    def feature_range_(self) -> Array:
        """The least and the greatest value of every column in the training rows.

        Returns
        -------
        ndarray of float64, shape (2, columns)
            In the columns' own units; gaps, rows of weight 0 and held-out rows of `eval_set` do not
            count.  NaN for columns that are not of numbers, and in a model whose file or pickle is
            of a version that did not know them.  Training that goes on widens it.
        """
        self._check_fitted()
        known: Array | None = getattr(self, "_feature_range", None)
        return np.full((2, self.n_features_in_), np.nan) if known is None else known.copy()

    def _set_feature_range(self, ends: Array, *, resumes: bool) -> None:
        """Sets what a fit knows of its columns.

        Parameters
        ----------
        ends : ndarray of shape (2, features)
            Of the features of the training rows.
        resumes : bool
            Whether training went on from an earlier fit, whose range then grows.
        """
        found = column_ends(ends, self.encoder_)
        if resumes:  # of a range that is not known nothing follows for both together
            known = self.feature_range_
            found = np.array([np.minimum(known[0], found[0]), np.maximum(known[1], found[1])])
        self._feature_range = found

    def _restore_feature_range(self, known: Any) -> None:
        """Sets what a model file has, None where it has nothing; ValueError where it is wrong."""
        if known is None:
            return
        if known.shape != (2, self.n_features_in_) or (known[0] > known[1]).any():
            raise ValueError(f"feature_range: must be {self.n_features_in_} least, greatest values")
        self._feature_range = known.astype(np.float64)
