"""One stage of training: an optimizer on blocks or on everything, on batches or on all rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hbcd.optimizers.base import Optimizer
from hbcd.optimizers.least_squares import ExactOutput
from hbcd.parts.selectors import BlockSelector
from hbcd.parts.sensitivities import ProjectedGradient, Sensitivity
from hbcd.parts.stopping import Stop
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["EXPLORE_BOX", "GUARD_BOX", "Phase", "check_parts", "default_box"]

EXPLORE_BOX = 1.0  # half-width of the box of ICRS: the box is the regularizer that makes it work
GUARD_BOX = 10.0  # afterwards: wide enough never to bind in a sound fit


def check_parts(optimizer: Any, selector: Any, sensitivity: Any) -> None:
    """Raises TypeError where a part is not of its kind."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer={optimizer!r}: must be an hbcd.Optimizer")
    if selector is not None and not isinstance(selector, BlockSelector):
        raise TypeError(f"selector={selector!r}: must be an hbcd.BlockSelector or None")
    if not isinstance(sensitivity, Sensitivity):
        raise TypeError(f"sensitivity={sensitivity!r}: must be an hbcd.Sensitivity")


def default_box(optimizer: Optimizer) -> float:
    """The half-width of the box of a phase that sets none."""
    inner = optimizer.inner if isinstance(optimizer, ExactOutput) else None
    native = vars(type(optimizer if inner is None else inner)).get("_native")
    return EXPLORE_BOX if native == "icrs" else GUARD_BOX


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
    box : None, half-width or (lo, hi)
        Bounds of the parameters, each side a number or a vector; None: +-1 for ICRS, +-10 for
        the others.  Parameters that lie outside are moved onto the box.
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
        if self.stop is not None and not isinstance(self.stop, Stop):
            raise TypeError(f"stop={self.stop!r}: must be an hbcd.Stop or None")
