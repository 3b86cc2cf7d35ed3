"""`hbcd export`: a model file as a file for another tool."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hbcd.cli.text import print_json
from hbcd.estimators.model_loading import load
from hbcd.export.record import ExportRecord
from hbcd.export.targets import TARGETS, target

__all__ = ["export", "record_lines"]

OPTIONS = ("dtype", "dialect", "name", "version", "binary", "rows")


def export(args: argparse.Namespace) -> int:
    """Writes a checked file and prints how far it is from the model; or lists the targets."""
    if args.list:
        return _list(args)
    if args.model is None or args.to is None:
        raise ValueError("model, to: must be given: hbcd export MODEL --to TARGET; "
                         "--list shows the targets")  # fmt: skip
    if len(args.to) > 2:
        raise ValueError(f"to={' '.join(args.to)}: must be a target and at most one file")
    chosen = target(args.to[0])
    model = load(args.model)
    path = args.to[1] if len(args.to) == 2 else Path(args.model).stem + chosen.suffix
    if os.path.exists(path) and os.path.samefile(path, args.model):
        raise ValueError(f"path={path}: must not be the model itself")
    options: dict[str, Any] = {
        name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None
    }
    if args.jacobian:
        options["jacobian"] = True
    record = chosen.write(model, path, **options)
    if args.json:
        print_json({"model": args.model, "path": path, "bytes": os.path.getsize(path),
                    **asdict(record)})  # fmt: skip
        return 0
    print(f"{path}: {os.path.getsize(path)} bytes, {chosen.summary}")
    print(f"read back at {record.points} points and {record.corners} corners of the box:")
    print(record)
    return 0


def _list(args: argparse.Namespace) -> int:
    if args.json:
        print_json(
            {
                one.name: {"summary": one.summary, "suffix": one.suffix,
                           "options": list(one.options), "missing": one.missing}
                for one in TARGETS.values()
            }
        )  # fmt: skip
        return 0
    width = max(map(len, TARGETS)) + 2
    for one in TARGETS.values():
        missing = one.missing
        needs = f" (needs {', '.join(missing)}: pip install 'hbcd[{one.extra}]')" if missing else ""
        print(f"{one.name:<{width}}{one.summary}{needs}")
    return 0


def record_lines(path: str, record: ExportRecord) -> list[tuple[str, str]]:
    """An exported file for people: `hbcd info`."""
    found = [
        ("export", f"{path}, {os.path.getsize(path)} bytes, {record.target}, {record.dtype}, "
                   f"by hbcd {record.hbcd}"),
        ("seal", "whole: nothing has changed since it was written"),
        ("model", f"SHA-256 {record.model}"),
    ]  # fmt: skip
    for k, one in enumerate(record.inputs):
        text = f"{one['name']}, from {one['low']:.6g} to {one['high']:.6g}"
        if "levels" in one:
            text = f"{one['name']}, {', '.join(one['levels'])}"
        found.append(("inputs" if k == 0 else "", text + (", or missing" if "gaps" in one else "")))
    for k, line in enumerate(str(record).splitlines()):
        found.append(("outputs" if k == 0 else "", line))
    found.append(
        ("checked", f"at {record.points} points and {record.corners} corners; {record.assumed}")
    )
    return found
