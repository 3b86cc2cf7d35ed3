"""What `hbcd fit --out DIR` writes beside the model: metrics, pictures, and a page of all."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

import hbcd
from hbcd import _html, _names, modelfile
from hbcd._cli_data import Table
from hbcd._cli_text import network_text, number, targets_text
from hbcd.estimator import HybridRegressor

__all__ = ["write_report"]

COLUMNS = ("column", "least", "median", "largest", "levels", "gaps")
MOST_LINES = 30  # of the history in the page; the picture has all of them
Result = dict[str, Any]
Parts = tuple[NDArray[np.intp], NDArray[np.intp]]


def write_report(
    folder: Path, model: HybridRegressor, table: Table, parts: Parts, result: Result
) -> None:
    """Writes metrics.json, the pictures as SVG where matplotlib is there, and report.html."""
    test = parts[1]
    note, pictures = "", []
    try:
        from hbcd._cli_pictures import draw

        pictures = draw(model, table.features.iloc[test], table.y[test], table.targets)
    except ImportError as error:
        note = f"Without pictures: {error}."
    files = {f"{name}.svg": content for name, _, content in pictures}
    files["metrics.json"] = (json.dumps(result, allow_nan=False, indent=1) + "\n").encode()
    images = [_html.picture(content, text) for _, text, content in pictures]
    body = _body(model, table, parts, result, images, note)
    title = f"{', '.join(table.targets)} from {table.name}"
    # Names of files and columns may hold what no encoding has: lone surrogates.
    files["report.html"] = _html.page(title, body).encode(errors="xmlcharrefreplace")
    for name, content in files.items():
        modelfile._replace(folder / name, [content])


def _body(
    model: HybridRegressor,
    table: Table,
    parts: Parts,
    result: Result,
    images: list[str],
    note: str,
) -> list[str]:
    """The page, section by section."""
    return [
        _cards(table, result),
        _html.heading("Accuracy", "MSE and MAE in the target's unit; means over several targets."),
        _scores(table, result),
        *_validation(result),
        _html.heading("Pictures", note),
        f'<div class="pictures">\n{"".join(images)}</div>\n',
        _html.heading("Data"),
        _html.table((), _data(table, parts, result)),
        _html.heading("Columns", "Ranges of the training rows: beyond them the model guesses."),
        _html.table(COLUMNS, _columns(model, table.features.iloc[parts[0]])),
        _html.heading("Network", network_text(model)),
        _html.table(("layer", "inputs", "neurons", "activation", "parameters"), _layers(model)),
        _html.heading("Training"),
        _html.table((), _training(model, result)),
        *_selection(model),
        _history(model),
        _html.heading("To get the same again"),
        _html.table((), _versions(result)),
    ]


def _cards(table: Table, result: Result) -> str:
    test, line = result["test"], result["baseline_ols"]
    unit = f" {table.unit}" if table.unit else ""
    cards = [
        _html.card("Test R2", number(test["r2"], ".4f"),
                   f"least squares {number(line['r2'], '.4f')}"),
        _html.card("Test MAE", number(test["mae"], ".4g") + unit,
                   f"least squares {number(line['mae'], '.4g')}{unit}"),
        _html.card("Rows", str(result["rows"]), f"{len(table.features.columns)} columns"),
        _html.card("Training", f"{result['seconds']:.2f} s", f"{result['n_fev']} evaluations"),
    ]  # fmt: skip
    return f'<div class="cards">\n{"".join(cards)}</div>\n'


def _scores(table: Table, result: Result) -> str:
    baseline = result["baseline_ols"]
    lines = [
        ("network", "train", result["train"]),
        ("network", "test", result["test"]),
        ("least squares", "train", baseline["train"]),
        ("least squares", "test", baseline),
    ]
    rows: list[tuple[str, ...]] = [(name, part, *_numbers(found)) for name, part, found in lines]
    if table.best_r2 is not None:
        rows.append(("best possible", "", number(table.best_r2, ".5f"), "", ""))
    unit = table.unit
    heads = (f"MSE ({unit})²", f"MAE ({unit})") if unit else ("MSE", "MAE")
    return _html.table(("model", "rows", "R2", *heads), rows)


def _numbers(found: dict[str, Any]) -> tuple[str, str, str]:
    return (number(found["r2"], ".5f"), number(found["mse"], ".5g"), number(found["mae"], ".5g"))


def _validation(result: Result) -> list[str]:
    """Cross-validation and the search over hidden layers, where they were asked for."""
    parts = []
    if result.get("cv"):
        cv = result["cv"]
        rows: list[tuple[str, ...]] = [
            (f"fold {k}", *_numbers(fold)) for k, fold in enumerate(cv["folds"], start=1)
        ]
        rows += [(name, *_numbers(cv[name])) for name in ("mean", "spread")]
        note = "Within the training rows; the spread is the standard deviation over folds."
        parts += [_html.heading("Cross-validation", note),
                  _html.table(("", "R2", "MSE", "MAE"), rows)]  # fmt: skip
    if result.get("search"):
        rows = [(_widths(line["hidden"]), str(line["n_parameters"]), *_numbers(line))
                for line in result["search"]["grid"]]  # fmt: skip
        parts += [_html.heading("Search", result["search"]["rule"]),
                  _html.table(("hidden", "parameters", "R2", "MSE", "MAE"), rows)]  # fmt: skip
    return parts


def _widths(hidden: list[int]) -> str:
    return ", ".join(map(str, hidden)) or "none"


def _data(table: Table, parts: Parts, result: Result) -> list[tuple[str, str]]:
    train, test = (len(part) for part in parts)
    return [
        ("data", table.name),
        ("target", targets_text(table.targets, table.unit)),
        ("rows", f"{result['rows']}: {train} to train on, {test} to test"),
        ("split", f"random permutation of seed {result['seed']}, test rows first"),
        ("features", f"{result['features']}, of {len(table.features.columns)} columns"),
        ("missing values", result["missing"]),
    ]


def _columns(model: HybridRegressor, frame: pd.DataFrame) -> list[tuple[str, ...]]:
    encoder = model.encoder_
    lines: list[tuple[str, ...]] = []
    for name, levels in encoder.columns if encoder else ():
        column = frame[name]
        gaps = str(int(column.isna().sum()))
        if levels is None:
            known = column.dropna().astype(float)
            found = [f"{value:.5g}" for value in (known.min(), known.median(), known.max())]
            lines.append((name, *found, "", gaps))
        else:
            lines.append((name, "", "", "", ", ".join(levels), gaps))
    return lines


def _layers(model: HybridRegressor) -> list[tuple[str, ...]]:
    network = model.network_
    lines: list[tuple[str, ...]] = []
    inputs = network.n_inputs
    layers = zip(network.layers[1:], network.blocks, strict=True)
    for place, (layer, block) in enumerate(layers, start=1):
        kind = str(_names.describe_activation(layer.activation)["activation"])
        parameters = str(block.stop - block.start)
        lines.append((str(place), str(inputs), str(layer.n_neurons), kind, parameters))
        inputs = layer.n_neurons
    return lines


def _training(model: HybridRegressor, result: Result) -> list[tuple[str, str]]:
    report = model.report_
    used = (result[name] for name in ("strategy", "optimizer", "selector"))
    return [
        ("strategy", ", ".join(str(name) for name in used if name)),
        ("phases", ", then ".join(report.phases)),
        ("loss", f"{report.loss:.6g}, from {report.initial_loss:.6g} (standardized units)"),
        ("cost", f"{report.seconds:.2f} s, {report.n_fev} evaluations, {report.n_iter} iterations"),
        ("stopped", str(report.stop_reason)),
    ]


def _selection(model: HybridRegressor) -> list[str]:
    """Which layers were chosen, and what that gained."""
    history = model.history_
    visits = history[(history["event"] == "visit") & (history["block"] >= 0)]
    if not len(visits):
        return []
    lines = []
    for block in range(len(model.network_.blocks)):
        own = visits[visits["block"] == block]
        gain = (own["loss_before"] - own["loss"]).sum()
        sensitivity = own["sensitivity"].mean()
        lines.append((
            str(block + 1), str(len(own)), f"{len(own) / len(visits):.0%}",
            number(None if np.isnan(sensitivity) else float(sensitivity), ".3g"),
            f"{gain:.3g}",
        ))  # fmt: skip
    note = "Layer 1 is next to the input; decreases are of the loss on the rows of each visit."
    head = ("layer", "visits", "share", "mean sensitivity", "decrease in sum")
    return [_html.heading("Layer selection", note), _html.table(head, lines)]


def _history(model: HybridRegressor) -> str:
    ends = model.history_[model.history_["event"] == "epoch"]
    if not len(ends):
        return ""
    places = np.unique(np.linspace(0, len(ends) - 1, MOST_LINES).round().astype(int))
    shown = ends.iloc[places]
    rows = [
        (str(int(line.step)), str(int(line.phase)), str(int(line.epoch)), f"{line.loss:.6g}",
         str(int(line.n_fev)), f"{line.seconds:.3f}")
        for line in shown.itertuples()
    ]  # fmt: skip
    head = ("step", "phase", "epoch", "loss", "evaluations", "seconds")
    return _html.details(f"History, {len(shown)} of {len(ends)} epochs", _html.table(head, rows))


def _versions(result: Result) -> list[tuple[str, str]]:
    config = hbcd.show_config()
    return [
        ("seed", f"{result['seed']}, of split and training"),
        ("precision, threads", f"{result['dtype']}, {result['threads']}"),
        ("model", result["model"]),
        ("hbcd", f"{hbcd.__version__}, instruction set {config['simd']}"),
        ("Python", platform.python_version()),
        ("NumPy, SciPy, pandas", f"{np.__version__}, {scipy.__version__}, {pd.__version__}"),
        ("machine", f"{platform.system()} {platform.machine()}"),
    ]
