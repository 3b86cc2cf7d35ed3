"""Bounds of a network's outputs as bounds of predictions, in the units of the targets.

Every step from an output to a prediction is a nondecreasing function, so both ends go its way;
where the computed function is not promised to be monotone to the last digit, they are moved apart
by what its rounding can do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.raw_coefficients import link
from hbcd.estimators.targets.power_transform import LOG, YEO_JOHNSON
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.networks.affine_layers import AffineLayer, AffinePart
from hbcd.parts.losses import Loss
from hbcd.utils.scaling import Scaler

__all__ = [
    "calibrated_ends",
    "class_differences",
    "exponential_ends",
    "logistic_ends",
    "prediction_ends",
    "probability_ends",
]

Array = NDArray[np.float64]
Ends = tuple[Array, Array]
EPS = float(np.finfo(np.float64).eps)
ROUNDINGS = 16.0  # units in the last place of exp, log1p, expm1 and what is done with them
LEAST = 1e-300


def _apart(ends: Ends, off: Ends) -> Ends:
    with np.errstate(invalid="ignore"):
        low, high = ends[0] - off[0], ends[1] + off[1]
    # An infinite end stays one: its own rounding is no number.
    return np.where(np.isfinite(ends[0]), low, ends[0]), np.where(
        np.isfinite(ends[1]), high, ends[1]
    )


def exponential_ends(low: Array, high: Array) -> Ends:
    """Of ``exp``."""
    with np.errstate(over="ignore"):
        ends = np.exp(low), np.exp(high)
    off = (ROUNDINGS * EPS * ends[0] + LEAST, ROUNDINGS * EPS * ends[1] + LEAST)
    low, high = _apart(ends, off)
    return np.maximum(low, 0.0), high


def target_ends(low: Array, high: Array, scaler: Scaler, transform: TargetTransform | None) -> Ends:
    """Of means in the units of the network, (boxes, outputs): those of the targets."""
    low, high = scaler.backward(low), scaler.backward(high)
    if transform is None:
        return low, high
    ends = transform.backward(low), transform.backward(high)
    return _apart(ends, (_rounding(transform, low, ends[0]), _rounding(transform, high, ends[1])))


def _rounding(transform: TargetTransform, z: Array, y: Array) -> Array:
    """What the rounding of a transform's way back can do, for z -> y."""
    off = np.zeros_like(y)
    for k, column in enumerate(transform.columns):
        if column.name == LOG:
            shift = abs(float(transform.log_factors[k]))
            off[:, k] = EPS * (ROUNDINGS + np.abs(z[:, k]) + shift) * np.abs(y[:, k]) + LEAST
        elif column.name == YEO_JOHNSON:
            points = z[:, k, np.newaxis]
            if transform.residuals is not None:
                points = points + transform.residuals[:, k]
            with np.errstate(over="ignore", invalid="ignore"):
                values = column.inverse(points)
                own = np.abs(values - column.center) + abs(column.center) + column.scale
                share = ROUNDINGS + np.log1p(own / column.scale) + np.abs(points)
                size = (own * share).max(axis=1)
            off[:, k] = 4 * EPS * size + LEAST
    return off


def class_differences(classes: int, factor: float = 1.0) -> AffineLayer:
    """What is made of scores for probabilities: every ``score_j - score_k``, j < k, times a factor.

    Of one class, whose score is the log-odds of the second of two, that times the factor.
    """
    if classes == 1:
        part = AffinePart(
            slice(0, 1), slice(0, 1), np.full((1, 1), factor), np.zeros(1), "identity"
        )
        return AffineLayer(1, 1, (part,))
    first, second = np.triu_indices(classes, 1)
    weights = np.zeros((classes, first.size))
    weights[first, np.arange(first.size)] = factor
    weights[second, np.arange(first.size)] = -factor
    part = AffinePart(
        slice(0, classes), slice(0, first.size), weights, np.zeros(first.size), "identity"
    )
    return AffineLayer(classes, first.size, (part,))


def probability_ends(low: Array, high: Array, classes: int) -> Ends:
    """Probabilities (boxes, classes) from bounds of `class_differences`; of 2 from log-odds.

    ``p_k = 1 / (1 + sum of exp(score_j - score_k) over j)``: from differences, since each score
    alone may move with all the others.
    """
    if low.shape[1] == 1 and classes == 2:
        pairs = [(-high, -low), (low, high)]  # log-odds of either class
        ends = [(_logistic(a)[:, 0], _logistic(b)[:, 0]) for a, b in pairs]
    else:
        first, second = np.triu_indices(classes, 1)
        ends = []
        for k in range(classes):
            to, of = first == k, second == k  # score_k - score_j, score_j - score_k
            most = np.concatenate([-low[:, to], high[:, of]], axis=1)
            least = np.concatenate([-high[:, to], low[:, of]], axis=1)
            with np.errstate(over="ignore"):
                ends.append(
                    (1 / (1 + np.exp(most).sum(axis=1)), 1 / (1 + np.exp(least).sum(axis=1)))
                )
    found = tuple(np.stack(side, axis=1) for side in zip(*ends, strict=True))
    off = tuple(_probability_rounding(p, classes) for p in found)
    low, high = _apart((found[0], found[1]), (off[0], off[1]))
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def calibrated_ends(ends: Ends, curves: list[tuple[Array, Array]]) -> Ends:
    """Of probabilities (boxes, classes) after rising functions of each, given at points.

    Parameters
    ----------
    ends : tuple of ndarray (boxes, classes)
    curves : list of (ndarray, ndarray)
        As a `Calibrator` has them: of two classes that of the second alone.
    """
    off = ROUNDINGS * EPS
    if len(curves) == 1:
        low, high = (np.interp(side[:, 1], *curves[0]) for side in ends)
        sides = np.stack([1.0 - high, low], axis=1), np.stack([1.0 - low, high], axis=1)
    else:
        low, high = (
            np.stack([np.interp(p, *c) for p, c in zip(side.T, curves, strict=True)], axis=1)
            for side in ends
        )
        others = [side.sum(axis=1, keepdims=True) - side for side in (low, high)]
        sides = low / (low + others[1]), high / (high + others[0])
        off *= len(curves)
    return np.maximum(sides[0] - off, 0.0), np.minimum(sides[1] + off, 1.0)


def logistic_ends(low: Array, high: Array) -> Ends:
    """Of the logistic function of every output."""
    columns = [slice(k, k + 1) for k in range(low.shape[1])]
    found = [probability_ends(low[:, k], high[:, k], 2) for k in columns]
    least, most = (np.stack([one[side][:, 1] for one in found], axis=1) for side in (0, 1))
    return least, most


def _logistic(z: Array) -> Array:
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z < 0, small, 1.0) / (1.0 + small))


def _probability_rounding(p: Array, classes: int) -> Array:
    """Of ``exp(score - largest) / sum``: the error of a difference is a share of it."""
    with np.errstate(divide="ignore"):
        far = np.minimum(-np.log(p), 750.0)
    return EPS * (ROUNDINGS + classes + 4 * far) * p + LEAST


def prediction_ends(
    low: Array,
    high: Array,
    loss: Loss,
    scaler: Scaler,
    transform: TargetTransform | None,
    limits: Array | None,
) -> Ends:
    """Of outputs (boxes, outputs), or of their differences for a softmax: those of predictions.

    Parameters
    ----------
    low, high : ndarray of shape (boxes, outputs)
    loss : Loss
    scaler : Scaler
        Of the targets.
    transform : TargetTransform or None
    limits : ndarray of shape (2, outputs) or None
        What predictions are kept within.
    """
    kind = link(loss)
    if kind == "exp":
        low, high = exponential_ends(low, high)
    elif kind == "logistic":
        low, high = logistic_ends(low, high)
    elif kind == "softmax":
        low, high = probability_ends(low, high, scaler.mean.size)
    ends = target_ends(low, high, scaler, transform)
    return ends if limits is None else (np.clip(ends[0], *limits), np.clip(ends[1], *limits))
