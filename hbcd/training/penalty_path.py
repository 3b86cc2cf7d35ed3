"""A fit whose penalty is chosen by rows left out: trainings along falling penalties."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.data import as_data
from hbcd.networks.rows import Rows, rows_that_count
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop, StopReason
from hbcd.training.monitor import Audience
from hbcd.training.network import Network
from hbcd.training.run import Progress, Run
from hbcd.training.strategies import Finish, Hybrid
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.scaling import Scaled
from hbcd.utils.validation import effective_threads

__all__ = ["PENALTIES", "Choice", "choose_penalty"]

Array = NDArray[Any]

# With the target standardized, alpha is the variance of its noise over that of the weights.
PENALTIES = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
UNKNOWN = 1.0  # the penalty where too few rows, or limits, leave nothing to choose it by
FOLDS = 3
FEWEST_ROWS = 2 * FOLDS
FOLD_ROWS = 1000  # so many rows are each left out once; of more, one in five is, in one go
ONE_OF = 5
MOST_ROWS = 10_000  # rows looked at: more do not move the best penalty
STEP_ITERATIONS, F_TOL = 100, 1e-5  # a penalty on the way needs no sharp minimum
KICK = 0.1  # a strong penalty leaves all weights 0, where no gradient leads away
WORSE, PATIENCE = 0.005, 2  # the descent ends when the loss was so much higher twice in a row


@dataclass
class _Fold:
    """Rows to train on and the rows left out, with the parameters on their way down."""

    x: Scaled
    y: Scaled
    weight: Array | None
    left_out: core.Data
    first: Array
    theta: Array | None = None


@dataclass
class _Spent:
    """What of the limits of a fit is used."""

    limits: Stop
    started: float
    n_fev: int = 0
    n_iter: int = 0

    def add(self, report: FitReport) -> None:
        self.n_fev += report.n_fev
        self.n_iter += report.n_iter

    def left(self, share: float = 1.0) -> Stop | None:
        """The limits that remain of a share of them; None where one is used up."""
        rest = self._rest(share)
        used_up = any(value <= 0 for value in rest.values())
        return None if used_up else replace(self.limits, **rest)

    def last(self) -> Stop:
        """The limits of the last training, which is made whatever is left."""
        least = {"max_evaluations": 1, "max_iterations": 0, "max_seconds": 0.0}
        rest = self._rest(1.0)
        return replace(self.limits, **{name: max(rest[name], least[name]) for name in rest})

    def _rest(self, share: float) -> dict[str, Any]:
        rest: dict[str, Any] = {}
        for name, used in (("max_evaluations", self.n_fev), ("max_iterations", self.n_iter)):
            limit = getattr(self.limits, name)
            if limit is not None:
                rest[name] = int(share * limit) - used
        if self.limits.max_seconds is not None:
            seconds = time.perf_counter() - self.started
            rest["max_seconds"] = share * self.limits.max_seconds - seconds
        return rest


@dataclass
class _Descent:
    """What the trainings along falling penalties found so far."""

    path: list[tuple[float, float]] = field(default_factory=list)
    theta: Array | None = None  # of the first fold, at the best penalty
    worse: int = 0

    def cut(self) -> _Descent:
        """Where limits end the descent while the loss still falls, the best is not known."""
        falling = bool(self.path) and self.path[-1][1] == min(loss for _, loss in self.path)
        return _Descent() if falling and self.path[-1][0] > UNKNOWN else self

    def add(self, alpha: float, loss: float, theta: Array | None) -> None:
        self.path.append((alpha, loss if math.isfinite(loss) else math.inf))
        losses = [loss for _, loss in self.path]
        if losses[-1] < min(losses[:-1], default=math.inf):
            self.theta = theta
        self.worse = self.worse + 1 if losses[-1] > min(losses) + WORSE * abs(min(losses)) else 0

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
            return UNKNOWN
        k = losses.index(min(losses))
        if not 0 < k < len(losses) - 1:
            return self.path[k][0]
        above, below = losses[k - 1] - losses[k], losses[k + 1] - losses[k]
        bend = above + below
        shift = 0.0 if not 0 < bend < math.inf else (above - below) / (2.0 * bend)
        at = math.log(self.path[k][0])
        return math.exp(at + shift * (math.log(self.path[k + 1][0]) - at))


@dataclass(frozen=True)
class Choice:
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
    _spent: _Spent
    _interrupted: bool

    def start(
        self, strategy: TrainingStrategy, rows: int, hold_out: float
    ) -> tuple[Array | None, TrainingStrategy]:
        """Parameters to start from, None for new ones, and the strategy.

        In place of `Hybrid.fast()`, where no share is to be held out, the training goes on where
        the descent along the penalties was at the best one.
        """
        if self._theta is None or strategy != Hybrid.fast() or hold_out:
            return None, strategy
        return self._theta, _finish(Finish.max_iterations, rows)

    def limits(self) -> Stop:
        """What is left for the training; after Ctrl-C nothing but to measure its start."""
        last = self._spent.last()
        return replace(last, max_iterations=0) if self._interrupted else last

    def counted(self, report: FitReport) -> FitReport:
        """The report of the training, with what the choice has spent."""
        seconds = time.perf_counter() - self._spent.started
        earlier = {
            "n_fev": self._spent.n_fev,
            "n_iter": self._spent.n_iter,
            "seconds": seconds - report.seconds,
        }
        columns = dict(report._columns)
        for name, value in earlier.items():
            columns[name] = columns[name] + value
        return replace(
            report,
            stop_reason=StopReason.INTERRUPTED if self._interrupted else report.stop_reason,
            n_fev=report.n_fev + self._spent.n_fev,
            n_iter=report.n_iter + self._spent.n_iter,
            seconds=seconds,
            _columns=columns,
            _chosen=self._spent.n_fev,
        )


def choose_penalty(
    network: Callable[[float], Network],
    training: tuple[Scaled, Scaled, Array | None],
    held_out: tuple[Any, ...] | None,
    stop: Stop,
    generator: np.random.Generator,
    dtype: Any,
    n_threads: int | None,
    progress: Progress | None,
) -> Choice:
    """Trains along falling penalties on parts of the rows, with half of the limits at most.

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
    """
    spent, found = _Spent(stop, time.perf_counter()), _Descent()
    threads = effective_threads(n_threads)
    folds = _folds(network(0.0), training, held_out, generator, dtype)
    for alpha in PENALTIES if folds else ():
        at, losses = network(alpha), []
        for fold in folds:
            limits = spent.left(0.5)
            if limits is None:
                found = found.cut()
                break
            report = _step(at, fold, limits, threads, progress)
            spent.add(report)
            if report.interrupted:
                theta = report.theta if found.theta is None else found.theta
                return Choice(found.alpha, found.table, theta, spent, True)
            losses.append(at.core_network(dtype).loss(fold.left_out, report.theta, None, threads))
        if len(losses) < len(folds):
            break
        found.add(alpha, float(np.mean(losses)), folds[0].theta)
        if found.worse == PATIENCE:
            break
    return Choice(found.alpha, found.table, found.theta, spent, False)


def _step(
    network: Network, fold: _Fold, limits: Stop, threads: int, progress: Progress | None
) -> FitReport:
    """One penalty: from the parameters at the last one, and a little of the first ones."""
    started = time.perf_counter()
    theta = fold.first if fold.theta is None else fold.theta + KICK * fold.first
    theta = network.project(theta).astype(fold.first.dtype, copy=False)
    stop = replace(limits, f_tol=max(limits.f_tol or 0.0, F_TOL), target=None)
    rows = len(fold.x.table)
    data = as_data(network, fold.x, fold.y, fold.weight, theta.dtype, alpha=network.alpha)
    # Callbacks and log hear of one training, not of these.
    run = Run(network, data, None, stop, threads, progress, started, Audience())
    run.phases(_finish(STEP_ITERATIONS, rows).phases(network, rows), theta, stop, 0)
    report = run.report()
    fold.theta = report.theta
    return report


def _folds(
    network: Network,
    training: tuple[Scaled, Scaled, Array | None],
    held_out: tuple[Any, ...] | None,
    generator: np.random.Generator,
    dtype: Any,
) -> list[_Fold]:
    """Rows to train on and to leave out; none where there are too few."""
    _, targets, weight = training
    rows = rows_that_count(weight, len(targets.table))
    if len(rows) < FEWEST_ROWS:
        return []
    rows = generator.permutation(rows)[:MOST_ROWS]

    def some(index: Array) -> tuple[Any, Any, Array | None]:
        part = Rows(*training).take(index)
        return part.x, part.y, part.weight

    def fold(kept: Array, apart: Any) -> _Fold:
        x, y, share = apart
        left_out = as_data(network, x, y, share, dtype)
        return _Fold(*some(np.sort(kept)), left_out, network.init(generator, dtype))

    if held_out is not None:
        return [fold(rows, held_out)]
    # Rows sorted by target and dealt out: every part has its share of every class.
    rows = rows[np.lexsort(targets.table[rows].T)]
    few = len(rows) <= FOLD_ROWS
    folds = []
    for k in range(FOLDS if few else 1):
        left = np.zeros(len(rows), dtype=bool)
        left[k :: FOLDS if few else ONE_OF] = True
        folds.append(fold(rows[~left], some(rows[left])))
    return folds


def _finish(iterations: int, rows: int) -> Finish:
    """BFGS, but where it has more parameters than rows its matrix costs more than it saves."""
    return Finish(iterations, most_parameters=min(Finish.most_parameters, rows))
