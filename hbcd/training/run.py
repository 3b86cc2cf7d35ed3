"""One call of `Network.train`: phases with their defaults filled in, calls of the core, report."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.requirements import check_requirements
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop, StopReason
from hbcd.training.monitor import Audience, Progress, Relay
from hbcd.training.phase import Phase, default_box
from hbcd.training.strategy_base import About, TrainingStrategy
from hbcd.utils.validation import box_vectors

__all__ = ["Progress", "Run", "calls_python", "resolve"]

Array = NDArray[Any]

ANY_NUMBER = 2**62  # of passes without a better value: somebody else counts them

USED_UP = {
    "max_evaluations": StopReason.EVALUATIONS,
    "max_iterations": StopReason.ITERATIONS,
    "max_seconds": StopReason.TIME,
}


@dataclass(frozen=True)
class _Resolved:
    """A phase with every default filled in, as the core reads it."""

    optimizer: Any
    selector: Any
    sensitivity: Any
    batch_rows: int | None
    batch_growth: float
    inner_iterations: int | None
    visits_per_batch: int
    epochs: int | None
    sensitivity_tol: float
    full_sensitivity: bool
    lo: Array | None
    hi: Array | None
    stop: Stop


def _inside(
    box: tuple[Array | None, Array | None], bounds: tuple[Array, Array] | None, dtype: Any
) -> tuple[Array | None, Array | None]:
    """The box of a phase within the bounds of the network, which win where the two do not meet."""
    if bounds is None:
        return box
    least, most = (side.astype(dtype) for side in bounds)
    lo = least if box[0] is None else np.maximum(box[0], least)
    hi = most if box[1] is None else np.minimum(box[1], most)
    apart = lo > hi
    return np.where(apart, least, lo), np.where(apart, most, hi)


def resolve(
    phase: Phase,
    run: Stop,
    n_parameters: int,
    dtype: Any,
    bounds: tuple[Array, Array] | None = None,
) -> _Resolved:
    """Fills in the defaults of a phase."""
    if not isinstance(phase, Phase):
        raise TypeError(f"phase={phase!r}: must be an hbcd.Phase")
    box = default_box(phase.optimizer) if phase.box is None else phase.box
    lo, hi = _inside(box_vectors("box", box, n_parameters, dtype), bounds, dtype)
    stop = Stop(run.pg_tol, run.f_tol) if phase.stop is None else phase.stop
    inner = phase.inner_iterations
    most = phase.optimizer.most_iterations
    if most is not None and inner is None:
        inner = most if phase.epochs is None else 1
    tolerance = phase.sensitivity_tol
    return _Resolved(
        phase.optimizer,
        phase.selector,
        phase.sensitivity,
        phase.batch_rows,
        phase.batch_growth,
        inner,
        phase.visits_per_batch,
        phase.epochs,
        10 * stop.pg_tol if tolerance is None else tolerance,
        tolerance is not None,
        lo,
        hi,
        stop,
    )


def calls_python(network: NetworkStructure, strategy: TrainingStrategy, dtype: Any) -> bool:
    """Whether a training runs parts written in Python, which take turns and may share state."""
    parts = [
        part
        for phase in strategy.phases(network, 1)
        for part in (phase.optimizer, phase.selector, phase.sensitivity)
    ]
    own = any(part is not None and "_native" not in vars(type(part)) for part in parts)
    return own or bool(network.core_network(dtype).calls_python)


class Run:
    """One call of `train`: calls of the core, one or, where a strategy drives itself, several."""

    def __init__(
        self,
        network: NetworkStructure,
        data: core.Data,
        held_out: core.Data | None,
        stop: Stop,
        threads: int,
        progress: Progress | None,
        started: float,
        audience: Audience,
        start: int = 0,
    ) -> None:
        self.network, self.data, self.held_out = network, data, held_out
        self.stop, self.threads, self.progress, self.started = stop, threads, progress, started
        self.audience, self.relay = audience, Relay(audience, start)
        if progress is not None:
            self.progress = audience.shown(progress)
        self.results: list[dict[str, Any]] = []
        self.histories: list[dict[str, Array]] = []
        self.names: list[str] = []
        # What the calls of the core so far have counted.
        self.used = {"phase": 0, "step": 0, "n_fev": 0, "n_iter": 0}
        self.theta: Array | None = None
        self.loss, self.score = math.nan, math.nan

    def phases(self, phases: Sequence[Phase], theta: Array, stop: Stop, seed: int) -> None:
        """Runs phases from theta in one call of the core; keeps the best."""
        if not isinstance(phases, Sequence):
            raise TypeError(f"phases={phases!r}: must be a list of hbcd.Phase")
        resolved = [
            resolve(phase, stop, self.network.n_parameters, theta.dtype, self.network.bounds)
            for phase in phases
        ]
        for phase in phases:
            check_requirements(phase.optimizer, self.network, phase.selector is not None)
        net = self.network.core_network(theta.dtype)
        before = time.perf_counter() - self.started
        point = theta.copy()
        names = [type(phase.optimizer).__name__ for phase in phases]
        events, wanted = self.relay.of_call(names, self.used.copy(), before)
        result, history, error = core.train(
            net,
            self.data,
            self.held_out,
            point,
            resolved,
            stop,
            seed,
            self.threads,
            self.progress,
            events,
            wanted,
            self.audience.scorer,
            None if self.audience.rule is None else ANY_NUMBER,
        )
        if error is not None:
            raise error
        history["validation_score"] = history["validation_score"] * self.audience.sign
        history["seconds"] = history["seconds"] + before
        if self.results:  # counters go on where the last call stopped
            for name, used in self.used.items():
                history[name] = history[name] + used
        self.results.append(result)
        self.histories.append(history)
        self.names += names
        self._count(len(names), result, history)
        score = result["f"]
        if self.held_out is not None:
            score = net.loss(self.held_out, point, None, self.threads)
        if self.audience.scorer is not None:
            score = self.audience.scorer(point, score)
        if self.theta is None or not score >= self.score:
            self.theta, self.loss, self.score = point, result["f"], score

    def _count(self, phases: int, result: dict[str, Any], history: dict[str, Array]) -> None:
        """Adds a call of the core to what was counted before it."""
        self.used["phase"] += phases
        if history["step"].size:
            self.used["step"] = max(self.used["step"], int(history["step"].max()))
        self.used["n_fev"] += result["n_fev"]
        self.used["n_iter"] += result["n_iter"]

    def drive(self, strategy: TrainingStrategy, theta: Array, seed: int) -> None:
        """Lets a strategy run its phases one by one, each from the best parameters so far."""
        generator = np.random.default_rng(seed)
        self.phases([], theta, self.stop, seed)  # measures the start

        def run_phase(phase: Phase) -> FitReport:
            assert self.theta is not None
            stop = self._left()
            self.phases([phase], self.theta, stop, int(generator.integers(2**63)))
            report = self.report(len(self.results) - 1)
            if report.interrupted or self.relay.stopped:
                raise core.StopEvaluating
            return report

        with contextlib.suppress(core.StopEvaluating):  # the run is over; what was best is kept
            strategy.run(run_phase, About(self.network, int(self.data.rows)))

    def _left(self) -> Stop:
        """The limits of the run, less what is used; raises when one is used up."""
        if self.results[-1]["status"] == StopReason.INTERRUPTED:
            raise core.StopEvaluating
        used = self.used
        seconds = self.stop.max_seconds
        changes: dict[str, Any] = {}
        if self.stop.max_evaluations is not None:
            changes["max_evaluations"] = self.stop.max_evaluations - used["n_fev"]
        if self.stop.max_iterations is not None:
            changes["max_iterations"] = self.stop.max_iterations - used["n_iter"]
        if seconds is not None:
            changes["max_seconds"] = seconds - (time.perf_counter() - self.started)
        for name, value in changes.items():
            if value <= 0:
                self.results[-1]["status"] = USED_UP[name]
                raise core.StopEvaluating
        return replace(self.stop, **changes)

    def report(self, first: int = 0) -> FitReport:
        """What was found, by the calls of the core from `first` on."""
        assert self.theta is not None
        results, histories = self.results[first:], self.histories[first:]
        status = results[-1]["status"]
        best = float(self.audience.sign * self.score)
        columns = {
            name: np.concatenate([history[name] for history in histories]) for name in histories[0]
        }
        order = ("step", "phase", "epoch", "block", "rows", "loss_before", "loss")
        rest = [name for name in columns if name not in (*order, "n_fev", "n_iter", "seconds")]
        names = [*order, *rest, "n_fev", "n_iter", "seconds"]
        return FitReport(
            theta=self.theta,
            loss=float(self.loss),
            stop_reason=StopReason(status) if status > 0 else StopReason.EPOCHS,
            n_fev=sum(r["n_fev"] for r in results),
            n_iter=sum(r["n_iter"] for r in results),
            seconds=time.perf_counter() - self.started,
            initial_loss=float(results[0]["f_start"]),
            phases=tuple(self.names),
            validation_score=math.nan if self.audience.scorer is None else best,
            _best=best,
            _columns={name: columns[name] for name in names},
        )
