"""A loss that is not finite is an error in one line, not a model that has learned nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.losses import Loss, has_curvature
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import StopReason

__all__ = ["FIRST_ROWS", "check_first_values", "check_last_value"]

Array = NDArray[Any]
FIRST_ROWS = 256
SPREAD = 0.1  # of outputs, as before a training: 0 itself may be where a derivative has a jump


def check_first_values(loss: Loss, target: Array, *, value: bool) -> None:
    """ValueError where a custom loss has no finite value or derivative in some rows.

    Parameters
    ----------
    loss : Loss
    target : ndarray of shape (rows, outputs)
        As it is trained on: the first `FIRST_ROWS`.
    value : bool
        Whether the value counts: a search may lead from where there is none to where there is one.
    """
    if has_curvature(loss):
        return  # a built-in one
    out = SPREAD * np.random.default_rng(0).normal(size=target.shape).astype(target.dtype)
    gradient = np.zeros_like(out)
    with np.errstate(all="ignore"):
        values = np.asarray(loss.evaluate(out, target, gradient))
    if values.shape != target.shape[:1] or values.dtype.kind != "f":
        return  # the training says what is wrong
    finite = np.isfinite(values)
    if value and not finite.all():
        _refuse(loss, "value", values, ~finite)
    _refuse(loss, "derivative", gradient, finite & ~np.isfinite(gradient).all(axis=1))


def _refuse(loss: Loss, what: str, found: Array, wrong: Array) -> None:
    """ValueError that names the first of the rows."""
    if wrong.any():
        at = found[int(np.argmax(wrong))].reshape(-1)
        number = at[~np.isfinite(at)][0]
        raise ValueError(
            f"loss={type(loss).__name__}: its {what} is {number} where training begins, in "
            f"{np.count_nonzero(wrong)} of {wrong.size} rows: must be a finite number in each"
        )


def check_last_value(loss: Loss, report: FitReport) -> None:
    """ValueError where a training that nobody ended has found no finite value.

    Parameters
    ----------
    loss : Loss
    report : FitReport
    """
    ended = report.stop_reason in (StopReason.INTERRUPTED, StopReason.CALLBACK)
    if not (math.isfinite(report.loss) or ended):
        raise ValueError(
            f"loss={type(loss).__name__}: its mean over the training rows is {report.loss} "
            "wherever it was evaluated: must be a finite number in each row"
        )
