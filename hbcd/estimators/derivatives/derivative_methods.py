"""Derivatives of predictions in the columns of the table, in the units of both."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.estimators.derivatives.link_derivatives import LinkDerivatives
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.utils.validation import as_matrix

__all__ = ["DerivativeMethods"]

Array = NDArray[Any]


class DerivativeMethods(EstimatorParameters):
    """Adds `jacobian`, `hessian` and `hessian_product`."""

    @abstractmethod
    def _features(self, X: Any) -> Array:
        """The features of new rows, (rows, features)."""

    @abstractmethod
    def _of_network(self, X: Any, rows: Array, theta: Array, call: Callable[..., Any]) -> Any:
        """``call(theta, inputs)`` for standardized features; an error names the row as X does."""

    @abstractmethod
    def _link_derivatives(
        self, out: NDArray[np.float64], *, limited: bool = True
    ) -> LinkDerivatives:
        """How predictions follow from outputs (rows, n_outputs); limited: within their range."""

    def jacobian(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """The derivatives of predictions in the columns of X.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)

        Returns
        -------
        ndarray of float64, shape (rows, outputs, columns)
            ``d prediction_k / d x_i`` in units of the target over units of the column; for classes
            of the probability of class k.  0 for columns of text, categories, truth
            values and dates, for a gap, for a column that did not vary in training, and where
            `output_range_` limits the prediction.  At the kink of `ReLU` and `LeakyReLU` the slope
            to its left.  Computed in float64, whatever the precision of the model.

        Raises
        ------
        ValueError
            As `predict`; a custom loss with a `mean` of its own, whose derivative is not known.

        See Also
        --------
        Network.input_jacobian : The same of the standardized network.
        """
        rows, _, out, jacobian = self._in_double(X)
        found = self._link_derivatives(out).jacobian(jacobian)
        return self._in_columns(self._finite(found), rows, 1)

    def hessian(
        self, X: ArrayLike | pd.DataFrame, *, piecewise: bool = False
    ) -> NDArray[np.float64]:
        """The second derivatives of predictions in the columns of X.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)
        piecewise : bool, default False
            Whether `ReLU` and `LeakyReLU` count as what they are between their kinks, straight.

        Returns
        -------
        ndarray of float64, shape (rows, outputs, columns, columns)
            ``d2 prediction_k / d x_i d x_j``; 0 where `jacobian` is.  Computed in float64, whatever
            the precision of the model.

        Raises
        ------
        ValueError
            As `jacobian`; a custom layer, an activation without a second derivative
            (`Activation.curvature`), or one with a kink without `piecewise`.
        """
        rows, theta, out, jacobian = self._in_double(X)
        hessian = self._of_network(
            X,
            rows,
            theta,
            lambda theta, inputs: self.network_.input_hessian(
                theta, inputs, piecewise=piecewise, n_threads=self.n_threads
            ),
        )
        found = self._link_derivatives(out).hessian(jacobian, hessian)
        return self._in_columns(self._finite(found), rows, 2)

    def hessian_product(
        self, X: ArrayLike | pd.DataFrame, multipliers: ArrayLike, *, piecewise: bool = False
    ) -> NDArray[np.float64]:
        """The second derivatives of a sum of predictions, which costs less than those of each.

        It is what a solver of nonlinear programs asks for.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)
        multipliers : array_like of shape (rows, outputs)
        piecewise : bool, default False
            As for `hessian`.

        Returns
        -------
        ndarray of float64, shape (rows, columns, columns)
            ``sum_k multipliers[r, k] * hessian[r, k]``.

        Raises
        ------
        ValueError
            As `hessian`; multipliers of another shape.
        """
        rows, theta, out, jacobian = self._in_double(X)
        link = self._link_derivatives(out)
        n = self._n_predictions()
        factors = as_matrix("multipliers", multipliers, columns=n, rows=len(rows))
        factors = factors.astype(np.float64, copy=False)
        found = self._of_network(
            X,
            rows,
            theta,
            lambda theta, inputs: self.network_.input_hessian_product(
                theta,
                inputs,
                link.multipliers(factors),
                piecewise=piecewise,
                n_threads=self.n_threads,
            ),
        )
        found = found + link.bent(factors, jacobian)
        return self._in_columns(self._finite(found), rows, 2)

    def _n_predictions(self) -> int:
        """Of a row: outputs, or classes."""
        classes = getattr(self, "classes_", None)
        return self.network_.n_outputs if classes is None else len(classes)

    def _in_double(self, X: Any) -> tuple[Array, Array, Array, Array]:
        """Features, theta, outputs and their Jacobian, all of it in float64."""
        self._check_fitted()
        rows, theta = self._features(X), self.theta_.astype(np.float64, copy=False)
        return rows, theta, *self._first(X, rows, theta)

    def _first(self, X: Any, rows: Array, theta: Array) -> Any:
        """Outputs and their Jacobian in the standardized features."""
        return self._of_network(
            X,
            rows,
            theta,
            lambda theta, inputs: self.network_.outputs_and_jacobian(
                theta, inputs, n_threads=self.n_threads
            ),
        )

    def _finite(self, found: Array) -> Array:
        if not core.all_finite(found.reshape(len(found), -1)):
            row = int(np.argwhere(~np.isfinite(found))[0, 0])
            raise ValueError(f"X: row {row}: the derivative is too large for float64")
        return found

    def _in_columns(self, found: Array, rows: Array, axes: int) -> Array:
        """Derivatives in the features, of which the last axes are, as those in the columns.

        They may be written into `found`.

        Parameters
        ----------
        found : ndarray of shape (rows, ..., features), or with that axis twice
        rows : ndarray of shape (rows, features)
        axes : int
            1 or 2.
        """
        factors = 1 / self.x_scaler_.divisor  # 0 for what did not vary
        if self.encoder_ is None:
            found *= factors if axes == 1 else np.multiply.outer(factors, factors)
            return found
        encoder, places = self.encoder_, self.encoder_.places
        numbers = [
            (k, places[name], name in encoder.fills)
            for k, (name, levels) in enumerate(encoder.columns)
            if levels is None and name not in encoder.dates
        ]
        column, place = [one[0] for one in numbers], [one[1] for one in numbers]
        each = np.broadcast_to(factors[place], (len(rows), len(place))).copy()
        for k, (_, at, gaps) in enumerate(numbers):
            if gaps:
                each[:, k] *= rows[:, at + 1] == 0
        n = len(encoder.columns)
        if axes == 1:
            result = np.zeros((*found.shape[:-1], n))
            result[..., column] = found[..., place] * each[:, np.newaxis]
            return result
        inner = found[..., place, :][..., place]
        each = each.reshape(len(rows), *[1] * (found.ndim - 3), len(place))
        inner = inner * (each[..., np.newaxis, :] * each[..., :, np.newaxis])
        result = np.zeros((*found.shape[:-2], n, n))
        result[..., np.array(column)[:, np.newaxis], column] = inner
        return result
