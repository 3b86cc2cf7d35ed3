"""What `hbcd fit --out DIR` writes in addition to the model: metrics, pictures, report.html."""

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
from hbcd.cli.data import Table
from hbcd.cli.explanations import Explanations, explanations
from hbcd.cli.prepared import Prepared
from hbcd.cli.report import html
from hbcd.cli.report.intervals import interval_section, measured_intervals
from hbcd.cli.report.members import members_section
from hbcd.cli.report.scores import cards, class_tables, score_table, validation
from hbcd.cli.report.use_of_columns import use_section
from hbcd.cli.tasks import Regression
from hbcd.cli.text import layer_kind, network_text, number, targets_text
from hbcd.estimators.base import HybridEstimator
from hbcd.tables.columns import to_numbers
from hbcd.tables.dates import time_range
from hbcd.utils.atomic_files import replace_file

__all__ = ["write_report"]

MISSING = {
    "error": "refused",
    "indicator": "replaced by the median, with a feature that marks it (indicator)",
}
COLUMNS = ("column", "least", "median", "largest", "levels", "gaps")
MOST_LINES = 30  # of the history in the page; the picture has all of them
Result = dict[str, Any]
Parts = tuple[NDArray[np.intp], NDArray[np.intp]]


def write_report(folder: Path, model: HybridEstimator, prepared: Prepared, result: Result) -> None:
    """Writes metrics.json, the pictures as SVG where matplotlib is there, and report.html."""
    table, parts = prepared.table, prepared.parts
    train, test = (prepared.rows.rows(part) for part in parts)
    use = explanations(model, train, test, table.y[parts[1]], seed=result["seed"])
    intervals = None
    if isinstance(table.task, Regression):
        intervals = measured_intervals(model, test, table.y[parts[1]])
    if intervals is not None:
        result["intervals"] = intervals
    note, pictures = "", []
    try:
        from hbcd.cli.report.pictures import draw

        pictures = draw(model, prepared, use)
    except ImportError as error:
        note = f"Without pictures: {error}."
    files = {f"{name}.svg": content for name, _, content in pictures}
    files["metrics.json"] = (json.dumps(result, allow_nan=False, indent=1) + "\n").encode()
    images = [html.picture(content, text) for _, text, content in pictures]
    body = _body(model, table, parts, result, use, images, note)
    title = f"{', '.join(table.targets)} from {table.name}"
    # Names of files and columns may hold what no encoding has: lone surrogates.
    files["report.html"] = html.page(title, body).encode(errors="xmlcharrefreplace")
    for name, content in files.items():
        replace_file(folder / name, [content])


def _body(
    model: HybridEstimator,
    table: Table,
    parts: Parts,
    result: Result,
    use: Explanations,
    images: list[str],
    note: str,
) -> list[str]:
    """The page, section by section."""
    return [
        cards(table, result),
        html.heading("Accuracy", table.task.note),
        score_table(table, result),
        *class_tables(table, parts, result),
        *interval_section(result.get("intervals"), table.targets, table.unit),
        *validation(table, result),
        *use_section(use, "the rows to test on"),
        html.heading("Pictures", note),
        f'<div class="pictures">\n{"".join(images)}</div>\n',
        html.heading("Data"),
        html.table((), _data(table, parts, result)),
        html.heading("Columns", "Ranges of the training rows: beyond them the model guesses."),
        html.table(COLUMNS, _columns(model, table.features.iloc[parts[0]])),
        html.heading("Network", network_text(model)),
        html.table(("layer", "inputs", "neurons", "activation", "parameters"), _layers(model)),
        *members_section(model, result["effort"]),
        html.heading("Training"),
        html.table((), _training(model, result)),
        *_selection(model),
        _history(model),
        html.heading("To get the same again"),
        html.table((), _versions(result)),
    ]


def _data(table: Table, parts: Parts, result: Result) -> list[tuple[str, str]]:
    train, test = (len(part) for part in parts)
    return [
        ("data", table.name),
        ("target", targets_text(table.targets, table.unit)),
        ("rows", f"{result['rows']}: {train} to train on, {test} to test"),
        ("split", f"random permutation of seed {result['seed']}, test rows first"),
        ("features", f"{result['features']}, of {len(table.features.columns)} columns"),
        ("missing values", MISSING[result["missing"]]),
    ]


def _columns(model: HybridEstimator, frame: pd.DataFrame) -> list[tuple[str, ...]]:
    encoder = model.encoder_
    lines: list[tuple[str, ...]] = []
    for name, levels in encoder.columns if encoder else ():
        column = frame[name]
        gaps = str(int(column.isna().sum()))
        if encoder and name in encoder.dates:
            first, last = (
                time.split(".")[0] for time in time_range(column, encoder.dates[name][0])
            )
            lines.append((name, first, "", last, "", gaps))
        elif levels is None:
            known = to_numbers(column, gaps=True)
            ends = np.nanmin(known), np.nanmedian(known), np.nanmax(known)
            lines.append((name, *(f"{value:.5g}" for value in ends), "", gaps))
        else:
            lines.append((name, "", "", "", ", ".join(levels), gaps))
    return lines


def _layers(model: HybridEstimator) -> list[tuple[str, ...]]:
    network = model.network_
    lines: list[tuple[str, ...]] = []
    inputs = network.n_inputs
    counts = {block.layer: block.stop - block.start for block in network.block_layouts}
    for place, (layer, width) in enumerate(zip(network.layers[1:], network.widths, strict=True), 1):
        parameters = str(counts.get(place, 0))
        lines.append((str(place), str(inputs), str(width), layer_kind(layer), parameters))
        inputs = width
    return lines


def _training(model: HybridEstimator, result: Result) -> list[tuple[str, str]]:
    report = model.report_
    units = "standardized units" if model.network_.loss.standardize_target else "a row"
    used = (result[name] for name in ("strategy", "optimizer", "selector"))
    return [
        ("strategy", ", ".join(str(name) for name in used if name)),
        ("effort", _effort(model, result)),
        ("loss, penalty", f"{result['loss']}, alpha {result['alpha']:g}"),
        ("phases", ", then ".join(report.phases)),
        ("loss", f"{report.loss:.6g}, from {report.initial_loss:.6g} ({units})"),
        ("cost", f"{report.seconds:.2f} s, {report.n_fev} evaluations, {report.n_iter} iterations"),
        ("stopped", str(report.stop_reason)),
    ]


def _effort(model: HybridEstimator, result: Result) -> str:
    """What was tried; one network has no effort."""
    tried = len(model.members_)
    return f"{result['effort']}, {tried} members tried" if tried else "one network"


def _selection(model: HybridEstimator) -> list[str]:
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
    return [html.heading("Layer selection", note), html.table(head, lines)]


def _history(model: HybridEstimator) -> str:
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
    return html.details(f"History, {len(shown)} of {len(ends)} epochs", html.table(head, rows))


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
