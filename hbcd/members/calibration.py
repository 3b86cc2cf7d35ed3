"""A factor of the outputs of weighted members, so that probabilities mean what they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.members.parts import PARTS, gain, part_of_rows, ramp
from hbcd.parts.losses import Loss

__all__ = ["output_factor"]

Array = NDArray[Any]
MOST = 2.0  # the factor lies between 1 / MOST and MOST
STEPS = 24  # of a golden section: to 1e-5 of the factor
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def output_factor(loss: Loss, out: Array, target: Array, weight: Array | None) -> float:
    """The factor with the least loss of rows left out; 1 where it gains no more than noise.

    Outputs that are logarithms of odds or of probabilities are divided by a temperature (C. Guo
    et al., "On calibration of modern neural networks", 2017); this is 1 / temperature.  It is
    fitted on all rows, and drawn to 1 by what factors fitted on other rows gain.  A factor above 1
    must also gain more than one more mistake would cost: where no row is predicted wrongly, nothing
    else speaks against certainty.

    Parameters
    ----------
    loss : Loss
    out, target : ndarray of shape (rows, outputs)
    weight : ndarray of shape (rows,) or None
    """
    part, scaled = part_of_rows(target), np.empty_like(out)
    for k in range(PARTS):
        fit = part != k
        if not (fit.any() and (~fit).any()):
            return 1.0
        some = None if weight is None else weight[fit]
        scaled[~fit] = out[~fit] * math.exp(_best(loss, out[fit], target[fit], some))
    trust = ramp(gain(loss, out, scaled, target, weight))
    if trust == 0.0:
        return 1.0
    factor = math.exp(trust * _best(loss, out, target, weight))
    gained = _mean(loss, out, target, weight) - _mean(loss, scaled, target, weight)
    wrong = (1.0 - target) / max(target.shape[1] - 1, 1)
    mistake = _mean(loss, factor * out, wrong, weight) - _mean(loss, out, wrong, weight)
    return factor if factor < 1.0 or len(out) * gained > mistake else 1.0


def _mean(loss: Loss, out: Array, target: Array, weight: Array | None) -> float:
    return float(np.average(loss.evaluate(out, target, None), weights=weight))


def _best(loss: Loss, out: Array, target: Array, weight: Array | None) -> float:
    """The logarithm of the best factor, by a golden section: the loss is convex in the factor."""

    def value(log_factor: float) -> float:
        return _mean(loss, out * math.exp(log_factor), target, weight)

    low, high = -math.log(MOST), math.log(MOST)
    inner, outer = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_inner, at_outer = value(inner), value(outer)
    for _ in range(STEPS):
        if at_inner <= at_outer:
            high, outer, at_outer = outer, inner, at_inner
            inner = high - GOLDEN * (high - low)
            at_inner = value(inner)
        else:
            low, inner, at_inner = inner, outer, at_outer
            outer = low + GOLDEN * (high - low)
            at_outer = value(outer)
    return 0.5 * (low + high)
