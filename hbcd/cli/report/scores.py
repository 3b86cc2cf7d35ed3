"""The parts of report.html that say how good a model is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hbcd.cli.baselines import BASELINES
from hbcd.cli.data import Table
from hbcd.cli.report import html
from hbcd.cli.tasks import Classification, Score
from hbcd.cli.text import MOST_CLASSES, number, widths_text
from hbcd.tables.levels import level_text

__all__ = ["cards", "class_tables", "score_table", "validation"]

Result = dict[str, Any]
Rows = list[tuple[str, ...]]


def cards(table: Table, result: Result) -> str:
    """What a reader looks at first."""
    rival = next(key for key in BASELINES if key in result)
    shown = []
    for place in table.task.cards:
        score = table.task.columns[place]
        unit = f" {table.unit}" if table.unit and score.power else ""
        ours = number(result["test"][score.key], score.short)
        theirs = number(result[rival][score.key], score.short)
        title = f"Test {score.title}"
        shown.append(html.card(title, ours + unit, f"{BASELINES[rival]} {theirs}{unit}"))
    shown += [
        html.card("Rows", str(result["rows"]), f"{len(table.features.columns)} columns"),
        html.card("Training", f"{result['seconds']:.2f} s", f"{result['n_fev']} evaluations"),
    ]
    return f'<div class="cards">\n{"".join(shown)}</div>\n'


def score_table(table: Table, result: Result) -> str:
    """Network and baselines, on both parts."""
    lines = [("network", "train", result["train"]), ("network", "test", result["test"])]
    for key, title in BASELINES.items():
        if key in result:
            lines += [(title, "train", result[key]["train"]), (title, "test", result[key])]
    if table.best_r2 is not None:
        lines.append(("best possible", "", {"r2": table.best_r2}))
    columns = table.task.columns
    rows: Rows = [(name, part, *_numbers(columns, found)) for name, part, found in lines]
    return html.table(("model", "rows", *_heads(columns, table.unit)), rows)


def _heads(columns: Sequence[Score], unit: str) -> list[str]:
    units = (column.unit(unit).replace("^2", "²") for column in columns)
    return [
        f"{column.title} {one if one.startswith('(') else f'({one})'}" if one else column.title
        for column, one in zip(columns, units, strict=True)
    ]


def _numbers(columns: Sequence[Score], found: dict[str, Any]) -> list[str]:
    return [
        number(found[column.key], column.digits) if column.key in found else ""
        for column in columns
    ]


def class_tables(table: Table, parts: Any, result: Result) -> list[str]:
    """Rows of every class, and the confusion matrix of those to test on; empty for numbers."""
    if not isinstance(table.task, Classification):
        return []
    names = [level_text(label) for label in result["classes"]]
    counts = [
        np.bincount(np.searchsorted(table.task.classes, table.y[part]), minlength=len(names))
        for part in parts
    ]
    counted = np.array(result["confusion"])
    lines: Rows = [
        (name, str(train), str(test), f"{counted[k, k] / test:.0%}" if test else "-")
        for k, (name, train, test) in enumerate(zip(names, *counts, strict=True))
    ]
    head = ("class", "rows to train on", "to test", "of these predicted correctly")
    found = [html.heading("Classes"), html.table(head, lines)]
    if len(names) <= MOST_CLASSES:
        cells: Rows = [
            (name, *map(str, line)) for name, line in zip(names, counted.tolist(), strict=True)
        ]
        note = "Rows to test on: actual class down, predicted class across."
        found += [html.heading("Confusion matrix", note),
                  html.table(("actual", *names), cells)]  # fmt: skip
    return found


def validation(table: Table, result: Result) -> list[str]:
    """Cross-validation, tuning and the search over hidden layers, where they were asked for."""
    parts = []
    columns = table.task.columns
    heads = [column.title for column in columns]
    if result.get("cv"):
        cv = result["cv"]
        rows: Rows = [
            (f"fold {k}", *_numbers(columns, fold)) for k, fold in enumerate(cv["folds"], start=1)
        ]
        rows += [(name, *_numbers(columns, cv[name])) for name in ("mean", "spread")]
        note = "Within the training rows; the spread is the standard deviation over folds."
        parts += [html.heading("Cross-validation", note), html.table(("", *heads), rows)]
    if result.get("tune"):
        tune = result["tune"]
        note = f"{tune['candidates']} candidates, {tune['splits_text']}. {tune['rule']}"
        rows = [(f"{line['score']:.6g}", line["parameters"]) for line in tune["last"]]
        parts += [html.heading("Tuning", note),
                  html.table((tune["scoring"], "parameters"), rows)]  # fmt: skip
    if result.get("search"):
        rows = [
            (widths_text(line["hidden"]), str(line["n_parameters"]), *_numbers(columns, line))
            for line in result["search"]["grid"]
        ]
        parts += [html.heading("Search", result["search"]["rule"]),
                  html.table(("hidden", "parameters", *heads), rows)]  # fmt: skip
    return parts
