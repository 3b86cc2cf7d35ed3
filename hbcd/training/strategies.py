"""Training strategies: a strategy is a list of phases that the core runs one after another."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.optimizers.builtin import BFGS, ICRS, LBFGS
from hbcd.parts.selectors import BlockSelector, MostSensitive
from hbcd.parts.sensitivities import ProjectedGradient, Sensitivity
from hbcd.parts.stopping import Stop
from hbcd.training.phase import Phase, check_parts
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = [
    "BatchShell",
    "BlockCoordinateDescent",
    "Finish",
    "FullBatch",
    "Hybrid",
    "MiniBatch",
    "MultiStart",
    "Phase",
    "TrainingStrategy",
]


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
                box=self.box,
                stop=Stop(max_iterations=self.max_iterations),
            )
        ]


@public
@dataclass(frozen=True)
class Finish(TrainingStrategy):
    """All parameters at once on all rows, by the quasi-Newton method that suits their number.

    Self-scaled BFGS with the whole matrix, which needs the fewest evaluations; beyond
    `most_parameters`, where passing over the matrix takes longer than an evaluation saves, L-BFGS
    with 20 pairs.

    Parameters
    ----------
    max_iterations : int, default 1000
    most_parameters : int, default 3000
    check_every : see `FullBatch`
    """

    max_iterations: int = 1000
    most_parameters: int = 3000
    check_every: int = 25

    def __post_init__(self) -> None:
        check_integer("max_iterations", self.max_iterations, 1)
        check_integer("most_parameters", self.most_parameters, 0)
        check_integer("check_every", self.check_every, 1)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase."""
        few = network.n_parameters <= self.most_parameters
        optimizer = BFGS() if few else LBFGS(memory=20)
        chosen = FullBatch(optimizer, self.max_iterations, check_every=self.check_every)
        return chosen.phases(network, n_rows)


MOST_STARTS = 100_000  # each has its own parameters, and they are all drawn before the first run


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
        At most 100 000.
    """

    strategy: TrainingStrategy = field(default_factory=lambda: Hybrid.fast())
    starts: int = 4

    def __post_init__(self) -> None:
        if not isinstance(self.strategy, TrainingStrategy) or isinstance(self.strategy, MultiStart):
            raise TypeError(f"strategy={self.strategy!r}: must be another hbcd.TrainingStrategy")
        check_integer("starts", self.starts, 1, high=MOST_STARTS)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """Those of every start."""
        return self.strategy.phases(network, n_rows)

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """That of the strategy."""
        return self.strategy.hold_out_share(network, n_rows)

    def onward(self) -> TrainingStrategy:
        """The strategy from one start, which is there."""
        return self.strategy.onward()


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
    inner_iterations : int, default 1
        Iterations on each batch.
    epochs : int, default 100
        Passes over the data.
    box : see `Phase`
    """

    optimizer: Optimizer
    batch_rows: int = 256
    inner_iterations: int = 1
    epochs: int = 100
    box: Any = None

    def __post_init__(self) -> None:
        check_parts(self.optimizer, None, ProjectedGradient())
        check_integer("batch_rows", self.batch_rows, 1)
        check_integer("inner_iterations", self.inner_iterations, 1)
        check_integer("epochs", self.epochs, 1)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase."""
        return [
            Phase(
                self.optimizer,
                batch_rows=self.batch_rows,
                inner_iterations=self.inner_iterations,
                epochs=self.epochs,
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
    inner_iterations : int, default 5
        Iterations per block visit.
    epochs : int, default 50
        Sweeps: one is as many visits as there are blocks.
    box : see `Phase`
    """

    optimizer: Optimizer = field(default_factory=LBFGS)
    selector: BlockSelector = field(default_factory=MostSensitive)
    sensitivity: Sensitivity = field(default_factory=ProjectedGradient)
    inner_iterations: int = 5
    epochs: int = 50
    box: Any = None

    def __post_init__(self) -> None:
        check_parts(self.optimizer, self.selector, self.sensitivity)
        check_integer("inner_iterations", self.inner_iterations, 1)
        check_integer("epochs", self.epochs, 1)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """One phase."""
        return [
            Phase(
                self.optimizer,
                self.selector,
                sensitivity=self.sensitivity,
                inner_iterations=self.inner_iterations,
                visits_per_batch=max(1, len(network.blocks)),
                epochs=self.epochs,
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
    inner_iterations : int, default 2
        Restricted: with so few rows a converged fit interpolates the batch.
    visits_per_batch : int, default 2
    growth : float, default 1.0
        Factor on the rows of a batch after every epoch.
    epochs : int, default 10
    min_batch_rows : int, default 1
        Smallest batch.
    box : see `Phase`
    """

    optimizer: Optimizer = field(default_factory=LBFGS)
    selector: BlockSelector | None = field(default_factory=MostSensitive)
    sensitivity: Sensitivity = field(default_factory=ProjectedGradient)
    rows_per_parameter: float = 1.1
    inner_iterations: int = 2
    visits_per_batch: int = 2
    growth: float = 1.0
    epochs: int = 10
    min_batch_rows: int = 1
    box: Any = None

    def __post_init__(self) -> None:
        check_parts(self.optimizer, self.selector, self.sensitivity)
        check_number("rows_per_parameter", self.rows_per_parameter, low=0.0, open_low=True)
        check_integer("inner_iterations", self.inner_iterations, 1)
        check_integer("visits_per_batch", self.visits_per_batch, 1)
        check_number("growth", self.growth, low=1.0)
        check_integer("epochs", self.epochs, 1)
        check_integer("min_batch_rows", self.min_batch_rows, 1)

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
                inner_iterations=self.inner_iterations,
                visits_per_batch=self.visits_per_batch,
                epochs=self.epochs,
                box=self.box,
            )
        ]


@public
@dataclass(frozen=True)
class Hybrid(TrainingStrategy):
    """The article's hybrid: random search, then the batch shell, then, if wanted, a finish.

    Parameters
    ----------
    explore : ICRS or None
        Searches the whole parameter vector on one batch subset; None: no search.  Without a budget
        of its own it makes 100 trials per parameter.
    shell : BatchShell
        Layer-wise descent on batch subsets.
    finish : TrainingStrategy or None
        Run afterwards, from the best parameters.
    explore_rows : int or None
        Rows of the subset of the search; None: those of the shell's first batch.
    hold_out : float, default 0
        Share of the rows that an estimator holds out, to keep the best parameters by their loss and
        to stop early, where there are fewer than `hold_out_below` rows per parameter.
    hold_out_below : float, default 0
    """

    explore: ICRS | None = field(default_factory=ICRS)
    shell: BatchShell = field(default_factory=BatchShell)
    finish: TrainingStrategy | None = None
    explore_rows: int | None = None
    hold_out: float = 0.0
    hold_out_below: float = 0.0

    def __post_init__(self) -> None:
        check_number("hold_out", self.hold_out, low=0.0, high=1.0, open_high=True)
        check_number("hold_out_below", self.hold_out_below, low=0.0)
        if self.explore is not None and not isinstance(self.explore, ICRS):
            raise TypeError(f"explore={self.explore!r}: must be an hbcd.ICRS or None")
        if not isinstance(self.shell, BatchShell):
            raise TypeError(f"shell={self.shell!r}: must be an hbcd.BatchShell")
        if self.finish is not None and not isinstance(self.finish, TrainingStrategy):
            raise TypeError(f"finish={self.finish!r}: must be an hbcd.TrainingStrategy or None")
        check_integer("explore_rows", self.explore_rows, 1, none=True)

    @classmethod
    def paper(cls) -> Hybrid:
        """The article's settings.

        ICRS, batches of 1.1 rows per parameter, the most sensitive layer, L-BFGS restricted to 2
        iterations, no finish.
        """
        return cls()

    @classmethod
    def fast(cls) -> Hybrid:
        """Ours, the default.

        A short search close to the start, batches that grow fourfold every epoch, all layers at
        once, then self-scaled BFGS on all rows (`Finish`).  Of a table with fewer than 10 rows per
        parameter 15 % are held out.  bench/README.md tells what the settings were chosen from.
        """
        return cls(
            explore=ICRS(k1=0.1, max_evaluations=100),
            shell=BatchShell(
                LBFGS(),
                None,
                inner_iterations=20,
                visits_per_batch=1,
                growth=4.0,
                epochs=4,
                min_batch_rows=256,
            ),
            finish=Finish(),
            explore_rows=128,
            hold_out=0.15,
            hold_out_below=10.0,
        )

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """`hold_out` for a table with too few rows, else 0."""
        return self.hold_out if n_rows < self.hold_out_below * network.n_parameters else 0.0

    def onward(self) -> TrainingStrategy:
        """Shell and finish, without the search for a start."""
        return replace(self, explore=None)

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """Explore, shell, finish."""
        phases: list[Phase] = []
        if self.explore is not None:
            budget = self.explore.max_evaluations or 100 * network.n_parameters
            rows = self.explore_rows or self.shell.batch_rows(network)
            phases.append(
                Phase(replace(self.explore, max_evaluations=budget), batch_rows=min(rows, n_rows))
            )
        phases += self.shell.phases(network, n_rows)
        if self.finish is not None:
            phases += self.finish.phases(network, n_rows)
        return phases
