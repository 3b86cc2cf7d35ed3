"""Callbacks for other libraries: tqdm, Optuna, SciPy.  Each is imported when it is first used."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from hbcd.callbacks.callback import Callback, Event
from hbcd.utils.signatures import parameters_of

__all__ = ["OptunaPruning", "ProgressBar", "scipy_callback"]


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
            names = set(parameters_of(function))
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

    Returns
    -------
    Callback
    """
    if not callable(function):
        raise TypeError(f"function={function!r}: must be callable")
    return _SciPyCallback(function)
