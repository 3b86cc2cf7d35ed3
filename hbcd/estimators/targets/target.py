"""What a fit is to learn, and how targets are standardized for a loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.losses import Loss, Poisson
from hbcd.utils.robust_scaling import robust_scaler
from hbcd.utils.scaling import Scaler

__all__ = ["Target", "target_scaler"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Target:
    """What a fit is to learn.

    Attributes
    ----------
    values : ndarray of shape (rows, outputs)
    weight : ndarray of shape (rows,) or None
        Checked; whole weights are whole multiples of each other.
    loss : Loss
    attributes : dict
        What the estimator knows of its targets when the fit is done.
    """

    values: Array
    weight: Array | None
    loss: Loss
    attributes: dict[str, Any] = field(default_factory=dict)


def target_scaler(loss: Loss, values: Array, weight: Array | None) -> Scaler:
    """Center and spread that a loss asks for, from targets (rows, outputs) and weights (rows,).

    The mean and the standard deviation; for a robust loss the median and a share of the median
    absolute deviation.  Targets of other losses stay as they are, but those of Poisson, whose
    deviance is homogeneous, are divided by their mean.
    """
    if loss.standardize_target and loss.robust:
        return robust_scaler(values[:], weight)
    scaler = Scaler.fit(values, weight)
    if loss.standardize_target:
        return scaler
    unit = np.ones_like(scaler.mean)
    if type(loss) is Poisson:
        unit = np.where(scaler.mean > 0, scaler.mean, 1.0)
    return Scaler(np.zeros_like(unit), unit)
