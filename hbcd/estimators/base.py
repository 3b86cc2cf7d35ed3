"""What the regressor and the classifier share: parameters, a fit, the way from table to outputs."""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.callbacks.callback import EarlyStopping
from hbcd.callbacks.terminal import Display
from hbcd.estimators.auto_widths import hidden_widths
from hbcd.estimators.canonical_rows import merged
from hbcd.estimators.dataframes import (
    PandasOutput,
    as_inputs,
    learn_inputs,
    refuse_beyond,
    target_names,
)
from hbcd.estimators.fit_plan import Work
from hbcd.estimators.following import Followed, bridges, managed
from hbcd.estimators.hold_out import NAME, chosen_rows, chosen_share
from hbcd.estimators.raw_coefficients import RawUnits
from hbcd.estimators.target import Task, scalers_of
from hbcd.estimators.warm_start import check_same, refolded, settled
from hbcd.model_files import document as _saved
from hbcd.model_files import file_format as modelfile
from hbcd.networks.rows import Rows
from hbcd.parts.activations import Activation
from hbcd.parts.layers import HiddenLayer, InputLayer, OutputLayer
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop
from hbcd.tables.encoder import TableEncoder
from hbcd.training import registry as _names
from hbcd.training.network import Network
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.training.validation_score import as_early_stopping
from hbcd.utils.public import public
from hbcd.utils.scaling import Scaled, Scaler
from hbcd.utils.sklearn_protocol import Parameters, Routing, peer

__all__ = ["HybridEstimator", "NotFittedError", "Task", "TrainingInterrupted"]

Array = NDArray[Any]
Scalers = tuple[Scaler, Scaler]  # of inputs and of targets
Held = tuple[Array, Array, Array | None]  # held-out rows, targets, weights
_FEW = 100_000  # numbers of which a standardized copy costs less than the checks of doing without


@public
class NotFittedError(ValueError, AttributeError):
    """`fit` has not been called yet."""


@public
class TrainingInterrupted(UserWarning):
    """Ctrl-C ended a fit early; the best parameters until then are kept."""


class HybridEstimator(RawUnits, Followed, PandasOutput, Parameters, Routing, ABC):
    """Parameters, fit and outputs of an estimator; subclasses say what a target is."""

    _estimator_type: ClassVar[str]
    about_: dict[str, Any]  # what the command line notes of the table

    _given_alpha: ClassVar[float]  # what "auto" is for widths that were given
    hidden_layer_sizes: str | Sequence[int]
    activation: str | Activation | Sequence[str | Activation]
    strategy: str | TrainingStrategy
    alpha: str | float
    alpha_path_: Array
    random_state: Any
    n_threads: int | None
    dtype: str
    max_iter: int | None
    max_fun: int | None
    max_time: float | None
    stop: Stop | None
    validation_fraction: Any
    early_stopping: EarlyStopping | str | bool | None
    callbacks: Any
    verbose: int
    warm_start: bool
    missing: str = "error"
    dates: str = "error"

    # ---- fit

    @abstractmethod
    def _task(
        self, y: Any, rows: int, sample_weight: ArrayLike | None, known: dict[str, Any] | None
    ) -> Task:
        """What there is to learn from `rows` targets, of which some attributes may be known."""

    @abstractmethod
    def _held_targets(self, y: Any, rows: int, task: Task) -> Array:
        """Held-out targets as those of the task, (rows, outputs)."""

    @managed
    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        eval_set: tuple[Any, Any] | None,
        *,
        partial: bool = False,
        known: dict[str, Any] | None = None,
    ) -> Self:
        work, set_fitted = self._work(X, y, sample_weight, eval_set, partial, known)
        followers = self._followers()
        theirs = [] if partial else bridges(self, X, y, sample_weight, set_fitted)
        with Display() if self.verbose == 1 else _Silent() as display:
            report = work.train(self.n_threads, display, [*followers, *theirs])
        set_fitted(self, report.theta)
        self._set_report(report)
        for bridge in theirs:
            bridge.close()
        if report.interrupted:
            warnings.warn(
                f"interrupted after {report.seconds:.1f} s: the best parameters are kept",
                TrainingInterrupted,
                stacklevel=3,
            )
        return self

    def _work(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        eval_set: tuple[Any, Any] | None,
        partial: bool,
        known: dict[str, Any] | None,
    ) -> tuple[Work, Callable[[HybridEstimator, Array], None]]:
        """The fit, checked through, and what makes a model of its parameters."""
        strategy = _names.strategy(self.strategy)
        dtype = _names.dtype(self.dtype)
        stop = _names.stop(self.stop, self.max_time, self.max_iter, self.max_fun)
        rule = None if partial else as_early_stopping(self.early_stopping)
        goes_on = (partial or self.warm_start) and self.__sklearn_is_fitted__()
        if goes_on:
            encoder, rows = self.encoder_, self._numbers(X, self.encoder_, self.network_.n_inputs)
        else:
            encoder, rows = learn_inputs(X, self.missing, self.dates)
        if y is None:
            raise ValueError("y=None: requires y to be passed, but the target y is None")
        task = self._task(y, rows.shape[0], sample_weight, known)
        rows, task, held = self._apart(rows, y, task, eval_set, encoder, partial)
        alpha = self._penalty(goes_on, partial)
        make, network = self._networks(rows.shape[1], task, alpha, goes_on)
        rows, targets, weight = merged(rows, task.targets, task.weight)
        scalers = scalers_of(rows, targets, weight, task.loss)
        generator = np.random.default_rng(_names.seed(self.random_state))
        theta: Array | None = None
        if goes_on:
            theta, scalers = self._trained(network, task, scalers, partial)
            theta = theta.astype(dtype)
            strategy = strategy.after(theta)
        if partial:
            strategy = strategy.one_pass()
        x_scaler, y_scaler = scalers
        path = self.alpha_path_ if goes_on else np.empty((0, 2))
        held_out, hold_out = None, 0.0
        if held is not None:
            held_out = Scaled(held[0], x_scaler), Scaled(held[1], y_scaler), held[2]
        elif not partial:
            by_rows = alpha is None or len(path) > 0  # they have told what holding out would
            automatic = 0.0 if by_rows else strategy.hold_out_share(network, rows.shape[0])
            hold_out = chosen_share(
                self.validation_fraction, automatic, rows.shape[0], needed=rule is not None
            )
        inputs, outputs = Scaled(rows, x_scaler), Scaled(targets, y_scaler)
        work = Work(
            make, network, alpha, path, inputs, outputs, weight, held_out, hold_out, theta,
            strategy, stop, rule, generator, dtype,
        )  # fmt: skip
        names, attributes = target_names(y), {} if partial and goes_on else task.attributes

        def set_fitted(model: HybridEstimator, theta: Array) -> None:
            model._set_fitted(work.network, theta, x_scaler, y_scaler, encoder, attributes)
            model.target_names_, model.alpha_path_ = names, work.path

        return work, set_fitted

    def _apart(
        self,
        rows: Array,
        y: Any,
        task: Task,
        eval_set: Any,
        encoder: TableEncoder | None,
        partial: bool,
    ) -> tuple[Array, Task, Held | None]:
        """Rows to train on, their task, and those held out where it is known which."""
        table, parts = Rows(rows, task.targets, task.weight), None
        held: Held | None = None
        if eval_set is not None:
            held = (*self._held_out(eval_set, encoder, rows.shape[1], task), None)
        elif not partial:
            parts = chosen_rows(self.validation_fraction, rows, y, rows.shape[0])
        if parts is not None:
            part = table.take(parts[1], f"{NAME}: rows to hold out")
            held = (part.x, part.y, part.weight)
            table = table.take(parts[0], f"{NAME}: rows to train on")
        table = table.that_count()
        return table.x, replace(task, targets=table.y, weight=table.weight), held

    def _trained(
        self, network: Network, task: Task, scalers: Scalers, partial: bool
    ) -> tuple[Array, Scalers]:
        """Where training goes on, and the scalers that it is for."""
        check_same(self.network_, network)
        self._check_same_target(task)
        old = self.x_scaler_, self.y_scaler_
        if partial:
            scalers = settled(old[0], scalers[0]), settled(old[1], scalers[1])
            if scalers[0] is old[0] and scalers[1] is old[1]:
                return self.theta_, old
            # The weights of a column that stood still are as they were drawn, for any scale.
            old = replace(old[0], scale=scalers[0].scale), old[1]
        return refolded(network, self.theta_, old, scalers)

    def _check_same_target(self, task: Task) -> None:
        """ValueError where training cannot go on with the targets of the task."""

    def _numbers(self, X: Any, encoder: TableEncoder | None, columns: int) -> Array:
        """Features of new rows for a model of so many."""
        table = as_inputs(X, encoder)
        if table.shape[1] != columns:
            # In the words that scikit-learn's own checks look for, too.
            raise ValueError(
                f"X: has {table.shape[1]} columns, must have {columns}: X has {table.shape[1]} "
                f"features, but {type(self).__name__} is expecting {columns} features as input"
            )
        return table

    def _held_out(
        self, eval_set: Any, encoder: TableEncoder | None, n_inputs: int, task: Task
    ) -> tuple[Array, Array]:
        try:
            X, y = eval_set
        except (TypeError, ValueError):
            raise ValueError("eval_set: must be a pair (X, y)") from None
        rows = self._numbers(X, encoder, n_inputs)
        return rows, self._held_targets(y, rows.shape[0], task)

    def _networks(
        self, n_inputs: int, task: Task, alpha: float | None, goes_on: bool
    ) -> tuple[Callable[[float], Network], Network]:
        """The network of a penalty, and the one of this penalty."""

        def make(alpha: float) -> Network:
            return self._network(n_inputs, task, alpha, goes_on)

        return make, make(alpha or 0.0)

    def _network(self, n_inputs: int, task: Task, alpha: float, goes_on: bool = False) -> Network:
        n_outputs = task.targets.shape[1]
        classes = self._estimator_type == "classifier"
        given = self.hidden_layer_sizes
        if goes_on and isinstance(given, str):
            given = self.hidden_layer_sizes_  # whatever the number of rows now
        rows = task.targets.shape[0]
        widths = hidden_widths(given, rows, n_inputs, n_outputs, classes=classes)
        activations = _names.activations(self.activation, len(widths))
        hidden = [HiddenLayer(w, a) for w, a in zip(widths, activations, strict=True)]
        output = OutputLayer(n_outputs)
        return Network([InputLayer(n_inputs), *hidden, output], task.loss, alpha=alpha)

    def _penalty(self, goes_on: bool, partial: bool) -> float | None:
        """The penalty; None: rows left out choose it."""
        if not isinstance(self.alpha, str):
            return self.alpha
        if self.alpha not in ("auto", "cv"):
            raise ValueError(f"alpha={self.alpha!r}: must be 'auto', 'cv' or a number")
        if goes_on:
            return self.alpha_  # where it was chosen, it was for these parameters
        by_rule = isinstance(self.hidden_layer_sizes, str)
        chosen = not partial and (self.alpha == "cv" or by_rule)
        return None if chosen else self._given_alpha

    def _set_fitted(
        self,
        network: Network,
        theta: Array,
        x_scaler: Scaler,
        y_scaler: Scaler,
        encoder: TableEncoder | None,
        attributes: dict[str, Any],
    ) -> None:
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

    def _check_fitted(self) -> None:
        if not hasattr(self, "theta_"):
            raise peer("NotFittedError", NotFittedError)(
                f"{type(self).__name__}: is not fitted yet; call fit before using it"
            )

    # ---- what a model file holds of the target

    @abstractmethod
    def _describe_target(self) -> dict[str, Any]:
        """What a model file holds of the targets, as JSON."""

    @abstractmethod
    def _restore_target(self, document: dict[str, Any], network: Network) -> dict[str, Any]:
        """The attributes of the task that `_describe_target` described."""

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
        return np.array(self._numbers(X, self.encoder_, self.network_.n_inputs), np.float64)

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        """The outputs of the network, (rows, n_outputs)."""
        self._check_fitted()
        rows = self._numbers(X, self.encoder_, self.network_.n_inputs)
        try:
            few = rows.size <= _FEW
            scaled: Any = (
                self.x_scaler_.forward(rows, self.theta_.dtype)
                if few
                else Scaled(rows, self.x_scaler_)
            )
            out = self.network_.predict(self.theta_, scaled, n_threads=self.n_threads)
        except ValueError:
            refuse_beyond(rows, self.x_scaler_, self.theta_.dtype, self.encoder_)
            raise
        return out.astype(np.float64, copy=False)

    # ---- on disk

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model: arrays and JSON in the safetensors layout, atomically, never a pickle.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            An activation or a loss of one's own, which no file can hold.
        OSError
            The file cannot be written; one that was there is still there.
        """
        self._check_fitted()
        modelfile.save(path, *_saved.describe(self))


class _Silent:
    """Stands where a display would."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None
