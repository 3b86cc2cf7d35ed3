"""Intervals of a fitted network: the scale of its errors at a row, and how they spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.intervals.interval_rows import IntervalRows
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.evaluation import NetworkEvaluation
from hbcd.parts.losses import AbsoluteError, Huber, LogCosh, Loss, Poisson, SquaredError
from hbcd.uncertainty.conformal import Scores
from hbcd.uncertainty.distance import Distance, MemberPart, fit_distance
from hbcd.uncertainty.leave_one_out import leave_one_out, no_less_than_linear
from hbcd.uncertainty.leverage import fresh
from hbcd.uncertainty.noise_scale import NoiseScale, fit_noise_scale
from hbcd.utils.validation import effective_threads

__all__ = [
    "CONFORMALIZE",
    "HELD_OUT",
    "LEAVE_ONE_OUT",
    "OUT_OF_FOLD",
    "SOURCES",
    "Intervals",
    "compute_intervals",
    "is_signed",
    "sorted_quantiles",
]

Array = NDArray[Any]
OUT_OF_FOLD, LEAVE_ONE_OUT, HELD_OUT = "out-of-fold", "leave-one-out", "held-out"
CONFORMALIZE = "conformalize"
SOURCES = (OUT_OF_FOLD, LEAVE_ONE_OUT, HELD_OUT, CONFORMALIZE)
SYMMETRIC = (SquaredError, AbsoluteError, Huber, LogCosh)
MOST_OWN = 512  # quantiles of the training rows' leverage that are kept
MOST_AVERAGED = 0.75  # of the mean squared error that averaging over folds takes away
SEEN_SPREAD = 0.99  # quantile of the training rows' spread, above which spread counts


@dataclass(frozen=True)
class Intervals:
    """What intervals follow from, in the units of the standardized, transformed target.

    Attributes
    ----------
    source : str
        Where the errors come from.
    distance : Distance
    factor : float
        Of the leverage, so that its mean is that of all parameters.
    own : ndarray
        The training rows' own leverage, sorted; of many so many quantiles.
    usual_spread, variance : ndarray of shape (n_outputs,)
        The members' variance that training rows have, and the mean squared error.
    noise : list of NoiseScale
        Of every output.
    scores : list of Scores
        Errors over their scales, of every output.
    scaled : bool
        False: all rows have the same scale.
    """

    source: str
    distance: Distance
    factor: float
    own: NDArray[np.float64]
    usual_spread: NDArray[np.float64]
    variance: NDArray[np.float64]
    noise: list[NoiseScale]
    scores: list[Scores]
    scaled: bool = True

    def scale(self, x: Array, out: Array, loss: Loss, n_threads: int | None) -> Array:
        """The scale of errors (rows, n_outputs).

        Parameters
        ----------
        x : ndarray of shape (rows, n_inputs)
            Standardized.
        out : ndarray of shape (rows, n_outputs)
            Outputs of the network.
        loss : Loss
        n_threads : int or None
        """
        root = _root(out, loss)
        if not self.scaled:
            return np.ones(out.shape) if root is None else root
        leverage, spread = self.distance.of_rows(x, n_threads)
        grown = 1.0 + self.factor * leverage[:, np.newaxis]
        if spread is not None:
            grown = grown + np.maximum(spread - self.usual_spread, 0.0) / self.variance
        scale: Array = np.sqrt(grown)
        sizes = [one.of_rows(x, out[:, k]) for k, one in enumerate(self.noise)]
        scale = scale * (sizes[0][:, np.newaxis] if len(sizes) == 1 else np.column_stack(sizes))
        return scale if root is None else scale * root

    def ends(self, x: Array, out: Array, loss: Loss, level: float, n_threads: int | None) -> Array:
        """Lower and upper ends of intervals, (2, rows, n_outputs).

        Parameters
        ----------
        x, out, loss, n_threads
            As for `scale`.
        level : float
        """
        scale, center = self.scale(x, out, loss, n_threads), loss.mean(out)
        reach = np.array([one.ends(level) for one in self.scores]).T
        ends: Array = reach[:, np.newaxis] * scale
        ends += center
        return ends

    def conformalized(
        self, rows: CheckedRows, out: Array, loss: Loss, n_threads: int | None, source: str
    ) -> Intervals:
        """The same with the errors of other rows, which had no part in the training.

        Parameters
        ----------
        rows : CheckedRows
        out : ndarray of shape (rows, n_outputs)
        loss, n_threads
            As for `scale`.
        source : str
        """
        errors = (rows.y - loss.mean(out)) / self.scale(rows.x, out, loss, n_threads)
        return replace(self, source=source, scores=_scores(errors, rows.weight, loss))


def compute_intervals(
    network: NetworkEvaluation,
    theta: Array,
    rows: IntervalRows,
    parts: list[MemberPart],
    n_threads: int | None,
) -> Intervals:
    """Intervals from the rows of a fit.

    Parameters
    ----------
    network : NetworkEvaluation
    theta : ndarray of shape (n_parameters,)
    rows : IntervalRows
    parts : list of MemberPart
    n_threads : int or None
    """
    loss, train = network.loss, rows.train
    copies = rows.counted / len(train)
    distance, own = fit_distance(network, theta, train.x, train.weight, parts, copies, n_threads)
    leverage, factor = own, 1.0
    if rows.left_out is not None:
        source, (judged, out) = OUT_OF_FOLD, rows.left_out
        out = out.astype(np.float64)
        errors = judged.y - loss.mean(out)
        if type(loss) is SquaredError:
            mean = np.average(np.square(errors), axis=0, weights=judged.weight)
            less = distance.averaged(train.x, parts, n_threads) / np.maximum(mean, 1e-300)
            errors = errors * np.sqrt(1.0 - np.minimum(less, MOST_AVERAGED))
        errors = errors * np.sqrt(rows.chosen_by)
        if not rows.same:
            leverage = distance.of_rows(judged.x, n_threads)[0].astype(np.float64)
    else:
        source, judged = LEAVE_ONE_OUT, train
        out = network.predict(theta, train.x, n_threads=n_threads).astype(np.float64)
        errors, h = leave_one_out(
            network,
            theta,
            train,
            rows.counted,
            out,
            effective_threads(n_threads),
        )
        if not is_signed(loss):
            errors = no_less_than_linear(errors, train)
        factor = float(fresh(h).mean() / max(float(own.mean()), 1e-300))
    base = np.repeat(np.sqrt(1.0 + factor * leverage)[:, np.newaxis], errors.shape[1], axis=1)
    root = _root(out, loss)
    base = base if root is None else base * root
    found = [
        fit_noise_scale(judged.x, out[:, k], errors[:, k] / base[:, k], judged.weight)
        for k in range(errors.shape[1])
    ]
    noise = [scale for scale, _ in found]
    scores = errors / (base * np.column_stack([sizes for _, sizes in found]))
    spread = distance.of_rows(train.x, n_threads)[1]
    usual = np.zeros(errors.shape[1])
    if spread is not None:
        usual = np.quantile(spread, SEEN_SPREAD, axis=0)
    variance = np.average(np.square(errors), axis=0, weights=judged.weight)
    intervals = Intervals(
        source,
        distance,
        factor,
        sorted_quantiles(own),
        usual,
        np.maximum(variance, 1e-300),
        noise,
        _scores(scores, judged.weight, loss),
    )
    held = rows.held_out
    if held is None:
        return intervals
    out = network.predict(theta, held.x, n_threads=n_threads).astype(np.float64)
    return intervals.conformalized(held, out, loss, n_threads, HELD_OUT)


def _root(out: Array, loss: Loss) -> Array | None:
    """What errors grow with by the nature of the loss: of counts the root of their mean."""
    return np.sqrt(loss.mean(out)) if type(loss) is Poisson else None


def is_signed(loss: Loss) -> bool:
    """Whether errors have no reason to be symmetric, so that each side has its quantiles."""
    return type(loss) not in SYMMETRIC


def _scores(errors: Array, weight: Array | None, loss: Loss) -> list[Scores]:
    signed = is_signed(loss)
    return [Scores(errors[:, k], weight, signed=signed) for k in range(errors.shape[1])]


def sorted_quantiles(values: Array) -> NDArray[np.float64]:
    """The values sorted, or so many quantiles of them, the least and the largest among them."""
    ordered = np.sort(values.astype(np.float64))
    if ordered.size <= MOST_OWN:
        return ordered
    return np.quantile(ordered, np.linspace(0.0, 1.0, MOST_OWN))
