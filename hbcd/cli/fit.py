"""`hbcd fit`: a table in; a model, and how good it is next to simpler ones, out."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from hbcd.cli.baselines import Baseline
from hbcd.cli.data import load_table
from hbcd.cli.fit_result import about, describe_fit, model_path, write_model
from hbcd.cli.fit_streamed import fit_streamed, is_streamed
from hbcd.cli.fit_text import fit_text
from hbcd.cli.grid import GRID
from hbcd.cli.options import check_options, make_model
from hbcd.cli.prepared import Prepared, prepare
from hbcd.cli.ranks import begin_ranks, rows_of_rank
from hbcd.cli.report.page import write_report
from hbcd.cli.search import cross_validate, search
from hbcd.cli.tasks import Classification, Regression
from hbcd.cli.text import print_json
from hbcd.cli.tune import tuned
from hbcd.estimators.base import HybridEstimator, TrainingInterrupted
from hbcd.metrics.classification import confusion
from hbcd.parts.losses import Quantile

__all__ = ["fit"]

INTERRUPTED = 130


def fit(args: argparse.Namespace) -> int:
    """Trains, tests, writes the model, prints the result; 130 after Ctrl-C.

    Everything that can be wrong is looked at before training; the model is written before anything
    is printed.
    """
    check_options(args)
    if is_streamed(args):
        return fit_streamed(args)
    ranks = begin_ranks(args)
    table = load_table(args)
    model: Any = make_model(args, table.task)
    loss = getattr(model, "loss", None)
    if isinstance(loss, Quantile):
        table = replace(table, task=Regression(loss.q))
    path = model_path(args.out, table.short)
    prepared = prepare(table, args)
    train, told = prepared.parts[0], ranks is None or ranks.rank == 0
    args.notes.show()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingInterrupted)  # the table and exit code say so
        baselines = []
        if told:
            baselines = table.task.baselines(model, prepared.rows, table.y, prepared.parts)
        validation = _validate(args, model, prepared)
        own = rows_of_rank(ranks, model, train)
        model.fit(prepared.rows.rows(own), table.y[own])
    if not told:
        return INTERRUPTED if model.report_.interrupted else 0
    result = {**describe_fit(args, model, table, path), **validation}
    result.update(_scores(model, prepared, baselines))
    model.about_ = about(args, table, result)
    write_model(model, path, result)
    if args.out:
        write_report(path.parent, model, prepared, result)
    if args.json:
        print_json(result)
    elif not args.quiet:
        print(fit_text(model, table, prepared.parts, result))
    return INTERRUPTED if model.report_.interrupted else 0


def _validate(
    args: argparse.Namespace, model: HybridEstimator, prepared: Prepared
) -> dict[str, Any]:
    """What the arguments ask for before the fit; the model gets what a search has chosen."""
    found: dict[str, Any] = {}
    if args.tune:
        found["tune"] = tuned(args, model, prepared)
    if not (args.search or args.grid or args.cv):
        return found
    table, train = prepared.table, prepared.parts[0]
    x, y = prepared.rows.features[train], table.y[train]
    if args.search or args.grid:
        grid = args.grid or GRID
        k = args.cv or 3
        widths, found["search"] = search(table.task, model, grid, x, y, k, args.seed)
        model.set_params(hidden_layer_sizes=widths)
    if args.cv:
        found["cv"] = {"k": args.cv, **cross_validate(table.task, model, x, y, args.cv, args.seed)}
    return found


def _scores(
    model: HybridEstimator, prepared: Prepared, baselines: list[Baseline]
) -> dict[str, Any]:
    """Of the network and what it is compared with, as `--json` prints them."""
    task, y = prepared.table.task, prepared.table.y
    train, test = prepared.parts
    outputs = task.outputs(model, prepared.rows.rows(test))
    found: dict[str, Any] = {
        "train": task.score(model, prepared.rows.rows(train), y[train]),
        "test": task.measure(y[test], outputs),
    }
    for one in baselines:
        found[one.key] = {**one.test, "train": one.train}
    if isinstance(task, Classification):
        truth = np.searchsorted(task.classes, y[test])
        counts = confusion(truth, outputs.argmax(axis=1), len(task.classes))
        found["confusion"] = counts.tolist()
    return found
