"""Biases with which the networks of a model have its mean prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.losses import CrossEntropy, Logistic, Loss, Poisson

__all__ = ["matching_bias"]

Array = NDArray[Any]
MOST_STEPS = 60
CLOSE = 1e-12  # relative to the mean prediction


def matching_bias(loss: Loss, raw: Array, whole: Array, weight: Array) -> NDArray[np.float64]:
    """The b for which the weighted mean of ``loss.mean(raw + b)`` is that of ``loss.mean(whole)``.

    A network that minimizes a loss of this kind, whose bias pays no penalty, has the mean of its
    targets.  Where predictions are outputs as they are, b is a difference of means; of classes and
    of Poisson's loss it is the minimum of a convex function, found by Newton steps.

    Parameters
    ----------
    loss : Loss
    raw, whole : ndarray of float64, shape (rows, outputs)
        Outputs of the network without its bias, and of the model.
    weight : ndarray of shape (rows,)
        Of sum 1.

    Returns
    -------
    ndarray of shape (outputs,)
    """
    bias = np.asarray(np.einsum("n,no->o", weight, whole - raw))
    if not isinstance(loss, (CrossEntropy, Logistic, Poisson)):
        return bias
    target = np.einsum("n,no->o", weight, loss.mean(whole))
    gap, slope = _gap(loss, raw + bias, weight, target)
    for _ in range(MOST_STEPS):
        if np.abs(gap).max() <= CLOSE * np.abs(target).max():
            break
        step = -np.linalg.lstsq(slope, gap, rcond=1e-10)[0]
        step /= max(1.0, np.abs(step).max() / 5.0)  # where all are sure, slopes are next to 0
        for _ in range(30):
            trial, trial_slope = _gap(loss, raw + bias + step, weight, target)
            if np.square(trial).sum() < np.square(gap).sum():
                break
            step = 0.5 * step
        else:
            break
        bias, gap, slope = bias + step, trial, trial_slope
    return bias


def _gap(loss: Loss, out: Array, weight: Array, target: Array) -> tuple[Array, Array]:
    """Mean prediction less the target, and its derivatives by the bias, (outputs, outputs)."""
    mean = loss.mean(out)
    own = weight[:, np.newaxis] * mean
    if isinstance(loss, CrossEntropy):
        slope = np.diag(own.sum(axis=0)) - np.einsum("na,nb->ab", own, mean)
    elif isinstance(loss, Logistic):
        slope = np.array([[(own * loss.mean(-out)).sum()]])
    else:
        slope = np.diag(own.sum(axis=0))
    return own.sum(axis=0) - target, slope
