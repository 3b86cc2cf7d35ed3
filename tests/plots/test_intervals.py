"""The picture of intervals, and what report.html says of them."""

import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import run

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (400, 2))
    y = X[:, 0] + 0.2 * rng.normal(size=400)
    return hbcd.HybridRegressor(random_state=0, effort="fast").fit(X[:100], y[:100]), X, y


def test_every_target_is_drawn_inside_or_outside(fitted):
    model, X, y = fitted
    ax = hbcd.plot_intervals(model, X[:50], y[:50], confidence_level=0.8)
    inside, outside = (len(line.get_xdata()) for line in ax.lines)
    ends = model.predict_interval(X[:50], 0.8)
    held = int(((ends[:, 0] <= y[:50]) & (y[:50] <= ends[:, 1])).sum())
    assert (inside, outside) == (held, 50 - held)
    assert ax.get_title() == f"{held / 50:.1%} in intervals of 80%"
    with pytest.raises(ValueError, match="output=1: must be less than 1"):
        hbcd.plot_intervals(model, X, y, output=1)


def test_the_title_counts_all_rows_where_some_are_drawn(fitted):
    model, X, y = fitted
    ax = hbcd.plot_intervals(model, X, y)
    assert sum(len(line.get_xdata()) for line in ax.lines) == 200
    ends = model.predict_interval(X)
    assert ax.get_title().startswith(f"{np.mean((ends[:, 0] <= y) & (y <= ends[:, 1])):.1%} in")


def test_the_report_has_the_coverage_on_the_rows_to_test_on(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(-1, 1, (150, 2)), columns=["a", "b"])
    frame["y"] = frame["a"] + 0.2 * rng.normal(size=150)
    frame.to_csv("own.csv", index=False)
    options = ("--target", "y", "--effort", "fast", "--out", "o", "--quiet")
    assert run(capsys, "fit", "own.csv", *options)[0] == 0
    found = json.loads((tmp_path / "o" / "metrics.json").read_text())["intervals"]
    assert found["source"] == "out-of-fold"
    assert found["levels"] == [0.8, 0.9, 0.95, 0.99]
    assert all(0.5 <= share[0] <= 1 for share in found["coverage"])
    page = (tmp_path / "o" / "report.html").read_text()
    assert "test rows inside" in page
    assert "intervals of 90 %" in page
