"""What a search has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hbcd.plots.style import BLUE, GREEN, ORANGE, axes, finish
from hbcd.tuning.candidates import short_text
from hbcd.tuning.search import GIVEN, Standing
from hbcd.utils.public import public

__all__ = ["TuneResult", "cost_of", "table_of"]


@public
@dataclass(frozen=True, eq=False, repr=False)
class TuneResult:
    """The result of `tune`.

    Attributes
    ----------
    best_estimator_ : estimator
        The model with the best parameters, fitted on all rows; not fitted where ``refit=False``.
    best_params_ : dict
        What was chosen, by the names of the space; empty where nothing was better than the model as
        it is given.
    best_score_ : float
        Its mean score on the rows left out.  It is the best of many and so a little too good: rows
        that took no part tell how good the model is.
    given_score_ : float
        The same of the model as it is given; NaN where that failed.
    scoring : str
        What the scores are.
    trials : DataFrame
        One line for every candidate in every rung: trial (0: the model as it is given), rung, share
        (of its own training), score and spread (mean and standard deviation over splits),
        evaluations, operations, seconds, pruned, error, and a column ``param_NAME`` for every
        parameter.
    cost : dict
        ``fits``, of these ``failed`` and ``pruned``; ``evaluations`` of the loss and gradient, in
        those of all training rows; ``operations``, their multiply-adds; ``seconds`` of all fits
        added up, whoever made them and when.
    """

    best_estimator_: Any
    best_params_: dict[str, Any]
    best_score_: float
    given_score_: float
    scoring: str
    trials: pd.DataFrame
    cost: dict[str, float]

    def __repr__(self) -> str:
        chosen = ", ".join(f"{k}={short_text(value)}" for k, value in self.best_params_.items())
        scores = f"{self.scoring} {self.best_score_:.6g}, as given {self.given_score_:.6g}"
        return f"<TuneResult: {scores}; {chosen or 'nothing changed'}; see .trials, .cost, .plot()>"

    def plot(self, ax: Any = None) -> Any:
        """Draws the scores of all candidates over the rungs.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None: a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            Score against the share of the training, a line a candidate; the best one and the model
            as it is given stand out.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        """
        ax = axes(ax)
        known = self.trials[self.trials["score"].notna()]
        last = known[known["rung"] == known["rung"].max()]
        best = last.loc[(last["score"] - self.best_score_).abs().idxmin(), "trial"]
        for trial, line in known.groupby("trial"):
            if trial in (best, GIVEN):
                continue
            ax.plot(line["share"], line["score"], "o-", color=BLUE, alpha=0.35, markersize=3)
        for trial, color, marker, label in (
            (GIVEN, GREEN, "s", "as given"),
            (best, ORANGE, "D", "best"),
        ):
            line = known[known["trial"] == trial]
            if len(line) and (trial != GIVEN or best != GIVEN or label == "best"):
                ax.plot(line["share"], line["score"], f"{marker}-", color=color, label=label)
        ax.set_xscale("log")
        # Candidates that are far off would leave nothing to be seen of the good ones.
        middle, spread = known["score"].median(), np.ptp(np.quantile(known["score"], [0.25, 0.75]))
        inside = known["score"][(known["score"] - middle).abs() <= 6.0 * max(spread, 1e-12)]
        shown = [*inside, self.best_score_, *known.loc[known["trial"] == GIVEN, "score"]]
        edge = 0.05 * max(float(np.ptp(shown)), 1e-12)
        ax.set_ylim(min(shown) - edge, max(shown) + edge)
        ax.legend(loc="best")
        return finish(ax, "share of the training", self.scoring, "Tuning")


def table_of(standings: Sequence[Standing], candidates: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The table of `TuneResult.trials`; trial k is entry k of the candidates."""
    names = list(dict.fromkeys(name for candidate in candidates for name in candidate))
    lines = []
    for one in standings:
        line: dict[str, Any] = {
            "trial": one.trial,
            "rung": one.rung,
            "share": one.share,
            "score": one.score,
            "spread": one.spread,
            "evaluations": sum(fit.evaluations for fit in one.fits),
            "operations": sum(fit.operations for fit in one.fits),
            "seconds": sum(fit.seconds for fit in one.fits),
            "pruned": any(fit.pruned for fit in one.fits),
            "error": one.error,
        }
        parameters = candidates[one.trial]
        lines.append({**line, **{f"param_{name}": parameters.get(name) for name in names}})
    frame = pd.DataFrame(lines).sort_values(["rung", "trial"], ignore_index=True)
    return frame


def cost_of(standings: Sequence[Standing]) -> dict[str, float]:
    """The sums of `TuneResult.cost`."""
    fits = [fit for one in standings for fit in one.fits]
    return {
        "fits": len(fits),
        "failed": sum(fit.error is not None for fit in fits),
        "pruned": sum(fit.pruned for fit in fits),
        "evaluations": sum(fit.evaluations for fit in fits),
        "operations": sum(fit.operations for fit in fits),
        "seconds": sum(fit.seconds for fit in fits),
    }
