"""Scores as means over rows, so that many samples of the rows can be scored at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.dataframes import as_targets
from hbcd.estimators.targets.class_target import class_numbers
from hbcd.metrics.classification import roc_auc

__all__ = ["Metric", "Scorer", "metric_of", "truth_of"]

Array = NDArray[Any]
NUMBERS = ("r2", "mse", "mae")
CLASSES = ("accuracy", "log_loss", "roc_auc")
LEAST = np.finfo(np.float64).tiny  # a probability whose logarithm is finite


@dataclass(frozen=True)
class Metric:
    """How good outputs are.

    Attributes
    ----------
    name : str
    sign : float
        1 where more is better, -1 where less is.
    loss : callable or None
        Of (truth, outputs): the loss of each row, (rows, targets); None: it is no mean over rows.
    finish : callable or None
        Of the mean loss (..., targets) and the variance of the target (..., targets): the score,
        linear in the mean loss.
    whole : callable or None
        Of (truth, outputs, weight): the score, where there is no `loss`.
    """

    name: str
    sign: float
    loss: Callable[[Array, Array], Array] | None
    finish: Callable[[Array, Array], Array] | None = None
    whole: Callable[[Array, Array, Array | None], float] | None = None


def _squares(truth: Array, outputs: Array) -> Array:
    return np.asarray(np.square(truth - outputs))


def _absolute(truth: Array, outputs: Array) -> Array:
    return np.asarray(np.abs(truth - outputs))


def _wrong(truth: Array, outputs: Array) -> Array:
    wrong = _all_classes(outputs).argmax(axis=1) != truth[:, 0]
    return np.asarray(wrong, np.float64)[:, np.newaxis]


def _log_loss(truth: Array, outputs: Array) -> Array:
    shares = np.take_along_axis(_all_classes(outputs), truth.astype(np.intp), axis=1)
    return np.asarray(-np.log(np.maximum(shares, LEAST)))


def _all_classes(outputs: Array) -> Array:
    """Probabilities of all classes; of two the second one alone is given."""
    return np.hstack([1.0 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


def _roc_auc(truth: Array, outputs: Array, weight: Array | None) -> float:
    if weight is not None:
        repeats = np.round(weight).astype(np.intp)  # how often each row was drawn
        truth, outputs = np.repeat(truth, repeats, axis=0), np.repeat(outputs, repeats, axis=0)
    found = roc_auc(truth == 1, outputs)
    return np.nan if found is None else found


def _r2(mean: Array, variance: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((1.0 - mean / variance).mean(axis=-1))


def _mean(mean: Array, variance: Array) -> Array:
    return np.asarray(mean.mean(axis=-1))


def _share(mean: Array, variance: Array) -> Array:
    return 1.0 - np.asarray(mean.mean(axis=-1))


KNOWN = {
    "r2": Metric("r2", 1.0, _squares, _r2),
    "mse": Metric("mse", -1.0, _squares, _mean),
    "mae": Metric("mae", -1.0, _absolute, _mean),
    "accuracy": Metric("accuracy", 1.0, _wrong, _share),
    "log_loss": Metric("log_loss", -1.0, _log_loss, _mean),
    "roc_auc": Metric("roc_auc", 1.0, None, whole=_roc_auc),
}


def metric_of(metric: Any, *, classes: int, weighted: bool) -> Metric:
    """The metric that was asked for.

    Parameters
    ----------
    metric : str, callable or None
        None: R2, or accuracy.
    classes : int
        0 for numbers.
    weighted : bool
        Whether rows have weights of their own.
    """
    if callable(metric):
        function: Callable[..., Any] = metric
        return Metric(getattr(metric, "__name__", "metric"), 1.0, None, whole=function)
    known = CLASSES if classes else NUMBERS
    if metric is None:
        metric = known[0]
    if metric not in known:
        raise ValueError(f"metric={metric!r}: must be one of {', '.join(known)}, or a function")
    if metric == "roc_auc" and classes != 2:
        raise ValueError(f"metric='roc_auc': must be of two classes, the model has {classes}")
    if metric == "roc_auc" and weighted:
        raise ValueError("metric='roc_auc': takes no sample_weight")
    return KNOWN[metric]


def truth_of(model: Any, y: Any, rows: NDArray[np.intp], n: int) -> NDArray[np.float64]:
    """Targets of some rows of n, (rows, targets), or the numbers of their classes, (rows, 1)."""
    classes = getattr(model, "classes_", None)
    if classes is not None:
        return class_numbers(y, n, np.asarray(classes))[rows, np.newaxis].astype(np.float64)
    return np.asarray(as_targets(y, rows=n)[rows], np.float64)


class Scorer:
    """The scores of outputs against the truth of the same rows.

    Parameters
    ----------
    metric : Metric
    truth : ndarray of shape (rows, targets)
    weight : ndarray of shape (rows,) or None
    """

    def __init__(self, metric: Metric, truth: Array, weight: Array | None) -> None:
        self.metric, self.truth, self.weight = metric, truth, weight
        mean = np.average(truth, axis=0, weights=weight)
        self.squares = np.square(truth - mean)

    def score(self, outputs: Array) -> float:
        """Of all rows."""
        return self.of_losses(self.losses(outputs)) if self.metric.loss else self.whole(outputs)

    def losses(self, outputs: Array) -> NDArray[np.float64]:
        """Of each row, (rows, targets)."""
        assert self.metric.loss is not None
        return np.asarray(self.metric.loss(self.truth, outputs), np.float64)

    def of_losses(self, losses: Array) -> float:
        """The score of all rows whose losses are these."""
        assert self.metric.finish is not None
        mean, variance = (
            np.average(each, axis=0, weights=self.weight) for each in (losses, self.squares)
        )
        return float(self.metric.finish(mean, variance))

    def whole(self, outputs: Array, weight: Array | None = None) -> float:
        """By the metric's function, with other weights where they are given."""
        assert self.metric.whole is not None
        truth, outputs = (
            each[:, 0] if each.shape[1] == 1 else each for each in (self.truth, outputs)
        )
        return float(self.metric.whole(truth, outputs, self.weight if weight is None else weight))
