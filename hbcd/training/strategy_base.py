"""What a strategy is: the class to subclass, what it is told, and what it runs its phases with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.parts.report import FitReport
from hbcd.parts.selectors import BlockSelector
from hbcd.training.phase import Phase
from hbcd.training.phase_runner import AroundRunner, PhaseRunner, Problem
from hbcd.utils.public import public

__all__ = ["OnePass", "PhaseRunner", "Problem", "TrainingStrategy"]

# What a strategy that cannot take a part says.
LACKS = {
    "optimizer": "has none",
    "selector": "chooses no blocks",
    "sensitivity_tol": "measures no sensitivities; strategies that do take it themselves",
}
SHORT = 50  # iterations of one pass on a batch that a strategy would work on until it is solved


@public
class TrainingStrategy:
    """A way to train.  Subclass it and write `phases`, or `run` to run phases one by one."""

    #: Whether, after rows left out have chosen the penalty of an estimator, training goes on from
    #: the parameters found there (with `after`); False: it begins anew.
    resumes: bool = False

    def phases(self, network: NetworkStructure, n_rows: int) -> Sequence[Phase]:
        """The phases for a network and this many training rows.

        Parameters
        ----------
        network : NetworkStructure
        n_rows : int

        Returns
        -------
        sequence of Phase
        """
        raise NotImplementedError(f"{type(self).__name__}.phases: must be written")

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Runs the training.  Where it is not overridden, all of `phases` in one call of the core.

        Parameters
        ----------
        run_phase : callable
            ``run_phase(phase)`` trains from the best parameters so far and reports; see
            `PhaseRunner`.
        problem : Problem
            The network and the number of rows.
        """
        phases = self.phases(problem.network, problem.n_rows)
        if not isinstance(phases, Sequence):
            raise TypeError(f"phases={phases!r}: must be a list of hbcd.Phase")
        run_phase(*phases)

    def for_rows(self, network: NetworkStructure, n_rows: int) -> TrainingStrategy:
        """The strategy for a network and this many training rows; itself unless these choose.

        Parameters
        ----------
        network : NetworkStructure
        n_rows : int

        Returns
        -------
        TrainingStrategy
        """
        return self

    def after(self, theta: NDArray[Any]) -> TrainingStrategy:
        """The strategy that goes on from parameters that are trained already.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)

        Returns
        -------
        TrainingStrategy
            Itself; of a strategy that begins with a search for a start, one that does not.
        """
        return self

    def resumes_on(self, network: NetworkStructure, n_rows: int) -> bool:
        """`resumes`, where that depends on the network and the number of training rows.

        Parameters
        ----------
        network : NetworkStructure
        n_rows : int

        Returns
        -------
        bool
        """
        return self.resumes

    def one_pass(self) -> TrainingStrategy:
        """The strategy with one pass over the data in every phase, as `partial_fit` makes it.

        Returns
        -------
        TrainingStrategy
        """
        return OnePass(self)

    def with_parts(
        self,
        *,
        optimizer: Optimizer | None = None,
        selector: BlockSelector | None = None,
        sensitivity_tol: float | None = None,
    ) -> TrainingStrategy:
        """The strategy with another optimizer, selector or tolerance, where it has one.

        Parameters
        ----------
        optimizer : Optimizer, optional
        selector : BlockSelector, optional
        sensitivity_tol : float, optional

        Returns
        -------
        TrainingStrategy

        Raises
        ------
        ValueError
            It has no such part.
        """
        given = {"optimizer": optimizer, "selector": selector, "sensitivity_tol": sensitivity_tol}
        changes: dict[str, Any] = {k: part for k, part in given.items() if part is not None}
        for name in changes:
            if not hasattr(self, name):
                shown = f"{name}={changes[name]}" if name == "sensitivity_tol" else name
                raise ValueError(f"{shown}: must be left out, {type(self).__name__} {LACKS[name]}")
        return replace(self, **changes) if changes else self  # type: ignore[type-var]

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """The share of the rows that an estimator holds out if it is left the choice.

        Parameters
        ----------
        network : NetworkStructure
        n_rows : int

        Returns
        -------
        float
            0 for none.
        """
        return 0.0

    @property
    def planned(self) -> bool:
        """Whether `phases` tells all that will run, so that one call of the core runs it."""
        return type(self).run is TrainingStrategy.run

    def is_compiled(self, network: NetworkStructure) -> bool:
        """Whether no part of it is written in Python: several starts of it run side by side.

        Parameters
        ----------
        network : NetworkStructure

        Returns
        -------
        bool
        """
        return self.planned and all(phase.is_compiled for phase in self.phases(network, 1))


@dataclass(frozen=True)
class OnePass(TrainingStrategy):
    """A strategy with one pass over the data in every phase.

    Parameters
    ----------
    strategy : TrainingStrategy
    """

    strategy: TrainingStrategy

    def phases(self, network: NetworkStructure, n_rows: int) -> Sequence[Phase]:
        """Those of the strategy, shortened."""
        return [_one_pass(phase) for phase in self.strategy.phases(network, n_rows)]

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Runs the strategy with phases that are shortened."""
        self.strategy.run(_OnePassRunner(run_phase), problem)

    def one_pass(self) -> TrainingStrategy:
        """Itself."""
        return self

    @property
    def planned(self) -> bool:
        """That of the strategy."""
        return self.strategy.planned


def _one_pass(phase: Phase) -> Phase:
    if phase.optimizer.value_only:  # a search has its budget
        return replace(phase, epochs=None if phase.epochs is None else 1)
    inner = phase.inner_iterations
    if phase.epochs is None or inner is not None:
        inner = SHORT if inner is None else min(inner, SHORT)
    return replace(phase, epochs=1, inner_iterations=inner)


@dataclass(frozen=True)
class _OnePassRunner(AroundRunner):
    """A runner that shortens the phases that it is given."""

    def __call__(self, *phases: Phase) -> FitReport:
        return self.run_phase(*map(_one_pass, phases))

    def from_starts(self, strategy: TrainingStrategy, starts: int) -> FitReport:
        return self.run_phase.from_starts(strategy.one_pass(), starts)
