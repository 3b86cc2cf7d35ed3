"""`hbcd explain`: what a model makes of the columns of a table."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hbcd.cli.data import read_known
from hbcd.cli.explanations import Explanations, explanations
from hbcd.cli.fit_result import model_path
from hbcd.cli.predict import target_columns
from hbcd.cli.report import html
from hbcd.cli.report.svg import Pictures
from hbcd.cli.report.use_of_columns import draw_use, percent, use_section
from hbcd.cli.tasks import task_of
from hbcd.cli.text import print_json
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.model_loading import load
from hbcd.tables.cells import told_by_file
from hbcd.utils.atomic_files import replace_file
from hbcd.utils.validation import check_integer

__all__ = ["explain"]


def explain(args: argparse.Namespace) -> int:
    """Prints importance and Sobol indices; writes curves, pictures and a page to a folder."""
    check_integer("rows", args.rows, 1, none=True)
    model = load(args.model)
    if args.out:
        model_path(args.out, "")  # ValueError where nothing can be written
    frame, file = read_known(args.file, args, model)
    with told_by_file(file):
        rows, y, names = _parts(model, frame)
        found = explanations(
            model, rows, y=y, seed=args.seed, features=_features(args, model), most=args.rows
        )
    if args.out:
        _write(Path(args.out).expanduser(), args, found, names)
    if args.json:
        print_json(_described(args, found, len(frame)))
        return 0
    known = found.importance
    scored = "no target: no importance"
    if known is not None:
        scored = f"target {', '.join(names)}, {known.metric} {known.baseline:.5g}"
    print(f"{args.file}: {len(frame)} rows, {scored}\n")
    print(_text(found))
    if args.out:
        print(f"\npage      {Path(args.out).expanduser() / 'explain.html'}")
    return 0


def _parts(model: HybridEstimator, frame: pd.DataFrame) -> tuple[pd.DataFrame, Any, list[str]]:
    """Rows, their targets where the table has them, and the names of the targets."""
    names = []
    with contextlib.suppress(ValueError):  # a model that does not name them
        names = target_columns(model)
    if not names or not set(names) <= set(frame.columns):
        return frame, None, names
    rows, y = task_of(model).read(frame, names)
    return rows, y, names


def _features(args: argparse.Namespace, model: HybridEstimator) -> list[str] | None:
    if args.features is None:
        return None
    known = [name for name, _ in model.encoder_.columns] if model.encoder_ else []
    return [args.features] if args.features in known else args.features.split(",")


def _write(folder: Path, args: argparse.Namespace, found: Explanations, names: list[str]) -> None:
    """Tables as CSV, the pictures where matplotlib is there, and the page."""
    tables = {"sobol": found.indices.to_frame()}
    if found.importance is not None:
        tables["importance"] = found.importance.to_frame()
    for kind, results in (("partial_dependence", found.curves), ("accumulated", found.effects)):
        parts = [_long(one) for one in results]
        if parts:
            tables[kind] = pd.concat(parts, ignore_index=True)
    files = {f"{name}.csv": one.to_csv(index=False).encode() for name, one in tables.items()}
    note, images = "", []
    try:
        pictures = Pictures()
        draw_use(found, pictures.axes)
        for name, text, content in pictures.drawn():
            files[f"{name}.svg"] = content
            images.append(html.picture(content, text))
    except ImportError as error:
        note = f"Without pictures: {error}."
    body = [
        *use_section(found, args.file),
        html.heading("Pictures", note),
        f'<div class="pictures">\n{"".join(images)}</div>\n',
    ]
    title = f"{', '.join(names) or args.model} from {args.file}"
    files["explain.html"] = html.page(title, body).encode(errors="xmlcharrefreplace")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        replace_file(folder / name, [content])


def _long(one: Any) -> pd.DataFrame:
    """A curve with the name of its column beside the value, so that others may follow it."""
    frame = one.to_frame()
    frame.columns = ["value", *frame.columns[1:]]
    frame.insert(0, "column", one.features[0])
    frame["value"] = frame["value"].astype(str)
    return frame


def _described(args: argparse.Namespace, found: Explanations, rows: int) -> dict[str, Any]:
    """What `--json` prints; numbers that there are not are null."""
    one, indices = found.importance, found.indices
    columns = []
    for k in found.order:
        line: dict[str, Any] = {"column": indices.features[k]}
        if one is not None:
            line["importance"] = _number(float(one.mean[k]))
            line["interval"] = [_number(float(one.low[k])), _number(float(one.high[k]))]
        line["first"], line["total"] = (_number(share) for share in found.share[k])
        columns.append(line)
    return {
        "model": args.model,
        "file": args.file,
        "rows": rows,
        "metric": one.metric if one is not None else None,
        "score": _number(one.baseline) if one is not None else None,
        "columns": columns,
        "out": args.out,
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _text(found: Explanations) -> str:
    """A line for each column, the most important first."""
    one, indices = found.importance, found.indices
    wide = max(6, *(len(name) for name in indices.features)) + 2
    head = f"{'column':<{wide}}"
    if one is not None:
        level = f"{one.confidence_level:.0%} interval"
        head += f"{'importance':>14}{level:>26}"
    lines = [head + f"{'alone':>9}{'with others':>13}"]
    for k in found.order:
        line = f"{indices.features[k]:<{wide}}"
        if one is not None:
            interval = f"{one.low[k]:.4g} to {one.high[k]:.4g}"
            line += f"{one.mean[k]:>14.4g}{interval:>26}"
        alone, together = (percent(share) for share in found.share[k])
        lines.append(f"{line}{alone:>9}{together:>13}")
    return "\n".join(lines)
