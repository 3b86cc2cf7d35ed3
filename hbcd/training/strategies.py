"""Training strategies of one phase: all parameters at once, or one layer at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer, own_iterations
from hbcd.optimizers.builtin import BFGS, LBFGS
from hbcd.parts.selectors import BlockSelector, MostSensitive
from hbcd.parts.sensitivities import ProjectedGradient, Sensitivity
from hbcd.training.phase import Phase, check_parts
from hbcd.training.quasi_newton import quasi_newton
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.training.work import finish_iterations, passes
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["BatchShell", "BlockCoordinateDescent", "Finish", "FullBatch", "MiniBatch"]


@public
@dataclass(frozen=True)
class FullBatch(TrainingStrategy):
    """All parameters at once on all rows.

    Parameters
    ----------
    optimizer : Optimizer, default LBFGS(memory=20)
        Runs until its stopping test.
    max_iterations : int or None, default 2000
        Iterations of the optimizer; None: no limit.
    box : see `Phase`
    check_every : int, default 50
        Iterations between two lines of the history; there held-out rows are looked at, and the run
        ends after ten looks without progress.
    """

    optimizer: Optimizer = field(default_factory=lambda: LBFGS(memory=20))
    max_iterations: int | None = 2000
    box: Any = None
    check_every: int = 50

    def __post_init__(self) -> None:
        check_parts(self.optimizer, None, ProjectedGradient())
        check_integer("max_iterations", self.max_iterations, 1, none=True)
        check_integer("check_every", self.check_every, 1)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase.

        A monotone optimizer is taken up again every `check_every` iterations.
        """
        if not self.optimizer.monotone:
            return [
                Phase(self.optimizer, inner_iterations=self.max_iterations, box=self.box),
            ]
        chunk = min(self.check_every, self.max_iterations or self.check_every)
        limit = 10**6 if self.max_iterations is None else self.max_iterations
        return [
            Phase(
                self.optimizer,
                inner_iterations=chunk,
                epochs=math.ceil(limit / chunk),
                max_iterations=self.max_iterations,
                box=self.box,
            )
        ]


@public
@dataclass(frozen=True)
class Finish(TrainingStrategy):
    """All parameters at once on all rows, by the quasi-Newton method that suits their number.

    Self-scaled BFGS with the whole matrix, which needs the fewest evaluations.  L-BFGS with 20
    pairs where passing over the matrix takes longer than those evaluations, and where weights have
    bounds.

    Parameters
    ----------
    max_iterations : int or None, default 1000
        None: what the rows pay for, see `Hybrid.auto`.
    most_parameters : int, optional
        BFGS up to so many, as long as there are no more than rows.  None: up to one fifth of the
        rows, and up to 1200 where there are as many rows, while the matrix takes no more than
        `BFGS.memory_limit`.
    check_every : see `FullBatch`
    """

    max_iterations: int | None = 1000
    most_parameters: int | None = None
    check_every: int = 25

    def __post_init__(self) -> None:
        check_integer("max_iterations", self.max_iterations, 1, none=True)
        check_integer("most_parameters", self.most_parameters, 0, none=True)
        check_integer("check_every", self.check_every, 1)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase."""
        n = network.n_parameters
        if network.bounds is not None:
            optimizer: Optimizer = LBFGS(memory=20)
        elif self.most_parameters is None:
            optimizer = quasi_newton(n, n_rows)
        else:
            optimizer = BFGS() if n <= min(self.most_parameters, n_rows) else LBFGS(memory=20)
        iterations = self.max_iterations or finish_iterations(n, n_rows)
        chosen = FullBatch(optimizer, iterations, check_every=self.check_every)
        return chosen.phases(network, n_rows)


@public
@dataclass(frozen=True)
class MiniBatch(TrainingStrategy):
    """All parameters at once on batches, the way neural networks are usually trained.

    Parameters
    ----------
    optimizer : Optimizer
        ADAM keeps its moments across batches; the others start anew on each.
    batch_rows : int, default 256
        Rows of a batch.
    inner_iterations : int, optional
        Iterations on each batch; None: those of the optimizer, `Optimizer.inner_iterations`.
    epochs : int or None, default 100
        Passes over the data; None: what the rows pay for, see `Hybrid.auto`.
    box : see `Phase`
    """

    optimizer: Optimizer
    batch_rows: int = 256
    inner_iterations: int | None = None
    epochs: int | None = 100
    box: Any = None

    def __post_init__(self) -> None:
        check_parts(self.optimizer, None, ProjectedGradient())
        check_integer("batch_rows", self.batch_rows, 1)
        check_integer("inner_iterations", self.inner_iterations, 1, none=True)
        check_integer("epochs", self.epochs, 1, none=True)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase."""
        return [
            Phase(
                self.optimizer,
                batch_rows=self.batch_rows,
                inner_iterations=self.inner_iterations or own_iterations(self.optimizer, "batch"),
                epochs=self.epochs or passes(n_rows),
                box=self.box,
            )
        ]


@public
@dataclass(frozen=True)
class BlockCoordinateDescent(TrainingStrategy):
    """One layer at a time on all rows.

    Parameters
    ----------
    optimizer : Optimizer, default LBFGS()
    selector : BlockSelector, default MostSensitive()
    sensitivity : Sensitivity, default ProjectedGradient()
    inner_iterations : int, optional
        Iterations per block visit; None: those of the optimizer, `Optimizer.inner_iterations`.
    epochs : int, default 50
        Sweeps: one is as many visits as there are blocks.
    box : see `Phase`
    sensitivity_tol : float, optional
        The descent ends when no block is more sensitive; None: ten times `pg_tol` (the article).
    """

    optimizer: Optimizer = field(default_factory=LBFGS)
    selector: BlockSelector = field(default_factory=MostSensitive)
    sensitivity: Sensitivity = field(default_factory=ProjectedGradient)
    inner_iterations: int | None = None
    epochs: int = 50
    box: Any = None
    sensitivity_tol: float | None = None

    def __post_init__(self) -> None:
        check_parts(self.optimizer, self.selector, self.sensitivity)
        check_integer("inner_iterations", self.inner_iterations, 1, none=True)
        check_integer("epochs", self.epochs, 1)
        check_number("sensitivity_tol", self.sensitivity_tol, low=0.0, none=True)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase."""
        return [
            Phase(
                self.optimizer,
                self.selector,
                sensitivity=self.sensitivity,
                inner_iterations=self.inner_iterations or own_iterations(self.optimizer, "descent"),
                visits_per_batch=max(1, len(network.blocks)),
                epochs=self.epochs,
                sensitivity_tol=self.sensitivity_tol,
                box=self.box,
            )
        ]


@public
@dataclass(frozen=True)
class BatchShell(TrainingStrategy):
    """Block coordinate descent inside a loop over batch subsets: the article's batch shell.

    Parameters
    ----------
    optimizer : Optimizer, default LBFGS()
    selector : BlockSelector or None, default MostSensitive()
        None: all parameters at once.
    sensitivity : Sensitivity, default ProjectedGradient()
    rows_per_parameter : float, default 1.1
        Rows of a batch per parameter of the network: the smallest batch on which the problem is
        not underdetermined (the article).
    inner_iterations : int, optional
        Iterations per block visit, restricted because a fit that converges on so few rows
        interpolates them; None: those of the optimizer, `Optimizer.inner_iterations`, of L-BFGS
        the article's 2.
    visits_per_batch : int, default 2
    growth : float, default 1.0
        Factor on the rows of a batch after every epoch.
    epochs : int, default 10
    min_batch_rows : int, default 1
        Smallest batch.
    box : see `Phase`
    sensitivity_tol : float, optional
        A batch is solved when no block is more sensitive; None: ten times `pg_tol` (the article).
    """

    optimizer: Optimizer = field(default_factory=LBFGS)
    selector: BlockSelector | None = field(default_factory=MostSensitive)
    sensitivity: Sensitivity = field(default_factory=ProjectedGradient)
    rows_per_parameter: float = 1.1
    inner_iterations: int | None = None
    visits_per_batch: int = 2
    growth: float = 1.0
    epochs: int = 10
    min_batch_rows: int = 1
    box: Any = None
    sensitivity_tol: float | None = None

    def __post_init__(self) -> None:
        check_parts(self.optimizer, self.selector, self.sensitivity)
        check_number("rows_per_parameter", self.rows_per_parameter, low=0.0, open_low=True)
        check_integer("inner_iterations", self.inner_iterations, 1, none=True)
        check_integer("visits_per_batch", self.visits_per_batch, 1)
        check_number("growth", self.growth, low=1.0)
        check_integer("epochs", self.epochs, 1)
        check_integer("min_batch_rows", self.min_batch_rows, 1)
        check_number("sensitivity_tol", self.sensitivity_tol, low=0.0, none=True)

    def batch_rows(self, network: NetworkStructure) -> int:
        """Rows of the first batches: ``ceil(rows_per_parameter * n_parameters)`` or more.

        Parameters
        ----------
        network : NetworkStructure

        Returns
        -------
        int
        """
        # The product is rounded first: 1.1 * 90 is 99.00000000000001 in binary.
        wanted = math.ceil(round(self.rows_per_parameter * network.n_parameters, 9))
        return max(wanted, self.min_batch_rows, 1)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase."""
        return [
            Phase(
                self.optimizer,
                self.selector,
                sensitivity=self.sensitivity,
                batch_rows=self.batch_rows(network),
                batch_growth=self.growth,
                inner_iterations=self.inner_iterations or own_iterations(self.optimizer, "shell"),
                visits_per_batch=self.visits_per_batch,
                epochs=self.epochs,
                sensitivity_tol=self.sensitivity_tol,
                box=self.box,
            )
        ]
