"""What one call of the core did, and the history of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CoreCall", "joined_history"]

Array = NDArray[Any]

# Columns of the history; the others stand between these two groups.
FIRST = ("step", "phase", "epoch", "block", "rows", "loss_before", "loss")
LAST = ("n_fev", "n_iter", "seconds")


@dataclass
class CoreCall:
    """What one call of the core did.

    Attributes
    ----------
    widths : tuple of int
        Of the hidden layers of the network.
    optimizers : list of str
        Class names, one per phase.
    history : dict
        Name of a column -> ndarray with one value per line.
    status : int
        Stop code.
    initial_loss : float
        Training loss at its start.
    n_fev, n_iter : int
    """

    widths: tuple[int, ...]
    optimizers: list[str]
    history: dict[str, Array]
    status: int
    initial_loss: float
    n_fev: int
    n_iter: int


def joined_history(calls: Sequence[CoreCall]) -> dict[str, Array]:
    """The columns of the histories of several calls, one after another; of one call, its own.

    Where the network changed, `widths` are those of its hidden layers, such as "12-6".
    """
    names = list(calls[0].history)
    between = [name for name in names if name not in FIRST + LAST]
    ordered = (*FIRST, *between, *LAST)
    if len(calls) == 1:
        return {name: calls[0].history[name] for name in ordered}
    joined = {name: np.concatenate([call.history[name] for call in calls]) for name in ordered}
    if len({call.widths for call in calls}) > 1:
        texts = ["-".join(map(str, call.widths)) for call in calls]
        counts = [call.history["step"].size for call in calls]
        joined["widths"] = np.repeat(np.array(texts), counts)
    return joined
