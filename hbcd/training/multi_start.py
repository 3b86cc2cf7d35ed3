"""One strategy from several starts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.parts.selectors import BlockSelector
from hbcd.training.hybrid import Hybrid
from hbcd.training.phase import Phase
from hbcd.training.sequence import StepwiseStrategy
from hbcd.training.strategy_base import PhaseRunner, Problem, TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer

__all__ = ["MultiStart"]


@public
@dataclass(frozen=True)
class MultiStart(TrainingStrategy):
    """A strategy from several starts, spread over the threads; the best one is kept.

    The best by the loss on held-out rows where there are any, else by the training loss: the same
    at any number of threads.  The first start is from the parameters that `train` is given, the
    others from new ones.  Limits of the run are for all starts together.

    Parameters
    ----------
    strategy : TrainingStrategy, default Hybrid.fast()
    starts : int, default 4
    """

    strategy: TrainingStrategy = field(default_factory=Hybrid.fast)
    starts: int = 4

    def __post_init__(self) -> None:
        if not isinstance(self.strategy, TrainingStrategy) or _has_starts(self.strategy):
            raise TypeError(
                f"strategy={self.strategy!r}: must be an hbcd.TrainingStrategy, no MultiStart and "
                "none that holds one; `starts` are those of the outermost"
            )
        check_integer("starts", self.starts, 1)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """Those of every start."""
        return list(self.strategy.phases(network, n_rows))

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Runs the strategy from every start."""
        run_phase.from_starts(self.strategy, self.starts)

    def after(self, theta: NDArray[Any]) -> TrainingStrategy:
        """The strategy as it goes on from theta: from one start, which is there."""
        return self.strategy.after(theta)

    def one_pass(self) -> TrainingStrategy:
        """One pass of the strategy from one start."""
        return self.strategy.one_pass()

    def with_parts(
        self,
        *,
        optimizer: Optimizer | None = None,
        selector: BlockSelector | None = None,
        sensitivity_tol: float | None = None,
    ) -> TrainingStrategy:
        """The same starts of the strategy with another optimizer, selector or tolerance."""
        strategy = self.strategy.with_parts(
            optimizer=optimizer, selector=selector, sensitivity_tol=sensitivity_tol
        )
        return replace(self, strategy=strategy)

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """That of the strategy."""
        return self.strategy.hold_out_share(network, n_rows)

    def is_compiled(self, network: NetworkStructure) -> bool:
        """Whether the strategy is.

        Parameters
        ----------
        network : NetworkStructure
        """
        return self.strategy.is_compiled(network)


def _has_starts(strategy: TrainingStrategy) -> bool:
    """Whether a strategy is a `MultiStart`, or has one among its steps."""
    if isinstance(strategy, StepwiseStrategy):
        return any(_has_starts(step) for step in strategy.steps())
    return isinstance(strategy, MultiStart)
