"""How good a fitted model is on rows that took no part in its fit."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.metrics.summaries import varies
from hbcd.parts.losses import AbsoluteError, Huber, LogCosh, Poisson, Quantile
from hbcd.training import registry
from hbcd.training.validation_score import CLASSIFICATION, REGRESSION

__all__ = ["Scoring", "scoring_of"]

Array = NDArray[Any]
LEAST = 1e-300  # a probability of 0 costs as much as this one


@dataclass(frozen=True)
class Scoring:
    """A score of a fitted model.

    Attributes
    ----------
    name : str
    greater : bool
        Whether larger is better.
    function : callable
        ``function(model, X, y, weight) -> float``.
    """

    name: str
    greater: bool
    function: Callable[[Any, Any, Any, Array | None], float]

    def __call__(self, model: Any, X: Any, y: Any, weight: Array | None) -> float:
        """The score; ValueError where there is none."""
        value = float(self.function(model, X, y, weight))
        if not np.isfinite(value):
            raise ValueError(
                f"scoring={self.name!r}: is {value} on {len(y)} rows left out, must be a number"
                f"{_why(self.name, y, weight)}"
            )
        return value

    def lost(self, score: float) -> float:
        """What the search makes small."""
        return -score if self.greater else score


def _why(name: str, y: Any, weight: Array | None) -> str:
    """Why a score is no number, and what to do, where the targets left out say it."""
    if name != "r2":
        return ""
    counted = _columns(y) if weight is None else _columns(y)[weight > 0]
    if len(counted) < 2:
        return f"; R2 needs two rows, and {len(counted)} of these count: leave out more by cv="
    if not np.isfinite(counted).all():
        return "; y has missing or infinite values there"
    if not varies(counted):
        return "; y does not vary there: choose another cv=, or scoring='mse'"
    return ""


def scoring_of(value: Any, estimator: HybridEstimator) -> Scoring:
    """A score from its name, a scorer of scikit-learn, or None for the one that suits the loss.

    Parameters
    ----------
    value : str, callable or None
    estimator : HybridEstimator
        What kind of target there is, and which loss.
    """
    classes = estimator._estimator_type == "classifier"
    if value is None:
        value = "log_loss" if classes else _of_loss(registry.loss(getattr(estimator, "loss", None)))
    if callable(value) and not isinstance(value, type):
        name = getattr(value, "__name__", None) or repr(value)
        return Scoring(str(name), True, _Scorer(value))
    if not isinstance(value, str):
        raise TypeError(f"scoring={value!r}: must be a name, a function(model, X, y) or None")
    if classes and value in CLASSIFICATION:
        return Scoring(value, CLASSIFICATION[value][1] < 0, _OfClasses(value))
    if not classes and value in REGRESSION:
        return Scoring(value, REGRESSION[value][1] < 0, _OfNumbers(value))
    if not classes and value in OF_LOSSES:
        return Scoring(value, False, _OfLoss(value, estimator))
    return Scoring(value, True, _Scorer(_named(value, classes)))


def _of_loss(loss: Any) -> str:
    if isinstance(loss, Quantile):
        return "pinball"
    if isinstance(loss, Poisson):
        return "poisson_deviance"
    return "mae" if isinstance(loss, (AbsoluteError, Huber, LogCosh)) else "r2"


def _named(name: str, classes: bool) -> Any:
    """A scorer of scikit-learn."""
    own = list(CLASSIFICATION) if classes else [*REGRESSION, *OF_LOSSES]
    try:
        from sklearn.metrics import get_scorer, get_scorer_names
    except ImportError:
        known = own
    else:
        known = [*own, *get_scorer_names()]
        if name in known:
            return get_scorer(name)
    near = difflib.get_close_matches(name, known, n=1)
    raise ValueError(
        f"scoring={name!r}: must be one of {', '.join(own)}, or the name of a scorer of "
        f"scikit-learn" + (f"; did you mean {near[0]!r}?" if near else "")
    )


@dataclass(frozen=True)
class _Scorer:
    """A scorer of scikit-learn: ``scorer(model, X, y)``, larger is better."""

    scorer: Any

    def __call__(self, model: Any, X: Any, y: Any, weight: Array | None) -> float:
        if weight is None:
            return float(self.scorer(model, X, y))
        return float(self.scorer(model, X, y, sample_weight=weight))


def _columns(values: Any) -> NDArray[np.float64]:
    table = np.asarray(values, dtype=np.float64)
    return table.reshape(len(table), -1)


@dataclass(frozen=True)
class _OfNumbers:
    """A metric of predicted numbers, the mean over targets."""

    name: str

    def __call__(self, model: Any, X: Any, y: Any, weight: Array | None) -> float:
        predicted = _columns(model.predict(X))
        truth = _columns(y)
        counted = truth if weight is None else truth[weight > 0]
        if not np.isfinite(predicted).all() or (self.name == "r2" and not varies(counted)):
            return np.nan
        with np.errstate(over="ignore", under="ignore"):
            metric = REGRESSION[self.name][0]
            return metric(truth, predicted, weight)


@dataclass(frozen=True)
class _OfClasses:
    """A metric of predicted probabilities."""

    name: str

    def __call__(self, model: Any, X: Any, y: Any, weight: Array | None) -> float:
        labels = np.asarray(y).reshape(-1)
        classes = np.asarray(model.classes_)
        given = np.asarray(model.predict_proba(X), dtype=np.float64)
        # Of a class that the training rows have not the probability is 0.
        truth = (labels[:, np.newaxis] == classes).astype(np.float64)
        metric = CLASSIFICATION[self.name][0]
        if metric is not None:
            return metric(truth, given, weight)
        own = (truth * given).sum(axis=1)
        return float(np.average(-np.log(np.maximum(own, LEAST)), weights=weight))


def _pinball(truth: Array, predicted: Array, loss: Any) -> Array:
    q, over = float(loss.q), truth - predicted
    return np.maximum(q * over, (q - 1.0) * over)


def _poisson_deviance(truth: Array, predicted: Array, loss: Any) -> Array:
    """Twice the log-likelihood that is lost against predicting the count itself."""
    mean = np.maximum(predicted, LEAST)
    counted = np.where(truth > 0, truth, 1.0)
    return 2.0 * (np.where(truth > 0, truth * np.log(counted / mean), 0.0) - truth + mean)


OF_LOSSES = {"pinball": _pinball, "poisson_deviance": _poisson_deviance}


@dataclass(frozen=True)
class _OfLoss:
    """The mean of what the model's own loss makes small, in the target's unit."""

    name: str
    estimator: Any

    def __call__(self, model: Any, X: Any, y: Any, weight: Array | None) -> float:
        loss = registry.loss(self.estimator.loss)
        if self.name == "pinball" and not isinstance(loss, Quantile):
            raise ValueError(f"scoring='pinball': must go with loss='quantile', not {loss!r}")
        lost = OF_LOSSES[self.name](_columns(y), _columns(model.predict(X)), loss)
        return float(np.average(lost.mean(axis=1), weights=weight))
