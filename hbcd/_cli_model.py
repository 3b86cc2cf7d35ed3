"""`hbcd predict` and `hbcd info`: what a model file is good for."""

from __future__ import annotations

import argparse
import csv
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

import hbcd
from hbcd import _names, modelfile
from hbcd._cli_text import network_text, number, print_json, targets_text
from hbcd.estimator import HybridRegressor, load
from hbcd.tables import read_table

__all__ = ["info", "predict"]


def predict(args: argparse.Namespace) -> int:
    """`hbcd predict`: a table in, a column of predictions per target out."""
    model = load(args.model)
    names = _target_names(model)
    frame = read_table(args.file)
    if model.encoder_ is None:  # fitted on an array: columns count by position
        frame = frame.drop(columns=[name for name in names if name in frame.columns])
    values = model.predict(frame).reshape(len(frame), -1)
    if args.out:
        for other in (args.model, args.file):
            if os.path.exists(args.out) and os.path.samefile(args.out, other):
                raise ValueError(f"out={args.out}: must not be a file that is read, {other}")
        _write(args.out, _csv(names, values))
    if args.json:
        columns = {name: values[:, k].tolist() for k, name in enumerate(names)}
        shown = {"out": args.out} if args.out else {"predictions": columns}
        print_json({"model": args.model, "file": args.file, "rows": len(values), **shown})
    elif args.out:
        print(f"{len(values)} predictions written to {args.out}")
    else:
        print(_csv(names, values), end="")
    return 0


def _target_names(model: HybridRegressor) -> list[str]:
    names = getattr(model, "about_", {}).get("target")
    if isinstance(names, list) and len(names) == model.n_outputs_:
        return [str(name) for name in names]
    if model.n_outputs_ == 1:
        return ["prediction"]
    return [f"prediction_{k}" for k in range(1, model.n_outputs_ + 1)]


def _csv(names: list[str], values: np.ndarray[Any, Any]) -> str:
    """CSV whose numbers have as many digits as it takes to read the same float64 back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([repr(value) for value in row] for row in values.tolist())
    return text.getvalue()


def _write(path: str, text: str) -> None:
    """All or nothing; a failure names the file that was asked for."""
    try:
        modelfile._replace(Path(os.path.realpath(Path(path).expanduser())), [text.encode()])
    except OSError as error:
        raise type(error)(error.errno, error.strerror, path) from error


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
