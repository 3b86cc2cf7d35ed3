"""`hbcd evaluate`: how good a model is on rows whose targets are known."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from hbcd.cli.data import read_known
from hbcd.cli.predict import target_columns
from hbcd.cli.tasks import Classification, Task, task_of
from hbcd.cli.text import confusion_lines, print_json, score_table, targets_text
from hbcd.estimators.model_loading import load
from hbcd.metrics.classification import confusion
from hbcd.tables.cells import told_by_file

__all__ = ["evaluate"]


def evaluate(args: argparse.Namespace) -> int:
    """Prints the scores of a task, of each target where there are several."""
    model = load(args.model)
    task = task_of(model)
    names = target_columns(model)
    frame, file = read_known(args.file, args, model)
    with told_by_file(file):
        features, y = task.read(frame, names)
        outputs = task.outputs(model, features)
    unit = getattr(model, "about_", {}).get("unit", "")
    found = task.measure(y, outputs)
    parts = _parts(task, y, outputs, names)
    result = {"model": args.model, "file": args.file, "rows": len(y), "target": names,
              "task": task.name, "unit": unit, **found, **parts}  # fmt: skip
    if args.json:
        print_json(result)
        return 0
    each = result.get("targets") or {names[0]: found}
    lines = [(name, "", scores) for name, scores in each.items()]
    lines += [("mean", "", found)] if len(names) > 1 else []
    print(f"{args.file}: {len(y)} rows, target {targets_text(names, unit)}\n")
    print(score_table(task.columns, lines, unit))
    if "confusion" in result:
        matrix = result["confusion"]
        if table := confusion_lines(matrix["classes"], matrix["counts"]):
            print(f"\n{table}")
    return 0


def _parts(task: Task, y: Any, outputs: Any, names: list[str]) -> dict[str, Any]:
    """Scores of each of several targets; the confusion matrix of classes."""
    if isinstance(task, Classification):
        truth = np.searchsorted(task.classes, y)
        counts = confusion(truth, outputs.argmax(axis=1), len(task.classes))
        return {"confusion": {"classes": task.classes.tolist(), "counts": counts.tolist()}}
    if len(names) == 1:
        return {}
    predicted = np.reshape(outputs, y.shape)
    each = {name: task.measure(y[:, k], predicted[:, k]) for k, name in enumerate(names)}
    return {"targets": each}
