"""What each member counts for: the least loss of the rows left out, drawn to the safe member."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.members.calibration import output_factor
from hbcd.members.parts import PARTS, gain, part_of_rows, ramp
from hbcd.members.simplex import least_loss
from hbcd.parts.losses import CrossEntropy, Logistic, Loss

__all__ = ["best_alone", "member_weights"]

Array = NDArray[Any]
CONSTANT, LINEAR = 0, 1  # the first two members
LEAST = 0.02  # weights below it are left out


def member_weights(
    loss: Loss, predicted: Array, target: Array, weight: Array | None, most: int
) -> NDArray[np.float64]:
    """Weights of members, at least 0, of which few are not 0.

    Their sum is 1, and of classes a factor near it that makes better probabilities.

    Parameters
    ----------
    loss : Loss
    predicted : ndarray of shape (members, rows, outputs)
        For rows that the members have not seen; a constant and a linear model come first.
    target, weight : ndarray of shapes (rows, outputs), (rows,); weight may be None
    most : int
        Members besides these two whose weight is not 0.
    """
    usable = np.asarray(np.isfinite(predicted).all(axis=(1, 2)))
    chosen = _chosen(loss, predicted, target, weight, np.flatnonzero(usable), most)
    w = np.zeros(predicted.shape[0])
    w[chosen] = least_loss(loss, predicted[chosen], target, weight)
    safe = _safe(loss, predicted, target, weight) if usable[LINEAR] else CONSTANT
    trust = _trust(loss, predicted[chosen], predicted[safe], target, weight)
    w *= trust
    w[safe] += 1.0 - trust
    if isinstance(loss, (Logistic, CrossEntropy)):
        held = np.flatnonzero(w)
        out = np.einsum("k,kno->no", w[held], predicted[held])
        w *= output_factor(loss, out, target, weight)
    return w


def best_alone(
    loss: Loss, predicted: Array, target: Array, weight: Array | None
) -> NDArray[np.float64]:
    """All of the weight for the member with the least loss, where there is no time for more.

    Parameters
    ----------
    loss, predicted, target, weight
        See `member_weights`.
    """
    w = np.zeros(predicted.shape[0])
    usable = np.flatnonzero(np.isfinite(predicted).all(axis=(1, 2)))
    losses = [
        np.average(loss.evaluate(predicted[one], target, None), weights=weight) for one in usable
    ]
    w[usable[int(np.argmin(losses))]] = 1.0
    return w


def _chosen(
    loss: Loss, predicted: Array, target: Array, weight: Array | None, index: Array, most: int
) -> Array:
    """Members whose weight is not small, and of those besides the safe ones at most so many."""
    while True:
        w = least_loss(loss, predicted[index], target, weight)
        kept = w >= LEAST
        kept[int(w.argmax())] = True
        others = np.flatnonzero(kept & (index > LINEAR))
        if others.size > most:
            kept[others[np.argmin(w[others])]] = False
        if kept.all():
            return index
        index = index[kept]


def _safe(loss: Loss, predicted: Array, target: Array, weight: Array | None) -> int:
    """The linear model where it is better than the constant by more than a standard error."""
    gained = gain(loss, predicted[CONSTANT], predicted[LINEAR], target, weight)
    return LINEAR if gained > 1.0 else CONSTANT


def _trust(loss: Loss, predicted: Array, safe: Array, target: Array, weight: Array | None) -> float:
    """0 where weights fitted on other rows gain less than a standard error, 1 beyond two."""
    part = part_of_rows(target)
    mixed = np.empty_like(target)
    for k in range(PARTS):
        fit = part != k
        if not (fit.any() and (~fit).any()):
            return 0.0
        w = least_loss(
            loss, predicted[:, fit], target[fit], None if weight is None else weight[fit]
        )
        mixed[~fit] = np.einsum("k,kno->no", w, predicted[:, ~fit])
    return ramp(gain(loss, safe, mixed, target, weight))
