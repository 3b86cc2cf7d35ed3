"""What a fit is to learn: targets, weights, loss; some of its rows; their scalers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.losses import Loss, Poisson
from hbcd.utils.scaling import Scaler
from hbcd.utils.validation import as_weights

__all__ = ["Task", "scalers_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What a fit is to learn.

    Attributes
    ----------
    targets : ndarray of shape (rows, outputs)
    weight : ndarray of shape (rows,) or None
        Checked; whole weights are whole multiples of each other.
    loss : Loss
    attributes : dict
        What the estimator knows of its targets when the fit is done.
    """

    targets: Array
    weight: Array | None
    loss: Loss
    attributes: dict[str, Any] = field(default_factory=dict)


def scalers_of(
    rows: Array, targets: Array, weight: Array | None, loss: Loss
) -> tuple[Scaler, Scaler]:
    """Those of inputs and of targets, learned from rows that training sees.

    weight : (rows,) or None, in any unit.
    """
    share = as_weights(weight, rows.shape[0])
    return Scaler.fit(rows, share), _target_scaler(loss, targets, share)


def _target_scaler(loss: Loss, targets: Array, share: Array | None) -> Scaler:
    """Standardized, or as they are; for Poisson, whose deviance is homogeneous, over their mean."""
    scaler = Scaler.fit(targets, share)
    if loss.standardize_target:
        return scaler
    unit = np.ones_like(scaler.mean)
    if type(loss) is Poisson:
        unit = np.where(scaler.mean > 0, scaler.mean, 1.0)
    return Scaler(np.zeros_like(unit), unit)
