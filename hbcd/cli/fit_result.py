"""Where `hbcd fit` writes a model, and what it says and notes of it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from hbcd.cli.data import Table, read_notes
from hbcd.cli.former import keep_former
from hbcd.cli.tasks import Classification
from hbcd.cli.text import transform_text
from hbcd.estimators.base import HybridEstimator
from hbcd.tuning.candidates import short_text
from hbcd.utils.validation import effective_threads

__all__ = ["about", "describe_fit", "model_path", "write_model"]


def model_path(out: str | None, short: str) -> Path:
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


def describe_fit(
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


def about(args: argparse.Namespace, table: Table, result: dict[str, Any]) -> dict[str, Any]:
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


def write_model(model: HybridEstimator, path: Path, result: dict[str, Any]) -> None:
    """Writes the model, keeps one that is there already, and notes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with keep_former(path) as former:
        model.save(path)
    result["former"] = None if former is None else str(former)
