"""The rungs of a search, one after another: who trains, who goes on."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbcd.metrics.summaries import spread_of
from hbcd.tuning.candidates import text_of
from hbcd.tuning.curves import Curve
from hbcd.tuning.fits import FitResult, Job, Problem, run_job
from hbcd.tuning.halving import Rung, SuccessiveHalving
from hbcd.tuning.parallel import run_all
from hbcd.tuning.storage import Storage

__all__ = ["Search", "Standing"]

GIVEN = 0  # the trial of the model as it is given
Candidate = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """A candidate in a rung.

    Attributes
    ----------
    trial, rung : int
    share : float
        Of its own training.
    fits : list of FitResult
        One a split.
    score, spread : float
        Mean and standard deviation over splits; NaN where a fit failed.
    """

    trial: int
    rung: int
    share: float
    fits: list[FitResult]

    @property
    def error(self) -> str | None:
        """Why a fit failed."""
        return next((fit.error for fit in self.fits if fit.error is not None), None)

    @property
    def score(self) -> float:
        """The mean over splits; NaN where a fit failed."""
        scores = [np.nan if fit.score is None else fit.score for fit in self.fits]
        return float(np.mean(scores))

    @property
    def spread(self) -> float:
        """The standard deviation over splits, n - 1; NaN of one split."""
        scores = [np.nan if fit.score is None else fit.score for fit in self.fits]
        return spread_of(scores)


class Search:
    """Successive halving over candidates that are drawn already.

    Parameters
    ----------
    problem : Problem
    halving : SuccessiveHalving
    rungs : list of Rung
    candidates : list of dict
        Trial k is candidate k - 1; trial 0 is the model as it is given.
    storage : Storage
    n_jobs : int or None
    verbose : int
    ended : callable
        ``ended(standings, complete)``: these have ended, after the last rung (complete) or before.
    """

    def __init__(
        self,
        problem: Problem,
        halving: SuccessiveHalving,
        rungs: Sequence[Rung],
        candidates: Sequence[Candidate],
        storage: Storage,
        n_jobs: int | None,
        verbose: int,
        ended: Callable[[list[list[Standing]], bool], None],
    ) -> None:
        self.problem, self.halving, self.rungs = problem, halving, rungs
        self.candidates = [{}, *candidates]
        self.storage, self.n_jobs, self.verbose, self.ended = storage, n_jobs, verbose, ended
        self.standings: list[Standing] = []

    def run(self) -> Standing:
        """Runs all rungs.

        Returns
        -------
        Standing
            The best of the last one.

        Raises
        ------
        ValueError
            All candidates of a rung failed.
        """
        alive = list(range(1, len(self.candidates)))
        order: list[Standing] = []
        for number, rung in enumerate(self.rungs):
            last = number == len(self.rungs) - 1
            alive = alive[: rung.candidates]
            order = self._ranked(number, rung, [GIVEN, *alive] if last else alive)
            self._check_any_fitted(order)
            alive = [standing.trial for standing in order if standing.error is None]
            self._tell(number, order)
            go_on = 0 if last else self.rungs[number + 1].candidates
            gone = order if last else [one for one in order if one.trial not in alive[:go_on]]
            self.ended([self._of_trial(one.trial) for one in gone], last)
        return order[0]

    def _check_any_fitted(self, order: Sequence[Standing]) -> None:
        """ValueError where nothing of a rung was fitted, or no candidate was in any."""
        candidates = [one for one in order if one.trial != GIVEN]
        failed = all(one.error is not None for one in order)
        if failed or all(one.error is not None for one in self.standings if one.trial != GIVEN):
            first = min(candidates or order, key=lambda standing: standing.trial)
            all_of = f"all {len(candidates)} candidates failed, the first"
            which = all_of if len(candidates) > 1 else "the only candidate failed"
            raise ValueError(f"tune: {which} with {first.error}")

    def _ranked(self, number: int, rung: Rung, trials: Sequence[int]) -> list[Standing]:
        """The candidates of a rung, the best first."""
        last = number == len(self.rungs) - 1
        keep = 0 if last or not self.halving.pruning else self.rungs[number + 1].candidates
        size = self.halving.group
        found: list[Standing] = []
        for first in range(0, len(trials), size):
            found += self._group(number, rung, trials[first : first + size], found, keep)
        self.standings += found
        lost = self.problem.scoring.lost
        return sorted(found, key=lambda one: (one.error is not None, _number(lost(one.score))))

    def _group(
        self,
        number: int,
        rung: Rung,
        trials: Sequence[int],
        earlier: Sequence[Standing],
        keep: int,
    ) -> list[Standing]:
        """Trains some candidates of a rung side by side."""
        splits = range(len(self.problem.splits))
        others: list[list[Curve]] = [
            [one.fits[split].curve for one in earlier if one.fits[split].curve] for split in splits
        ]
        jobs = [
            Job(trial, number, split, self.candidates[trial], rung.share, others[split], keep)
            for trial in trials
            for split in splits
        ]
        waiting = [job for job in jobs if job.key not in self.storage.results]
        work = functools.partial(run_job, self.problem)
        for job, result in run_all(work, waiting, self.n_jobs):
            texts = {name: text_of(value) for name, value in job.candidate.items()}
            self.storage.add(job.key, texts, result)
        results = self.storage.results
        return [
            Standing(trial, number, rung.share, [results[trial, number, split] for split in splits])
            for trial in trials
        ]

    def _of_trial(self, trial: int) -> list[Standing]:
        return [one for one in self.standings if one.trial == trial]

    def _tell(self, number: int, order: Sequence[Standing]) -> None:
        if not self.verbose:
            return
        best = order[0]
        failed = sum(one.error is not None for one in order)
        print(
            f"hbcd tune: rung {number + 1} of {len(self.rungs)}, {len(order)} candidates"
            f"{f', {failed} failed' if failed else ''}, best {self.problem.scoring.name} "
            f"{best.score:.6g}, trial {best.trial}",
            file=sys.stderr,
        )


def _number(value: float) -> float:
    return float("inf") if np.isnan(value) else value
