"""`hbcd evaluate`: how good a model is on rows whose targets are known."""

from __future__ import annotations

import argparse

import numpy as np

from hbcd._cli_data import read_frame
from hbcd._cli_model import target_columns
from hbcd._cli_text import print_json, score_table, targets_text
from hbcd._metrics import scores
from hbcd.estimator import HybridRegressor, load
from hbcd.tables import split_target

__all__ = ["evaluate"]


def evaluate(args: argparse.Namespace) -> int:
    """Prints R2, MSE and MAE, of each target where there are several."""
    model = load(args.model)
    if not isinstance(model, HybridRegressor):
        raise ValueError(f"{args.model}: must be a regressor; hbcd.load(...).score for labels")
    names = target_columns(model)
    frame = read_frame(args.file, args.data_home)
    features, y, _ = split_target(frame, names)
    predicted = np.asarray(model.predict(features)).reshape(y.shape)
    unit = getattr(model, "about_", {}).get("unit", "")
    each = {name: scores(y[:, k], predicted[:, k]) for k, name in enumerate(names)}
    result = {"model": args.model, "file": args.file, "rows": len(y), "target": names,
              "unit": unit, **scores(y, predicted)}  # fmt: skip
    if len(names) > 1:
        result["targets"] = each
    if args.json:
        print_json(result)
        return 0
    lines = [(name, "", found) for name, found in each.items()]
    lines += [("mean", "", scores(y, predicted))] if len(names) > 1 else []
    print(f"{args.file}: {len(y)} rows, target {targets_text(names, unit)}\n")
    print(score_table(lines, unit))
    return 0
