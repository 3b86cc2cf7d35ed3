"""A strategy that trains for a share of what it would."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.training.phase import Phase
from hbcd.training.phase_runner import AroundRunner
from hbcd.training.strategy_base import PhaseRunner, Problem, TrainingStrategy

__all__ = ["Shortened", "shortened"]


def shortened(strategy: TrainingStrategy, share: float) -> TrainingStrategy:
    """The strategy with a share of its passes and iterations; itself where the share is 1."""
    return strategy if share == 1.0 else Shortened(strategy, share)


@dataclass(frozen=True)
class Shortened(TrainingStrategy):
    """A strategy with a share of the passes and iterations of every phase.

    A rate that falls over a phase falls over the shorter one.  A search for a start, which takes
    part of a batch and no pass, stays as it is.

    Parameters
    ----------
    strategy : TrainingStrategy
    share : float
        Greater than 0, at most 1.
    """

    strategy: TrainingStrategy
    share: float

    @property
    def resumes(self) -> bool:  # type: ignore[override]
        """That of the strategy."""
        return self.strategy.resumes

    def phases(self, network: NetworkStructure, n_rows: int) -> Sequence[Phase]:
        """Those of the strategy, shortened."""
        phases = self.strategy.phases(network, n_rows)
        return [_shorter(phase, self.share) for phase in phases]

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Runs the strategy with phases that are shortened."""
        self.strategy.run(_ShorterRunner(run_phase, self.share), problem)

    def after(self, theta: NDArray[Any]) -> TrainingStrategy:
        """The strategy after a start, shortened."""
        return replace(self, strategy=self.strategy.after(theta))

    def with_parts(self, **parts: Any) -> TrainingStrategy:
        """The strategy with other parts, shortened."""
        return replace(self, strategy=self.strategy.with_parts(**parts))

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """That of the strategy."""
        return self.strategy.hold_out_share(network, n_rows)

    @property
    def planned(self) -> bool:
        """That of the strategy."""
        return self.strategy.planned

    def is_compiled(self, network: NetworkStructure) -> bool:
        """That of the strategy.

        Parameters
        ----------
        network : NetworkStructure
        """
        return self.strategy.is_compiled(network)


def _shorter(phase: Phase, share: float) -> Phase:
    def part(count: int | None) -> int | None:
        return None if count is None else max(1, math.ceil(round(share * count, 9)))

    if phase.epochs is None:
        if phase.optimizer.value_only:
            return phase
        return replace(phase, inner_iterations=part(phase.inner_iterations))
    return replace(
        phase,
        epochs=part(phase.epochs),
        max_iterations=part(phase.max_iterations),
        max_evaluations=part(phase.max_evaluations),
    )


@dataclass(frozen=True)
class _ShorterRunner(AroundRunner):
    """A runner that shortens the phases that it is given."""

    share: float

    def __call__(self, *phases: Phase) -> FitReport:
        return self.run_phase(*(_shorter(phase, self.share) for phase in phases))

    def from_starts(self, strategy: TrainingStrategy, starts: int) -> FitReport:
        return self.run_phase.from_starts(shortened(strategy, self.share), starts)
