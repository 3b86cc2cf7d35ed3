"""`hbcd fit`: a table in; a model, and how good it is next to simpler ones, out."""

from __future__ import annotations

import argparse
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.cli.data import Table, load_table
from hbcd.cli.fit_text import fit_text
from hbcd.cli.grid import GRID
from hbcd.cli.options import check_options, make_model
from hbcd.cli.report.page import write_report
from hbcd.cli.search import cross_validate, search
from hbcd.cli.tasks import Baseline, Classification, Regression
from hbcd.cli.text import print_json
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.regressor import TrainingInterrupted
from hbcd.metrics.classification import confusion
from hbcd.metrics.regression import split_rows
from hbcd.parts.losses import Quantile
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.validation import effective_threads

__all__ = ["fit"]

Rows = NDArray[np.intp]
Parts = tuple[Rows, Rows]


def fit(args: argparse.Namespace) -> int:
    """Trains, tests, writes the model, tells; 130 after Ctrl-C.

    Everything that can be wrong is looked at before training; the model is written before anything
    is printed.
    """
    check_options(args)
    table = load_table(args.data or "plant", args.target, args.drop, args.data_home, args.task)
    model: Any = make_model(args, table.task)
    loss = getattr(model, "loss", None)
    if isinstance(loss, Quantile):
        table = replace(table, task=Regression(loss.q))
    path = _model_path(args.out, table.short)
    # Of the whole table and in its order, so that a message names the row of the file.
    TableEncoder.fit(table.features, missing=args.missing).encode(table.features)
    parts = _split(table, args)
    train = parts[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingInterrupted)  # the table and exit code say so
        baselines = table.task.baselines(model, table.features, table.y, parts)
        validation = _validate(args, model, table, train)
        model.fit(table.features.iloc[train], table.y[train])
    result = {**_result(args, model, table, path), **validation}
    result.update(_scores(model, table, parts, baselines))
    model.about_ = _about(args, table, result)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    if args.out:
        write_report(path.parent, model, table, parts, result)

    if args.json:
        print_json(result)
    elif not args.quiet:
        print(fit_text(model, table, parts, result))
    return 130 if model.report_.interrupted else 0


def _validate(
    args: argparse.Namespace, model: HybridEstimator, table: Table, train: Rows
) -> dict[str, Any]:
    """What the arguments ask for before the fit; the model gets the widths of a search."""
    found: dict[str, Any] = {}
    if not (args.search or args.grid or args.cv):
        return found
    encoder = TableEncoder.fit(table.features.iloc[train], missing=args.missing)
    x, y = encoder.encode(table.features)[train], table.y[train]
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


def _split(table: Table, args: argparse.Namespace) -> Parts:
    """`split_rows`, but the first row of a level that no training row has goes to training.

    Otherwise the model could say nothing about the rows of that level; nor about rows with a gap
    in a column without gaps in training, so a gap counts as a level; nor about a class.
    """
    features = table.features
    train, test = split_rows(len(features), args.test_size, args.seed)
    encoder = TableEncoder.fit(features, missing=args.missing)
    columns = [
        features[name] if levels is not None else features[name].isna()
        for name, levels in encoder.columns
        if levels is not None or name in encoder.fills
    ]
    if isinstance(table.task, Classification):
        columns.append(pd.Series(table.y))
    for column in columns:
        codes = pd.factorize(column)[0]
        unseen = ~np.isin(codes[test], codes[train])
        first = np.unique(codes[test][unseen], return_index=True)[1]
        moved = np.flatnonzero(unseen)[first]
        train, test = np.append(train, test[moved]), np.delete(test, moved)
    if not len(test):
        raise ValueError(f"rows={len(features)}: too few to hold one out for every level of text")
    return train, test


def _scores(
    model: HybridEstimator, table: Table, parts: Parts, baselines: list[Baseline]
) -> dict[str, Any]:
    """Of the network and what it is compared with, as `--json` prints them."""
    task = table.task
    train, test = parts
    outputs = task.outputs(model, table.features.iloc[test])
    found: dict[str, Any] = {
        "train": task.score(model, table.features.iloc[train], table.y[train]),
        "test": task.measure(table.y[test], outputs),
    }
    for one in baselines:
        found[one.key] = {**one.test, "train": one.train}
    if isinstance(task, Classification):
        truth = np.searchsorted(task.classes, table.y[test])
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
        "activation": args.activation,
        "loss": loss,
        "alpha": model.alpha_,
        "strategy": args.strategy,
        "optimizer": args.optimizer,
        "selector": args.selector,
        "seed": args.seed,
        "missing": args.missing,
        "test_size": args.test_size,
        "dtype": args.dtype,
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
            "cv", "search")  # fmt: skip
    return {
        **{name: result[name] for name in kept if name in result},
        "columns": list(table.features.columns),
        "test_size": args.test_size,
    }
