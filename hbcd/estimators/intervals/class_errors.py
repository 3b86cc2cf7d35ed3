"""What a classifier knows of rows that its networks have not seen: for calibration and sets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.intervals.interval_rows import IntervalRows
from hbcd.estimators.intervals.intervals import (
    HELD_OUT,
    LEAVE_ONE_OUT,
    OUT_OF_FOLD,
    sorted_quantiles,
)
from hbcd.networks.data import into_core
from hbcd.networks.evaluation import NetworkEvaluation
from hbcd.networks.layout import kind_of
from hbcd.networks.linear_model import LinearModel
from hbcd.parts.losses import Loss, has_curvature
from hbcd.uncertainty.calibration import (
    Calibrator,
    cross_fitted,
    fit_calibrator,
    probabilities,
)
from hbcd.uncertainty.conformal import Scores
from hbcd.uncertainty.distance import Distance, MemberPart, fit_distance
from hbcd.utils.validation import effective_threads

__all__ = ["ClassErrors", "SeenRows", "compute_class_errors"]

Array = NDArray[Any]
MOST_PARAMETERS = 1500  # whose matrix is formed


@dataclass(frozen=True)
class SeenRows:
    """Outputs for rows that the networks have not seen, and what these rows are.

    Attributes
    ----------
    out, target : ndarray of shape (rows, n_outputs)
    weight : ndarray of shape (rows,) or None
    """

    out: Array
    target: Array
    weight: Array | None

    def truth(self) -> NDArray[np.intp]:
        """The number of each row's class."""
        if self.target.shape[1] == 1:
            return np.asarray(self.target[:, 0] > 0.5, np.intp)
        return np.asarray(self.target.argmax(axis=1), np.intp)


@dataclass(frozen=True)
class ClassErrors:
    """What calibration and prediction sets follow from.

    Attributes
    ----------
    source : str
        Where the rows come from.
    distance : Distance
    own : ndarray
        The training rows' own leverage, sorted; of many so many quantiles.
    rows : SeenRows or None
        Calibrators are fitted to these.
    aside : SeenRows or None
        Rows of `conformalize`, which sets then follow from.
    """

    source: str
    distance: Distance
    own: NDArray[np.float64]
    rows: SeenRows | None
    aside: SeenRows | None = None
    _known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def calibrator(self, kind: str | None, loss: Loss) -> Calibrator | None:
        """The calibrator of a kind; None where no rows are known to fit it to."""
        if kind is not None and self.rows is None:
            return None
        if kind not in self._known:
            rows = self.rows
            self._known[kind] = (
                Calibrator(1.0, [])
                if kind is None or rows is None
                else fit_calibrator(kind, loss, rows.out, rows.target, rows.weight)
            )
        made: Calibrator = self._known[kind]
        return made

    def least_probability(self, kind: str | None, loss: Loss, level: float) -> float | None:
        """The probability from which on a class is in a set; None where no rows are known."""
        known = self.scores(kind, loss)
        return None if known is None else 1.0 - known.ends(level)[1]

    def scores(self, kind: str | None, loss: Loss) -> Scores | None:
        """1 minus the probability of the class that a row is of; None where no rows are known."""
        if ("scores", kind) not in self._known:
            self._known["scores", kind] = self._scores(kind, loss)
        found: Scores | None = self._known["scores", kind]
        return found

    def _scores(self, kind: str | None, loss: Loss) -> Scores | None:
        """1 minus the probability of the class that a row is of."""
        rows = self.aside or self.rows
        if rows is None:
            return None
        if self.aside is not None:
            made = self.calibrator(kind, loss)
            chance = (
                probabilities(loss, rows.out) if made is None else made.of_outputs(loss, rows.out)
            )
        else:
            chance = cross_fitted(kind, loss, rows.out, rows.target, rows.weight)
        own = np.take_along_axis(chance, rows.truth()[:, np.newaxis], axis=1)[:, 0]
        return Scores(1.0 - own, rows.weight, signed=False)

    def conformalized(self, rows: SeenRows, source: str) -> ClassErrors:
        """The same whose sets follow from other rows, which had no part in the training."""
        return replace(self, source=source, aside=rows, _known={})


def compute_class_errors(
    network: NetworkEvaluation,
    theta: Array,
    rows: IntervalRows,
    parts: list[MemberPart],
    n_threads: int | None,
) -> ClassErrors:
    """From the rows of a fit.

    Parameters
    ----------
    network : NetworkEvaluation
    theta : ndarray of shape (n_parameters,)
    rows : IntervalRows
    parts : list of MemberPart
    n_threads : int or None
    """
    train, held = rows.train, rows.held_out
    copies = rows.counted / len(train)
    distance, own = fit_distance(network, theta, train.x, train.weight, parts, copies, n_threads)
    found: SeenRows | None
    if held is not None:
        source = HELD_OUT
        out = network.predict(theta, held.x, n_threads=n_threads).astype(np.float64)
        found = SeenRows(out, held.y, held.weight)
    elif rows.left_out is not None:
        source, (judged, out) = OUT_OF_FOLD, rows.left_out
        found = SeenRows(out.astype(np.float64), judged.y, judged.weight)
    else:
        source, found = LEAVE_ONE_OUT, None
        dense = all(kind_of(layer) == "dense" for layer in network.layers[1:])
        formed = theta.size <= MOST_PARAMETERS and dense and has_curvature(network.loss)
        if formed and not network.core_network(theta.dtype).calls_python:
            threads = effective_threads(n_threads)
            data = into_core(train, theta.dtype, threads, 0.0)
            model = LinearModel(network, data, theta, threads, len(train))
            found = SeenRows(model.outputs_without, train.y, train.weight)
    return ClassErrors(source, distance, sorted_quantiles(own), found)
