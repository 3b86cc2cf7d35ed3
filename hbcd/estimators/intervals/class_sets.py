"""What a fitted classifier says of its errors: calibrated probabilities and sets of classes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.intervals.class_errors import ClassErrors, SeenRows, compute_class_errors
from hbcd.estimators.intervals.interval_file import PREFIX, distance_arrays, restored_distance
from hbcd.estimators.intervals.interval_methods import as_level, tell_unproven
from hbcd.estimators.intervals.interval_rows import IntervalRows
from hbcd.estimators.intervals.intervals import CONFORMALIZE
from hbcd.estimators.targets.class_target import class_numbers, one_hot
from hbcd.networks.checked_rows import CheckedRows
from hbcd.streams.rows import Rows
from hbcd.uncertainty.calibration import KINDS, Calibrator, probabilities
from hbcd.uncertainty.distance import MemberPart
from hbcd.utils.validation import as_exact_weights

__all__ = ["ClassSets"]

Array = NDArray[Any]
PARTS = ("rows", "aside")


class ClassSets(HybridEstimator):
    """Adds `predict_set`, `conformalize` and what `calibrate` asks for."""

    classes_: Array
    calibrate: str | None = None  # pickles of earlier versions have none

    @abstractmethod
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes."""

    def _computed_errors(self, rows: IntervalRows, parts: list[MemberPart]) -> ClassErrors:
        return compute_class_errors(self.network_, self.theta_, rows, parts, self.n_threads)

    def _error_arrays(self, known: ClassErrors) -> tuple[dict[str, Array], dict[str, Any]]:
        found, described = distance_arrays(known)
        for name in PARTS:
            part: SeenRows | None = getattr(known, name)
            if part is not None:
                found |= {f"{name}_out": part.out, f"{name}_target": part.target}
                if part.weight is not None:
                    found[f"{name}_weight"] = part.weight
        arrays = {PREFIX + name: np.asarray(one, np.float64) for name, one in found.items()}
        return arrays, described

    def _restored_errors(self, arrays: dict[str, Array], described: dict[str, Any]) -> ClassErrors:
        distance, own = restored_distance(self.network_, self.theta_, arrays, described)
        parts: list[SeenRows | None] = []
        for name in PARTS:
            out = arrays.get(f"{PREFIX}{name}_out")
            if out is None:
                parts.append(None)
                continue
            target = arrays[f"{PREFIX}{name}_target"]
            weight = arrays.get(f"{PREFIX}{name}_weight")
            shape = (max(len(out), 1), self.network_.n_outputs)
            if out.shape != shape or target.shape != shape or not np.isfinite(out).all():
                raise ValueError(f"{PREFIX}{name}_out: must be finite outputs and as many targets")
            if weight is not None and weight.shape != shape[:1]:
                raise ValueError(f"{PREFIX}{name}_weight: must be a number for every row")
            parts.append(SeenRows(out, target, weight))
        return ClassErrors(described["source"], distance, own, parts[0], parts[1])

    def _check_choices(self) -> None:
        super()._check_choices()
        check_kind_of_calibration(getattr(self, "calibrate", None))

    def _calibrated(self, out: Array) -> Array:
        """Probabilities from outputs, as `calibrate` asks for them."""
        made = self._calibrator()
        if made is None:
            return probabilities(self.network_.loss, out)
        return np.asarray(made.of_outputs(self.network_.loss, out))

    def _calibrator(self) -> Calibrator | None:
        """What `calibrate` asks for; None where that is nothing."""
        kind = getattr(self, "calibrate", None)
        if kind is None:
            return None
        made: Calibrator | None = self._known_errors().calibrator(
            check_kind_of_calibration(kind), self.network_.loss
        )
        if made is None:
            raise ValueError(
                f"calibrate={kind!r}: no outputs for rows that had no part in the training are "
                "known: fit with eval_set, or by members"
            )
        return made

    def predict_set(self, X: ArrayLike | pd.DataFrame | Rows, confidence_level: float = 0.9) -> Any:
        """Sets of classes that a new row's class is in with a probability.

        Every class whose probability is at least that which ``confidence_level`` of the rows left
        out had for their own class (with the one more that exchangeable rows ask for), and the most
        probable class in any case: of all sets that hold the class so often those are the smallest
        [1]_.  ``interval_source_`` says which rows these are; after `conformalize` the share is at
        least the level in the mean, whatever the network is.

        Parameters
        ----------
        X : array_like, DataFrame of shape (rows, features), or Rows
        confidence_level : float, default 0.9
            Above 0, below 1.

        Returns
        -------
        ndarray of bool, shape (rows, n_classes)
            In the order of `classes_`.  A DataFrame where `set_output` asked for it.

        Raises
        ------
        ValueError
            A level that is no such probability; no rows left out are known, as after `partial_fit`:
            `conformalize` provides them.

        Warns
        -----
        UserWarning
            Rows of `conformalize` are too few for the guarantee: n prove levels up to n / (n + 1).

        References
        ----------
        .. [1] M. Sadinle, J. Lei, L. Wasserman, Least ambiguous set-valued classifiers with bounded
           error levels, J. Amer. Statist. Assoc. 114 (2019).
        """
        level = as_level(confidence_level)
        known, kind = self._known_errors(), check_kind_of_calibration(self.calibrate)
        least = known.least_probability(kind, self.network_.loss, level)
        if least is None:
            raise ValueError(
                "predict_set: no outputs for rows that had no part in the training are known: call "
                "conformalize(X, y)"
            )
        if known.source == CONFORMALIZE:
            tell_unproven(known.scores(kind, self.network_.loss), level)
        chances = np.asarray(self.predict_proba(X), np.float64)
        found = chances >= least
        np.put_along_axis(found, chances.argmax(axis=1)[:, np.newaxis], True, axis=1)
        return self._output(found, X, self.classes_)

    def conformalize(
        self, X: ArrayLike | pd.DataFrame, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Has `predict_set` follow from rows that had no part in the training.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)
        y : array_like of shape (rows,)
            Labels among `classes_`.
        sample_weight : array_like of shape (rows,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Bad input, in one line; sets stay what they were.
        """
        x, out = self._inputs_and_outputs(X)
        target = one_hot(class_numbers(y, len(out), self.classes_), self.classes_.size)
        weight = as_exact_weights(sample_weight, len(out))
        if weight is not None:
            kept = weight > 0
            x, out, target, weight = x[kept], out[kept], target[kept], weight[kept]
        known, rows = self._errors_or_none(), SeenRows(out, target, weight)
        if known is None:
            kept_rows = CheckedRows(x, target, weight)
            given = IntervalRows(kept_rows, len(out), (kept_rows, out), same=True, held_out=None)
            made = self._computed_errors(given, self._member_parts())
            known = ClassErrors(made.source, made.distance, made.own, None)
        self._intervals = known.conformalized(rows, CONFORMALIZE)
        self._interval_rows = None
        return self


def check_kind_of_calibration(kind: Any) -> str | None:
    """A checked `calibrate`."""
    if kind is not None and not (isinstance(kind, str) and kind in KINDS):
        raise ValueError(f"calibrate={kind!r}: must be 'isotonic', 'temperature' or None")
    return kind
