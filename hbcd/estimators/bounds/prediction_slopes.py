"""Bounds of derivatives of predictions, from those of a network's outputs and of their derivatives.

The steps from an output to a prediction are nondecreasing, and each but the logistic function has a
derivative that is itself monotone, so that its ends are at the ends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.bounds.prediction_ends import exponential_ends, logistic_ends, probability_ends
from hbcd.estimators.raw_coefficients import link
from hbcd.estimators.targets.power_transform import LOG, YEO_JOHNSON, yeo_johnson_slope
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.parts.losses import Loss
from hbcd.utils.scaling import Scaler

__all__ = ["prediction_slopes", "probability_slopes"]

Array = NDArray[np.float64]
Ends = tuple[Array, Array]
SHARE = 1e-12  # rounding of a slope: of an exponent up to 710, and of the product


def times(factor: Ends, slopes: Ends) -> Ends:
    """Products of factors, at least 0, (boxes, outputs), and slopes (boxes, outputs, inputs)."""
    least, most = (np.asarray(side)[:, :, np.newaxis] for side in factor)
    with np.errstate(invalid="ignore", over="ignore"):
        low = np.where(slopes[0] >= 0, slopes[0] * least, slopes[0] * most)
        high = np.where(slopes[1] >= 0, slopes[1] * most, slopes[1] * least)
    # A slope of 0 stays one whatever it is multiplied by.
    low, high = np.where(slopes[0] == 0, 0.0, low), np.where(slopes[1] == 0, 0.0, high)
    return low - SHARE * np.abs(low), high + SHARE * np.abs(high)


def prediction_slopes(
    low: Array,
    high: Array,
    slopes: Ends,
    loss: Loss,
    scaler: Scaler,
    transform: TargetTransform | None,
    limits: Array | None,
) -> Ends:
    """Derivatives of predictions, (boxes, outputs, inputs).

    Parameters
    ----------
    low, high : ndarray of shape (boxes, outputs)
        Ends of the outputs.
    slopes : tuple of ndarray (boxes, outputs, inputs)
        Ends of their derivatives.
    loss, scaler, transform, limits
        As `prediction_ends` takes them.
    """
    kind = link(loss)
    if kind == "softmax":
        return probability_slopes(low, high, slopes, scaler.mean.size)
    if kind == "exp":
        low, high = exponential_ends(low, high)
        slopes = times((low, high), slopes)
    elif kind == "logistic":
        slopes = _each_logistic(low, high, slopes)
        low, high = logistic_ends(low, high)
    scale = np.broadcast_to(scaler.scale, low.shape)
    slopes = times((scale, scale), slopes)
    low, high = scaler.backward(low), scaler.backward(high)
    if transform is not None:
        slopes = times(_of_transform(transform, low, high), slopes)
        low, high = transform.backward(low), transform.backward(high)
    if limits is not None:  # beyond them the prediction does not change
        out = ((low <= limits[0]) | (high >= limits[1]))[:, :, np.newaxis]
        slopes = (
            np.where(out, np.minimum(slopes[0], 0.0), slopes[0]),
            np.where(out, np.maximum(slopes[1], 0.0), slopes[1]),
        )
    return slopes


def _each_logistic(low: Array, high: Array, slopes: Ends) -> Ends:
    """Of the logistic function of every output."""
    found = [
        probability_slopes(
            low[:, k : k + 1],
            high[:, k : k + 1],
            (slopes[0][:, k : k + 1], slopes[1][:, k : k + 1]),
            2,
        )
        for k in range(low.shape[1])
    ]
    least, most = (np.stack([one[side][:, 1] for one in found], axis=1) for side in (0, 1))
    return least, most


def _of_transform(transform: TargetTransform, low: Array, high: Array) -> Ends:
    """The derivative of a transform's way back between these ends."""
    ends = []
    for z in (low, high):
        own = np.ones_like(z)
        for k, column in enumerate(transform.columns):
            if column.name == LOG:
                own[:, k] = transform.backward(z)[:, k]
            elif column.name == YEO_JOHNSON:
                points, shares = z[:, k, np.newaxis], np.ones(1)
                if transform.residuals is not None and transform.shares is not None:
                    points, shares = points + transform.residuals[:, k], transform.shares[:, k]
                each = yeo_johnson_slope(points, column.power)
                own[:, k] = column.scale * (each * shares).sum(axis=1)
        ends.append(own)
    least, most = np.minimum(*ends), np.maximum(*ends)
    return least - SHARE * least, most + SHARE * most


def probability_slopes(low: Array, high: Array, slopes: Ends, classes: int) -> Ends:
    """Derivatives of probabilities, (boxes, classes, inputs), from differences of scores.

    ``dp_k = p_k (1 - p_k) sum of q_j d(score_k - score_j)`` over the other classes j, with shares q
    that sum to 1.
    """
    p_low, p_high = probability_ends(low, high, classes)
    if low.shape[1] == 1 and classes == 2:
        own = [slopes[0][:, 0], slopes[1][:, 0]]
        rising = [(-own[1], -own[0]), (own[0], own[1])]
    else:
        first, second = np.triu_indices(classes, 1)
        rising = []
        for k in range(classes):
            to, of = first == k, second == k  # score_k - score_j, score_j - score_k
            least = np.concatenate([slopes[0][:, to], -slopes[1][:, of]], axis=1).min(axis=1)
            most = np.concatenate([slopes[1][:, to], -slopes[0][:, of]], axis=1).max(axis=1)
            rising.append((least, most))
    found = tuple(np.stack(side, axis=1) for side in zip(*rising, strict=True))
    ends = p_low * (1 - p_low), p_high * (1 - p_high)
    across = (p_low < 0.5) & (p_high > 0.5)
    off = 4 * np.finfo(np.float64).eps  # of 1 - p
    least = np.maximum(np.minimum(*ends) - off, 0.0)
    most = np.where(across, 0.25, np.minimum(np.maximum(*ends) + off, 0.25))
    return times((least, most), (found[0], found[1]))
