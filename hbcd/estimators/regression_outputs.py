"""Targets of a regression as a network is trained on them, and predictions in their units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.dataframes import as_targets, told_by_label
from hbcd.estimators.derivatives.link_derivatives import LinkDerivatives, of_regression
from hbcd.estimators.intervals.interval_methods import IntervalMethods
from hbcd.estimators.targets.power_transform import LOG
from hbcd.estimators.targets.target import Target
from hbcd.estimators.targets.target_transform import TargetTransform, refuse_not_positive
from hbcd.members.fit_network import MemberResult
from hbcd.metrics.regression import r2_scores
from hbcd.parts.losses import Loss
from hbcd.streams.rows import Rows
from hbcd.streams.targets import NumberTargets, TargetReader
from hbcd.training import registry
from hbcd.training.network import Network
from hbcd.utils.overflow import RowOverflow, refuse_overflow
from hbcd.utils.scaling import Scaler
from hbcd.utils.stored_table import own_blocks
from hbcd.utils.validation import as_exact_weights, as_matrix, as_weights

__all__ = ["RegressionOutputs"]

Array = NDArray[Any]


class RegressionOutputs(IntervalMethods):
    """Numbers as targets and as predictions."""

    loss: str | Loss
    target_transform: str | None
    target_transform_: TargetTransform | None
    _flat: bool

    # ---- the protocol of scikit-learn

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(allow_nan=self.missing == "indicator"),
        )

    # ---- targets

    def _learning_target(
        self, y: Any, rows: int, sample_weight: ArrayLike | None, classes: Array | None
    ) -> Target:
        values = as_targets(y, rows=rows)
        loss = registry.loss(self.loss)
        loss._check_target("y", values)
        weight = as_exact_weights(sample_weight, rows)
        if getattr(self, "target_transform", None) == LOG:
            counts = True if weight is None else weight[:, np.newaxis] > 0
            refuse_not_positive("y", np.where(counts, values, 1.0))
        return Target(values, weight, loss, {"_flat": np.asarray(y).ndim == 1})

    def _target_reader(self, classes: Array | None) -> TargetReader:
        return NumberTargets()

    def _streamed_target(self, reader: NumberTargets, y: Any, weight: Array | None) -> Target:
        loss = registry.loss(self.loss)
        for _, block in own_blocks(y):
            loss._check_target("y", block)
        return Target(y, as_exact_weights(weight, len(y)), loss, {"_flat": reader.flat})

    def _held_targets(self, y: Any, rows: int, target: Target) -> Array:
        values = as_targets(y, columns=target.values.shape[1], rows=rows)
        target.loss._check_target("y", values)
        if getattr(self, "target_transform", None) == LOG:
            refuse_not_positive("y", values)
        return values

    def _describe_target(self) -> dict[str, Any]:
        ends = getattr(self, "output_range_", None)
        transform = self._known_transform()
        return {
            "flat": self._flat,
            "output_range": None if ends is None else ends.tolist(),
            **({} if transform is None else {"target_transform": transform.to_dict()}),
        }

    def _restore_target(self, document: dict[str, Any], network: Network) -> dict[str, Any]:
        ends = document.get("output_range")  # files of builds before 0.1.0 have none
        if ends is not None:
            ends = np.array(ends, dtype=np.float64)
            if ends.shape != (2, network.n_outputs) or not (ends[0] <= ends[1]).all():
                raise ValueError(f"output_range: has shape {ends.shape}, must be pairs of numbers")
        transform = document.get("target_transform")
        if transform is not None:
            transform = TargetTransform.from_dict(transform, network.n_outputs)
        return {
            "_flat": bool(document["flat"]),
            "output_range_": ends,
            "target_transform_": transform,
        }

    def _known_transform(self) -> TargetTransform | None:
        return getattr(self, "target_transform_", None)  # models of builds before 0.1.0 have none

    # ---- predict

    def predict(self, X: ArrayLike | pd.DataFrame | Rows, return_std: bool = False) -> Any:
        """Predictions in the target's units.

        Parameters
        ----------
        X : array_like, DataFrame of shape (rows, features), or Rows
            `Rows` are read a piece at a time.
        return_std : bool, default False
            Whether to return the standard deviation of a new row's error as well, which
            `predict_interval` describes.

        Returns
        -------
        ndarray of shape (rows,), or (rows, outputs) where y had two axes
            Or what `set_output` asked for.  With `return_std` a pair, the second of the shape of
            the first.
        """
        predicted = self._output(self._predict(X), X)
        if not return_std:
            return predicted
        return predicted, self._output(self._standard_deviations(X), X)

    def _predict(self, X: ArrayLike | pd.DataFrame) -> Array:
        out = self._outputs(X)
        values = self._in_units(out, self.network_.loss, self.y_scaler_)
        try:
            refuse_overflow(values, "too large for float64")
        except RowOverflow as error:
            raise told_by_label(error, X) from None
        return values[:, 0] if self._flat else values

    def _in_units(self, out: Array, loss: Loss, scaler: Scaler) -> Array:
        """Outputs of a network in the target's units, kept within `output_range_`."""
        values = scaler.backward(loss.mean(out))
        transform = self._known_transform()
        if transform is not None:
            values = transform.backward(values)
        ends = getattr(self, "output_range_", None)  # models of builds before 0.1.0 have none
        if ends is None:
            return values
        kept: Array = np.minimum(np.maximum(values, ends[0]), ends[1])
        return kept  # np.clip takes twice as long

    def _link_derivatives(
        self, out: NDArray[np.float64], *, limited: bool = True
    ) -> LinkDerivatives:
        transform = self._known_transform()
        ends = getattr(self, "output_range_", None) if limited else None
        return of_regression(out, self.network_.loss, self.y_scaler_, transform, ends)

    def _oof(self, found: Array, result: MemberResult, scaler: Scaler) -> Array:
        values = self._in_units(found, result.network.loss, scaler)
        return values[:, 0] if self._flat else values

    def score(
        self,
        X: ArrayLike | pd.DataFrame | Rows,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """R2, the mean over outputs.

        Parameters
        ----------
        X : array_like, DataFrame of shape (rows, features), or Rows
        y : array_like of shape (rows,) or (rows, outputs), or None with Rows
        sample_weight : array_like of shape (rows,), optional

        Returns
        -------
        float
            1 is perfect, 0 the mean of y.
        """
        predicted, found, weight = self._scored(X, y, sample_weight)
        predicted = predicted[:, np.newaxis] if self._flat else predicted
        targets = as_matrix("y", found, columns=self.n_outputs_, rows=predicted.shape[0])
        r2 = r2_scores(targets, predicted, as_weights(weight, targets.shape[0]))
        # A target that does not vary: 1 where it is met, else 0, as scikit-learn has it.
        met = (targets == predicted).all(axis=0)
        return float(np.where(np.isnan(r2), met, r2).mean())

    def _compared(self, target: Any) -> Array:
        return as_targets(target, rows=len(target))
