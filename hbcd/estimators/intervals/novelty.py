"""How far rows lie from those that a model was trained on."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.dataframes import refuse_beyond
from hbcd.estimators.fitting.streamed_rows import for_pieces
from hbcd.estimators.intervals.interval_store import IntervalStore
from hbcd.streams.rows import Rows
from hbcd.utils.public import public

__all__ = ["BeyondTraining", "Novelty", "tell_extrapolation"]

Array = NDArray[Any]
CHOICES = ("ignore", "warn", "raise")


@public
class BeyondTraining(UserWarning):
    """Rows leave the range of a column in training: what is predicted for them is a guess."""


class Novelty(IntervalStore):
    """Adds `novelty`."""

    @property
    @abstractmethod
    def feature_range_(self) -> NDArray[np.float64]:
        """The ends of every column in training, (2, n_features_in_)."""

    @abstractmethod
    def _features(self, X: Any) -> Array:
        """The features of new rows, (rows, features)."""

    def _check_choices(self) -> None:
        """ValueError where a parameter is none of its choices."""
        _as_choice(getattr(self, "on_extrapolation", "ignore"))  # older pickles have none

    def novelty(self, X: ArrayLike | pd.DataFrame | Rows, return_columns: bool = False) -> Any:
        """How far rows lie from the training rows, from 0 to 1.

        The share of training rows whose leverage, had they been left out, is less than that of the
        row: 0.99 is further out than 99 of 100 of them, 1 further than all.  The leverage is
        ``k(x) = g(x)' H^-1 g(x)``, with H the Gauss-Newton matrix of the output layer (of members
        the mean over networks), plus the same of a linear model.

        Parameters
        ----------
        X : array_like, DataFrame of shape (rows, features), or Rows
        return_columns : bool, default False
            Whether to return which columns leave their range in training as well.

        Returns
        -------
        ndarray of shape (rows,)
            With `return_columns` a pair: the second is an ndarray of bool and shape
            (rows, columns), True where the value lies beyond `feature_range_`; False for
            columns that are not of numbers.

        Raises
        ------
        ValueError
            No training rows are known: after `partial_fit` that went on, ranks, or in a file of an
            earlier version.

        References
        ----------
        R. D. Cook and S. Weisberg, Residuals and influence in regression (1982).
        """
        self._check_fitted()
        if isinstance(X, Rows):
            found = for_pieces(X, self.encoder_, lambda piece: self._novelty(piece.inputs))
            novel, beyond = (np.concatenate(part) for part in zip(*found, strict=True))
        else:
            novel, beyond = self._novelty(X)
        return (novel, beyond) if return_columns else novel

    def _novelty(self, X: Any) -> tuple[Array, Array]:
        known = self._known_errors()
        rows, dtype = self._features(X), self.theta_.dtype
        with np.errstate(over="ignore"):
            x = self.x_scaler_.forward(rows, dtype)
        if not np.isfinite(x).all():
            refuse_beyond(X, rows, self.x_scaler_, dtype, self.encoder_)
        leverage = known.distance.of_rows(x, self.n_threads)[0]
        return np.searchsorted(known.own, leverage) / known.own.size, self.beyond_training(rows)

    def beyond_training(self, rows: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which values leave the range of their column in training.

        Parameters
        ----------
        rows : ndarray of shape (rows, features)
            As `encode` gives them.

        Returns
        -------
        ndarray of bool, shape (rows, columns)
            False for columns that are not of numbers.
        """
        low, high = self.feature_range_
        encoder = self.encoder_
        if encoder is None:
            return np.asarray((rows < low) | (rows > high))
        beyond = np.zeros((len(rows), low.size), bool)
        for k, (name, _) in enumerate(encoder.columns):
            if not np.isnan(low[k]):
                values = rows[:, encoder.places[name]]
                beyond[:, k] = (values < low[k]) | (values > high[k])
        return beyond


def about_extrapolation(model: Any, X: Any, rows: Array) -> str | None:
    """What is beyond the training range in some rows of a table, or None.

    Parameters
    ----------
    model : HybridEstimator
    X : array_like or DataFrame of shape (rows, features)
    rows : ndarray of shape (rows, features)
        Its features.
    """
    beyond = model.beyond_training(rows)
    if not beyond.any():
        return None
    row, column = (int(k) for k in np.argwhere(beyond)[0])
    low, high = model.feature_range_[:, column]
    name = f"X[:, {column}]"
    place = column
    if model.encoder_ is not None:
        label = model.encoder_.columns[column][0]
        name = repr(label) if model.encoder_.named else name
        place = model.encoder_.places[label]
    shown = X.index[row] if isinstance(X, pd.DataFrame) else row
    count = int(beyond.any(axis=1).sum())
    return (
        f"{name}: row {shown} is {rows[row, place]:g}, beyond the range in training, {low:g} to "
        f"{high:g}; {count} of {len(rows)} rows leave that of some column"
    )


def tell_extrapolation(model: Any, X: Any, rows: Array) -> None:
    """Warns or raises as the model's `on_extrapolation` says.

    Parameters
    ----------
    model, X, rows
        As for `about_extrapolation`.
    """
    choice = _as_choice(getattr(model, "on_extrapolation", "ignore"))
    if choice == "ignore":
        return
    text = about_extrapolation(model, X, rows)
    if text is not None and choice == "raise":
        raise ValueError(text)
    if text is not None:
        warnings.warn(text, BeyondTraining, stacklevel=5)


def _as_choice(value: Any) -> str:
    if not (isinstance(value, str) and value in CHOICES):
        raise ValueError(f"on_extrapolation={value!r}: must be one of {', '.join(CHOICES)}")
    return value
