"""What `hbcd fit` prints for people: the table of scores, and what led to it."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np

from hbcd.cli.baselines import BASELINES
from hbcd.cli.data import Table
from hbcd.cli.tasks import Regression
from hbcd.cli.text import (
    confusion_lines,
    members_text,
    network_text,
    score_table,
    targets_text,
    widths_text,
)
from hbcd.estimators.base import HybridEstimator

__all__ = ["fit_text"]

FEW_VALUES = 10  # of a column of whole numbers, which may be meant as classes

Result = dict[str, Any]


def fit_text(model: HybridEstimator, table: Table, parts: Sequence[Sized], result: Result) -> str:
    """The result of a fit as text."""
    n_train, n_test = (len(part) for part in parts)
    lines = [("network", "train", result["train"]), ("", "test", result["test"])]
    for key, title in BASELINES.items():
        if key in result:
            lines += [(title, "train", result[key]["train"]), ("", "test", result[key])]
    if table.best_r2 is not None:
        lines.append(("best possible", "", {"r2": table.best_r2}))
    used = ", ".join(
        str(result[name]) for name in ("strategy", "optimizer", "selector") if result[name]
    )
    return f"""\
{table.name}: {result["rows"]} rows ({n_train} to train on, {n_test} to test), \
{result["features"]} features, target {targets_text(table.targets, table.unit)}{_classes(result)}
network {network_text(model)}{members_text(model)}
strategy {used}; seed {result["seed"]}, threads {result["threads"]}

{score_table(table.task.columns, lines, table.unit)}
{_confusion(result)}{_validation(table, result)}{_hint(table)}
{result["seconds"]:.2f} s, {result["n_fev"]} evaluations. {result["stop_text"]}
Model written to {result["model"]}{_former(result)}{_report(result)}"""


def _classes(result: Result) -> str:
    return f", {len(result['classes'])} classes" if result["classes"] else ""


def _confusion(result: Result) -> str:
    """Rows to test on by class, after an empty line; empty for numbers and for many classes."""
    if not result["classes"]:
        return ""
    table = confusion_lines(result["classes"], result["confusion"])
    return f"\nrows to test on\n{table}\n" if table else ""


def _hint(table: Table) -> str:
    """Said of few whole numbers: they may be classes."""
    if not isinstance(table.task, Regression) or table.y.ndim > 1:
        return ""
    values = np.unique(table.y)
    if len(values) > FEW_VALUES or len(table.y) < 3 * len(values) or (values % 1 != 0).any():
        return ""
    return (
        f"\n{table.targets[0]} has {len(values)} values only: if they are classes, "
        "--task classification predicts classes\n"
    )


def _validation(table: Table, result: Result) -> str:
    """Tables of cross-validation and search, each after an empty line; empty without."""
    text = ""
    columns, unit = table.task.columns, table.unit
    if "search" in result:
        found = result["search"]
        lines = [(widths_text(line["hidden"]), "", line) for line in found["grid"]]
        text += f"\nsearch over hidden layers, {found['k']} folds\n"
        text += f"{score_table(columns, lines, unit)}\n{found['rule']}\n"
    if "tune" in result:
        found = result["tune"]
        rows = [f"{line['score']:<14.6g}{line['parameters']}" for line in found["last"]]
        head = f"{found['scoring']:<14}of the last of {found['rungs']} rungs, the best first"
        text += f"\ntuning, {found['candidates']} candidates, {found['splits_text']}\n"
        text += "\n".join([head, *rows, found["rule"], ""])
    if "cv" in result:
        found = result["cv"]
        lines = [(f"fold {k}", "", fold) for k, fold in enumerate(found["folds"], start=1)]
        lines += [("mean", "", found["mean"]), ("spread", "", found["spread"])]
        text += "\ncross-validation within the training rows\n"
        text += f"{score_table(columns, lines, unit)}\n"
    return text


def _report(result: Result) -> str:
    return f"\nReport written to {result['report']}" if result["report"] else ""


def _former(result: Result) -> str:
    return f" (the one that was there is now {result['former']})" if result["former"] else ""
