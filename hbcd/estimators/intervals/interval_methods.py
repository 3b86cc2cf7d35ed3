"""What a fitted regressor says of its errors: intervals, standard deviations, conformal rows."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.fitting.member_outputs import as_output_range
from hbcd.estimators.fitting.streamed_rows import for_pieces
from hbcd.estimators.intervals.interval_file import interval_arrays, restored_intervals
from hbcd.estimators.intervals.interval_rows import MOST_ROWS, IntervalRows
from hbcd.estimators.intervals.intervals import (
    CONFORMALIZE,
    Intervals,
    compute_intervals,
    is_signed,
)
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.networks.checked_rows import CheckedRows
from hbcd.parts.losses import Poisson, SquaredError
from hbcd.streams.rows import Rows
from hbcd.uncertainty.conformal import Scores
from hbcd.uncertainty.distance import MemberPart
from hbcd.uncertainty.influence import Influence
from hbcd.utils.validation import as_weights, check_number

__all__ = ["IntervalMethods"]

Array = NDArray[Any]
ONE_SIGMA = 0.6826894921370859  # probability of a normal variable within its standard deviation
FULL_CONFORMAL = "full_conformal"
METHODS = ("auto", FULL_CONFORMAL)


def as_level(value: Any, name: str = "confidence_level") -> float:
    """A checked confidence level."""
    level = check_number(name, value, low=0.0, high=1.0, open_low=True, open_high=True)
    assert level is not None
    return level


def tell_unproven(scores: Scores, level: float) -> None:
    """Warns where rows of `conformalize` are too few for the guarantee of a level."""
    text = scores.missing_proof(level)
    if text:
        warnings.warn(text, UserWarning, stacklevel=3)


class IntervalMethods(HybridEstimator):
    """Adds `predict_interval`, `conformalize`, `interval_source_`."""

    _flat: bool
    _joined: Influence | None

    @abstractmethod
    def _known_transform(self) -> TargetTransform | None:
        """The transform of the targets."""

    def _computed_errors(self, rows: IntervalRows, parts: list[MemberPart]) -> Intervals:
        return compute_intervals(self.network_, self.theta_, rows, parts, self.n_threads)

    def _error_arrays(self, known: Intervals) -> tuple[dict[str, Array], dict[str, Any]]:
        return interval_arrays(known)

    def _restored_errors(self, arrays: dict[str, Array], described: dict[str, Any]) -> Intervals:
        signed = is_signed(self.network_.loss)
        return restored_intervals(self.network_, self.theta_, signed, arrays, described)

    def _still_kept(self, rows: IntervalRows) -> IntervalRows | None:
        whole = rows.counted == len(rows.train) and rows.train.weight is None
        squared = type(self.network_.loss) is SquaredError
        return replace(rows, left_out=None, held_out=None) if whole and squared else None

    def _forget_intervals(self) -> None:
        super()._forget_intervals()
        self._joined = None

    def predict_interval(
        self,
        X: ArrayLike | pd.DataFrame | Rows,
        confidence_level: float = 0.9,
        method: str = "auto",
    ) -> Any:
        """Intervals that a new row's target lies in with a probability.

        From errors of rows that had no part in what predicts them [2]_, each over its scale [3]_
        ``s(x) = g(x) sqrt(1 + k(x) + v(x))``: g the size of errors where that depends on the
        inputs, k the leverage of the row in the last hidden layers and the inputs, v what the
        members' variance exceeds that of training rows by, over the mean squared error.  An
        interval is the prediction and the conformal quantile [1]_ of the errors times s(x) on
        either side; for losses that are not symmetric (quantile, Poisson, custom ones) each side
        has a quantile of its own.  ``interval_source_`` says which errors these are.

        Parameters
        ----------
        X : array_like, DataFrame of shape (rows, features), or Rows
        confidence_level : float, default 0.9
            The probability, above 0 and below 1.
        method : {"auto", "full_conformal"}, default "auto"
            "full_conformal" has the row itself join the training rows with each target it may have,
            and keeps those whose residual is not among the largest of all; the interval is the hull
            of these [4]_.  How residuals follow such a target is taken from the Gauss-Newton matrix
            of all parameters, in place of a fit for each: without hidden layers the set is that of
            fits, under a scaling that has not seen the row; else it is an approximation.  For
            squared errors, and in the process of a fit of at most 4000 rows without weights.  An
            end is infinite where too few rows say anything at the level.

        Returns
        -------
        ndarray of shape (rows, 2), or (rows, outputs, 2) where y had two axes
            Lower and upper ends in the target's units; of transformed targets the ends are those
            of the transformed one, mapped back.  A DataFrame where `set_output` asked for it and y
            had one axis.  They are computed once, at the first call or by `save`.

        Raises
        ------
        ValueError
            A level that is no such probability; no errors are known, as after `partial_fit`:
            `conformalize` provides them.  A method that is none, or that needs what is not there.

        Warns
        -----
        UserWarning
            Rows of `conformalize` are too few for the guarantee: n rows prove levels up to
            n / (n + 1), of losses that are not symmetric up to (n - 1) / (n + 1).

        References
        ----------
        .. [1] V. Vovk, A. Gammerman, G. Shafer, Algorithmic learning in a random world (2005).
        .. [2] R. F. Barber et al., Predictive inference with the jackknife+, Ann. Statist. 49
           (2021).
        .. [3] H. Papadopoulos et al., Normalized nonconformity measures for regression (2008).
        .. [4] D. Tailor, A. H. C. Correia, E. Nalisnick, C. Louizos, Approximating full conformal
           prediction for neural network regression with Gauss-Newton influence, ICLR (2025).
        """
        if not (isinstance(method, str) and method in METHODS):
            raise ValueError(f"method={method!r:.100}: must be 'auto' or 'full_conformal'")
        level = as_level(confidence_level)
        if method != FULL_CONFORMAL:
            known = self._known_errors()
            if known.source == CONFORMALIZE:
                tell_unproven(known.scores[0], level)
        found = self._intervals_of(X, level, method)
        if not self._flat:
            return found
        return self._output(found[:, 0], X, np.array(["lower", "upper"], dtype=object))

    def _intervals_of(self, X: Any, level: float, method: str = "auto") -> Array:
        """Lower and upper ends, (rows, outputs, 2)."""
        if isinstance(X, Rows):
            self._check_fitted()
            parts = for_pieces(
                X, self.encoder_, lambda piece: self._intervals_of(piece.inputs, level, method)
            )
            return np.concatenate(parts)
        x, out = self._inputs_and_outputs(X)
        loss = self.network_.loss
        if method == FULL_CONFORMAL:
            reach = self._influence().reaches(x, level)
            below, above = np.where(self.y_scaler_.scale == 0.0, 0.0, reach)
            z = np.stack([out - below, out + above])
        else:
            z = self._known_errors().ends(x, out, loss, level, self.n_threads)
        if type(loss) is Poisson:
            z = np.maximum(z, 0.0)
        ends = self.y_scaler_.backward(z)
        transform = self._known_transform()
        if transform is not None:
            ends = np.stack([transform.inverse(end) for end in ends])
        ends = self._within_range(ends)
        return ends.transpose(1, 2, 0)

    def _influence(self) -> Influence:
        """That of a row on the training rows, computed once; ValueError without these."""
        known = getattr(self, "_joined", None)  # pickles of earlier versions have none
        if known is None:
            known = self._joined = self._computed_influence()
        return known

    def _computed_influence(self) -> Influence:
        what, remedy = f"method={FULL_CONFORMAL!r}", "use method='auto'"
        if type(self.network_.loss) is not SquaredError:
            raise ValueError(f"{what}: is for squared errors, not {self.network_.loss!r}: {remedy}")
        kept = self._rows_of_fit()
        if kept is None or kept.counted != len(kept.train) or kept.train.weight is not None:
            raise ValueError(
                f"{what}: needs all training rows, which a fit of at most {MOST_ROWS} without "
                "sample_weight keeps, but no file, partial_fit nor ranks: call fit, or "
                f"{remedy}"
            )
        network, members = self.network_, getattr(self, "_members", [])
        return Influence(network, self.theta_, kept.train, members, self.n_threads)

    def _within_range(self, ends: Array) -> Array:
        """Ends of intervals that reach into the range that predictions are kept within.

        Where the user gave that range, they do not leave it either.
        """
        known: Array | None = getattr(self, "output_range_", None)
        if known is None:
            return ends
        if as_output_range(getattr(self, "output_range", None)) is not None:
            return np.clip(ends, *known)
        return np.stack([np.minimum(ends[0], known[1]), np.maximum(ends[1], known[0])])

    def _standard_deviations(self, X: Any) -> Array:
        """Of the errors of predictions, (rows,) or (rows, outputs)."""
        if isinstance(X, Rows):
            parts = for_pieces(X, self.encoder_, lambda p: self._standard_deviations(p.inputs))
            return np.concatenate(parts)
        if self._known_transform() is not None:
            ends = self._intervals_of(X, ONE_SIGMA)
            found = 0.5 * (ends[..., 1] - ends[..., 0])
        else:
            x, out = self._inputs_and_outputs(X)
            intervals = self._known_errors()
            scale = intervals.scale(x, out, self.network_.loss, self.n_threads)
            each = np.array([one.root_mean_square for one in intervals.scores])
            found = scale * each * self.y_scaler_.scale
        return found[:, 0] if self._flat else found

    def conformalize(
        self, X: ArrayLike | pd.DataFrame, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Has intervals follow from rows that had no part in the training.

        The share of intervals that hold a new row's target is then at least the level in the mean
        over such rows, whatever the network is, where new rows are as these (split
        conformal), and where there are rows enough: n of them for levels up to n / (n + 1).

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)
        y : array_like of shape (rows,) or (rows, outputs)
        sample_weight : array_like of shape (rows,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Bad input, in one line; intervals stay what they were.
        """
        self._check_fitted()
        features = self._features(X)
        rows, known = self._conformal_rows(features, y, sample_weight), self._errors_or_none()
        out = self._outputs(X)
        if rows.weight is not None:
            out, rows = out[rows.weight > 0], rows.that_count()
        if known is None:
            self._intervals = self._of_unseen(rows, out)
        else:
            loss, threads = self.network_.loss, self.n_threads
            self._intervals = known.conformalized(rows, out, loss, threads, CONFORMALIZE)
        return self

    def _of_unseen(self, rows: CheckedRows, out: Array) -> Intervals:
        """Intervals from rows that had no part in the training alone."""
        kept = IntervalRows(rows, len(rows), (rows, out), same=True, held_out=None)
        found = self._computed_errors(kept, self._member_parts())
        # A scale of these rows' own would not be independent of their errors.
        plain = replace(found, scaled=False)
        loss, threads = self.network_.loss, self.n_threads
        return plain.conformalized(rows, out, loss, threads, CONFORMALIZE)

    def _conformal_rows(self, features: Array, y: Any, sample_weight: Any) -> CheckedRows:
        """Rows as the network sees them."""
        n = len(features)
        target = self._learning_target(y, n, sample_weight, None)
        values = target.values
        if values.shape[1] != self.n_outputs_:
            raise ValueError(f"y: has {values.shape[1]} columns, must have {self.n_outputs_}")
        transform = self._known_transform()
        values = values if transform is None else transform.forward(values)
        fixed = self.y_scaler_.scale == 0.0
        if not np.allclose(values[:, fixed], self.y_scaler_.mean[fixed], rtol=1e-9, atol=0.0):
            raise ValueError(
                "y: varies, but did not in training, so that the model has no scale for errors; "
                "fit on rows in which it does"
            )
        return CheckedRows(
            self.x_scaler_.forward(features, self.theta_.dtype),
            self.y_scaler_.forward(values, np.float64),
            as_weights(target.weight, n),
        )
