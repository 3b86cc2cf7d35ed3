"""A training from one start: calls of the core, what was best, what was used."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.linear_model import LinearModel
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop, StopReason
from hbcd.training.budget import Budget
from hbcd.training.core_call import CoreCall, joined_history
from hbcd.training.monitor import ProgressFunction, StartMonitor
from hbcd.training.phase import Phase
from hbcd.training.resolved_phase import ResolvedPhase, in_calls, resolve
from hbcd.training.starts import run_starts
from hbcd.training.strategy_base import Problem, TrainingStrategy
from hbcd.training.training import Training
from hbcd.utils.validation import as_seed

__all__ = ["Run"]

Array = NDArray[Any]

ANY_NUMBER = 2**62  # of passes without a better value: early stopping counts them
ENDS_ALL = (StopReason.CALLBACK, StopReason.INTERRUPTED)  # also the other starts


class Run:
    """A training from one start.  It is what a strategy runs its phases with (`PhaseRunner`).

    Parameters
    ----------
    training : Training
    theta : ndarray of shape (n_parameters,)
        The start; it is not changed.
    seed : int
    budget : Budget
    n_threads : int
    progress : callable or None
    start : int, default 0
        Number of the start, for events.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
        The best parameters so far.
    loss, score : float
        Their training loss, and what they have least of: the training loss, the loss of held-out
        rows, or a metric of these.
    """

    def __init__(
        self,
        training: Training,
        theta: Array,
        seed: int,
        budget: Budget,
        n_threads: int,
        progress: ProgressFunction | None = None,
        start: int = 0,
    ) -> None:
        self.training, self.theta, self.seed, self.budget = training, theta, seed, budget
        self.n_threads, self.progress, self.start = n_threads, progress, start
        self.loss, self.score = math.nan, math.nan
        self.lo: Array | None = None  # bounds of the last phase
        self.hi: Array | None = None
        self._monitor = StartMonitor(training.monitor, start)
        self._calls: list[CoreCall] = []
        self._reports: dict[Any, FitReport] = {}  # the last one, by what it depends on
        self._seeds: np.random.Generator | None = None  # of all calls but the first
        self._used = {"phase": 0, "step": 0, "n_fev": 0, "n_iter": 0}  # by calls of the core

    def run(self, strategy: TrainingStrategy) -> FitReport:
        """Runs a strategy until it is done or the training is over, and reports."""
        try:
            with contextlib.suppress(core.StopEvaluating):  # it is over; what was best is kept
                network, rows = self.training.network, int(self.training.data.rows)
                strategy.for_rows(network, rows).run(self, Problem(network, rows))
        except KeyboardInterrupt:  # between two calls of the core, which see their own
            if self.budget.ranks is not None:  # the others wait for this one: they are told
                raise
            self.interrupt()
        return self.report()

    def __call__(self, *phases: Phase) -> FitReport:
        """Trains from the best parameters so far and reports on these phases (`PhaseRunner`)."""
        first = len(self._calls)
        for several in in_calls(phases):
            self._check_not_over()
            stop = self.budget.left()
            ready = [] if self._monitor.stopped else self._resolved(several, stop)
            seconds = self.training.seconds
            theta = self.theta.copy()
            names = [type(phase.optimizer).__name__ for phase in ready]
            told = self.network, names, self._used.copy(), seconds
            events, wanted = self._monitor.of_call(*told)
            result, history, error = core.train(
                self.training.network.core_network(theta.dtype),
                self.training.data,
                self.training.held_out,
                theta,
                ready,
                stop,
                self.next_seed(),
                self.n_threads,
                self.progress,
                events,
                wanted,
                self.training.monitor.scorer,
                None if self.training.monitor.rule is None else ANY_NUMBER,
            )
            if error is not None:
                raise error
            self._monitor.agree(self.budget.ranks)
            self._add(names, theta, result, history, seconds)
        return self._reported(first)

    def from_starts(self, strategy: TrainingStrategy, starts: int) -> FitReport:
        """Runs a strategy from several starts and keeps the best (`PhaseRunner`).

        Which one is best follows from their scores alone, ties by their order, so that any number
        of threads gives the same result (unless a time limit ends some of them).
        """
        self._check_not_over()
        network, dtype = self.training.network, self.theta.dtype
        seed, first, theta = self.next_seed(), len(self._calls), self.theta
        most = self.budget.left().max_evaluations  # every start needs one
        starts = starts if most is None else min(starts, most)
        compiled = strategy.is_compiled(network) and not network.core_network(dtype).calls_python
        side_by_side = compiled and self.training.all_here and self.budget.ranks is None
        workers = min(self.n_threads, starts) if side_by_side else 1
        part = self.budget.parts(starts, -(-starts // workers))

        def train(k: int, n_threads: int, progress: ProgressFunction) -> tuple[Run, bool]:
            child = np.random.SeedSequence(seed, spawn_key=(k - 1,)) if k else None
            begin = theta if child is None else network.init(np.random.default_rng(child), dtype)
            own = seed if child is None else as_seed("rng", child)
            budget, start = Budget(part(k), ranks=self.budget.ranks), self.start + k
            run = Run(self.training, begin, own, budget, n_threads, progress, start)
            run._used = self._used.copy()
            return run, run.run(strategy).stop_reason in ENDS_ALL

        self._add_best(run_starts(train, starts, workers, self.n_threads, self.progress))
        return self._reported(first)

    @property
    def network(self) -> NetworkStructure:
        """The network as it is now (`PhaseRunner`)."""
        return self.training.network

    def change(self, network: NetworkStructure, theta: Array) -> None:
        """Goes on with another network, from theta (`PhaseRunner`)."""
        self.training, self.theta = self.training.with_network(network), theta.copy()
        self.lo = self.hi = None
        self._reports = {}
        net = network.core_network(theta.dtype)
        self.loss = net.loss(self.training.data, self.theta, None, self.n_threads)
        self.score = self.training.score(self.theta, self.loss, self.n_threads)

    def linear_model(self, most_rows: int) -> LinearModel:
        """The network at the best parameters so far, linearized (`PhaseRunner`)."""
        self._check_not_over()
        if self.budget.ranks is not None:
            raise ValueError("backend: a network that grows trains on one machine, without backend")
        network, data = self.training.network, self.training.data
        return LinearModel(network, data, self.theta, self.n_threads, most_rows)

    def interrupt(self) -> None:
        """Ctrl-C between two calls of the core: what was best is kept (`PhaseRunner`)."""
        self.report()  # measures the start where nothing has run
        self._calls[-1].status = int(StopReason.INTERRUPTED)

    def report(self, first: int = 0) -> FitReport:
        """What was found, by the calls of the core from `first` on.

        Parameters
        ----------
        first : int, default 0
        """
        if not self._calls:  # the strategy ran nothing: what there is, is the start
            with contextlib.suppress(core.StopEvaluating):
                self()
        calls = self._calls[first:]
        reason = self._stop_reason(calls[-1].status)
        depends = first, len(self._calls), reason
        if depends not in self._reports:  # else it was made for the strategy, after its last call
            self._reports = {depends: self._new_report(calls, reason)}
        return self._reports[depends]

    def _new_report(self, calls: list[CoreCall], reason: StopReason) -> FitReport:
        best = float(self.training.monitor.sign * self.score)
        return FitReport(
            theta=self.theta,
            loss=float(self.loss),
            stop_reason=reason,
            n_fev=sum(call.n_fev for call in calls),
            n_iter=sum(call.n_iter for call in calls),
            seconds=self.training.seconds,
            initial_loss=calls[0].initial_loss,
            phases=tuple(name for call in self._calls for name in call.optimizers),
            validation_score=math.nan if self.training.monitor.scorer is None else best,
            _best=best,
            network=self.training.network,
            _columns=joined_history(calls),
        )

    def at_bounds(self) -> int:
        """How many parameters lie on a bound of the last phase that keeps the loss from falling."""
        return self.training.held_by_bounds(self.theta, self.lo, self.hi, self.n_threads)

    def _resolved(self, phases: list[Phase], stop: Stop) -> list[ResolvedPhase]:
        ready = [resolve(phase, stop, self.training.network, self.theta) for phase in phases]
        if ready:
            self.lo, self.hi = ready[-1].lo, ready[-1].hi
        return ready

    def next_seed(self) -> int:
        """A seed that no other call has (`PhaseRunner`)."""
        if not self._calls:
            return self.seed
        if self._seeds is None:
            self._seeds = np.random.default_rng(self.seed)
        return int(self._seeds.integers(2**63))

    def _check_not_over(self) -> None:
        """Raises when the training is over."""
        if not self._calls:  # the first call is always made: it measures the start
            return
        reason = self.budget.used_up()
        if reason is not None:
            self._calls[-1].status = int(reason)
        target = self.budget.limits.target
        reached = target is not None and self.loss <= target
        ended = self._calls[-1].status in ENDS_ALL
        if reason is not None or reached or ended or self._monitor.stopped:
            raise core.StopEvaluating

    def _reported(self, first: int) -> FitReport:
        """The report on the calls from `first` on, for the strategy; raises when it is to end."""
        if self._monitor.stopped or self._calls[-1].status in ENDS_ALL:
            raise core.StopEvaluating
        return self.report(first)

    def _stop_reason(self, status: int) -> StopReason:
        if self.training.monitor.stopped and status != StopReason.INTERRUPTED:
            return StopReason.CALLBACK
        return StopReason(status) if status > 0 else StopReason.EPOCHS

    def _add(
        self,
        names: list[str],
        theta: Array,
        result: dict[str, Any],
        history: dict[str, Array],
        seconds: float,
    ) -> None:
        """Keeps what a call of the core did, and its parameters if they are the best."""
        history["validation_score"] *= self.training.monitor.sign
        history["seconds"] += seconds
        for name, used in self._used.items():  # counters go on where the last call stopped
            if used:
                history[name] += used
        call = CoreCall(
            self.training.network.widths[:-1],
            names,
            history,
            result["status"],
            float(result["f_start"]),
            result["n_fev"],
            result["n_iter"],
        )
        self._count(call)
        score = self.training.score(theta, result["f"], self.n_threads)
        if len(self._calls) == 1 or self._is_better(score):
            self.theta, self.loss, self.score = theta, result["f"], score

    def _add_best(self, runs: list[Run]) -> None:
        """Keeps what the best of several runs did, with what all of them used."""
        reasons = [run._calls[-1].status for run in runs]
        initial_loss = runs[0]._calls[0].initial_loss  # of the parameters passed in
        best = min(runs, key=lambda run: (math.isnan(run.score), run.score))
        begun = bool(self._calls)
        best._calls[0].initial_loss = initial_loss
        for call in best._calls:
            self._count(call)
        last = self._calls[-1]
        for run in runs:
            if run is not best:
                n_fev = sum(call.n_fev for call in run._calls)
                n_iter = sum(call.n_iter for call in run._calls)
                last.n_fev, last.n_iter = last.n_fev + n_fev, last.n_iter + n_iter
                self._spend(n_fev, n_iter)
        last.status = next((int(reason) for reason in ENDS_ALL if reason in reasons), last.status)
        if not begun or self._is_better(best.score):
            self.theta, self.loss, self.score = best.theta, best.loss, best.score
            self.training = best.training
            self.lo, self.hi = best.lo, best.hi

    def _is_better(self, score: float) -> bool:
        return score < self.score or (math.isnan(self.score) and not math.isnan(score))

    def _count(self, call: CoreCall) -> None:
        self._calls.append(call)
        self._used["phase"] += len(call.optimizers)
        if call.history["step"].size:
            self._used["step"] = max(self._used["step"], int(call.history["step"].max()))
        self._spend(call.n_fev, call.n_iter)

    def _spend(self, n_fev: int, n_iter: int) -> None:
        self._used["n_fev"] += n_fev
        self._used["n_iter"] += n_iter
        self.budget.spend(n_fev, n_iter)
