"""Whether members learn a target as it is or transformed: by the loss of rows left out."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.callbacks.callback_list import CallbackList
from hbcd.estimators.fitting.member_outputs import MARGIN
from hbcd.estimators.targets.power_transform import LOG, NONE, YEO_JOHNSON
from hbcd.estimators.targets.target import target_scaler
from hbcd.estimators.targets.target_transform import TargetTransform, with_errors
from hbcd.members.fit_members import fit_members, on_all_rows
from hbcd.members.networks import Context
from hbcd.members.parts import gain
from hbcd.members.progress import MemberProgress
from hbcd.members.settings import MemberSettings, settings_of
from hbcd.networks.checked_rows import CheckedRows
from hbcd.parts.activations import Activation
from hbcd.parts.losses import Loss
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop, StopReason
from hbcd.training.budget import Budget
from hbcd.training.monitor import Monitor, ProgressFunction
from hbcd.utils.column_statistics import column_statistics
from hbcd.utils.ranks import Ranks
from hbcd.utils.validation import effective_threads

__all__ = ["Judgement", "judged"]

Array = NDArray[Any]
SKEWED = 1.0  # skewness of targets beyond which a transform is tried
SAME_SHAPE = 0.9  # squared correlation with the targets above which a transform is none
MOST_ROWS = 2000  # that a transform is judged on
# Three parts and a fraction of the last iterations tell as much as five and all of them: on
# generated tables of 300 and 1000 rows the gains in standard errors were alike, in 0.6 of the time.
FOLDS, END = 3, 4
FEWEST_FOLDS = 2  # where the effort is less than an arm
SHARE = 0.25  # of the seconds, for each of the two trainings that judge


@dataclass(frozen=True)
class Judgement:
    """Whether targets are to be transformed, and what it cost to know.

    Attributes
    ----------
    transform : TargetTransform or None
    stop : Stop
        What is left of the limits.
    n_fev, n_iter : int
    seconds : float
    interrupted : bool
    """

    transform: TargetTransform | None
    stop: Stop
    n_fev: int = 0
    n_iter: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def counted(self, report: FitReport) -> FitReport:
        """The report of the training, with what the judgement has used."""
        columns = dict(report._columns)
        for name in ("n_fev", "n_iter", "seconds") if self.n_fev else ():
            columns[name] = columns[name] + getattr(self, name)
        return replace(
            report,
            stop_reason=StopReason.INTERRUPTED if self.interrupted else report.stop_reason,
            n_fev=report.n_fev + self.n_fev,
            n_iter=report.n_iter + self.n_iter,
            seconds=report.seconds + self.seconds,
            _columns=columns,
        )


def judged(
    rows: CheckedRows,
    loss: Loss,
    generator: np.random.Generator,
    stop: Stop,
    members: MemberSettings,
    activation: Activation,
    n_threads: int | None,
    progress: ProgressFunction | None,
    ranks: Ranks | None = None,
) -> Judgement:
    """The transform by which rows left out lose less, by more than a standard error.

    A transform is looked for where a target is skewed, and it takes half of that away and changes
    the shape.  The first arm of the members then trains on at most 2000 rows with and without, from
    the same seeds; errors are those of predictions in the unit of the target.

    Parameters
    ----------
    rows : CheckedRows
        Inputs standardized, targets in their units.
    loss, members, activation, n_threads, progress, ranks
        See `train_by_members`.
    generator : numpy.random.Generator
        It stays as it is.
    stop : Stop
        Of which at most half of the seconds go into this.
    """
    limited = (stop.max_iterations, stop.max_evaluations) != (None, None)
    rows = replace(rows, y=rows.y[:])
    names = tuple(_candidate(rows.y[:, k], rows.weight) for k in range(rows.y.shape[1]))
    if limited or set(names) == {NONE}:
        return Judgement(None, stop)
    some = rows.every(MOST_ROWS)
    if len(some) < len(rows):
        members = replace(
            settings_of("balanced", len(some), some.x.shape[1], None, None),
            arms=members.arms,
            signs=members.signs,
        )
    folds = min(members.folds, FOLDS if members.arms >= 1.0 else FEWEST_FOLDS)
    first = replace(
        members,
        architectures=members.architectures[:1],
        most_arms=1,
        folds=folds,
        path_folds=folds,
        end_iterations=members.end_iterations // END,
    )
    candidate = TargetTransform.fit(names, some.y, some.weight)
    budget = Budget(stop, ranks=ranks)
    watched = progress if ranks is None else ranks.watched(progress)
    found: list[Array] = []
    for transform in (None, candidate):
        limits = Budget(budget.left(SHARE * (len(found) + 1)), ranks=ranks)
        context = Context(
            limits,
            effective_threads(n_threads),
            watched,
            Monitor(CallbackList([])),
            MemberProgress((), progress),
        )
        found.append(_predicted(some, loss, activation, first, generator, context, transform))
        budget.spend(limits.n_fev, limits.n_iter)
        if context.interrupted:
            return _judgement(None, budget, interrupted=True)
    chosen = tuple(
        name if name != NONE and _gains(loss, found, some, k) else NONE
        for k, name in enumerate(candidate.names)
    )
    if set(chosen) == {NONE}:
        return _judgement(None, budget)
    return _judgement(TargetTransform.fit(chosen, rows.y, rows.weight), budget)


def _judgement(
    transform: TargetTransform | None, budget: Budget, *, interrupted: bool = False
) -> Judgement:
    left = budget.limits
    if left.max_seconds is not None:
        left = replace(left, max_seconds=max(left.max_seconds - budget.seconds, 0.0))
    if interrupted:
        left = replace(left, max_iterations=0)
    return Judgement(transform, left, budget.n_fev, budget.n_iter, budget.seconds, interrupted)


def _candidate(y: Array, weight: Array | None) -> str:
    """The transform that is worth a trial: the logarithm where it can be, or "none"."""
    skew = _skewness(y, weight)
    if not abs(skew) > SKEWED:
        return NONE
    for name in ([LOG] if y.min() > 0 else []) + [YEO_JOHNSON]:
        column = TargetTransform.fit((name,), y[:, np.newaxis], weight)
        z = column.forward(y[:, np.newaxis])[:, 0]
        if not np.isfinite(z).all():
            continue
        if abs(_skewness(z, weight)) < 0.5 * abs(skew) and _correlation(y, z, weight) < SAME_SHAPE:
            return name
    return NONE


def _skewness(y: Array, weight: Array | None) -> float:
    return float(np.average(_standardized(y, weight) ** 3, weights=weight))


def _correlation(y: Array, z: Array, weight: Array | None) -> float:
    """Squared, of two columns."""
    product = _standardized(y, weight) * _standardized(z, weight)
    return float(np.average(product, weights=weight)) ** 2


def _standardized(y: Array, weight: Array | None) -> Array:
    statistics = column_statistics("y", y[:, np.newaxis], weight)
    if not statistics.varies[0]:
        return np.zeros(y.size)
    with np.errstate(over="ignore"):  # ends of the range of float64: not a shape to judge
        return np.asarray((y - statistics.mean[0]) / statistics.deviation[0])


def _predicted(
    rows: CheckedRows,
    loss: Loss,
    activation: Activation,
    members: MemberSettings,
    generator: np.random.Generator,
    context: Context,
    transform: TargetTransform | None,
) -> Array:
    """Predictions in the unit of the targets for rows left out; NaN for rows that never are."""
    y = rows.y if transform is None else transform.forward(rows.y)
    scaler = target_scaler(loss, y, rows.weight)
    scaled = replace(rows, y=scaler.forward(y, np.float64))
    fit = fit_members(scaled, loss, activation, members, deepcopy(generator), context, clip=True)
    z = scaler.backward(on_all_rows(fit.left, fit.predicted, len(rows)))
    if transform is None:
        predicted = z
    else:
        predicted = with_errors(transform, y, z, rows.weight, loss).backward(z)
    low, high = rows.y.min(axis=0), rows.y.max(axis=0)
    margin = MARGIN * high - MARGIN * low  # of numbers whose difference may be beyond float64
    with np.errstate(over="ignore"):
        return np.clip(predicted, low - margin, high + margin)


def _gains(loss: Loss, found: list[Array], rows: CheckedRows, k: int) -> bool:
    """Whether the second of two predictions of an output has less loss, beyond a standard error."""
    own = slice(k, k + 1)
    seen = np.flatnonzero(~np.isnan(found[0][:, k]) & ~np.isnan(found[1][:, k]))
    weight = None if rows.weight is None else rows.weight[seen]
    scaler = target_scaler(loss, rows.y[:, own], rows.weight)
    target, before, after = (
        scaler.forward(table[seen, own], np.float64) for table in (rows.y, *found)
    )
    return bool(seen.size) and gain(loss, before, after, target, weight) > 1.0
