"""`hbcd fit`: a table in; a model, and how good it is next to least squares, out."""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd import _names
from hbcd._cli_data import Table, load_table
from hbcd._cli_grid import GRID
from hbcd._cli_report import write_report
from hbcd._cli_search import cross_validate, search
from hbcd._cli_text import network_text, print_json, score_table, targets_text
from hbcd._metrics import least_squares, scores, split_rows
from hbcd._validation import check_integer, check_number, effective_threads
from hbcd.estimator import HybridRegressor, TrainingInterrupted
from hbcd.tables import MISSING, TableEncoder

__all__ = ["fit"]

Rows = NDArray[np.intp]
Parts = tuple[Rows, Rows]


def fit(args: argparse.Namespace) -> int:
    """Trains, tests, writes the model, tells; 130 after Ctrl-C.

    Everything that can be wrong is looked at before training; the model is written before anything
    is printed.
    """
    model = _model(args)
    table = load_table(args.data or "plant", args.target, args.drop, args.data_home)
    path = _model_path(args.out, table.short)
    # Of the whole table and in its order, so that a message names the row of the file.
    TableEncoder.fit(table.features, missing=args.missing).encode(table.features)
    parts = _split(table.features, args.test_size, args.seed, args.missing)
    train, test = parts
    known = TableEncoder.fit(table.features.iloc[train], missing=args.missing)
    x = known.encode(table.features)
    baseline = _baseline(x, table.y, parts)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingInterrupted)  # the table and exit code say so
        validation = _validate(args, model, x[train], table.y[train])
        model.fit(table.features.iloc[train], table.y[train])
    result = {**_result(args, model, table, path), **validation}
    result["train"] = scores(table.y[train], model.predict(table.features.iloc[train]))
    result["test"] = scores(table.y[test], model.predict(table.features.iloc[test]))
    result["baseline_ols"] = baseline
    model.about_ = _about(args, table, result)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    if args.out:
        write_report(path.parent, model, table, parts, result)

    if args.json:
        print_json(result)
    elif not args.quiet:
        print(_text(model, table, parts, result))
    return 130 if model.report_.interrupted else 0


def _model(args: argparse.Namespace) -> HybridRegressor:
    """The estimator that the arguments describe; refuses what it would refuse later."""
    strategy: Any = _names.strategy(args.strategy) and args.strategy
    if args.optimizer or args.selector:
        optimizer = args.optimizer and _names.choose("optimizer", args.optimizer, _names.OPTIMIZERS)
        selector = args.selector and _names.choose("selector", args.selector, _names.SELECTORS)
        strategy = _names.strategy_with(
            args.strategy, optimizer() if optimizer else None, selector() if selector else None
        )
    activation = args.activation.split(",") if "," in args.activation else args.activation
    if (args.search or args.grid) and isinstance(activation, list):
        raise ValueError("activation: must be one name where the number of layers is searched")
    _names.activations(activation, max(1, len(args.hidden)) if args.hidden else 0)
    _names.dtype(args.dtype)
    check_integer("seed", args.seed, 0)
    check_integer("threads", args.threads, 1, none=True)
    check_number("max_time", args.max_time, low=0.0, open_low=True, none=True)
    check_integer("cv", args.cv, 2, none=True)
    if args.missing not in MISSING:
        raise ValueError(f"missing={args.missing!r}: must be one of {', '.join(MISSING)}")
    return HybridRegressor(
        args.hidden,
        activation,
        strategy,
        random_state=args.seed,
        n_threads=args.threads,
        dtype=args.dtype,
        max_time=args.max_time,
        verbose=0 if args.quiet else 1,
        missing=args.missing,
    )


def _validate(
    args: argparse.Namespace, model: HybridRegressor, x: NDArray[np.float64], y: NDArray[np.float64]
) -> dict[str, Any]:
    """What the arguments ask for before the fit; the model gets the widths of a search."""
    found: dict[str, Any] = {}
    if args.search or args.grid:
        grid = args.grid or GRID
        widths, found["search"] = search(model, grid, x, y, args.cv or 3, args.seed)
        model.set_params(hidden_layer_sizes=widths)
    if args.cv:
        found["cv"] = {"k": args.cv, **cross_validate(model, x, y, args.cv, args.seed)}
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


def _split(features: pd.DataFrame, test_size: float, seed: int, missing: str) -> Parts:
    """`split_rows`, but the first row of a level that no training row has goes to training.

    Otherwise the model could say nothing about the rows of that level; nor about rows with a gap
    in a column without gaps in training, so a gap counts as a level.
    """
    train, test = split_rows(len(features), test_size, seed)
    encoder = TableEncoder.fit(features, missing=missing)
    for name, levels in encoder.columns:
        if levels is None and name not in encoder.fills:
            continue
        column = features[name] if levels is not None else features[name].isna()
        codes = pd.factorize(column)[0]
        unseen = ~np.isin(codes[test], codes[train])
        first = np.unique(codes[test][unseen], return_index=True)[1]
        moved = np.flatnonzero(unseen)[first]
        train, test = np.append(train, test[moved]), np.delete(test, moved)
    if not len(test):
        raise ValueError(f"rows={len(features)}: too few to hold one out for every level of text")
    return train, test


def _baseline(x: NDArray[np.float64], y: NDArray[np.float64], parts: Parts) -> dict[str, Any]:
    """Scores of least squares: of the test part, and under `train` of the training part."""
    train, test = parts
    return {
        **scores(y[test], least_squares(x[train], y[train], x[test])),
        "train": scores(y[train], least_squares(x[train], y[train], x[train])),
    }


def _result(
    args: argparse.Namespace, model: HybridRegressor, table: Table, path: Path
) -> dict[str, Any]:
    """What `--json` prints, without the scores."""
    report = model.report_
    return {
        "data": table.name,
        "rows": len(table.y),
        "features": model.network_.n_inputs,
        "target": table.targets,
        "unit": table.unit,
        "hidden": [int(width) for width in model.hidden_layer_sizes],
        "activation": args.activation,
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
    kept = ("data", "rows", "target", "unit", "strategy", "optimizer", "selector", "seed",
            "train", "test", "baseline_ols", "cv", "search")  # fmt: skip
    return {
        **{name: result[name] for name in kept if name in result},
        "columns": list(table.features.columns),
        "test_size": args.test_size,
    }


def _text(model: HybridRegressor, table: Table, parts: Parts, result: dict[str, Any]) -> str:
    n_train, n_test = (len(part) for part in parts)
    baseline = result["baseline_ols"]
    lines = [
        ("network", "train", result["train"]),
        ("", "test", result["test"]),
        ("least squares", "train", baseline["train"]),
        ("", "test", baseline),
    ]
    if table.best_r2 is not None:
        lines.append(("best possible", "", {"r2": table.best_r2}))
    parts_used = ", ".join(
        str(result[name]) for name in ("strategy", "optimizer", "selector") if result[name]
    )
    return f"""\
{table.name}: {result["rows"]} rows ({n_train} to train on, {n_test} to test), \
{result["features"]} features, target {targets_text(table.targets, table.unit)}
network {network_text(model)}
strategy {parts_used}; seed {result["seed"]}, threads {result["threads"]}

{score_table(lines, table.unit)}
{_validation_text(result, table.unit)}
{result["seconds"]:.2f} s, {result["n_fev"]} evaluations. {result["stop_text"]}
Model written to {result["model"]}{_report_text(result)}"""


def _validation_text(result: dict[str, Any], unit: str) -> str:
    """Tables of cross-validation and search, each after an empty line; empty without."""
    text = ""
    if "search" in result:
        found = result["search"]
        lines = [(",".join(map(str, line["hidden"])) or "none", "", line) for line in found["grid"]]
        text += f"\nsearch over hidden layers, {found['k']} folds\n{score_table(lines, unit)}\n"
        text += f"{found['rule']}\n"
    if "cv" in result:
        found = result["cv"]
        lines = [(f"fold {k}", "", fold) for k, fold in enumerate(found["folds"], start=1)]
        lines += [("mean", "", found["mean"]), ("spread", "", found["spread"])]
        text += f"\ncross-validation within the training rows\n{score_table(lines, unit)}\n"
    return text


def _report_text(result: dict[str, Any]) -> str:
    return f"\nReport written to {result['report']}" if result["report"] else ""
