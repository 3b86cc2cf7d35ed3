"""Tables: rows of means and spreads over runs, written as CSV and as Markdown."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .records import Record

#: Columns of the CSV files; a cell that has no figure is empty.
COLUMNS = (
    "dataset", "split", "what", "runs",
    "r2_test", "r2_test_sd", "r2_test_min", "r2_test_max", "r2_train",
    "mse_test", "mse_test_sd", "mae_test", "mae_test_sd",
    "gain", "gain_sd", "seconds", "evaluations", "note",
)  # fmt: skip

Row = dict[str, Any]


@dataclass
class Table:
    """Rows by column; `extra` columns stand before the note."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    extra: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*COLUMNS[:-1], *self.extra, COLUMNS[-1])


def summarize(
    what: str, records: Sequence[Record], linear: Sequence[Record], note: str = ""
) -> Row:
    """Means and standard deviations over runs; the gain is that over least squares, split by split.

    `seconds` is a median.  Records and `linear` are of the same splits, in the same order.
    """
    first = records[0]
    row: Row = {"dataset": first["dataset"], "split": first["split"], "what": what, "note": note}
    row["runs"] = len(records)
    for name in ("r2_test", "mse_test", "mae_test"):
        values = np.array([record[name] for record in records])
        row[name], row[f"{name}_sd"] = float(values.mean()), deviation(values)
        if name == "r2_test":
            row["r2_test_min"], row["r2_test_max"] = float(values.min()), float(values.max())
    gains = np.array([a["r2_test"] - b["r2_test"] for a, b in zip(records, linear, strict=True)])
    row["gain"], row["gain_sd"] = float(gains.mean()), deviation(gains)
    row["r2_train"] = float(np.mean([record["r2_train"] for record in records]))
    row["seconds"] = float(np.median([record["seconds"] for record in records]))
    counts = [record["evaluations"] for record in records if "evaluations" in record]
    if counts:
        row["evaluations"] = float(np.mean(counts))
    return row


def deviation(values: np.ndarray) -> float | None:
    """The standard deviation, where there is more than one value."""
    return float(values.std(ddof=1)) if values.size > 1 else None


def published(dataset: str, what: str, figures: dict[str, Any], note: str = "") -> Row:
    """A row of the article's own figures."""
    return {"dataset": dataset, "split": "", "what": f"article: {what}", **figures, "note": note}


def absent(dataset: str, split: str, what: str, why: str) -> Row:
    """The row of a method that could not run."""
    return {"dataset": dataset, "split": split, "what": what, "runs": 0, "note": why}


# ---- as text ---------------------------------------------------------------------------------


def write(table: Table, folder: Path) -> None:
    """NAME.csv with every column and NAME.md with those that are read."""
    with (folder / f"{table.name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table.columns, restval="", lineterminator="\n")
        writer.writeheader()
        for row in table.rows:
            writer.writerow({name: plain(row.get(name)) for name in table.columns})
    text = f"# {table.title}\n\n{markdown(table)}\n"
    (folder / f"{table.name}.md").write_text(text, encoding="utf-8")


def plain(value: Any) -> Any:
    """A cell of the CSV file: eight digits are more than any run repeats."""
    if value is None:
        return ""
    return f"{value:.8g}" if isinstance(value, float) else value


SHOWN = (
    ("data", "dataset", ""), ("split", "split", ""), ("what", "what", ""), ("runs", "runs", ""),
    ("test R²", "r2_test", ".5f"), ("least to most", "range", ""), ("train R²", "r2_train", ".5f"),
    ("test MSE", "mse_test", ".4g"), ("test MAE", "mae_test", ".4g"),
    ("gain over least squares", "gain", "+.5f"), ("seconds", "seconds", ".3g"),
)  # fmt: skip


def markdown(table: Table) -> str:
    """The table, means with standard deviations."""
    heads = [title for title, _, _ in SHOWN] + [*table.extra, "note"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in table.rows:
        cells = [_cell(row, name, form) for _, name, form in SHOWN]
        cells += [_cell(row, name, ".3g") for name in table.extra] + [str(row.get("note") or "")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(row: Row, name: str, form: str) -> str:
    if name == "range":
        low, high = row.get("r2_test_min"), row.get("r2_test_max")
        return "" if low is None or high is None else f"{low:.4f} to {high:.4f}"
    value = row.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) or not form:
        return str(value)
    text, spread = format(value, form), row.get(f"{name}_sd")
    return text if spread is None else f"{text} ± {format(spread, form.replace('+', ''))}"


def write_runs(records: Iterable[Record], path: Path) -> None:
    """Every single run, so that any test can be made again."""
    names = (
        "dataset", "split", "seed", "method", "r2_test", "mse_test", "mae_test", "r2_train",
        "seconds", "evaluations", "iterations", "stopped",
    )  # fmt: skip
    lines = sorted(
        (record for record in records if "r2_test" in record),
        key=lambda r: (r["dataset"], r["split"], r["method"], r["seed"]),
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        for record in lines:
            writer.writerow({name: plain(record.get(name)) for name in names})
