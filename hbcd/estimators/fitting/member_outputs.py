"""What an estimator knows of its members, and the range that predictions are kept within."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.estimators.parameters import EstimatorParameters
from hbcd.members.fit_members import Member
from hbcd.members.fit_network import MemberResult
from hbcd.utils.scaling import Scaler
from hbcd.utils.validation import check_number

__all__ = ["MemberOutputs", "as_output_range"]

Array = NDArray[Any]
COLUMNS = ("name", "widths", "pieces", "networks", "alpha", "loss", "weight")
OTHER_UNITS = 0.9  # the share of targets beyond `output_range` that is taken for other units
MARGIN = 0.5  # of the range of the training targets, beyond it on either side


def as_output_range(value: Any) -> tuple[float, float] | None:
    """A checked pair, or None for "auto" and None."""
    if value is None or (isinstance(value, str) and value == "auto"):
        return None
    rule = f"output_range={value!r}: must be 'auto', None or a pair (least, most)"
    if isinstance(value, str):
        raise ValueError(rule)
    try:
        low, high = value
    except (TypeError, ValueError):
        raise ValueError(rule) from None
    low, high = (check_number("output_range", end) for end in (low, high))
    assert low is not None
    assert high is not None
    if not low < high:
        raise ValueError(f"output_range={value!r}: must have its least value first")
    return float(low), float(high)


def _bends(result: MemberResult | None) -> bool:
    """Whether predictions may be wild: a line goes on as it should beyond what was seen."""
    if result is None:
        return False
    return any(one.weight and one.architecture is not None for one in result.members)


def _described(member: Member) -> dict[str, Any]:
    architecture = member.architecture
    return {
        "name": member.name,
        "widths": () if architecture is None else architecture.widths,
        "pieces": 0 if architecture is None else architecture.pieces,
        "networks": len(member.stage.thetas),
        "alpha": float(member.stage.alpha),
        "loss": float(member.stage.loss),
        "weight": float(member.weight),
    }


class MemberOutputs(EstimatorParameters):
    """Adds `members_`, `oof_prediction_` and `output_range_`."""

    @property
    def members_(self) -> pd.DataFrame:
        """Every member tried, a row each."""
        self._check_fitted()
        return pd.DataFrame(self._members, columns=list(COLUMNS))

    def _set_members(
        self,
        result: MemberResult | None,
        place: NDArray[np.intp] | None,
        y: Array,
        scaler: Scaler,
        *,
        resumes: bool,
    ) -> None:
        """Sets what a fit knows of its members.

        Parameters
        ----------
        result : MemberResult or None
            None: one network was trained.
        place : ndarray of int, shape (rows,), or None
            The training row of each row of the table, -1 for none; None: they are in a file.
        y : ndarray of shape (training rows, outputs)
            Targets in their units.
        scaler : Scaler
            Of the targets.
        resumes : bool
            Whether training went on from an earlier fit, whose range then grows.
        """
        self._members = [] if result is None else [_described(m) for m in result.members]
        self.output_range_ = self._range(y, by_members=_bends(result), resumes=resumes)
        self.oof_prediction_ = None
        if result is not None and place is not None:
            seen = place >= 0
            found = np.full((place.size, y.shape[1]), np.nan)
            known = result.of_rows(int(place.max()) + 1)
            found[seen] = known[place[seen]]
            self.oof_prediction_ = self._oof(found, result, scaler)

    def _range(self, y: Array, *, by_members: bool, resumes: bool) -> Array | None:
        """The ends (2, outputs) that predictions are kept within; None: there are none."""
        choice = getattr(self, "output_range", None)
        pair = as_output_range(choice)
        if pair is not None:
            outside = int(((y < pair[0]) | (y > pair[1])).any(axis=1).sum())
            if outside > len(y) * OTHER_UNITS:
                text = f"output_range={choice!r}: {outside} of {len(y)} training targets lie "
                text += f"outside, from {y.min():g} to {y.max():g}; must be in their units"
                warnings.warn(text, UserWarning, stacklevel=2)
            return np.repeat(np.array(pair)[:, np.newaxis], y.shape[1], axis=1)
        known: Array | None = getattr(self, "output_range_", None) if resumes else None
        if choice is None or not (by_members or known is not None):
            return None
        low, high = y.min(axis=0), y.max(axis=0)
        margin = MARGIN * high - MARGIN * low  # of numbers whose difference may be beyond float64
        with np.errstate(over="ignore"):
            ends = np.array([low - margin, high + margin], dtype=np.float64)
        largest = np.finfo(np.float64).max
        ends = np.clip(ends, -largest, largest)
        if by_members or known is None:
            return ends
        return np.array([np.minimum(known[0], ends[0]), np.maximum(known[1], ends[1])])

    @abstractmethod
    def _oof(self, found: Array, result: MemberResult, scaler: Scaler) -> Array:
        """Predictions for rows that the members had not seen, in the target's units."""
