"""`hbcd predict` and `hbcd info`: what a model file is good for."""

from __future__ import annotations

import argparse
import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd
from hbcd import _names, modelfile
from hbcd._cli_text import network_text, number, print_json, targets_text
from hbcd._columns import BadValueError
from hbcd._table_chunks import read_chunks
from hbcd._validation import check_integer
from hbcd.estimator import HybridRegressor, load

__all__ = ["info", "predict", "target_columns"]

Array = NDArray[Any]
MEMORY = 16 * 2**20  # bytes of predictions to print that are kept off the disk


def predict(args: argparse.Namespace) -> int:
    """`hbcd predict`: a table in, a column of predictions per target out, piece by piece."""
    check_integer("chunk_rows", args.chunk_rows, 1)
    model = load(args.model)
    if not isinstance(model, HybridRegressor):
        raise ValueError(f"{args.model}: must be a regressor; hbcd.load(...).predict for labels")
    names = _target_names(model)
    pieces = _predictions(model, names, args.file, args.chunk_rows)
    if args.out:
        _refuse_overwriting(args.out, (args.model, args.file))
        rows = _write(args.out, names, pieces)
        if args.json:
            print_json({"model": args.model, "file": args.file, "rows": rows, "out": args.out})
        else:
            print(f"{rows} predictions written to {args.out}")
    elif args.json:
        values = np.vstack(list(pieces))
        columns = {name: values[:, k].tolist() for k, name in enumerate(names)}
        print_json({"model": args.model, "file": args.file, "rows": len(values),
                    "predictions": columns})  # fmt: skip
    else:
        _print(names, pieces)
    return 0


def _predictions(
    model: HybridRegressor, names: list[str], file: str, chunk_rows: int
) -> Iterator[Array]:
    """Predictions, shape (rows, targets), of each piece of a table."""
    encoder = model.encoder_
    by_position = encoder is None or not encoder.named
    columns = () if encoder is None or by_position else encoder.columns
    levels = [name for name, known in columns if known is not None]
    done = 0
    for frame in read_chunks(file, chunk_rows, levels):
        if by_position:  # the targets may be there, but they are not counted
            frame = frame.drop(columns=[name for name in names if name in frame.columns])
        try:
            values = np.asarray(model.predict(frame))
        except BadValueError as error:
            raise error.below(done) from None
        done += len(frame)
        yield values.reshape(len(frame), -1)


def _refuse_overwriting(out: str, inputs: Sequence[str]) -> None:
    for other in inputs:
        if os.path.exists(out) and os.path.samefile(out, other):
            raise ValueError(f"out={out}: must not be a file that is read, {other}")


def target_columns(model: HybridRegressor) -> list[str]:
    """Columns of a table that hold the targets; ValueError where the model does not know."""
    known = getattr(model, "about_", {}).get("target") or model.target_names_
    if len(known) != model.n_outputs_:
        raise ValueError("model: does not name its targets, fit it with y as a Series or DataFrame")
    return [str(name) for name in known]


def _target_names(model: HybridRegressor) -> list[str]:
    names = getattr(model, "about_", {}).get("target") or model.target_names_
    if isinstance(names, list) and len(names) == model.n_outputs_:
        return [str(name) for name in names]
    if model.n_outputs_ == 1:
        return ["prediction"]
    return [f"prediction_{k}" for k in range(1, model.n_outputs_ + 1)]


def _csv(names: list[str], pieces: Iterator[Array]) -> Iterator[tuple[int, bytes]]:
    """CSV whose numbers have as many digits as it takes to read the same float64 back.

    Piece by piece, each with its number of rows.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for values in pieces:
        writer.writerows([repr(value) for value in row] for row in values.tolist())
        yield len(values), text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _write(path: str, names: list[str], pieces: Iterator[Array]) -> int:
    """All or nothing; a failure names the file that was asked for.  The number of rows."""
    rows = 0

    def content() -> Iterator[bytes]:
        nonlocal rows
        for count, text in _csv(names, pieces):
            rows += count
            yield text

    try:
        modelfile._replace(Path(os.path.realpath(Path(path).expanduser())), content())
    except OSError as error:
        if error.errno is None:  # not of the system: what is wrong is said already
            raise
        raise type(error)(error.errno, error.strerror, path) from error
    return rows


def _print(names: list[str], pieces: Iterator[Array]) -> None:
    """To standard output, after the last prediction: all or nothing there, too."""
    with tempfile.SpooledTemporaryFile(max_size=MEMORY) as kept:
        for _, text in _csv(names, pieces):
            kept.write(text)
        kept.seek(0)
        for line in kept:
            print(line.decode(), end="")


def info(args: argparse.Namespace) -> int:
    """`hbcd info`: a model file, or this installation."""
    found = _describe(args.model) if args.model else hbcd.show_config()
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
            {"width": layer.n_neurons, **_names.describe_activation(layer.activation)}
            for layer in model.network_.layers[1:]
        ],
        "n_parameters": model.network_.n_parameters,
        "dtype": str(model.theta_.dtype),
        "columns": columns,
        "target": _target_names(model),
        "unit": about.get("unit", ""),
        "training": _training(model),
        "about": about,
    }
    found["lines"] = _lines(model, found, about)
    return found


def _training(model: HybridRegressor) -> dict[str, Any] | None:
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
    model: HybridRegressor, found: dict[str, Any], about: dict[str, Any]
) -> list[tuple[str, str]]:
    columns = [
        column["name"] + (f" ({', '.join(column['levels'])})" if column["levels"] else "")
        for column in found["columns"]
    ]
    lines = [
        ("model", f"{found['model']}, {found['bytes']} bytes"),
        ("network", network_text(model)),
        ("columns", ", ".join(columns) or f"{found['inputs']}, without names"),
        ("target", targets_text(found["target"], found["unit"])),
    ]
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
            scores = about[part]
            shown = [number(scores["r2"], ".5f"), number(scores["mse"], "#.5g"),
                     number(scores["mae"], "#.5g")]  # fmt: skip
            lines.append((part, "R2 {}, MSE {}, MAE {}".format(*shown)))
    return lines
