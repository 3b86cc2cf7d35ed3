"""`hbcd fit` on many files, or on a table that is larger than memory: read in pieces."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.cli.data import Table
from hbcd.cli.fit_result import about, describe_fit, model_path, write_model
from hbcd.cli.fit_text import fit_text
from hbcd.cli.options import make_model
from hbcd.cli.ranks import begin_ranks
from hbcd.cli.tasks import Classification, Regression, Task
from hbcd.cli.text import print_json
from hbcd.cli.text_options import text_format
from hbcd.estimators.base import TrainingInterrupted
from hbcd.estimators.fitting.streamed_rows import parts_of
from hbcd.metrics.classification import confusion
from hbcd.parts.losses import Quantile
from hbcd.streams.files import Files, found_files, is_pattern
from hbcd.streams.rows import Rows
from hbcd.streams.selected import WithoutColumns
from hbcd.streams.sources import FileSource, Source
from hbcd.tables.labels import holds_classes
from hbcd.tables.names import check_columns

__all__ = ["fit_streamed", "is_streamed"]

Array = NDArray[Any]
WHOLE = ("out", "search", "grid", "cv", "tune")  # need the whole table
READING = 3600.0  # seconds that ranks wait for one that reads more than they do
SCORED = 1_000_000  # training rows that the score of the training part is of, at most


def is_streamed(args: argparse.Namespace) -> bool:
    """Whether the table is read in pieces: many files, or a limit of memory."""
    return args.memory is not None or (args.data is not None and is_pattern(args.data))


def fit_streamed(args: argparse.Namespace) -> int:
    """As `fit`, without what needs the whole table at once."""
    for name in WHOLE:
        if getattr(args, name, None):
            raise ValueError(f"{name}: must be left out for a table that is read in pieces")
    if not 0.0 < args.test_size < 1.0:
        raise ValueError(f"test_size={args.test_size:g}: must be between 0 and 1, both excluded")
    if not args.data:
        raise ValueError("memory: must be given with a table that is read, such as 'plant/*.csv'")
    ranks = begin_ranks(args, timeout=READING)
    rows, task = _rows(args)
    path = model_path(None, _short(args.data))
    model: Any = make_model(args, task)
    train, test = rows.split(args.test_size, args.seed)
    args.notes.show()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingInterrupted)  # the table and exit code say so
        if ranks is None:
            model.fit(train)
        else:
            model.set_params(backend=ranks).fit(train.part(ranks.rank, ranks.size))
    if ranks is not None and ranks.rank:
        return 130 if model.report_.interrupted else 0
    if isinstance(task, Classification):
        task = Classification(model.classes_)
    elif isinstance(getattr(model, "loss", None), Quantile):
        task = Regression(model.loss.q)
    first = next(rows.pieces()).table
    truth, outputs = _outputs(model, task, test)
    table = Table(
        name=args.data,
        short=_short(args.data),
        features=first.drop(columns=rows.target_names),
        y=truth,
        task=task,
        targets=[str(name) for name in rows.target_names],
        unit="",
        best_r2=None,
    )
    counts = [sum(map(len, part.pieces())) for part in (train, test)]
    result = describe_fit(args, model, table, path)
    result["rows"] = sum(counts)
    result["train"] = task.measure(*_outputs(model, task, train, SCORED))
    result["test"] = task.measure(truth, outputs)
    if isinstance(task, Classification):
        found = confusion(
            np.searchsorted(task.classes, truth), outputs.argmax(1), len(task.classes)
        )
        result["confusion"] = found.tolist()
    model.about_ = about(args, table, result)
    write_model(model, path, result)
    if args.json:
        print_json(result)
    elif not args.quiet:
        print(fit_text(model, table, [range(count) for count in counts], result))
    return 130 if model.report_.interrupted else 0


def _rows(args: argparse.Namespace) -> tuple[Rows, Task]:
    """The rows, and what is to be done with the target."""
    files = Files(found_files(args.data or ""), text_format(args), tuple(args.na or ()))
    source: Source = FileSource(files)
    first = next(source.pieces(1000), None)
    if first is None:
        raise ValueError(f"data={args.data}: must have at least one row")
    frame: pd.DataFrame = first.table
    if args.drop:
        source = WithoutColumns(source, tuple(_columns(args.drop, frame)))
    if args.text:
        check_columns(frame, "text", _columns(args.text, frame))
        source = source.as_text(frozenset(_columns(args.text, frame)))
    if not args.target:
        raise ValueError(f"--target: must name a column of {args.data}: {', '.join(frame.columns)}")
    targets = _columns(args.target, frame)
    check_columns(frame, "target", targets)
    one = len(targets) == 1
    if args.task == "classification" and not one:
        raise ValueError(f"target={','.join(targets)}: must be one column for classification")
    classes = args.task == "classification" or (
        args.task == "auto" and one and holds_classes(frame[targets[0]])
    )
    rows = Rows(source, targets[0] if one else targets, memory=args.memory)
    return rows, Classification(np.array([0, 1])) if classes else Regression()


def _columns(text: str, frame: pd.DataFrame) -> list[str]:
    return [text] if text in frame.columns else [word.strip() for word in text.split(",")]


def _short(name: str) -> str:
    """For the name of the model: that of the folder of many files, else of the file."""
    path = Path(name)
    if is_pattern(name) and not path.is_dir():
        path = path.parent if path.parent.name else Path("rows")
    return path.name.split(".")[0] or "rows"


def _outputs(model: Any, task: Task, rows: Rows, most: int | None = None) -> tuple[Array, Array]:
    """Targets of rows and what the model says of them; of about the first `most`."""
    truth: list[Array] = []
    outputs: list[Array] = []
    for piece, parts in parts_of(rows, model.encoder_):
        if most is not None and sum(map(len, truth)) >= most:
            break
        with piece.told():
            truth.append(model._compared(parts.target))
            outputs.append(task.outputs(model, parts.inputs))
    if not truth:
        raise ValueError("test_size: leaves no row for one of the parts")
    return np.concatenate(truth), np.concatenate(outputs)
