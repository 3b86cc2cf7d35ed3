"""`hbcd fit --tune`: what is chosen, and what is told of it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hbcd.cli.prepared import Prepared
from hbcd.estimators.base import HybridEstimator
from hbcd.tuning.candidates import short_text
from hbcd.tuning.default_space import tuning_space
from hbcd.tuning.result import TuneResult
from hbcd.tuning.tune import tune
from hbcd.utils.validation import effective_threads

__all__ = ["tuned"]

RULE = (
    "Kept: the best score of the rows left out ({:.6g}; as given {:.6g}). It is the best of many "
    "and so a little too good; the rows to test on take no part."
)
#: Options whose flags leave something as it is, and the parameter that this is.
FIXED = {
    "hidden": "hidden_layer_sizes",
    "activation": "activation",
    "alpha": "alpha",
    "members": "members",
    "effort": "effort",
    "input_encoding": "encoding",
    "strategy": "strategy",
    "optimizer": "strategy",
    "selector": "strategy",
}


def tuned(args: argparse.Namespace, model: HybridEstimator, prepared: Prepared) -> dict[str, Any]:
    """Gives a model the parameters that suit the rows to train on.

    Parameters
    ----------
    args : Namespace
    model : HybridEstimator
        It is changed.
    prepared : Prepared

    Returns
    -------
    dict
        What `--json` prints of it.
    """
    train = prepared.parts[0]
    rows, y = prepared.rows.rows(train), prepared.table.y[train]
    found = tune(
        model,
        rows,
        y,
        _space(args, model, rows),
        budget=args.tune,
        n_jobs=effective_threads(args.threads),
        cv=args.cv,
        random_state=args.seed,
        refit=False,
        verbose=int(not args.quiet and sys.stderr.isatty()),
    )
    model.set_params(**found.best_estimator_.get_params())
    return _told(args, found)


def _space(args: argparse.Namespace, model: HybridEstimator, rows: Any) -> dict[str, Any]:
    """The default space without what flags say."""
    defaults = model.parameter_defaults()
    fixed = [
        name
        for option, name in FIXED.items()
        if getattr(args, option) not in (None, defaults[name])
    ]
    space = {
        name: values
        for name, values in tuning_space(model, rows).items()
        if name.partition("__")[0] not in fixed
    }
    if all(isinstance(values, list) and len(values) == 1 for values in space.values()):
        raise ValueError("tune: must have something to choose, the flags say all of it")
    return space


def _told(args: argparse.Namespace, found: TuneResult) -> dict[str, Any]:
    table = found.trials
    last = table[(table["rung"] == table["rung"].max()) & table["score"].notna()]
    greater = found.best_score_ == last["score"].max()
    last = last.sort_values("score", ascending=not greater, kind="stable")
    names = [name for name in table.columns if name.startswith("param_")]
    lines = [
        {
            "score": float(line["score"]),
            "parameters": _parameters({name[6:]: line[name] for name in names}, line["trial"]),
        }
        for _, line in last.iterrows()
    ]
    given = None if found.given_score_ != found.given_score_ else found.given_score_
    splits = found.cost["fits"] // len(table)
    return {
        "budget": args.tune,
        "scoring": found.scoring,
        "best": {name: short_text(value) for name, value in found.best_params_.items()},
        "score": found.best_score_,
        "given": given,
        "last": lines,
        "candidates": int(table["trial"].nunique()) - 1,
        "rungs": int(table["rung"].max()) + 1,
        "splits": int(splits),
        "splits_text": "a fifth of the rows left out" if splits == 1 else f"{splits:.0f} folds",
        "cost": found.cost,
        "rule": RULE.format(found.best_score_, found.given_score_),
    }


def _parameters(values: dict[str, Any], trial: int) -> str:
    if trial == 0:
        return "as given"
    known = {
        name: value for name, value in values.items() if isinstance(value, tuple) or _is(value)
    }
    return ", ".join(f"{name}={short_text(value)}" for name, value in known.items())


def _is(value: Any) -> bool:
    """Whether a cell of the table is filled; None, a value of some parameters, shows nothing."""
    return value is not None and value == value
