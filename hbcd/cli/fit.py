"""`hbcd fit`: a table in; a model, and how good it is next to simpler ones, out."""

from __future__ import annotations

import argparse
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hbcd.cli.baselines import Baseline
from hbcd.cli.data import Table, load_table, read_notes
from hbcd.cli.fit_text import fit_text
from hbcd.cli.former import keep_former
from hbcd.cli.grid import GRID
from hbcd.cli.options import check_options, make_model
from hbcd.cli.prepared import Prepared, prepare
from hbcd.cli.ranks import begin_ranks, rows_of_rank
from hbcd.cli.report.page import write_report
from hbcd.cli.search import cross_validate, search
from hbcd.cli.tasks import Classification, Regression
from hbcd.cli.text import print_json, transform_text
from hbcd.cli.tune import tuned
from hbcd.estimators.base import HybridEstimator, TrainingInterrupted
from hbcd.metrics.classification import confusion
from hbcd.parts.losses import Quantile
from hbcd.tuning.candidates import short_text
from hbcd.utils.validation import effective_threads

__all__ = ["fit"]

INTERRUPTED = 130


def fit(args: argparse.Namespace) -> int:
    """Trains, tests, writes the model, prints the result; 130 after Ctrl-C.

    Everything that can be wrong is looked at before training; the model is written before anything
    is printed.
    """
    check_options(args)
    ranks = begin_ranks(args)
    table = load_table(args)
    model: Any = make_model(args, table.task)
    loss = getattr(model, "loss", None)
    if isinstance(loss, Quantile):
        table = replace(table, task=Regression(loss.q))
    path = _model_path(args.out, table.short)
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
    result = {**_result(args, model, table, path), **validation}
    result.update(_scores(model, prepared, baselines))
    model.about_ = _about(args, table, result)
    path.parent.mkdir(parents=True, exist_ok=True)
    with keep_former(path) as former:
        model.save(path)
    result["former"] = None if former is None else str(former)
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


def _model_path(out: str | None, short: str) -> Path:
    """Where the model will go; ValueError where nothing can be written."""
    path = Path(out).expanduser() / "model.hbcd" if out else Path(f"hbcd-{short}.hbcd")
    if path.is_dir():
        raise ValueError(f"{path}: must be a file, there is a folder of this name")
    folder = path.absolute().parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise ValueError(f"out={out}: must be a folder, {folder} is none")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"out={folder}: must be a folder that can be written to")
    return path


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


def _result(
    args: argparse.Namespace, model: HybridEstimator, table: Table, path: Path
) -> dict[str, Any]:
    """What `--json` prints, without the scores."""
    report = model.report_
    loss, classes = args.loss or "squared_error", None
    if isinstance(table.task, Classification):
        labels = table.task.classes.tolist()
        loss, classes = ("logistic" if len(labels) == 2 else "cross_entropy"), labels
    return {
        "data": table.name,
        "rows": len(table.y),
        "features": model.network_.n_inputs,
        "task": table.task.name,
        "target": table.targets,
        "unit": table.unit,
        "classes": classes,
        "hidden": list(model.hidden_layer_sizes_),
        "activation": model.activation if args.tune else args.activation,
        "loss": loss,
        "alpha": model.alpha_,
        "strategy": short_text(model.strategy) if args.tune else args.strategy,
        "effort": args.effort,
        "target_transform": transform_text(model),
        "members": [
            {**line, "widths": list(line["widths"])} for line in model.members_.to_dict("records")
        ],
        "optimizer": args.optimizer,
        "selector": args.selector,
        "seed": args.seed,
        "missing": args.missing,
        "dates": args.dates,
        "test_size": args.test_size,
        "dtype": str(model.theta_.dtype),
        "threads": effective_threads(args.threads),
        "n_parameters": model.network_.n_parameters,
        "seconds": report.seconds,
        "n_fev": report.n_fev,
        "stop_reason": report.stop_reason.name.lower(),
        "stop_text": str(report.stop_reason),
        "best_r2": table.best_r2,
        "model": str(path),
        "report": str(path.with_name("report.html")) if args.out else None,
    }


def _about(args: argparse.Namespace, table: Table, result: dict[str, Any]) -> dict[str, Any]:
    """What the model file notes of where it comes from."""
    kept = ("data", "rows", "task", "target", "unit", "strategy", "optimizer", "selector", "seed",
            "train", "test", "baseline_ols", "baseline_linear", "baseline_frequent", "confusion",
            "cv", "search", "tune", "effort", "members", "target_transform")  # fmt: skip
    return {
        **{name: result[name] for name in kept if name in result},
        "columns": list(table.features.columns),
        "test_size": args.test_size,
        "table": read_notes(table.file),
    }
