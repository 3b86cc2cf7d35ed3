"""What `optimize_inputs` found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.utils.public import public

__all__ = ["ActiveLimit", "OptimizedInputs"]

Array = NDArray[np.float64]


class ActiveLimit(NamedTuple):
    """A limit that the optimum lies at.

    Attributes
    ----------
    name : str
        Of a column, or what is limited by a constraint.
    side : str
        "least", "most", or "equal" of an equation.
    limit : float
    """

    name: str
    side: str
    limit: float


@public
@dataclass(frozen=True, eq=False)
class OptimizedInputs:
    """The best inputs of a model within a box.

    Attributes
    ----------
    x : DataFrame or ndarray of one row
        As the model takes it: with its columns where they have names.
    prediction : ndarray of shape (outputs,)
        What the model predicts there; of a classifier the probabilities.
    value : float
        The objective: of "max" and "min" that prediction, of targets the sum of the squares of the
        distances, in units of the spread of the predictions over the box, or what the function
        returned.  It is computed in float64 and not kept within `output_range_`.
    interval : ndarray of shape (outputs, 2), or None
        `predict_interval` there; None where the model has none.
    novelty : float or None
        `novelty` there, from 0 to 1, the share of training rows that lie less far out; None where
        the model knows none of them.
    active : list of (name, side, limit)
        Ends of columns and limits of constraints that the optimum lies at.
    violation : float
        How far the constraints are from being met, at most, in units of their spread over the box.
    starts : DataFrame
        A row for every start: `value` and `violation` where it ended, `evaluations` of the model.
    success : bool
        Whether the constraints are met.
    message : str
    """

    x: Any
    prediction: Array
    value: float
    interval: Array | None
    novelty: float | None
    active: list[ActiveLimit]
    violation: float
    starts: pd.DataFrame = field(repr=False)
    success: bool
    message: str

    def __str__(self) -> str:
        """The inputs, the prediction and what limits them, line by line."""
        x = self.x if isinstance(self.x, pd.DataFrame) else pd.DataFrame(self.x)
        lines = [self.message, f"value {self.value:.6g}"]
        lines += [f"  {name} = {x[name].iloc[0]}" for name in x.columns]
        shown = ", ".join(f"{one:.6g}" for one in self.prediction)
        lines.append(f"prediction {shown}")
        if self.interval is not None:
            ends = ", ".join(f"[{low:.6g}, {high:.6g}]" for low, high in self.interval)
            lines.append(f"interval {ends}")
        if self.novelty is not None:
            lines.append(f"novelty {self.novelty:.3g}")
        words = {"least": "at its least", "most": "at its greatest", "equal": "held at"}
        lines += [f"{one.name} is {words[one.side]} {one.limit:.6g}" for one in self.active]
        return "\n".join(lines)
