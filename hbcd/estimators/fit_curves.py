"""The losses and scores of a fit over its passes, under the names of scikit-learn's MLP."""

from __future__ import annotations

from hbcd.estimators.parameters import EstimatorParameters
from hbcd.parts.report import FitReport

__all__ = ["FitCurves"]


class FitCurves(EstimatorParameters):
    """Adds `loss_curve_` and its companions, which are read off the report."""

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss at the end of every pass over the data, or phase."""
        return self._report().at_sweep_ends("loss")

    @property
    def validation_scores_(self) -> list[float] | None:
        """The metric of `early_stopping` at the same times; None without one."""
        known = self._report().validation_score
        return None if known != known else self._report().at_sweep_ends("validation_score")

    @property
    def best_validation_score_(self) -> float | None:
        """That of the parameters that are kept; None without a metric."""
        known = self._report().validation_score
        return None if known != known else known

    def _report(self) -> FitReport:
        self._check_fitted()
        return self.report_
