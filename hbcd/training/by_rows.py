"""One strategy for few rows, another for many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.parts.selectors import BlockSelector
from hbcd.training.phase import Phase
from hbcd.training.strategy_base import PhaseRunner, Problem, TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer

__all__ = ["ByRows"]


@public
@dataclass(frozen=True)
class ByRows(TrainingStrategy):
    """One strategy for few training rows, another for many.

    Parameters
    ----------
    few, many : TrainingStrategy
    rows : int, default 3000
        Training rows from which on `many` trains,
    work : int, default 0
        where rows times parameters of the network are at least this.
    """

    few: TrainingStrategy
    many: TrainingStrategy
    rows: int = 3000
    work: int = 0

    def __post_init__(self) -> None:
        for name in ("few", "many"):
            strategy = getattr(self, name)
            if not isinstance(strategy, TrainingStrategy):
                raise TypeError(f"{name}={strategy!r}: must be an hbcd.TrainingStrategy")
        check_integer("rows", self.rows, 1)
        check_integer("work", self.work, 0)

    def for_rows(self, network: NetworkStructure, n_rows: int) -> TrainingStrategy:
        """The strategy for a network and this many training rows.

        Parameters
        ----------
        network : NetworkStructure
        n_rows : int

        Returns
        -------
        TrainingStrategy
        """
        return self.chosen(network, n_rows).for_rows(network, n_rows)

    def chosen(self, network: NetworkStructure, n_rows: int) -> TrainingStrategy:
        """The strategy for a network and this many training rows.

        Parameters
        ----------
        network : NetworkStructure
        n_rows : int

        Returns
        -------
        TrainingStrategy
        """
        much = n_rows >= self.rows and n_rows * network.n_parameters >= self.work
        return self.many if much else self.few

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """Those of the strategy for this many rows."""
        return list(self.chosen(network, n_rows).phases(network, n_rows))

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Runs the strategy for this many rows."""
        self.chosen(problem.network, problem.n_rows).run(run_phase, problem)

    def after(self, theta: NDArray[Any]) -> TrainingStrategy:
        """Each strategy as it goes on from theta."""
        return replace(self, few=self.few.after(theta), many=self.many.after(theta))

    def one_pass(self) -> TrainingStrategy:
        """One pass of each strategy."""
        return replace(self, few=self.few.one_pass(), many=self.many.one_pass())

    def with_parts(
        self,
        *,
        optimizer: Optimizer | None = None,
        selector: BlockSelector | None = None,
        sensitivity_tol: float | None = None,
    ) -> TrainingStrategy:
        """Each strategy with another optimizer, selector or tolerance."""
        few, many = (
            strategy.with_parts(
                optimizer=optimizer, selector=selector, sensitivity_tol=sensitivity_tol
            )
            for strategy in (self.few, self.many)
        )
        return replace(self, few=few, many=many)

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """That of the strategy for this many rows."""
        return self.chosen(network, n_rows).hold_out_share(network, n_rows)

    def resumes_on(self, network: NetworkStructure, n_rows: int) -> bool:
        """Whether the strategy for this many rows resumes."""
        return self.chosen(network, n_rows).resumes_on(network, n_rows)

    @property
    def planned(self) -> bool:
        """Whether both strategies are."""
        return self.few.planned and self.many.planned

    def is_compiled(self, network: NetworkStructure) -> bool:
        """Whether both strategies are.

        Parameters
        ----------
        network : NetworkStructure
        """
        return self.few.is_compiled(network) and self.many.is_compiled(network)
