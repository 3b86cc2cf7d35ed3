"""How good a network is on held-out rows, by a metric in the target's own units."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.metrics.regression import r2_scores
from hbcd.metrics.summaries import varies
from hbcd.networks.data import Held
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.losses import CrossEntropy, Logistic
from hbcd.utils.scaling import Scaled
from hbcd.utils.validation import as_matrix, as_weights

__all__ = ["Scorer", "as_early_stopping", "scorer_of"]

Array = NDArray[Any]
# truth and prediction (rows, outputs), weight (rows,) or None
Metric = Callable[[Array, Array, Array | None], float]


def as_early_stopping(value: Any) -> EarlyStopping | None:
    """The rule from itself, a metric's name, True or None."""
    if value is None or value is False:
        return None
    if value is True:
        return EarlyStopping()
    if isinstance(value, str):
        return EarlyStopping(value)
    if not isinstance(value, EarlyStopping):
        raise TypeError(
            f"early_stopping={value!r}: must be an hbcd.EarlyStopping, the name of a metric, "
            "True or None"
        )
    return value


def _r2(truth: Array, predicted: Array, weight: Array | None) -> float:
    return float(np.nanmean(r2_scores(truth, predicted, weight)))


def _mse(truth: Array, predicted: Array, weight: Array | None) -> float:
    return float(np.average(np.square(predicted - truth), axis=0, weights=weight).mean())


def _rmse(truth: Array, predicted: Array, weight: Array | None) -> float:
    squares = np.average(np.square(predicted - truth), axis=0, weights=weight)
    return float(np.sqrt(squares).mean())


def _mae(truth: Array, predicted: Array, weight: Array | None) -> float:
    return float(np.average(np.abs(predicted - truth), axis=0, weights=weight).mean())


def _median(truth: Array, predicted: Array, weight: Array | None) -> float:
    error = np.abs(predicted - truth)
    if weight is None:
        return float(np.median(error, axis=0).mean())
    found = []
    for column in error.T:
        order = np.argsort(column)
        below = np.cumsum(weight[order])
        found.append(column[order][np.searchsorted(below, below[-1] / 2)])
    return float(np.mean(found))


def _classes(table: Array) -> Array:
    """Class numbers from probabilities, or from targets of the same form."""
    return (table[:, 0] > 0.5).astype(int) if table.shape[1] == 1 else table.argmax(axis=1)


def _accuracy(truth: Array, predicted: Array, weight: Array | None) -> float:
    return float(np.average(_classes(predicted) == _classes(truth), weights=weight))


def _balanced(truth: Array, predicted: Array, weight: Array | None) -> float:
    classes = _classes(truth)
    met = _classes(predicted) == classes
    counts = np.bincount(classes, weight)
    hits = np.bincount(classes, met if weight is None else met * weight)
    return float((hits[counts > 0] / counts[counts > 0]).mean())


# name -> (metric, -1 where larger is better)
REGRESSION: dict[str, tuple[Metric, int]] = {
    "r2": (_r2, -1),
    "mse": (_mse, 1),
    "rmse": (_rmse, 1),
    "mae": (_mae, 1),
    "median_absolute_error": (_median, 1),
}
CLASSIFICATION: dict[str, tuple[Metric | None, int]] = {
    "accuracy": (_accuracy, -1),
    "balanced_accuracy": (_balanced, -1),
    "log_loss": (None, 1),  # the loss on held-out rows itself
}


class Scorer:
    """A metric of a network's parameters on held-out rows, as what there should be least of.

    Parameters
    ----------
    network : NetworkStructure
    rule : EarlyStopping
    X, y : array_like or Scaled
        Held-out rows; of a `Scaled` table the units are those of the table.
    weight : array_like of shape (rows,) or None
    dtype : type
    n_threads : int

    Attributes
    ----------
    sign : int
        -1 where larger is better: the metric is ``sign * scorer(theta, loss)``.

    Raises
    ------
    ValueError
        A metric that this loss has not, or rows on which it says nothing.
    """

    def __init__(
        self,
        network: NetworkStructure,
        rule: EarlyStopping,
        X: ArrayLike | Scaled,
        y: ArrayLike | Scaled,
        weight: ArrayLike | None,
        dtype: Any,
        n_threads: int,
    ) -> None:
        labels = isinstance(network.loss, (Logistic, CrossEntropy))
        table: dict[str, Any] = CLASSIFICATION if labels else REGRESSION
        if rule.metric not in table:
            names = ["loss", *table]
            near = difflib.get_close_matches(rule.metric, names, n=1)
            raise ValueError(
                f"metric={rule.metric!r}: must be one of {', '.join(names)} for {network.loss!r}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
        self.metric, self.sign = table[rule.metric]
        self.network, self.dtype, self.n_threads = network, dtype, n_threads
        if isinstance(X, Scaled):
            X = X.scaler.forward(X.table[:], dtype)
        self.x = np.ascontiguousarray(as_matrix("eval_set: X", X), dtype=dtype)
        self.scaler = y.scaler if isinstance(y, Scaled) else None
        self.truth = (
            y.scaler.in_units(y.table[:]) if isinstance(y, Scaled) else as_matrix("eval_set: y", y)
        )
        self.weight = as_weights(weight, self.truth.shape[0])
        counted = self.truth if self.weight is None else self.truth[self.weight > 0]
        if rule.metric == "r2" and not varies(counted):
            raise ValueError(
                f"metric='r2': must have held-out rows whose target varies, not {len(counted)} "
                f"row{'s' if len(counted) > 1 else ''} of one value"
            )

    def of(self, network: NetworkStructure) -> Scorer:
        """The same metric of another network.

        Parameters
        ----------
        network : NetworkStructure
        """
        other = copy.copy(self)
        other.network = network
        return other

    def __call__(self, theta: Array, loss: float) -> float:
        """The metric times its sign; NaN where a prediction is not finite."""
        if self.metric is None:
            return loss
        out = np.empty((self.x.shape[0], self.network.n_outputs), self.dtype)
        self.network.core_network(self.dtype).predict(theta, self.x, out, self.n_threads)
        predicted = self.network.loss.mean(out.astype(np.float64, copy=False))
        if self.scaler is not None:
            predicted = self.scaler.in_units(self.scaler.backward(predicted))
        if not np.isfinite(predicted).all():
            return np.nan
        with np.errstate(over="ignore", under="ignore"):
            value: float = self.sign * self.metric(self.truth, predicted, self.weight)
        return value


def scorer_of(
    network: NetworkStructure,
    rule: EarlyStopping | None,
    held: Callable[[], Held] | None,
    dtype: Any,
    n_threads: int,
) -> Scorer | None:
    """The metric that a rule asks for on held-out rows; None where it is the loss."""
    if rule is None:
        return None
    if held is None:
        raise ValueError(
            f"early_stopping={rule!r}: must have held-out rows, give eval_set or a share of at "
            "least one row"
        )
    return None if rule.metric == "loss" else Scorer(network, rule, *held(), dtype, n_threads)
