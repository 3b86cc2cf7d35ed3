"""One stage of training: an optimizer on blocks or on everything, on batches or on all rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hbcd.optimizers.base import Optimizer
from hbcd.parts.selectors import BlockSelector
from hbcd.parts.sensitivities import ProjectedGradient, Sensitivity
from hbcd.parts.stopping import Stop
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Phase", "check_parts"]


def check_parts(optimizer: Any, selector: Any, sensitivity: Any) -> None:
    """Raises TypeError where a part is not of its kind."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r}: must be an hbcd.Optimizer")
    if selector is not None and not isinstance(selector, BlockSelector):
        raise TypeError(f"selector={selector!r}: must be an hbcd.BlockSelector or None")
    if not isinstance(sensitivity, Sensitivity):
        raise TypeError(f"sensitivity={sensitivity!r}: must be an hbcd.Sensitivity")


@dataclass(frozen=True, kw_only=True)
class _PhaseOptions:
    """The keyword-only part of a phase."""

    sensitivity: Sensitivity = field(default_factory=ProjectedGradient)
    batch_rows: int | None = None
    batch_growth: float = 1.0
    inner_iterations: int | None = None
    visits_per_batch: int = 1
    epochs: int | None = None
    sensitivity_tol: float | None = None
    max_iterations: int | None = None
    max_evaluations: int | None = None
    box: Any = None
    stop: Stop | None = None


@public
@dataclass(frozen=True)
class Phase(_PhaseOptions):
    """One stage of training: an optimizer on blocks or on everything, on batches or on all rows.

    Parameters
    ----------
    optimizer : Optimizer
        Minimizes the loss on a batch over a block.
    selector : BlockSelector or None
        Chooses the block; None: all parameters at once.
    sensitivity : Sensitivity, default ProjectedGradient()
        Measured before every block visit.
    batch_rows : int or None
        Rows of a batch; None: all.
    batch_growth : float, default 1.0
        Rows of a batch grow by this factor after every epoch, at least 1.
    inner_iterations : int or None
        Iterations of the optimizer per visit; None: until its own stopping test.
    visits_per_batch : int, default 1
        Block visits on a batch before the next one.
    epochs : int or None
        Passes over the data.  None: one batch is drawn and worked on until it is solved.
    sensitivity_tol : float or None
        A batch is solved when no block is more sensitive; None: ten times `pg_tol`.  Where it is
        given, the phase ends when that holds of all rows, which is looked at after every pass over
        batches; that costs a gradient instead of a value.
    max_iterations, max_evaluations : int or None
        Limits of this phase, beside those of `stop` and of the run.
    box : None, half-width or (lo, hi)
        Bounds of the parameters in this phase, each side a number or a vector; parameters that lie
        outside are moved onto the box.  None: no bounds, but for an optimizer that cannot do
        without: `Optimizer.search_box`, made wider where the parameters at the beginning of the
        phase lie outside.
    stop : Stop or None
        Tolerances and limits of this phase; None: the tolerances of the run.
    """

    optimizer: Optimizer
    selector: BlockSelector | None = None

    def __post_init__(self) -> None:
        check_parts(self.optimizer, self.selector, self.sensitivity)
        check_integer("batch_rows", self.batch_rows, 1, none=True)
        check_number("batch_growth", self.batch_growth, low=1.0)
        check_integer("inner_iterations", self.inner_iterations, 1, none=True)
        check_integer("visits_per_batch", self.visits_per_batch, 1)
        check_integer("epochs", self.epochs, 1, none=True)
        check_number("sensitivity_tol", self.sensitivity_tol, low=0.0, none=True)
        check_integer("max_iterations", self.max_iterations, 1, none=True)
        check_integer("max_evaluations", self.max_evaluations, 1, none=True)
        if self.stop is not None and not isinstance(self.stop, Stop):
            raise TypeError(f"stop={self.stop!r}: must be an hbcd.Stop or None")

    @property
    def searches_in_box(self) -> bool:
        """Whether its bounds are those of the optimizer, around the parameters at its beginning."""
        return self.box is None and self.optimizer.search_box is not None

    @property
    def is_compiled(self) -> bool:
        """Whether none of its parts is written in Python."""
        parts = (self.optimizer, self.selector, self.sensitivity)
        return all(part is None or "_native" in vars(type(part)) for part in parts)
