"""Strategies that are several others, one after another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.parts.selectors import BlockSelector
from hbcd.training.phase import Phase
from hbcd.training.strategy_base import PhaseRunner, Problem, TrainingStrategy
from hbcd.utils.public import public

__all__ = ["Sequence", "StepwiseStrategy"]


class StepwiseStrategy(TrainingStrategy, ABC):
    """A strategy that is a list of others, run one after another; subclasses write `steps`."""

    @abstractmethod
    def steps(self) -> list[TrainingStrategy]:
        """The strategies in the order in which they run.

        Returns
        -------
        list of TrainingStrategy
        """

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """Those of all steps."""
        return [phase for step in self.steps() for phase in step.phases(network, n_rows)]

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Runs all phases in one call of the core where they are known, else step by step."""
        if self.planned:
            run_phase(*self.phases(problem.network, problem.n_rows))
            return
        for step in self.steps():
            step.run(run_phase, problem)

    @property
    def planned(self) -> bool:
        """Whether all steps are."""
        return all(step.planned for step in self.steps())

    def is_compiled(self, network: NetworkStructure) -> bool:
        """Whether all steps are.

        Parameters
        ----------
        network : NetworkStructure
        """
        return all(step.is_compiled(network) for step in self.steps())


@public
@dataclass(frozen=True)
class Sequence(StepwiseStrategy):
    """Strategies one after another, each from the best parameters so far.

    Parameters
    ----------
    strategies : sequence of TrainingStrategy
        At least one.  Limits of the training are for all of them together.
    """

    strategies: Iterable[TrainingStrategy]

    def __post_init__(self) -> None:
        if not isinstance(self.strategies, (list, tuple)):
            raise TypeError(f"strategies={self.strategies!r}: must be a list of strategies")
        if not self.strategies:
            raise ValueError("strategies=[]: must have at least one strategy")
        for index, strategy in enumerate(self.strategies):
            if not isinstance(strategy, TrainingStrategy):
                raise TypeError(
                    f"strategies[{index}]={strategy!r}: must be an hbcd.TrainingStrategy"
                )
        object.__setattr__(self, "strategies", tuple(self.strategies))  # compared and hashed

    def steps(self) -> list[TrainingStrategy]:
        """The strategies.

        Returns
        -------
        list of TrainingStrategy
        """
        return list(self.strategies)

    def after(self, theta: NDArray[Any]) -> TrainingStrategy:
        """The first strategy as it goes on from theta, then the others."""
        first, *others = self.strategies
        return replace(self, strategies=(first.after(theta), *others))

    def one_pass(self) -> TrainingStrategy:
        """One pass of each strategy."""
        return replace(self, strategies=tuple(step.one_pass() for step in self.strategies))

    def with_parts(
        self,
        *,
        optimizer: Optimizer | None = None,
        selector: BlockSelector | None = None,
        sensitivity_tol: float | None = None,
    ) -> TrainingStrategy:
        """Every strategy with another optimizer, selector or tolerance."""
        parts: dict[str, Any] = {"optimizer": optimizer, "selector": selector}
        if sensitivity_tol is not None:
            parts["sensitivity_tol"] = sensitivity_tol
        return replace(self, strategies=tuple(s.with_parts(**parts) for s in self.strategies))

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """The largest of the strategies."""
        return max(step.hold_out_share(network, n_rows) for step in self.strategies)
