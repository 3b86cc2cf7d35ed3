"""Callbacks: what a training tells between two calls of an optimizer, and who may listen."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.stopping import StopReason
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = [
    "Callback",
    "EarlyStopping",
    "Event",
    "OptunaPruning",
    "ProgressBar",
    "scipy_callback",
]

NAN = math.nan


@public
@dataclass(frozen=True, slots=True)
class Event:
    """What has happened, told to a `Callback`.

    Attributes
    ----------
    what : str
        "begin", "block_begin", "block_end", "sweep_end", "improved" or "end".
    start : int
        Which start of a `MultiStart` it is about, from 0; 0 everywhere else.
    phase, epoch, step, block, rows : int
        As in the history; `epoch` is the number of the pass in its phase, block -1: all parameters.
    optimizer : str
        Class name of the phase's optimizer.
    loss : float
        On the rows of the batch at a block, on all training rows at the end of a sweep; NaN where
        it is not known.
    validation_loss, validation_score : float
        At the end of a sweep, where rows are held out: their loss, and the metric of
        `EarlyStopping` in its own sense; else NaN.
    best : float
        Best value so far of what decides which parameters are kept: that metric, else the loss on
        held-out rows, else the training loss.
    n_fev, n_iter : int
        Evaluations and iterations so far, of this start; without those that chose a penalty before
        the training, which a report counts.
    seconds : float
        Since the training began.
    stop_reason : StopReason or None
        At the end, why the training stopped (None: by an exception); at the end of a block, why the
        optimizer did.
    """

    what: str
    start: int = 0
    phase: int = 0
    optimizer: str = ""
    epoch: int = 0
    step: int = 0
    block: int = -1
    rows: int = 0
    loss: float = NAN
    validation_loss: float = NAN
    validation_score: float = NAN
    best: float = NAN
    n_fev: int = 0
    n_iter: int = 0
    seconds: float = 0.0
    stop_reason: StopReason | None = None
    _points: Any = field(default=None, repr=False, compare=False)

    @property
    def theta(self) -> NDArray[Any]:
        """A copy of the present parameters, to be had only while the callback runs."""
        return self._points.theta  # type: ignore[no-any-return]

    @property
    def best_theta(self) -> NDArray[Any]:
        """A copy of the best parameters so far, to be had only while the callback runs."""
        return self._points.best_theta  # type: ignore[no-any-return]


@public
class Callback:
    """Base of callbacks: write the methods you need; the others cost nothing.

    Each gets an `Event`.  One that returns True, or raises `StopIteration`, ends the training:
    ``stop_reason`` is CALLBACK, the best parameters are kept, and nothing but `on_end` is called
    again.  Any other exception reaches the caller of the training as it is, and leaves a model that
    was fitted before as it was.

    Methods are called from within the training, one at a time, also where the starts of a
    `MultiStart` run side by side: their events come mixed, and `Event.start` tells them apart, with
    one begin and one end for all of them.
    """

    def on_begin(self, event: Event) -> bool | None:
        """Training begins: all input is checked, nothing is measured."""
        return None

    def on_block_begin(self, event: Event) -> bool | None:
        """A visit of a block, or of all parameters at once, begins."""
        return None

    def on_block_end(self, event: Event) -> bool | None:
        """A visit is over, and in the history."""
        return None

    def on_sweep_end(self, event: Event) -> bool | None:
        """A pass over the data, or a phase, is over: losses of all rows are measured."""
        return None

    def on_improved(self, event: Event) -> bool | None:
        """What was measured at the end of this sweep is the best so far."""
        return None

    def on_end(self, event: Event) -> bool | None:
        """Training is over, also by an exception (then `Event.stop_reason` is None)."""
        return None

    def __sklearn_clone__(self) -> Callback:
        """Clones of an estimator keep its callbacks: they belong to whoever listens."""
        return self


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


# ---- adapters: each imports its library when it is first used


class ProgressBar(Callback):
    """A tqdm bar that counts sweeps and shows the losses, on a terminal or in a notebook.

    Parameters
    ----------
    **options
        Passed to `tqdm.auto.tqdm`.

    Raises
    ------
    ImportError
        When training begins, where tqdm is not installed (extra `progress`).
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        self._bar: Any = None

    def on_begin(self, event: Event) -> None:
        """Opens the bar."""
        from tqdm.auto import tqdm

        self._bar = tqdm(**{"desc": "hbcd", "unit": "sweep", **self.options})

    def on_sweep_end(self, event: Event) -> None:
        """Moves the bar."""
        values = {
            "loss": event.loss,
            "validation": event.validation_loss,
            "best": event.best,
        }
        shown = {name: f"{value:.6g}" for name, value in values.items() if math.isfinite(value)}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(1)

    def on_end(self, event: Event) -> None:
        """Closes the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class OptunaPruning(Callback):
    """Reports a trial of Optuna sweep by sweep and ends it where the study's pruner says so.

    Parameters
    ----------
    trial : optuna.trial.Trial
    metric : str, default "validation_loss"
        What is reported: "validation_loss", "validation_score" (with `EarlyStopping`) or "loss".

    Raises
    ------
    optuna.TrialPruned
        Out of the training, for `study.optimize` to catch.
    ValueError
        When training begins: the study maximizes a loss.  At the end of a sweep: there is no such
        value, because no rows are held out.
    """

    def __init__(self, trial: Any, metric: str = "validation_loss") -> None:
        names = ("validation_loss", "validation_score", "loss")
        if metric not in names:
            raise ValueError(f"metric={metric!r}: must be one of {', '.join(names)}")
        self.trial = trial
        self.metric = metric
        self._sweeps = 0

    def on_begin(self, event: Event) -> None:
        """Compares the directions of study and metric."""
        self._sweeps = 0
        study = getattr(self.trial, "study", None)
        direction = getattr(getattr(study, "direction", None), "name", "")
        if self.metric.endswith("loss") and direction == "MAXIMIZE":
            raise ValueError(
                f"metric={self.metric!r}: must go the way of the study, which maximizes; "
                "'validation_score' may"
            )

    def on_sweep_end(self, event: Event) -> None:
        """Reports, and asks the pruner."""
        value = getattr(event, self.metric)
        if math.isnan(value) and self.metric != "loss":
            raise ValueError(
                f"metric={self.metric!r}: must be known: hold rows out"
                + (", with early_stopping" if self.metric == "validation_score" else "")
            )
        self.trial.report(value, self._sweeps)
        self._sweeps += 1
        if self.trial.should_prune():
            from optuna import TrialPruned  # pyright: ignore[reportMissingImports]

            raise TrialPruned(f"pruned after {self._sweeps} sweeps")


class _SciPyCallback(Callback):
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        try:
            names = set(inspect.signature(function).parameters)
        except (TypeError, ValueError):  # a function of C without a signature
            names = set()
        self.by_name = names == {"intermediate_result"}

    def on_sweep_end(self, event: Event) -> None:
        if not self.by_name:
            self.function(event.theta)
            return
        from scipy.optimize import OptimizeResult

        self.function(
            intermediate_result=OptimizeResult(
                x=event.theta, fun=event.loss, nit=event.n_iter, nfev=event.n_fev
            )
        )


def scipy_callback(function: Callable[..., Any]) -> Callback:
    """A callback of `scipy.optimize.minimize` as one of a training, called at the end of sweeps.

    Parameters
    ----------
    function : callable
        ``function(intermediate_result)``, an OptimizeResult with x, fun (the training loss), nit
        and nfev, if that is the name of its parameter; else ``function(x)``.  As in SciPy,
        `StopIteration` stops the training.  (`hbcd.minimize` takes such a function itself.)
    """
    if not callable(function):
        raise TypeError(f"function={function!r}: must be callable")
    return _SciPyCallback(function)


def stops(answer: Any) -> bool:
    """Whether a callback's answer asks for the end: True, and no other value that counts as it."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)
