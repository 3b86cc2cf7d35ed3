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
        Training rows from which on `many` trains.
    """

    few: TrainingStrategy
    many: TrainingStrategy
    rows: int = 3000

    def __post_init__(self) -> None:
        for name in ("few", "many"):
            strategy = getattr(self, name)
            if not isinstance(strategy, TrainingStrategy):
                raise TypeError(f"{name}={strategy!r}: must be an hbcd.TrainingStrategy")
        check_integer("rows", self.rows, 1)

    def for_rows(self, n_rows: int) -> TrainingStrategy:
        """The strategy for this many training rows.

        Parameters
        ----------
        n_rows : int
        """
        return self.chosen(n_rows).for_rows(n_rows)

    def chosen(self, n_rows: int) -> TrainingStrategy:
        """The strategy for this many training rows.

        Parameters
        ----------
        n_rows : int

        Returns
        -------
        TrainingStrategy
        """
        return self.many if n_rows >= self.rows else self.few

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """Those of the strategy for this many rows."""
        return list(self.chosen(n_rows).phases(network, n_rows))

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Runs the strategy for this many rows."""
        self.chosen(problem.n_rows).run(run_phase, problem)

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
        return self.chosen(n_rows).hold_out_share(network, n_rows)

    def resumes_on(self, n_rows: int) -> bool:
        """Whether the strategy for this many rows resumes."""
        return self.chosen(n_rows).resumes_on(n_rows)

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
