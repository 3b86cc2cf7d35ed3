"""When a training ends early, by rows held out."""

from __future__ import annotations

from dataclasses import dataclass

from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["EarlyStopping"]


@public
@dataclass(frozen=True)
class EarlyStopping:
    """Ends the training when held-out rows no longer gain; the best parameters by them are kept.

    It counts passes over the data ("sweeps"; `FullBatch` looks every `check_every` iterations)
    over all phases, and replaces the rule that ends a phase after ten.

    Parameters
    ----------
    metric : str, default "loss"
        "loss", or, in the target's units, for regression "r2", "mse", "rmse", "mae",
        "median_absolute_error" (means over targets), for classification "accuracy",
        "balanced_accuracy", "log_loss".  Weights of held-out rows count.
    patience : int, default 10
        The training ends after this many passes, one after another, without a better value.
    min_delta : float, default 0.0
        What a better value is better by, at least, in units of the metric.

    Raises
    ------
    ValueError, TypeError
        A value outside its range.
    """

    metric: str = "loss"
    patience: int = 10
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str):
            raise TypeError(f"metric={self.metric!r}: must be a name")
        check_integer("patience", self.patience, 1)
        check_number("min_delta", self.min_delta, low=0.0)
