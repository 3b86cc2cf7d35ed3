"""One fit of the search: a candidate on the rows of one split, and what came of it."""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from numpy.typing import NDArray

from hbcd.callbacks.callback_list import as_callbacks
from hbcd.estimators.base import HybridEstimator, TrainingInterrupted
from hbcd.estimators.constant_columns import ConstantFeatures
from hbcd.estimators.fitting.member_plan import FEWEST_ROWS, why_one_network
from hbcd.members.settings import effort_amount
from hbcd.training import registry
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.tuning.candidates import Tunable
from hbcd.tuning.curves import Curve, FitWatch
from hbcd.tuning.scoring import Scoring
from hbcd.tuning.shortened import shortened
from hbcd.tuning.splits import Split, take_rows
from hbcd.utils.validation import check_number

__all__ = ["FitResult", "Job", "Problem", "quiet", "run_job"]

#: A forward pass takes one multiply-add for every weight and row, a gradient two more.
PER_EVALUATION = 3


@dataclass(frozen=True)
class Problem:
    """What all fits of a search share.

    Attributes
    ----------
    tunable : Tunable
    X, y, weight
        The table; weights of rows or None.
    splits : list of (train, left)
    scoring : Scoring
    seed : int
        The random state of models that have none.
    n_threads : int or None
        Of models that say nothing of threads.
    """

    tunable: Tunable
    X: Any
    y: Any
    weight: NDArray[Any] | None
    splits: Sequence[Split]
    scoring: Scoring
    seed: int
    n_threads: int | None


@dataclass(frozen=True)
class Job:
    """One fit that is to be made.

    Attributes
    ----------
    trial, rung, split : int
        Trial 0 is the model as it is given.
    candidate : dict
        Its parameters.
    share : float
        Of its own training.
    others : sequence of Curve
        Of earlier fits of this rung on the same rows.
    keep : int
        Candidates that go on; 0: nothing is pruned.
    """

    trial: int
    rung: int
    split: int
    candidate: dict[str, Any]
    share: float
    others: Sequence[Curve] = ()
    keep: int = 0

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells it from others."""
        return self.trial, self.rung, self.split


@dataclass(frozen=True)
class FitResult:
    """What came of a fit.

    Attributes
    ----------
    score : float or None
        On the rows left out; None where the fit failed.
    evaluations : float
        Of the loss and its gradient, in those of all training rows.
    operations : float
        Multiply-adds of these.
    seconds : float
        Fit and score.
    pruned : bool
        Ended early because others were far ahead.
    error : str or None
        Why it failed.
    curve : Curve
        Losses of rows that the fit itself holds out.
    """

    score: float | None
    evaluations: float = 0.0
    operations: float = 0.0
    seconds: float = 0.0
    pruned: bool = False
    error: str | None = None
    curve: Curve = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """In JSON types."""
        return asdict(self)


@contextlib.contextmanager
def quiet() -> Any:
    """Without the warnings of every single fit, where this is the thread that may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield  # filters of warnings belong to the process: another fit may be setting them
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantFeatures)
        warnings.simplefilter("ignore", TrainingInterrupted)
        yield


def run_job(problem: Problem, job: Job) -> FitResult:
    """Fits and scores; an error is part of the result.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C ended the fit.
    """
    started = time.perf_counter()
    train, left = problem.splits[job.split]
    watch = FitWatch(len(train), job.others, job.keep)
    try:
        with quiet():
            model = _model(problem, job, watch)
            weight = problem.weight
            options = {} if weight is None else {"sample_weight": weight[train]}
            model.fit(take_rows(problem.X, train), take_rows(problem.y, train), **options)
            fitted = _fitted_estimator(problem.tunable, model)
            if fitted.report_.interrupted:
                raise KeyboardInterrupt
            score = problem.scoring(
                model,
                take_rows(problem.X, left),
                take_rows(problem.y, left),
                None if weight is None else weight[left],
            )
    except Exception as error:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return FitResult(None, seconds=time.perf_counter() - started, error=text)
    # Of evaluations that no callback hears of, such as those that choose a penalty, all are taken
    # to be of all rows.
    passes = watch.passes + max(fitted.report_.n_fev - watch.n_fev, 0)
    return FitResult(
        score,
        evaluations=passes,
        operations=passes * len(train) * fitted.network_.n_parameters * PER_EVALUATION,
        seconds=time.perf_counter() - started,
        pruned=watch.pruned,
        curve=watch.curve,
    )


def _model(problem: Problem, job: Job, watch: FitWatch) -> Any:
    """The model of a candidate, that trains for a share of its own training."""
    tunable = problem.tunable
    own = Tunable(tunable.with_parameters(job.candidate)).estimator
    strategy = registry.strategy(own.strategy)
    changes: dict[str, Any] = {"verbose": 0, "warm_start": False}
    if own.random_state is None:
        changes["random_state"] = problem.seed
    if own.n_threads is None:
        changes["n_threads"] = problem.n_threads
    if job.share != 1.0:
        rows = len(problem.splits[job.split][0])
        changes.update(_limits(own, strategy, job.share, rows))
    # Starts side by side hear of each other's end at no fixed time: they are not ended.
    if not strategy.planned:
        watch.keep = 0
    changes["callbacks"] = [*as_callbacks(own.callbacks), watch]
    return tunable.with_parameters(job.candidate, **changes)


def _limits(own: Any, strategy: TrainingStrategy, share: float, rows: int) -> dict[str, Any]:
    """The strategy and the limits of an estimator, each a share of what they are."""
    limits: dict[str, Any] = {"strategy": shortened(strategy, share)}
    if rows >= FEWEST_ROWS and not why_one_network(own):
        # Members are trained in the way of their own, so much of it as the effort says.
        limits = {"effort": share * effort_amount(own.effort)}
    for name in ("max_iter", "max_fun"):
        value = getattr(own, name)
        if value is not None:
            whole = check_number(name, value, low=1.0)
            assert whole is not None
            limits[name] = max(1, round(share * whole))
    return limits


def _fitted_estimator(tunable: Tunable, model: Any) -> Any:
    """The fitted estimator of hbcd in a model, which may have fitted a copy of its own."""
    if not tunable.prefix:
        return model
    for holder in (model, *vars(model).values()):
        if not callable(getattr(holder, "get_params", None)) or isinstance(holder, type):
            continue
        for found in (holder, *holder.get_params(deep=True).values()):
            if isinstance(found, HybridEstimator) and hasattr(found, "report_"):
                return found
    raise TypeError(
        f"model={type(model).__name__}: keeps no fitted estimator of hbcd that could be read"
    )
