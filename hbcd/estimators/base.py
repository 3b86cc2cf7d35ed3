"""What the regressor and the classifier share: a fit, the way from a table to outputs, saving."""

from __future__ import annotations

import contextlib
import os
import warnings
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.callbacks.terminal import Display
from hbcd.estimators.bounds.bound_methods import BoundMethods
from hbcd.estimators.constant_columns import ConstantFeatures, about_constant_features
from hbcd.estimators.dataframes import PandasOutput, refuse_beyond, told_by_label
from hbcd.estimators.derivatives.derivative_methods import DerivativeMethods
from hbcd.estimators.fit_curves import FitCurves
from hbcd.estimators.fitting.finite_loss import FIRST_ROWS, check_first_values, check_last_value
from hbcd.estimators.fitting.fit_plan import plan_fit
from hbcd.estimators.fitting.fit_rows import numbers_of
from hbcd.estimators.fitting.member_outputs import MemberOutputs
from hbcd.estimators.fitting.one_step import become, twin_of
from hbcd.estimators.fitting.streamed_rows import for_pieces
from hbcd.estimators.fitting.untrained_members import UntrainedMembers, about_untrained_members
from hbcd.estimators.intervals.novelty import Novelty, tell_extrapolation
from hbcd.estimators.raw_coefficients import RawUnits
from hbcd.estimators.saved_model import describe, file_version
from hbcd.estimators.sklearn_callbacks import SklearnCallbacks, sklearn_bridges
from hbcd.model_files.file_format import write_model_file
from hbcd.parts.report import FitReport
from hbcd.streams.parts import Parts
from hbcd.streams.rows import Rows
from hbcd.tables.encoder import TableEncoder
from hbcd.training.network import Network
from hbcd.utils.overflow import RowOverflow
from hbcd.utils.public import public
from hbcd.utils.ranks import together
from hbcd.utils.scaling import Scaled, Scaler
from hbcd.utils.sklearn_protocol import Routing, peer

__all__ = ["HybridEstimator", "TrainingInterrupted"]

Array = NDArray[Any]
_FEW = 100_000  # numbers of which a standardized copy costs less than the checks of doing without


@public
class TrainingInterrupted(UserWarning):
    """Ctrl-C ended a fit early; the best parameters until then are kept."""


class HybridEstimator(
    SklearnCallbacks,
    FitCurves,
    RawUnits,
    PandasOutput,
    MemberOutputs,
    BoundMethods,
    Novelty,
    DerivativeMethods,
    Routing,
):
    """Fit and outputs of an estimator; subclasses say what a target is."""

    # ---- fit

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        eval_set: tuple[Any, Any] | None,
        *,
        partial: bool = False,
        classes: Array | None = None,
    ) -> Self:
        """One call of `fit` or `partial_fit`; ranks that fit together end it together."""
        with together(self.backend):
            self._check_choices()
            plan = plan_fit(self, X, y, sample_weight, eval_set, partial=partial, classes=classes)
            constant = plan.constant_features()
            if constant and not plan.settings.goes_on:
                text = about_constant_features(constant, plan.network.n_inputs)
                warnings.warn(text, ConstantFeatures, stacklevel=3)
            loss = plan.network.loss
            first = plan.y_scaler.forward(plan.rows.train.y[:FIRST_ROWS], plan.settings.dtype)
            check_first_values(loss, first, value=plan.members is not None)
            ranks = plan.settings.ranks
            callbacks, heard = self._fit_callbacks(), ranks is None or ranks.rank == 0
            bridges = (
                []
                if partial or not heard
                else sklearn_bridges(self, X, y, sample_weight, plan.apply)
            )
            with Display() if self.verbose == 1 and heard else contextlib.nullcontext() as display:
                report = plan.train(self.n_threads, display, [*callbacks, *bridges])
            check_last_value(loss, report)
            untrained = about_untrained_members(plan.result, plan.settings.stop)
            interrupted = report.interrupted
            twin = twin_of(self)
            plan.apply(twin, report.theta, plan.network)
            twin._keep_rows(plan)
            twin._set_report(report)
            become(self, twin)  # nothing behind it takes memory
            if bridges:
                bridges[0].close()
            if interrupted:
                text = f"interrupted after {report.seconds:.1f} s: the best parameters are kept"
                warnings.warn(text, TrainingInterrupted, stacklevel=3)
            if untrained:
                warnings.warn(untrained, peer("ConvergenceWarning", UntrainedMembers), stacklevel=3)
            return self

    def _set_fitted(
        self,
        network: Network,
        theta: Array,
        x_scaler: Scaler,
        y_scaler: Scaler,
        encoder: TableEncoder | None,
        attributes: dict[str, Any],
    ) -> None:
        self._forget_intervals()
        self.network_ = network
        self.theta_ = theta
        self.x_scaler_, self.y_scaler_ = x_scaler, y_scaler
        self.encoder_ = encoder
        self.n_outputs_ = network.n_outputs
        self.alpha_ = network.alpha
        self.hidden_layer_sizes_ = network.widths[:-1]
        for name, value in attributes.items():
            setattr(self, name, value)
        self.n_features_in_ = network.n_inputs if encoder is None else len(encoder.columns)
        if encoder is not None and encoder.named:
            names = [name for name, _ in encoder.columns]
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _set_report(self, report: FitReport) -> None:
        self.report_ = report
        self.loss_ = report.loss
        self.n_iter_ = report.n_iter

    @property
    def history_(self) -> pd.DataFrame:
        """The history of the fit, one line per block visit and per pass over the data."""
        self._check_fitted()
        return self.report_.history

    # ---- outputs

    def encode(self, X: Any) -> NDArray[np.float64]:
        """The features that `coefs_` takes: dummies and indicators among them.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)

        Returns
        -------
        ndarray of float64, shape (rows, features)
            A copy, in the columns' own units.
        """
        self._check_fitted()
        return np.array(self._features(X), np.float64)

    @abstractmethod
    def _predict(self, X: Any) -> Array:
        """Predictions, as `predict` has them before they become what was asked for."""

    @abstractmethod
    def _compared(self, target: Any) -> Array:
        """Targets as a score compares them with predictions."""

    def _scored(self, X: Any, y: Any, weight: Any) -> tuple[Array, Any, Any]:
        """Predictions, targets and weights that a score compares; those of `Rows` are read."""
        if not isinstance(X, Rows):
            return self._predict(X), y, weight
        if y is not None or weight is not None:
            raise ValueError("y, sample_weight: must be None where X is an hbcd.Rows")
        self._check_fitted()
        found = for_pieces(X, self.encoder_, self._scored_parts)
        predicted, targets, weights = zip(*found, strict=True)
        weight = None if weights[0] is None else np.concatenate(weights)
        return np.concatenate(predicted), np.concatenate(targets), weight

    def _scored_parts(self, parts: Parts) -> tuple[Array, Any, Any]:
        if parts.target is None:
            raise ValueError("X: must be rows with their target, to compare predictions with")
        return self._predict(parts.inputs), self._compared(parts.target), parts.weight

    def _features(self, X: Any) -> Array:
        """The features of new rows, (rows, features)."""
        labels = getattr(self, "column_labels_", None)  # pickles of builds before 0.1.0 have none
        return numbers_of(self, X, self.encoder_, self.network_.n_inputs, labels)

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        """The outputs of the network, (rows, n_outputs)."""
        self._check_fitted()
        if isinstance(X, Rows):
            parts = for_pieces(X, self.encoder_, lambda piece: self._outputs(piece.inputs))
            return np.concatenate(parts)
        threads = self.n_threads
        out: Array = self._of_network(
            X,
            self._features(X),
            self.theta_,
            lambda theta, inputs: self.network_.predict(theta, inputs, n_threads=threads),
        )
        return out.astype(np.float64, copy=False)

    def _inputs_and_outputs(self, X: Any) -> tuple[Array, NDArray[np.float64]]:
        """Inputs of the network (rows, features), in its precision, and its outputs for them."""
        self._check_fitted()
        rows, threads = self._features(X), self.n_threads

        def both(theta: Array, inputs: Any) -> tuple[Any, Array]:
            return inputs, self.network_.predict(theta, inputs, n_threads=threads)

        inputs, out = self._of_network(X, rows, self.theta_, both)
        if isinstance(inputs, Scaled):
            inputs = self.x_scaler_.forward(rows, self.theta_.dtype)
        return inputs, out.astype(np.float64, copy=False)

    def _of_network(self, X: Any, rows: Array, theta: Array, call: Callable[..., Any]) -> Any:
        """``call(theta, inputs)`` for standardized features; an error names the row as X does."""
        tell_extrapolation(self, X, rows)
        try:
            few = rows.size <= _FEW
            return call(
                theta,
                self.x_scaler_.forward(rows, theta.dtype) if few else Scaled(rows, self.x_scaler_),
            )
        except ValueError as error:
            refuse_beyond(X, rows, self.x_scaler_, theta.dtype, self.encoder_)
            if isinstance(error, RowOverflow):
                raise told_by_label(error, X) from None
            raise

    # ---- on disk

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model: arrays and JSON in the safetensors layout, atomically, never a pickle.

        A model of a class that derives from an estimator of hbcd is loaded as that estimator: what
        the class adds is code, and no file holds that.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            A custom activation or loss, which no file can hold, or a custom layer whose class or
            constructor arguments no file can name.
        OSError
            The file cannot be written; one that was there is still there.
        """
        self._check_fitted()
        arrays, document = describe(self)
        write_model_file(path, arrays, document, file_version(document))
