"""The intervals of an estimator: kept rows, what is computed of them once, and the model file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from hbcd.estimators.fit_plan import FitPlan
from hbcd.estimators.interval_file import interval_arrays, restored_intervals
from hbcd.estimators.interval_rows import IntervalRows, interval_rows
from hbcd.estimators.intervals import (
    CONFORMALIZE,
    Intervals,
    compute_intervals,
    is_signed,
)
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.networks.checked_rows import CheckedRows
from hbcd.uncertainty.distance import member_parts

__all__ = ["IntervalStore"]

Array = NDArray[Any]


class IntervalStore(EstimatorParameters):
    """Keeps rows of a fit until intervals are asked for."""

    _interval_rows: IntervalRows | None
    _intervals: Intervals | None

    def _keep_rows(self, plan: FitPlan) -> None:
        """Keeps rows of a fit that is done."""
        if self._estimator_type == "regressor":
            self._interval_rows = interval_rows(plan, self.theta_.dtype)

    def _forget_intervals(self) -> None:
        """The model is another one."""
        self._interval_rows = self._intervals = None

    def _intervals_or_none(self) -> Intervals | None:
        """Those that are known or follow from what the fit has kept."""
        known: Intervals | None = getattr(self, "_intervals", None)  # pickles before 0.3 have none
        rows: IntervalRows | None = getattr(self, "_interval_rows", None)
        if known is None and rows is not None:
            parts = member_parts(getattr(self, "_members", []))
            known = compute_intervals(self.network_, self.theta_, rows, parts, self.n_threads)
            self._intervals, self._interval_rows = known, None
        return known

    def _known_intervals(self) -> Intervals:
        """Those of the model; ValueError with the remedy where nothing is known of its errors."""
        self._check_fitted()
        known = self._intervals_or_none()
        if known is None:
            raise ValueError(
                "intervals: no errors of rows left out are known after partial_fit, a fit on ranks "
                "and of files of earlier versions: call conformalize(X, y) with rows that had no "
                "part in the training"
            )
        return known

    def _of_unseen(self, rows: CheckedRows, out: Array) -> Intervals:
        """Intervals from rows that had no part in the training alone."""
        kept = IntervalRows(rows, len(rows), (rows, out), same=True, held_out=None)
        parts = member_parts(getattr(self, "_members", []))
        found = compute_intervals(self.network_, self.theta_, kept, parts, self.n_threads)
        loss, threads = self.network_.loss, self.n_threads
        # A scale of these rows' own would not be independent of their errors.
        plain = replace(found, scaled=False)
        return plain.conformalized(rows, out, loss, threads, CONFORMALIZE)

    def _describe_intervals(self) -> tuple[dict[str, Array], dict[str, Any] | None]:
        """What a model file holds of them; nothing where they are not known."""
        known = self._intervals_or_none()
        return ({}, None) if known is None else interval_arrays(known)

    def _restore_intervals(self, arrays: dict[str, Array], document: dict[str, Any]) -> None:
        """Sets what a model file has."""
        described = document.get("intervals")  # files of earlier versions have none
        if described is not None:
            signed = is_signed(self.network_.loss)
            self._intervals = restored_intervals(
                self.network_, self.theta_, signed, arrays, described
            )
