"""What a fit keeps of its rows so that intervals can be computed when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.fitting.fit_plan import FitPlan
from hbcd.networks.checked_rows import CheckedRows
from hbcd.utils.scaling import Scaler

__all__ = ["MOST_ROWS", "IntervalRows", "KeptRows", "interval_rows"]

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


@dataclass(frozen=True)
class KeptRows:
    """Rows of a fit as they are in the table, until they are asked for: a fit only copies them.

    Attributes
    ----------
    rows : IntervalRows
        In their own units.
    scalers : (Scaler, Scaler)
        Of inputs and targets.
    dtype : type
        The precision of the network.
    """

    rows: IntervalRows
    scalers: tuple[Scaler, Scaler]
    dtype: Any

    def standardized(self) -> IntervalRows:
        """The rows as the network sees them."""
        rows, left_out, held = self.rows, self.rows.left_out, self.rows.held_out
        train = self._standardized(rows.train)
        if left_out is not None:
            left_out = train if rows.same else self._standardized(left_out[0]), left_out[1]
        if held is not None:
            held = self._standardized(held)
        return replace(rows, train=train, left_out=left_out, held_out=held)

    def _standardized(self, rows: CheckedRows) -> CheckedRows:
        x = self.scalers[0].forward(rows.x, self.dtype)
        y = self.scalers[1].forward(rows.y, np.float64)
        weight = None if rows.weight is None else rows.weight / rows.weight.mean()
        return CheckedRows(x, y, weight)


def interval_rows(plan: FitPlan, dtype: Any) -> KeptRows | None:
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
    chosen = _copied(train, _evenly(len(train)))
    left_out, same, chosen_by = None, False, 1.0
    if plan.result is not None:
        left, outputs = plan.result.left, plan.result.predicted
        at = _evenly(len(left))
        same = len(left) == len(train) and len(train) <= MOST_ROWS
        rows = chosen if same else _copied(train, left if at is None else left[at])
        left_out = rows, np.array(outputs if at is None else outputs[at])
        weighted = sum(one.weight > 0.0 for one in plan.result.members)
        chosen_by = len(left) / max(len(left) - weighted, 1)
    held = plan.rows.held_out
    if held is not None:
        held = _copied(held, _evenly(len(held)))
    some = IntervalRows(chosen, len(train), left_out, same, held, chosen_by)
    return KeptRows(some, scalers, np.dtype(dtype).name)


def _evenly(n: int) -> NDArray[np.intp] | None:
    """At most so many of n numbers, evenly spaced; None: all."""
    if n <= MOST_ROWS:
        return None
    return np.arange(MOST_ROWS, dtype=np.intp) * n // MOST_ROWS


def _copied(rows: CheckedRows, index: Array | None) -> CheckedRows:
    """Rows of an index, None: all; those of weight 0 are left out."""
    if index is None and rows.weight is None:
        return CheckedRows(np.array(rows.x[:]), np.array(rows.y[:]))
    some = rows.take(np.arange(len(rows)) if index is None else index)
    return CheckedRows(some.x[:], some.y[:], some.weight)
