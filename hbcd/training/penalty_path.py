"""A fit whose penalty is chosen by rows left out: trainings along falling penalties."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.checked_rows import CheckedRows, rows_that_count
from hbcd.networks.data import as_data
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop, StopReason
from hbcd.training.budget import Budget
from hbcd.training.monitor import ProgressFunction
from hbcd.training.penalty_settings import PenaltySettings
from hbcd.training.run import Run
from hbcd.training.strategies import Finish
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.training.training import Training
from hbcd.utils.ranks import Ranks
from hbcd.utils.validation import effective_threads

__all__ = ["PenaltyChoice", "choose_penalty"]

Array = NDArray[Any]


@dataclass
class _Fold:
    """Rows to train on and the rows left out, with the parameters on their way down."""

    training: CheckedRows
    left_out: core.Data
    first: Array
    theta: Array | None = None

    def start(self, network: NetworkStructure, kick: float) -> Array:
        """The parameters at the penalty before, and a little of the first ones."""
        theta = self.first if self.theta is None else self.theta + kick * self.first
        return network.project(theta).astype(self.first.dtype, copy=False)


@dataclass
class _Descent:
    """What the trainings along falling penalties found so far."""

    settings: PenaltySettings
    path: list[tuple[float, float]] = field(default_factory=list)
    theta: Array | None = None  # of the first fold, at the best penalty
    worse: int = 0

    def cut(self) -> _Descent:
        """Where limits end the descent while the loss still falls, the best is not known."""
        falling = bool(self.path) and self.path[-1][1] == min(loss for _, loss in self.path)
        unknown = falling and self.path[-1][0] > self.settings.unknown
        return _Descent(self.settings) if unknown else self

    def add(self, alpha: float, loss: float, theta: Array | None) -> None:
        self.path.append((alpha, loss if math.isfinite(loss) else math.inf))
        losses = [loss for _, loss in self.path]
        least = min(losses)
        if losses[-1] < min(losses[:-1], default=math.inf):
            self.theta = theta
        is_worse = losses[-1] > least + self.settings.worse * abs(least)
        self.worse = self.worse + 1 if is_worse else 0

    @property
    def table(self) -> Array:
        return np.array(self.path, dtype=np.float64).reshape(-1, 2)

    @property
    def alpha(self) -> float:
        """The best penalty: the lowest point of the parabola through the best one tried.

        Its other points are the neighbors of the best, and penalties count by their logarithm.
        """
        losses = [loss for _, loss in self.path]
        if not losses or min(losses) == math.inf:
            return self.settings.unknown
        k = losses.index(min(losses))
        if not 0 < k < len(losses) - 1:
            return self.path[k][0]
        up, at, down = (math.log(alpha) for alpha, _ in self.path[k - 1 : k + 2])
        above = (losses[k - 1] - losses[k]) * (at - down)
        below = (losses[k + 1] - losses[k]) * (up - at)
        bend = above + below
        if not 0 < bend < math.inf:
            return self.path[k][0]
        return math.exp(at + (below * (up - at) - above * (at - down)) / (2.0 * bend))


@dataclass(frozen=True)
class PenaltyChoice:
    """A penalty, and how the training at it begins and is counted.

    Attributes
    ----------
    alpha : float
    path : ndarray of shape (penalties, 2)
        Every penalty tried and the mean loss of the rows left out.
    """

    alpha: float
    path: Array
    _theta: Array | None
    _budget: Budget
    _interrupted: bool
    _problem: tuple[NetworkStructure, int]  # and the rows to train on

    def start(
        self, strategy: TrainingStrategy, hold_out: float
    ) -> tuple[Array | None, TrainingStrategy]:
        """Parameters to start from, None for new ones, and the strategy.

        A strategy that resumes goes on, where no share is to be held out, from the parameters at
        the best penalty.

        Parameters
        ----------
        strategy : TrainingStrategy
        hold_out : float
        """
        if self._theta is None or not strategy.resumes_on(*self._problem) or hold_out:
            return None, strategy
        return self._theta, strategy.after(self._theta)

    def limits(self) -> Stop:
        """What is left for the training; after Ctrl-C nothing but to measure its start."""
        left = self._budget.left()
        return replace(left, max_iterations=0) if self._interrupted else left

    def counted(self, report: FitReport) -> FitReport:
        """The report of the training, with what the choice has used.

        Parameters
        ----------
        report : FitReport
        """
        budget = self._budget
        earlier = {"n_fev": budget.n_fev, "n_iter": budget.n_iter, "seconds": budget.seconds}
        earlier["seconds"] -= report.seconds
        columns = dict(report._columns)
        for name, value in earlier.items():
            columns[name] = columns[name] + value
        return replace(
            report,
            stop_reason=StopReason.INTERRUPTED if self._interrupted else report.stop_reason,
            n_fev=report.n_fev + budget.n_fev,
            n_iter=report.n_iter + budget.n_iter,
            seconds=report.seconds + earlier["seconds"],
            _columns=columns,
            _chosen=budget.n_fev,
        )


def choose_penalty(
    network: Callable[[float], NetworkStructure],
    training: tuple[Any, Any, Array | None],
    held_out: tuple[Any, ...] | None,
    stop: Stop,
    generator: np.random.Generator,
    dtype: Any,
    n_threads: int | None,
    progress: ProgressFunction | None,
    settings: PenaltySettings | None = None,
    ranks: Ranks | None = None,
) -> PenaltyChoice:
    """Trains along falling penalties on parts of the rows, with half of the limits at most.

    Callbacks and log are told of the training at the chosen penalty, not of these.

    Parameters
    ----------
    network : callable
        The network with a penalty: ``network(alpha)``.
    training : (Scaled, Scaled, ndarray or None)
        Rows, targets, weights.
    held_out : (Scaled, Scaled, ndarray or None) or None
        The rows that tell penalties apart; None: training rows, left out by turns.
    stop : Stop
        Limits of choice and training together.
    generator, dtype, n_threads, progress
        See `Network.train`.
    settings : PenaltySettings, optional
    ranks : Ranks, optional
        Those of a training on several.

    Returns
    -------
    PenaltyChoice
    """
    settings = PenaltySettings() if settings is None else settings
    budget, found = Budget(stop, ranks=ranks), _Descent(settings)
    progress = progress if ranks is None else ranks.watched(progress)
    threads, problem = effective_threads(n_threads), (network(0.0), len(CheckedRows(*training)))
    folds = _folds(
        problem[0], CheckedRows(*training), held_out, generator, dtype, threads, settings
    )
    for alpha in settings.penalties if folds else ():
        at, losses = network(alpha), []
        for fold in folds:
            if budget.used_up(settings.share):
                found = found.cut()
                break
            limits = replace(budget.left(settings.share), target=None)
            rows = fold.training
            data = as_data(at, rows.x, rows.y, rows.weight, dtype, threads, alpha=alpha)
            run = Run(
                Training(at, data), fold.start(at, settings.kick), 0,
                Budget(limits, ranks=ranks), threads, progress,
            )  # fmt: skip
            with contextlib.suppress(core.StopEvaluating):
                run(*Finish(settings.step_iterations).phases(at, data.rows))
            report = run.report()
            fold.theta = report.theta
            budget.spend(report.n_fev, report.n_iter)
            if report.interrupted:
                theta = report.theta if found.theta is None else found.theta
                return PenaltyChoice(found.alpha, found.table, theta, budget, True, problem)
            losses.append(at.core_network(dtype).loss(fold.left_out, report.theta, None, threads))
        if len(losses) < len(folds):
            break
        found.add(alpha, float(np.mean(losses)), folds[0].theta)
        if found.worse >= settings.patience:
            break
    return PenaltyChoice(found.alpha, found.table, found.theta, budget, False, problem)


def _folds(
    network: NetworkStructure,
    training: CheckedRows,
    held_out: tuple[Any, ...] | None,
    generator: np.random.Generator,
    dtype: Any,
    n_threads: int,
    settings: PenaltySettings,
) -> list[_Fold]:
    """Rows to train on and to leave out; none where there are too few."""
    index = rows_that_count(training.weight, len(training))
    if len(index) < settings.fewest_rows:
        return []
    index = generator.permutation(index)[: settings.most_rows]

    def fold(kept: Array, apart: CheckedRows) -> _Fold:
        left_out = as_data(network, apart.x, apart.y, apart.weight, dtype, n_threads)
        return _Fold(training.take(np.sort(kept)), left_out, network.init(generator, dtype))

    if held_out is not None:
        return [fold(index, CheckedRows(*held_out))]
    # Rows sorted by target and dealt out: every part has its share of every class.
    index = index[np.lexsort(training.y.table[index].T)]
    few = len(index) <= settings.fold_rows
    folds = []
    for k in range(settings.folds if few else 1):
        left = np.zeros(len(index), dtype=bool)
        left[k :: settings.folds if few else settings.one_of] = True
        folds.append(fold(index[~left], training.take(index[left])))
    return folds
