"""A fit by members: a network, what it predicts for rows left out, and the report on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.callbacks.callback_list import CallbackList
from hbcd.callbacks.log_lines import Log, logged
from hbcd.members.fit_members import Member, MemberFit, fit_members, on_all_rows
from hbcd.members.networks import Context
from hbcd.members.one_network import one_network
from hbcd.members.progress import MemberProgress
from hbcd.members.settings import MemberSettings
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.data import as_data
from hbcd.parts.activations import Activation
from hbcd.parts.layers import InputLayer
from hbcd.parts.losses import Loss
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop, StopReason
from hbcd.training.budget import Budget
from hbcd.training.monitor import Monitor, ProgressFunction
from hbcd.training.network import Network
from hbcd.utils.ranks import Ranks, decided
from hbcd.utils.validation import effective_threads

__all__ = ["MemberResult", "train_by_members"]

Array = NDArray[Any]


@dataclass(frozen=True)
class MemberResult:
    """What a fit by members gave.

    Attributes
    ----------
    network : Network
    report : FitReport
        Its theta is that of `network`; the history has a line for every stage.
    members : list of Member
    left, predicted : ndarray
        See `MemberFit`.
    path : ndarray of shape (penalties, 2)
    arms : int
    """

    network: Network
    report: FitReport
    members: list[Member]
    left: Array
    predicted: Array
    path: Array
    arms: int

    def of_rows(self, n: int) -> Array:
        """Predictions of rows left out among those of n rows, NaN for the others."""
        return on_all_rows(self.left, self.predicted, n)


def train_by_members(
    rows: CheckedRows,
    loss: Loss,
    activation: Activation,
    settings: MemberSettings,
    generator: np.random.Generator,
    stop: Stop,
    n_threads: int | None,
    progress: ProgressFunction | None,
    callbacks: Sequence[Any],
    clip: bool,
    ranks: Ranks | None = None,
) -> MemberResult:
    """Trains and weighs members, and makes one network of them.

    Parameters
    ----------
    rows, loss, activation, settings, generator, clip
        See `fit_members`.
    stop : Stop
        Limits of all trainings together, and their tolerances.
    n_threads, progress, callbacks
        See `Network.train`; events tell the number of a network by its `start`.
    ranks : Ranks, optional
        Those of a training on several, each of which has all rows.
    """
    budget, threads = Budget(stop, ranks=ranks), effective_threads(n_threads)
    told = [*callbacks, *logged()] if ranks is None or ranks.rank == 0 else []
    heard = [one.of_members() if isinstance(one, Log) else one for one in told]
    listed, display = CallbackList(heard), MemberProgress(heard, progress)
    progress = progress if ranks is None else ranks.watched(progress)
    context = Context(budget, threads, progress, Monitor(listed), display)
    try:
        listed.begin(np.empty(0, rows.x.dtype), len(rows), budget.seconds)
        listed.stopped = decided(ranks, listed.stopped)
        fit = fit_members(rows, loss, activation, settings, generator, context, clip)
        rows = fit.rows
        layers, theta = one_network(fit.members, rows.x, rows.y.shape[1], activation, loss)
        network = Network([InputLayer(rows.x.shape[1]), *layers], loss, alpha=_alpha(fit))
        report = _report(network, theta, rows, fit, context)
    except BaseException:
        listed.fail(budget.seconds)
        raise
    listed.end(report, len(rows))
    return MemberResult(network, report, fit.members, fit.left, fit.predicted, fit.path, fit.arms)


def _alpha(fit: MemberFit) -> float:
    """The penalty of the networks: the geometric mean, by weight."""
    pairs = [(m.weight, m.stage.alpha) for m in fit.members if m.architecture is not None]
    total = sum(weight for weight, _ in pairs)
    if total == 0.0:
        return float(fit.members[1].stage.alpha)
    return math.exp(sum(weight * math.log(alpha) for weight, alpha in pairs) / total)


def _report(
    network: Network, theta: Array, rows: CheckedRows, fit: MemberFit, context: Context
) -> FitReport:
    threads, ranks = context.n_threads, context.budget.ranks
    data = as_data(network, rows.x, rows.y, rows.weight, theta.dtype, threads, ranks=ranks)
    loss = network.core_network(theta.dtype).loss(data, theta, None, context.n_threads)
    initial = context.initial_loss
    return FitReport(
        theta=theta,
        loss=float(loss),
        stop_reason=_reason(context),
        n_fev=context.budget.n_fev,
        n_iter=context.budget.n_iter,
        seconds=context.budget.seconds,
        initial_loss=math.nan if initial is None else initial,
        phases=() if context.last is None else context.last.phases,
        _best=float(loss),
        _columns=_history(fit, context),
    )


def _reason(context: Context) -> StopReason:
    if context.monitor.stopped:
        return StopReason.CALLBACK
    if context.interrupted:
        return StopReason.INTERRUPTED
    return context.budget.used_up() or StopReason.EPOCHS


def _history(fit: MemberFit, context: Context) -> dict[str, Array]:
    """A line for every stage of every member, in the columns of any history."""
    stages = [member.stage for member in fit.members]
    n = len(stages)
    used = {name: np.array([getattr(s, name) for s in stages]) for name in ("n_fev", "n_iter")}
    nothing, none = np.full(n, np.nan), np.zeros(n, np.intp)
    return {
        "step": np.arange(1, n + 1),
        "phase": none,
        "epoch": np.arange(n),
        "block": np.full(n, -1),
        "rows": np.array([s.rows for s in stages]),
        "loss_before": nothing,
        "loss": np.array([s.training_loss for s in stages]),
        "validation_loss": np.array([s.loss for s in stages]),
        "validation_score": nothing,
        "sensitivity": nothing,
        "epoch_end": np.ones(n, np.intp),
        "status": np.full(n, int(StopReason.ITERATIONS)),
        "n_fev": used["n_fev"],
        "n_iter": used["n_iter"],
        "seconds": np.array([s.seconds for s in stages]),
    }
