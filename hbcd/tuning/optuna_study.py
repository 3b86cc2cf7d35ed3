"""The candidates of a search as trials of an Optuna study, for its storage and its dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hbcd.tuning.candidates import text_of
from hbcd.tuning.scoring import Scoring
from hbcd.tuning.search import GIVEN, Standing
from hbcd.tuning.space import Choice, Range, Space

__all__ = ["StudyMirror"]

PLAIN = (bool, int, float, str, type(None))  # values of which Optuna shows choices
TRIAL, SEARCH = "hbcd_trial", "hbcd_search"  # attributes by which a trial is known again


class StudyMirror:
    """Adds every candidate to a study once it has ended.

    Parameters
    ----------
    study : optuna.Study
    scoring : Scoring
    search : str
        What tells this search from others in the study.
    space : dict
    candidates : list of dict
        What comes to something of each; trial k is candidate k - 1.

    Raises
    ------
    TypeError, ValueError
        No study, or one that goes the other way.
    """

    def __init__(
        self,
        study: Any,
        scoring: Scoring,
        search: str,
        space: Space,
        candidates: Sequence[dict[str, Any]],
    ) -> None:
        if not callable(getattr(study, "add_trial", None)):
            raise TypeError(f"study={study!r}: must be an optuna.Study or None")
        way = "maximize" if scoring.greater else "minimize"
        directions = [direction.name.lower() for direction in study.directions]
        if directions != [way]:
            raise ValueError(
                f"study: must {way} one value, {scoring.name}, not {' and '.join(directions)}: "
                f"optuna.create_study(direction={way!r})"
            )
        self.study, self.search = study, search
        self.candidates = [{}, *candidates]
        self.distributions = {
            name: _distribution(dimension, [c[name] for c in candidates if name in c])
            for name, dimension in space.items()
            if any(name in candidate for candidate in candidates)
        }
        self._there = {
            trial.user_attrs[TRIAL]
            for trial in study.get_trials(deepcopy=False)
            if trial.user_attrs.get(SEARCH) == search
        }

    def add(self, ended: list[list[Standing]], complete: bool) -> None:
        """Adds candidates that have ended.

        Parameters
        ----------
        ended : list of list of Standing
            Of each candidate where it stood in its rungs.
        complete : bool
            Whether that was after the last rung.
        """
        from optuna.trial import (  # pyright: ignore[reportMissingImports]
            TrialState,
            create_trial,
        )

        for standings in ended:
            last = standings[-1]
            if last.trial in self._there:
                continue
            state = TrialState.COMPLETE if complete else TrialState.PRUNED
            if last.error is not None:
                state = TrialState.FAIL
            names = [name for name in self.candidates[last.trial] if name in self.distributions]
            values = {name: _value(self.candidates[last.trial][name]) for name in names}
            trial = create_trial(
                state=state,
                value=None if state == TrialState.FAIL else last.score,
                params=values,
                distributions={name: self.distributions[name] for name in names},
                intermediate_values={one.rung: one.score for one in standings if one.error is None},
                user_attrs={
                    TRIAL: last.trial,
                    SEARCH: self.search,
                    "as_given": last.trial == GIVEN,
                    "evaluations": sum(fit.evaluations for one in standings for fit in one.fits),
                    "error": last.error,
                },
            )
            self.study.add_trial(trial)
            self._there.add(last.trial)


def _value(value: Any) -> Any:
    """A value as Optuna stores it: objects are texts."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, PLAIN) else text_of(value)


def _distribution(dimension: Any, drawn: Sequence[Any]) -> Any:
    from optuna import distributions  # pyright: ignore[reportMissingImports]

    if isinstance(dimension, Range):
        if dimension.whole:
            low, high = int(dimension.low), int(dimension.high)
            return distributions.IntDistribution(low, high, log=dimension.log)
        return distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)
    if isinstance(dimension, Choice):
        values = [_value(value) for value in dimension.values]
        return distributions.CategoricalDistribution(list(dict.fromkeys(values)))
    numbers = [value for value in map(_value, drawn) if type(value) in (int, float)]
    if len(numbers) == len(drawn):  # of a distribution of SciPy the range is not known
        return distributions.FloatDistribution(min(numbers), max(numbers))
    return distributions.CategoricalDistribution(list(dict.fromkeys(map(_value, drawn))))
