"""What a strategy is: the class to subclass, and what one that drives its phases is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.training.phase import Phase
from hbcd.utils.public import public

__all__ = ["About", "TrainingStrategy", "drives_itself"]


@dataclass(frozen=True)
class About:
    """What a strategy that drives its phases itself is told.

    Attributes
    ----------
    network : NetworkStructure
    n_rows : int
        Training rows.
    """

    network: NetworkStructure
    n_rows: int


@public
class TrainingStrategy:
    """A way to train.  Subclass it and write `phases`, or `run` to drive phases one by one."""

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """The phases for a network and this many training rows.

        Parameters
        ----------
        network : NetworkStructure
        n_rows : int

        Returns
        -------
        list of Phase
        """
        raise NotImplementedError(f"{type(self).__name__}.phases: must be written")

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

    def onward(self) -> TrainingStrategy:
        """What trains on from parameters that are trained already.

        Returns
        -------
        TrainingStrategy
            Itself; of a strategy that begins with a search for a start, one that does not.
        """
        return self

    def run(self, run_phase: Callable[[Phase], FitReport], about: About) -> None:
        """Runs the phases one by one.

        Without a `run` of one's own all of `phases` run in one call of the core.

        Parameters
        ----------
        run_phase : callable
            ``run_phase(phase)`` trains from the best parameters so far and reports.
        about : About
            The network and the number of rows.
        """
        raise NotImplementedError(f"{type(self).__name__}.run: must be written")


def drives_itself(strategy: TrainingStrategy) -> bool:
    """Whether a strategy has its own `run`."""
    return type(strategy).run is not TrainingStrategy.run
