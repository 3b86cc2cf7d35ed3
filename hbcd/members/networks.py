"""The networks of one arm, trained side by side, each without the rows of its fold."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.members.folds import Fold
from hbcd.members.progress import MemberProgress
from hbcd.members.settings import LARGE
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.data import into_core
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.training.budget import Budget
from hbcd.training.monitor import Monitor, ProgressFunction
from hbcd.training.run import Run
from hbcd.training.starts import run_starts
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.training.training import Training

__all__ = ["Context", "FoldNetworks", "Stage", "joined"]

Array = NDArray[Any]


@dataclass
class Context:
    """What all trainings of a fit share, and what they have used.

    Attributes
    ----------
    budget : Budget
    n_threads : int
    progress : callable or None
    monitor : Monitor
    told : MemberProgress
    operations : float
        Multiplications and additions, about.
    networks : int
        Begun so far: the number of a network is that of its start in events.
    interrupted : bool
        Ctrl-C, or a callback, has ended the fit.
    """

    budget: Budget
    n_threads: int
    progress: ProgressFunction | None
    monitor: Monitor
    told: MemberProgress
    operations: float = 0.0
    networks: int = 0
    interrupted: bool = False
    initial_loss: float | None = None
    last: FitReport | None = field(default=None, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more is to be trained."""
        return self.interrupted or self.monitor.stopped or self.budget.used_up() is not None


@dataclass(frozen=True)
class Stage:
    """Networks after one training at one penalty.

    Attributes
    ----------
    alpha : float
    thetas : list of ndarray
    predicted : ndarray of float64, shape (rows left out, outputs)
        Of each row by the network that has not seen it, in the order of the rows; NaN for rows of
        a fold whose network was not trained.
    loss : float
        Of the rows left out.
    training_losses : list of float
        Of each network on its rows.
    rows : int
        That the first of the networks was trained on.
    n_fev, n_iter, seconds
        What the whole fit had used when the stage was over.
    """

    alpha: float
    thetas: list[Array]
    predicted: Array
    loss: float
    training_losses: list[float]
    rows: int
    n_fev: int
    n_iter: int
    seconds: float

    @property
    def training_loss(self) -> float:
        """The mean of the networks; NaN where none was trained."""
        return float(np.mean(self.training_losses)) if self.training_losses else math.nan


def joined(first: Stage, second: Stage, loss: float) -> Stage:
    """One stage of the networks of two, whose rows left out have this mean loss."""
    predicted = np.where(np.isnan(first.predicted), second.predicted, first.predicted)
    thetas = first.thetas + second.thetas
    training = first.training_losses + second.training_losses
    return replace(second, thetas=thetas, predicted=predicted, loss=loss, training_losses=training)


class FoldNetworks:
    """One network for each fold, with the rows it is trained on and those it is judged by.

    Parameters
    ----------
    structure : NetworkStructure
        Of each network.
    rows : CheckedRows
        Standardized, as arrays.
    folds : list of Fold
    generator : numpy.random.Generator
        Of the first parameters.
    context : Context
    clip : bool
        Whether predictions are judged within the range of the targets.

    Attributes
    ----------
    left : ndarray of int
        The rows that some fold leaves out, sorted.
    """

    def __init__(
        self,
        structure: NetworkStructure,
        rows: CheckedRows,
        folds: list[Fold],
        generator: np.random.Generator,
        context: Context,
        clip: bool,
    ) -> None:
        self.structure, self.rows, self.folds, self.context = structure, rows, folds, context
        self.dtype = rows.x.dtype
        self.range = (rows.y.min(axis=0), rows.y.max(axis=0)) if clip else None
        self.first = [structure.init(generator, self.dtype) for _ in folds]
        self.seeds = [int(seed) for seed in generator.integers(2**63, size=len(folds))]
        self._data: dict[int, core.Data] = {}
        self._counts: dict[int, int] = {}
        self.left = np.sort(np.concatenate([fold.left for fold in folds]))
        self._number = context.networks
        context.networks += len(folds)

    def train(
        self,
        alpha: float,
        starts: list[Array],
        strategy: TrainingStrategy,
        which: list[int] | None = None,
    ) -> Stage:
        """Trains networks from `starts` at a penalty.

        Parameters
        ----------
        alpha : float
        starts : list of ndarray
            One for each of them.
        strategy : TrainingStrategy
        which : list of int, optional
            The networks that are trained; None: all.
        """
        which = list(range(len(self.folds))) if which is None else which
        context, structure = self.context, self.structure
        compiled = not structure.core_network(self.dtype).calls_python
        ranks = context.budget.ranks  # they add sums for one network at a time
        workers = min(context.n_threads, len(which)) if compiled and ranks is None else 1
        part = context.budget.parts(len(which), -(-len(which) // workers))

        def one(k: int, n_threads: int, progress: ProgressFunction) -> tuple[FitReport, bool]:
            data = self._data_of(which[k], alpha, n_threads)
            limits = replace(part(k), target=None)
            run = Run(
                Training(structure, data, None, context.monitor),
                structure.project(starts[k]),
                self.seeds[which[k]],
                Budget(limits, ranks=ranks),
                n_threads,
                progress,
                self._number + which[k],
            )
            report = run.run(strategy)
            return report, report.interrupted

        try:
            reports = run_starts(one, len(which), workers, context.n_threads, context.progress)
        except KeyboardInterrupt:  # between two calls of the core, where none of them sees it
            reports, context.interrupted = [], True
        self._count(reports)
        thetas = [report.theta for report in reports] + starts[len(reports) :]
        predicted, loss = self.judged(thetas, which)
        losses = [float(report.loss) for report in reports]
        budget, rows_used = context.budget, len(self.folds[which[0]].kept)
        if not math.isnan(loss):
            part_of_them = len(which) < len(self.folds)
            context.told.stage(alpha, loss, budget.seconds, part=part_of_them)
        return Stage(
            alpha, thetas, predicted, loss, losses, rows_used, budget.n_fev, budget.n_iter,
            budget.seconds,
        )  # fmt: skip

    def _data_of(self, k: int, alpha: float, n_threads: int) -> core.Data:
        """The rows of a network in the core; few rows stay there for its next penalties."""
        kept, ranks = self.folds[k].kept, self.context.budget.ranks
        if ranks is not None or len(self.rows) > LARGE:
            return into_core(self.rows, self.dtype, n_threads, alpha, kept, ranks)
        if k not in self._data:
            self._data[k] = into_core(self.rows, self.dtype, n_threads, 0.0, kept)
            weight = self.rows.weight
            self._counts[k] = kept.size if weight is None else int(np.count_nonzero(weight[kept]))
        self._data[k].set_penalty(alpha / self._counts[k])
        return self._data[k]

    def _count(self, reports: list[FitReport]) -> None:
        """Adds what trainings have used."""
        context, p = self.context, self.structure.n_parameters
        for report in reports:
            rows = len(self.folds[0].kept)
            full = bool(report.phases) and report.phases[-1] == "BFGS"
            context.operations += 6.0 * rows * p * report.n_fev
            context.operations += 8.0 * p * p * report.n_iter if full else 0.0
            context.budget.spend(report.n_fev, report.n_iter)
            context.interrupted |= report.interrupted
            context.last = report
            if context.initial_loss is None:
                context.initial_loss = report.initial_loss

    def judged(self, thetas: list[Array], which: list[int]) -> tuple[Array, float]:
        """Predictions of networks for the rows they have not seen, and the mean loss of these.

        Parameters
        ----------
        thetas : list of ndarray
        which : list of int
            The networks that they are parameters of.

        Returns
        -------
        predicted : ndarray of float64, shape (rows left out, outputs)
            NaN for rows of the other networks.
        loss : float
        """
        predicted = np.full((self.left.size, self.structure.n_outputs), np.nan)
        net = self.structure.core_network(self.dtype)
        for k, theta in zip(which, thetas, strict=True):
            left = self.folds[k].left
            out = np.empty((left.size, self.structure.n_outputs), self.dtype)
            if left.size:
                x = np.ascontiguousarray(self.rows.x[left])
                net.predict(theta, x, out, self.context.n_threads)
            predicted[np.searchsorted(self.left, left)] = out
        seen = ~np.isnan(predicted[:, 0])
        if not seen.any():
            return predicted, math.nan
        judged, rows = predicted[seen], self.left[seen]
        if self.range is not None:
            judged = np.clip(judged, *self.range)
        each = self.structure.loss.evaluate(judged, self.rows.y[rows], None)
        weight = None if self.rows.weight is None else self.rows.weight[rows]
        return predicted, float(np.average(each, weights=weight))
