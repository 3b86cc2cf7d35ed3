"""What a strategy is told of a training, and what it runs its phases with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from hbcd.networks.linear_model import LinearModel
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.training.phase import Phase

__all__ = ["AroundRunner", "PhaseRunner", "Problem"]


@dataclass(frozen=True)
class Problem:
    """What a strategy is told of the training that it is to run.

    Attributes
    ----------
    network : NetworkStructure
    n_rows : int
        Training rows.
    """

    network: NetworkStructure
    n_rows: int


class PhaseRunner(Protocol):
    """What a strategy runs its phases with."""

    def __call__(self, *phases: Phase) -> FitReport:
        """Trains from the best parameters so far and reports on these phases.

        It raises when the training is over (a limit, a callback, Ctrl-C): let that pass.

        Parameters
        ----------
        *phases : Phase
            Run one after another, in one call of the core.
        """
        ...

    @property
    def network(self) -> NetworkStructure:
        """The network as it is now."""
        ...

    @property
    def theta(self) -> NDArray[Any]:
        """The best parameters so far, (n_parameters,)."""
        ...

    @property
    def loss(self) -> float:
        """Their training loss; NaN before the first call."""
        ...

    def change(self, network: NetworkStructure, theta: NDArray[Any]) -> None:
        """Goes on with another network, which has as many inputs and outputs.

        Its parameters are the best so far from then on, whatever those before achieved.

        Parameters
        ----------
        network : NetworkStructure
        theta : ndarray of shape (n_parameters,)
        """
        ...

    def linear_model(self, most_rows: int) -> LinearModel:
        """The network at the best parameters so far, to first order; raises as a call does.

        Parameters
        ----------
        most_rows : int
            Of more training rows so many are looked at.
        """
        ...

    def next_seed(self) -> int:
        """A seed for what the strategy itself draws."""
        ...

    def interrupt(self) -> None:
        """Ends the training as Ctrl-C does in a call: the best is kept and the report says so."""
        ...

    def from_starts(self, strategy: Any, starts: int) -> FitReport:
        """Runs a strategy from several starts, side by side where there are threads for it.

        The first start is the best parameters so far, the others are new ones.  The best of their
        results is kept.

        Parameters
        ----------
        strategy : TrainingStrategy
        starts : int
        """
        ...


@dataclass(frozen=True)
class AroundRunner:
    """What a runner around another one leaves to it; subclasses run phases and starts.

    Parameters
    ----------
    run_phase : PhaseRunner
    """

    run_phase: PhaseRunner

    @property
    def network(self) -> NetworkStructure:
        """That of the other runner."""
        return self.run_phase.network

    @property
    def theta(self) -> NDArray[Any]:
        """That of the other runner."""
        return self.run_phase.theta

    @property
    def loss(self) -> float:
        """That of the other runner."""
        return self.run_phase.loss

    def change(self, network: NetworkStructure, theta: NDArray[Any]) -> None:
        """Changes the network of the other runner.

        Parameters
        ----------
        network : NetworkStructure
        theta : ndarray of shape (n_parameters,)
        """
        self.run_phase.change(network, theta)

    def linear_model(self, most_rows: int) -> LinearModel:
        """That of the other runner.

        Parameters
        ----------
        most_rows : int
        """
        return self.run_phase.linear_model(most_rows)

    def next_seed(self) -> int:
        """That of the other runner."""
        return self.run_phase.next_seed()

    def interrupt(self) -> None:
        """Ends the training of the other runner."""
        self.run_phase.interrupt()
