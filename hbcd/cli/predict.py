"""`hbcd predict` and `hbcd info`: what a model file is good for."""

from __future__ import annotations

import argparse
import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import hbcd
from hbcd.cli.data import open_table, target_names
from hbcd.cli.export import record_lines
from hbcd.cli.predicted import Lines, Predicted, names_of_targets
from hbcd.cli.tasks import task_of
from hbcd.cli.text import (
    described_layer,
    members_text,
    network_text,
    number,
    print_json,
    targets_text,
    transform_text,
)
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.model_loading import load
from hbcd.export.record import is_export, read_record
from hbcd.tables.cells import told_by_file
from hbcd.tables.chunks import read_chunks
from hbcd.tables.files import TableFile
from hbcd.tables.levels import level_text
from hbcd.training import registry
from hbcd.utils.atomic_files import replace_file
from hbcd.utils.validation import check_integer

__all__ = ["info", "predict", "target_columns"]

NOT_CSV = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".parquet", ".gz")
MEMORY = 16 * 2**20  # bytes of predictions to print that are kept off the disk


def predict(args: argparse.Namespace) -> int:
    """`hbcd predict`: a table in, a column of predictions per target out, piece by piece."""
    check_integer("chunk_rows", args.chunk_rows, 1)
    model = load(args.model)
    predicted = Predicted(model, args)
    names = predicted.names
    file = open_table(args.file, args, model)
    pieces = _predictions(model, predicted, args, file)
    if args.out:
        _refuse_other_kinds(args.out)
        _refuse_overwriting(args.out, (args.model, args.file))
        rows = _write(args.out, names, pieces)
        if args.json:
            print_json({"model": args.model, "file": args.file, "rows": rows, "out": args.out})
        else:
            print(f"{rows} predictions written to {args.out}")
    elif args.json:
        lines = [line for piece in pieces for line in piece]
        columns = {name: [line[k] for line in lines] for k, name in enumerate(names)}
        print_json({"model": args.model, "file": args.file, "rows": len(lines),
                    "predictions": columns})  # fmt: skip
    else:
        _print(names, pieces)
    if predicted.warning:
        args.notes(predicted.warning)
    return 0


def _predictions(
    model: HybridEstimator, predicted: Predicted, args: argparse.Namespace, file: TableFile
) -> Iterator[Lines]:
    """Predictions of each piece of a table, a list for each row."""
    encoder = model.encoder_
    by_position = encoder is None or not encoder.named
    here = names_of_targets(model)
    done = 0
    for frame in read_chunks(file, args.chunk_rows):
        if by_position:  # the targets may be there, but they are not counted
            frame = frame.drop(columns=[name for name in here if name in frame.columns])
        with told_by_file(file, above=done):
            lines = predicted.lines(frame)
        done += len(frame)
        yield lines


def _refuse_other_kinds(out: str) -> None:
    """A workbook by its name that holds text is opened by no spreadsheet program."""
    stem, end = os.path.splitext(out)
    if end.lower() in NOT_CSV:
        raise ValueError(
            f"out={out}: predictions are written as csv, which spreadsheet programs open; to mend "
            f"it: --out {stem.removesuffix('.csv')}.csv"
        )


def _refuse_overwriting(out: str, inputs: Sequence[str]) -> None:
    for other in inputs:
        if os.path.exists(out) and os.path.samefile(out, other):
            raise ValueError(f"out={out}: must not be a file that is read, {other}")


def target_columns(model: HybridEstimator) -> list[str]:
    """Columns of a table that hold the targets; ValueError where the model does not know."""
    known = target_names(model)
    if len(known) != _n_targets(model):
        raise ValueError("model: does not name its targets, fit it with y as a Series or DataFrame")
    return known


def _n_targets(model: HybridEstimator) -> int:
    return 1 if isinstance(model, HybridClassifier) else model.n_outputs_


def _cell(value: Any) -> str:
    """A number so that it reads back as the same; a label as text."""
    return repr(value) if type(value) is float else level_text(value)


def _csv(names: list[str], pieces: Iterator[Lines]) -> Iterator[tuple[int, bytes]]:
    """CSV whose numbers have as many digits as it takes to read the same float64 back.

    Piece by piece, each with its number of rows.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for lines in pieces:
        writer.writerows([_cell(value) for value in line] for line in lines)
        yield len(lines), text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _write(path: str, names: list[str], pieces: Iterator[Lines]) -> int:
    """All or nothing; a failure names the file that was asked for.  The number of rows."""
    rows = 0

    def content() -> Iterator[bytes]:
        nonlocal rows
        for count, text in _csv(names, pieces):
            rows += count
            yield text

    replace_file(Path(os.path.realpath(Path(path).expanduser())), content(), path)
    return rows


def _print(names: list[str], pieces: Iterator[Lines]) -> None:
    """To standard output, after the last prediction: all or nothing there, too."""
    with tempfile.SpooledTemporaryFile(max_size=MEMORY) as kept:
        for _, text in _csv(names, pieces):
            kept.write(text)
        kept.seek(0)
        for line in kept:
            print(line.decode(), end="")


def info(args: argparse.Namespace) -> int:
    """`hbcd info`: a model file, or this installation."""
    found = _about(args.model) if args.model else hbcd.show_config()
    if args.json:
        found.pop("lines", None)
        print_json(found)
        return 0
    lines = found.pop("lines", None) or [(key, _plain(value)) for key, value in found.items()]
    width = max(len(title) for title, _ in lines) + 2
    for title, text in lines:
        print(f"{title:<{width}}{text}")
    return 0


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _about(path: str) -> dict[str, Any]:
    """A model file, or a file that a model was exported to."""
    if not is_export(path):
        return _describe(path)
    record = read_record(path)
    return {"export": path, **asdict(record), "lines": record_lines(path, record)}


def _describe(path: str) -> dict[str, Any]:
    """A model file as one JSON object; `lines` is the same for people."""
    model = load(path)
    about = dict(getattr(model, "about_", {}))
    columns = [] if model.encoder_ is None else model.encoder_.to_dict()["columns"]
    found: dict[str, Any] = {
        "model": path,
        "bytes": os.path.getsize(path),
        "inputs": model.network_.n_inputs,
        "layers": [
            {"width": width, **described_layer(layer)}
            for layer, width in zip(model.network_.layers[1:], model.network_.widths, strict=True)
        ],
        "n_parameters": model.network_.n_parameters,
        "dtype": str(model.theta_.dtype),
        "columns": columns,
        "target": names_of_targets(model),
        "task": task_of(model).name,
        "classes": model.classes_.tolist() if isinstance(model, HybridClassifier) else None,
        "loss": registry.describe_loss(model.network_.loss),
        "target_transform": transform_text(model),
        "unit": about.get("unit", ""),
        "training": _training(model),
        "about": about,
    }
    found["lines"] = _lines(model, found, about)
    return found


def _training(model: HybridEstimator) -> dict[str, Any] | None:
    report = getattr(model, "report_", None)
    if report is None:
        return None
    return {
        "loss": report.loss,
        "stop_reason": report.stop_reason.name.lower(),
        "n_fev": report.n_fev,
        "n_iter": report.n_iter,
        "seconds": report.seconds,
    }


def _lines(
    model: HybridEstimator, found: dict[str, Any], about: dict[str, Any]
) -> list[tuple[str, str]]:
    columns = [
        column["name"] + (f" ({', '.join(column['levels'])})" if column["levels"] else "")
        for column in found["columns"]
    ]
    lines = [
        ("model", f"{found['model']}, {found['bytes']} bytes"),
        ("network", network_text(model) + members_text(model)),
        ("columns", ", ".join(columns) or f"{found['inputs']}, without names"),
        ("target", targets_text(found["target"], found["unit"])),
    ]
    if found["classes"]:
        lines.append(("classes", ", ".join(map(level_text, found["classes"]))))
    elif found["loss"]["loss"] != "squared_error":
        lines.append(("loss", " ".join(str(value) for value in found["loss"].values())))
    if "data" in about:
        seed, share = about.get("seed"), about.get("test_size", 0.0)
        held = f"seed {seed}, {share:.0%} of them to test"
        lines.append(("data", f"{about['data']}, {about.get('rows')} rows, {held}"))
    if found["training"]:
        report = model.report_
        lines.append(("training", f"{report.seconds:.2f} s, {report.n_fev} evaluations. "
                      f"{report.stop_reason}"))  # fmt: skip
    if "strategy" in about:
        used = (about.get(name) for name in ("strategy", "optimizer", "selector"))
        lines.append(("strategy", ", ".join(str(name) for name in used if name)))
    for part in ("train", "test"):
        if part in about:
            shown = [
                f"{score.title} {number(about[part].get(score.key), score.digits)}"
                for score in task_of(model).columns
            ]
            lines.append((part, ", ".join(shown)))
    return lines
