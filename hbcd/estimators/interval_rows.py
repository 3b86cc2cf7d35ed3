"""What a fit keeps of its rows so that intervals can be computed when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.fit_plan import FitPlan
from hbcd.networks.checked_rows import CheckedRows
from hbcd.utils.scaling import Scaler

__all__ = ["MOST_ROWS", "IntervalRows", "interval_rows"]

Array = NDArray[Any]
MOST_ROWS = 4000
FEWEST_ROWS = 2  # one row says nothing of errors


@dataclass(frozen=True)
class IntervalRows:
    """Some rows of a fit, standardized as the network sees them.

    Attributes
    ----------
    train : CheckedRows
        At most 4000 of the training rows, evenly spaced: arrays.
    counted : int
        Of all training rows.
    left_out : (CheckedRows, ndarray) or None
        At most 4000 rows that members had not seen, and their outputs (rows, n_outputs) for them;
        None: one network was trained.
    same : bool
        Whether these are the rows of `train`.
    held_out : CheckedRows or None
        Rows that the fit was given to hold out.
    chosen_by : float
        Rows left out over these less one for each weighted member: their weights, and they
        themselves, were chosen by the errors for these rows, which are therefore a little small.
    """

    train: CheckedRows
    counted: int
    left_out: tuple[CheckedRows, Array] | None
    same: bool
    held_out: CheckedRows | None
    chosen_by: float = 1.0


def interval_rows(plan: FitPlan, dtype: Any) -> IntervalRows | None:
    """Those of a fit that is done; None where they are not at hand.

    Parameters
    ----------
    plan : FitPlan
    dtype : type
        The precision of the network.
    """
    train, scalers = plan.rows.train, (plan.x_scaler, plan.y_scaler)
    goes_on = plan.settings.partial and plan.settings.resumes
    if goes_on or plan.settings.ranks is not None or len(train) < FEWEST_ROWS:
        return None
    some = _evenly(len(train))
    chosen = _standardized(train, some, scalers, dtype)
    left_out, same, chosen_by = None, False, 1.0
    if plan.result is not None:
        left, outputs = plan.result.left, plan.result.predicted
        at = _evenly(len(left))
        same = len(left) == len(train) and len(train) <= MOST_ROWS
        rows = chosen if same else _standardized(train, left[at], scalers, dtype)
        left_out = rows, outputs[at]
        weighted = sum(one.weight > 0.0 for one in plan.result.members)
        chosen_by = len(left) / max(len(left) - weighted, 1)
    held = plan.rows.held_out
    if held is not None:
        held = _standardized(held, _evenly(len(held)), scalers, dtype)
    return IntervalRows(chosen, len(train), left_out, same, held, chosen_by)


def _evenly(n: int) -> NDArray[np.intp]:
    """At most so many of n numbers, evenly spaced."""
    if n <= MOST_ROWS:
        return np.arange(n)
    return np.arange(MOST_ROWS, dtype=np.intp) * n // MOST_ROWS


def _standardized(
    rows: CheckedRows, index: Array, scalers: tuple[Scaler, Scaler], dtype: Any
) -> CheckedRows:
    some = rows.take(index)
    x, y = some.x[:], some.y[:]
    weight = None if some.weight is None else some.weight / some.weight.mean()
    return CheckedRows(scalers[0].forward(x, dtype), scalers[1].forward(y, np.float64), weight)
