"""The article's hybrid: a search in front, a shell of descents on batches, and a finish."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Compiled, Optimizer
from hbcd.optimizers.builtin import ICRS, LBFGS, Adam
from hbcd.parts.selectors import BlockSelector
from hbcd.parts.sensitivities import ProjectedGradient
from hbcd.training.by_rows import ByRows
from hbcd.training.phase import Phase, check_parts
from hbcd.training.sequence import StepwiseStrategy
from hbcd.training.strategies import BatchShell, Finish, MiniBatch
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Hybrid"]

# Rows times weights from which on batches by ADAM pay.  After the choice of a penalty, error and
# CPU seconds of `fast` and of batches: SIEC, 31 536 rows, 761 weights: 0.0039 in 1.5 and 0.0154 in
# 1.3; kin40k, 36 000 rows, 621 weights: 0.093 in 1.5 and 0.102 in 1.2, 4801 weights: 0.082 in 8.0
# and 0.042 in 6.6.
WORK = 30_000_000
EVALUATIONS_PER_PARAMETER = 100  # of a search without a budget of its own: METHOD, section 1.6


@public
@dataclass(frozen=True)
class Hybrid(StepwiseStrategy):
    """The article's hybrid: random search, then the batch shell, then, if wanted, a finish.

    Parameters
    ----------
    explore : Optimizer or None, default ICRS()
        Searches the whole parameter vector on one batch subset, with 100 evaluations per parameter
        where it has no `max_evaluations` of its own; None: no search.
    shell : TrainingStrategy, default BatchShell()
        Layer-wise descent on batch subsets, or any other strategy.
    finish : TrainingStrategy or None
        Run afterwards, from the best parameters.
    explore_rows : int or None
        Rows of the subset of the search; None: those of the shell's first batch, and where that
        has no batches 1.1 rows per parameter.
    hold_out : float, default 0
        Share of the rows that an estimator holds out, to keep the best parameters by their loss and
        to stop early, where there are fewer than `hold_out_below` rows per parameter.
    hold_out_below : float, default 0
    sensitivity_tol : float or None
        `sensitivity_tol` of the shell; None: the shell's own.
    explore_box : None, half-width or (lo, hi)
        `box` of the phase that searches, see `Phase`.
    resumes : bool, default False
        True: from parameters that are trained already the finish alone goes on (`after`), and so
        does an estimator after rows left out have chosen its penalty, from the parameters found
        there.  False: shell and finish go on, and after the choice all begins anew.
    """

    explore: Optimizer | None = field(default_factory=ICRS)
    shell: TrainingStrategy = field(default_factory=BatchShell)
    finish: TrainingStrategy | None = None
    explore_rows: int | None = None
    hold_out: float = 0.0
    hold_out_below: float = 0.0
    sensitivity_tol: float | None = None
    explore_box: Any = None
    resumes: bool = False

    def __post_init__(self) -> None:
        check_number("hold_out", self.hold_out, low=0.0, high=1.0, open_high=True)
        check_number("hold_out_below", self.hold_out_below, low=0.0)
        if self.explore is not None and not isinstance(self.explore, Optimizer):
            raise TypeError(f"explore={self.explore!r}: must be an hbcd.Optimizer or None")
        if not isinstance(self.shell, TrainingStrategy):
            raise TypeError(f"shell={self.shell!r}: must be an hbcd.TrainingStrategy")
        if self.finish is not None and not isinstance(self.finish, TrainingStrategy):
            raise TypeError(f"finish={self.finish!r}: must be an hbcd.TrainingStrategy or None")
        check_integer("explore_rows", self.explore_rows, 1, none=True)
        check_number("sensitivity_tol", self.sensitivity_tol, low=0.0, none=True)
        self._shell()  # which refuses a tolerance that it has no use for

    @classmethod
    def paper(cls) -> Hybrid:
        """The article's settings.

        ICRS in a box of +-1, batches of 1.1 rows per parameter, the most sensitive layer, L-BFGS
        restricted to 2 iterations in a box of +-10, no finish.
        """
        return cls(explore_box=1.0, shell=BatchShell(LBFGS(), inner_iterations=2, box=10.0))

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
            finish=Finish(most_parameters=3000),
            explore_rows=128,
            hold_out=0.15,
            hold_out_below=10.0,
            resumes=True,
        )

    @classmethod
    def auto(cls) -> ByRows:
        """The method that the rows and the weights call for; each of its phases is a public part.

        Below 3000 rows, and where rows times weights are below 3e7, so that iterations on all rows
        are cheap, `fast`, with BFGS where its matrix pays (`Finish`).  From there on the same short
        search, then ADAM on batches of 128 rows, all layers at once, while its rate falls
        from 0.01 to 0 by a cosine, then `Finish`.  100 passes by batches up to 36 000 rows, from
        there on fewer as the rows grow, 10 from 360 000 on; and as many iterations of the finish
        as cost 600 evaluations on 36 000 rows, a quarter of that on twice the rows (20
        to 1000 in all).  bench/README.md tells what the settings were chosen from.
        """
        few = replace(cls.fast(), finish=Finish())
        batches = MiniBatch(Adam(1e-2, schedule="cosine"), batch_rows=128, epochs=None)
        finish = Finish(max_iterations=None)
        many = cls(few.explore, batches, finish, explore_rows=few.explore_rows)
        return ByRows(few, many, work=WORK)

    def steps(self) -> list[TrainingStrategy]:
        """Explore, shell, finish, without those that are None.

        Returns
        -------
        list of TrainingStrategy
        """
        shell = self._shell()
        steps = [shell] if self.finish is None else [shell, self.finish]
        if self.explore is None:
            return steps
        return [_Search(self.explore, self.explore_rows, self.explore_box, shell), *steps]

    def _shell(self) -> TrainingStrategy:
        if self.sensitivity_tol is None:
            return self.shell
        return self.shell.with_parts(sensitivity_tol=self.sensitivity_tol)

    def after(self, theta: NDArray[Any]) -> TrainingStrategy:
        """Shell and finish without the search for a start, or the finish alone (`resumes`)."""
        if self.resumes and self.finish is not None:
            return self.finish.after(theta)
        return replace(self, explore=None)

    def with_parts(
        self,
        *,
        optimizer: Optimizer | None = None,
        selector: BlockSelector | None = None,
        sensitivity_tol: float | None = None,
    ) -> TrainingStrategy:
        """The hybrid with other parts in its shell, which then always runs."""
        shell = self.shell.with_parts(
            optimizer=optimizer, selector=selector, sensitivity_tol=sensitivity_tol
        )
        tolerance = self.sensitivity_tol if sensitivity_tol is None else None  # the shell has it
        resumes = self.resumes and shell is self.shell
        return replace(self, shell=shell, sensitivity_tol=tolerance, resumes=resumes)

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """`hold_out` for a table with too few rows, else 0."""
        return self.hold_out if n_rows < self.hold_out_below * network.n_parameters else 0.0


@dataclass(frozen=True)
class _Search(TrainingStrategy):
    """The phase in front: one optimizer on one batch subset."""

    optimizer: Optimizer
    rows: int | None
    box: Any
    shell: TrainingStrategy

    def __post_init__(self) -> None:
        check_parts(self.optimizer, None, ProjectedGradient())

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        budget = EVALUATIONS_PER_PARAMETER * network.n_parameters
        rows = min(self.rows or self._first_batch(network, n_rows), n_rows)
        if not (
            isinstance(self.optimizer, Compiled) and hasattr(self.optimizer, "max_evaluations")
        ):
            return [Phase(self.optimizer, batch_rows=rows, max_evaluations=budget, box=self.box)]
        optimizer: Any = self.optimizer
        if optimizer.max_evaluations is None:
            optimizer = optimizer.changed(max_evaluations=budget)
        return [Phase(optimizer, batch_rows=rows, box=self.box)]

    def _first_batch(self, network: NetworkStructure, n_rows: int) -> int:
        phases = self.shell.phases(network, n_rows) if self.shell.planned else ()
        batches = [phase.batch_rows for phase in phases[:1] if phase.batch_rows is not None]
        return batches[0] if batches else BatchShell().batch_rows(network)
