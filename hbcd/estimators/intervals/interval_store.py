"""What an estimator knows of its errors: kept rows, what is computed of them once, the file."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from numpy.typing import NDArray

from hbcd.estimators.fitting.fit_plan import FitPlan
from hbcd.estimators.intervals.interval_rows import IntervalRows, KeptRows, interval_rows
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.uncertainty.distance import MemberPart, member_parts

__all__ = ["IntervalStore"]

Array = NDArray[Any]


class IntervalStore(EstimatorParameters):
    """Keeps rows of a fit until errors are asked for; subclasses say what is known of them."""

    _interval_rows: IntervalRows | KeptRows | None
    _intervals: Any

    @abstractmethod
    def _computed_errors(self, rows: IntervalRows, parts: list[MemberPart]) -> Any:
        """What follows from the rows of a fit."""

    @abstractmethod
    def _error_arrays(self, known: Any) -> tuple[dict[str, Array], dict[str, Any]]:
        """What is known as arrays and JSON types."""

    @abstractmethod
    def _restored_errors(self, arrays: dict[str, Array], described: dict[str, Any]) -> Any:
        """What `_error_arrays` gave; ValueError, TypeError or KeyError where it is none."""

    def _still_kept(self, rows: IntervalRows) -> IntervalRows | None:
        """What of the rows is needed once errors are known."""
        return None

    def _keep_rows(self, plan: FitPlan) -> None:
        """Keeps rows of a fit that is done."""
        self._interval_rows = interval_rows(plan, self.theta_.dtype)

    def _forget_intervals(self) -> None:
        """The model is another one."""
        self._interval_rows = self._intervals = None

    def _member_parts(self) -> list[MemberPart]:
        return member_parts(getattr(self, "_members", []))

    def _rows_of_fit(self) -> IntervalRows | None:
        """The rows that a fit has kept, standardized."""
        kept = getattr(self, "_interval_rows", None)  # pickles of earlier versions have none
        if isinstance(kept, KeptRows):
            kept = self._interval_rows = kept.standardized()
        return kept

    def _errors_or_none(self) -> Any:
        """What is known, or follows from what the fit has kept."""
        known = getattr(self, "_intervals", None)  # pickles of earlier versions have none
        rows = self._rows_of_fit() if known is None else None
        if rows is not None:
            known = self._computed_errors(rows, self._member_parts())
            self._intervals, self._interval_rows = known, self._still_kept(rows)
        return known

    def _known_errors(self) -> Any:
        """What is known; ValueError with the remedy where that is nothing."""
        self._check_fitted()
        known = self._errors_or_none()
        if known is None:
            raise ValueError(
                f"{type(self).__name__}: no errors of rows left out are known after partial_fit, a "
                "fit on ranks or of one row, and of files of earlier versions: call "
                "conformalize(X, y) with rows that had no part in the training"
            )
        return known

    @property
    def interval_source_(self) -> str:
        """Where the errors come from that intervals, sets and calibration follow from.

        "out-of-fold": predictions of members that have not seen the row; "leave-one-out": one
        network's errors, enlarged by the leverage of the row; "held-out": rows of `eval_set`;
        "conformalize".
        """
        source: str = self._known_errors().source
        return source

    def _describe_intervals(self) -> tuple[dict[str, Array], dict[str, Any] | None]:
        """What a model file holds of the errors; nothing where they are not known."""
        known = self._errors_or_none()
        return ({}, None) if known is None else self._error_arrays(known)

    def _restore_intervals(self, arrays: dict[str, Array], document: dict[str, Any]) -> None:
        """Sets what a model file has."""
        described = document.get("intervals")  # files of earlier versions have none
        if described is not None:
            self._intervals = self._restored_errors(arrays, described)
