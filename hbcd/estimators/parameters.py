"""What the steps of a fit read of an estimator: its parameters and what an earlier fit left."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import ArrayLike, NDArray

from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.estimators.constant_columns import constant_features
from hbcd.estimators.targets.target import Target
from hbcd.parts.activations import Activation
from hbcd.parts.layers import Layer
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop
from hbcd.streams.targets import TargetReader
from hbcd.tables.encoder import TableEncoder
from hbcd.training.network import Network
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.ranks import Ranks
from hbcd.utils.scaling import Scaler
from hbcd.utils.sklearn_protocol import Parameters, peer

__all__ = ["EstimatorParameters", "NotFittedError"]

Array = NDArray[Any]


@public
class NotFittedError(ValueError, AttributeError):
    """`fit` has not been called yet."""


class EstimatorParameters(Parameters, ABC):
    """Parameters and attributes that all steps of a fit know; subclasses say what a target is."""

    _estimator_type: ClassVar[str]
    _given_alpha: ClassVar[float]  # what alpha="auto" is for widths that were given

    hidden_layer_sizes: str | int | Sequence[int]
    activation: str | Activation | Sequence[str | Activation]
    layers: Sequence[Layer] | None
    strategy: str | TrainingStrategy
    alpha: str | float
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
    effort: str | float
    members: str | int
    encoding: str | None
    missing: str = "error"
    dates: str = "error"
    backend: Ranks | None = None  # pickles of builds before 0.1.0 have none

    network_: Network
    theta_: Array
    x_scaler_: Scaler
    y_scaler_: Scaler
    encoder_: TableEncoder | None
    report_: FitReport
    alpha_: float
    alpha_path_: Array
    hidden_layer_sizes_: tuple[int, ...]
    target_names_: list[str]
    column_labels_: list[int] | None
    _members: list[dict[str, Any]]
    _feature_range: Array
    _rows_before: int  # of the last fit, or of the first call of partial_fit
    oof_prediction_: Array | None
    output_range_: Array | None
    n_features_in_: int
    about_: dict[str, Any]  # what the command line notes of the table

    @abstractmethod
    def _learning_target(
        self, y: Any, rows: int, sample_weight: ArrayLike | None, classes: Array | None
    ) -> Target:
        """What there is to learn from y, of `rows` rows; `classes` where they are known before."""

    @abstractmethod
    def _held_targets(self, y: Any, rows: int, target: Target) -> Array:
        """Held-out targets in the form of `target`, (rows, outputs)."""

    @abstractmethod
    def _target_reader(self, classes: Array | None) -> TargetReader:
        """What reads the targets of `hbcd.Rows`; `classes` where they are known before."""

    @abstractmethod
    def _streamed_target(self, reader: Any, y: Any, weight: Array | None) -> Target:
        """What there is to learn from targets that were read, and weights (rows,)."""

    def _check_same_target(self, target: Target) -> None:
        """ValueError where training cannot go on with the target."""

    @abstractmethod
    def _describe_target(self) -> dict[str, Any]:
        """What a model file holds of the targets, as JSON."""

    @abstractmethod
    def _restore_target(self, document: dict[str, Any], network: Network) -> dict[str, Any]:
        """The attributes that `_describe_target` described."""

    @abstractmethod
    def _describe_intervals(self) -> tuple[dict[str, Array], dict[str, Any] | None]:
        """What a model file holds of the errors, arrays and JSON; None where they are not known."""

    def _check_fitted(self) -> None:
        if not hasattr(self, "theta_"):
            raise peer("NotFittedError", NotFittedError)(
                f"{type(self).__name__}: is not fitted yet; call fit before using it"
            )

    @property
    def constant_features_(self) -> list[Any]:
        """Features that did not vary in the training rows, by name, or by number without names."""
        self._check_fitted()
        return constant_features(self.x_scaler_, self.encoder_)
