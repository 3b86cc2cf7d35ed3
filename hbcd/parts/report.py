"""What a training run found, what it cost, and its history."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.stopping import StopReason
from hbcd.utils.public import public

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FitReport"]

#: Columns of the history.
HISTORY = (
    "step", "phase", "epoch", "block", "event", "rows", "loss_before", "loss", "validation_loss",
    "validation_score", "sensitivity", "n_fev", "n_iter", "seconds", "reason",
)  # fmt: skip


@public
@dataclass(frozen=True)
class FitReport:
    """The result of `Network.train`.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
        The best parameters measured: by the loss on held-out rows where there were any, else by
        the loss on the training rows.
    loss : float
        Training loss at `theta`, in the scaled units the network was given.
    stop_reason : StopReason
        Why the last phase that ran stopped; ``str(stop_reason)`` is a sentence.
    history : pandas.DataFrame
        One line per block visit and one per epoch end: step, phase, epoch, block (-1: all
        parameters), event ("visit" or "epoch"), rows, loss_before, loss, validation_loss,
        validation_score (the metric of `EarlyStopping`, else NaN), sensitivity, reason, n_fev,
        n_iter, seconds; where the network changed (`Grow`) also widths, those of the hidden layers
        as a text such as "12-6".
    n_fev, n_iter : int
        Evaluations of the objective (on however many rows) and iterations of the optimizers.
    seconds : float
        Wall-clock time.
    initial_loss : float
        Training loss at the parameters passed in.
    phases : tuple of str
        The optimizer of each phase, in the order of the history's `phase`.
    validation_score : float
        The metric of `EarlyStopping` at `theta`; NaN without one.
    at_bounds : int
        Parameters that lie on a bound of the last phase, or of a layer, at which the training loss
        would still fall beyond it.
    network : Network
        What `theta` are parameters of: the network that was trained or, after `Grow`, the one that
        it has become.  None in a model read from a file, which has its own.
    """

    theta: NDArray[Any]
    loss: float
    stop_reason: StopReason
    n_fev: int
    n_iter: int
    seconds: float
    initial_loss: float
    phases: tuple[str, ...] = ()
    validation_score: float = math.nan
    at_bounds: int = 0
    network: Any = field(default=None, repr=False)
    _best: float = field(default=math.nan, repr=False)  # value of what decided which were kept
    _columns: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)
    _chosen: int = field(default=0, repr=False)  # evaluations before it, which chose a penalty

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Some writers, skops among them, keep the reason as the number that it is.
        self.__dict__.update(state, stop_reason=StopReason(state["stop_reason"]))

    @property
    def history(self) -> pd.DataFrame:
        """The history as a table, built when it is asked for."""
        import pandas as pd

        columns = dict(self._columns)
        if not columns:  # a model read from a file has none
            return pd.DataFrame(columns=list(HISTORY))
        epoch_end = columns.pop("epoch_end") != 0
        status = columns.pop("status")
        frame = pd.DataFrame(columns)
        frame.insert(4, "event", np.where(epoch_end, "epoch", "visit"))
        names = {int(reason): reason.name.lower() for reason in StopReason}
        frame.insert(len(frame.columns), "reason", [names.get(int(code), "") for code in status])
        return frame

    def at_sweep_ends(self, name: str) -> list[float]:
        """A column of the history at the ends of passes over the data, without making the table.

        Parameters
        ----------
        name : str

        Returns
        -------
        list of float
        """
        if not self._columns:
            return []
        found: list[float] = self._columns[name][self._columns["epoch_end"] != 0].tolist()
        return found

    @property
    def message(self) -> str:
        """Why the training stopped, as a sentence, and whether bounds hold parameters."""
        if not self.at_bounds:
            return str(self.stop_reason)
        return (
            f"{self.stop_reason}; {self.at_bounds} of {self.theta.size} parameters are held by "
            "their bounds"
        )

    @property
    def interrupted(self) -> bool:
        """Whether the user pressed Ctrl-C."""
        return self.stop_reason is StopReason.INTERRUPTED
