"""The predictions of a fitted model as a smooth function of its features, with derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.derivatives.derivative_methods import DerivativeMethods
from hbcd.estimators.feature_range import FeatureRange

__all__ = ["SmoothPredictions"]

Array = NDArray[np.float64]


class SmoothPredictions:
    """Predictions in the target's units, in float64 whatever the precision of the model.

    They are not kept within `output_range_`, where nothing would say which way leads out of it.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.

    Attributes
    ----------
    names : list
        What predictions are called: classes, names of targets, or numbers from 0.
    """

    def __init__(self, model: Any) -> None:
        if not isinstance(model, DerivativeMethods) or not isinstance(model, FeatureRange):
            raise TypeError(
                f"model={type(model).__name__}: must be a HybridRegressor or a HybridClassifier"
            )
        model._check_fitted()
        self._model, self._theta = model, model.theta_.astype(np.float64)
        classes = getattr(model, "classes_", None)
        names = list(model.target_names_) if classes is None else classes.tolist()
        self.names: list[Any] = names or list(range(model.network_.n_outputs))

    def __call__(self, features: Array) -> tuple[Array, Array]:
        """Predictions (rows, predictions) and their Jacobian (rows, predictions, features).

        Parameters
        ----------
        features : ndarray of float64, shape (rows, features)
            In their own units.
        """
        model, scaler = self._model, self._model.x_scaler_
        out, jacobian = model.network_.outputs_and_jacobian(
            self._theta, scaler.forward(features, np.float64), n_threads=model.n_threads
        )
        link = model._link_derivatives(out, limited=False)
        return link.value, link.jacobian(jacobian) / scaler.divisor

    def values(self, features: Array) -> Array:
        """The predictions alone.

        Parameters
        ----------
        features : ndarray of float64, shape (rows, features)
        """
        model = self._model
        out = model.network_.predict(
            self._theta, model.x_scaler_.forward(features, np.float64), n_threads=model.n_threads
        )
        return model._link_derivatives(out, limited=False).value
