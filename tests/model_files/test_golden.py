"""Model files that released versions wrote still load, and predict what they did then."""

import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.goldens import FOLDER, WITH_INTERVALS, answers, table

FILES = sorted(FOLDER.glob("*.hbcd"))
COLUMNS = {
    "array": ["T", "p"],
    "float32": ["T", "p"],
    "levels_two_targets": ["T", "day", "on"],
    "gaps": ["T", "p", "day", "on", "gap"],
    "line": ["T", "day", "on"],
    "quantile": ["T", "day", "on"],
    "huber": ["T", "p"],
    "poisson": ["T", "p"],
    "bounded_layers": ["T", "p"],
    "dates": ["T", "at"],
    "two_classes": ["T", "p"],
    "classes": ["T", "day", "on"],
    "parts_of_pieces": ["T", "p"],
    "members": ["T", "day", "on"],
    "conformal": ["T", "p", "day", "on", "gap"],
    "log": ["T", "day", "on"],
    "yeo_johnson": ["T", "day", "on"],
    "monotonic": ["T", "day", "on"],
    "member_classes": ["T", "day", "on"],
    "isotonic": ["T", "day", "on"],
}
LOSSES = {
    "quantile": hbcd.Quantile(0.8),
    "huber": hbcd.Huber(1.5),
    "poisson": hbcd.Poisson(),
    "two_classes": hbcd.Logistic(),
    "classes": hbcd.CrossEntropy(),
}


def test_every_kind_of_model_has_a_golden_file():
    assert {path.stem.partition("-")[2] for path in FILES} >= set(COLUMNS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_file_predicts_what_it_did(path):
    model = hbcd.load(path)
    at = pd.date_range("2026-01-30", periods=12, freq="7h")
    name = path.stem.partition("-")[2]
    frame = table().assign(at=at)[COLUMNS[name]]
    X = frame if model.encoder_ is not None else frame.to_numpy()
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    # Instruction sets differ by some units in the last place of each activation.
    tolerance = 1e-12 if model.theta_.dtype == np.float64 else 1e-5
    expected = pytest.approx(np.array(expected), rel=tolerance, abs=tolerance)
    assert answers(model, X, name in WITH_INTERVALS) == expected


def test_a_golden_file_keeps_names_gaps_and_why_it_stopped():
    model = hbcd.load(next(path for path in FILES if path.stem.endswith("gaps")))
    assert model.target_names_ == ["power"]
    assert model.missing == "indicator"
    assert "gap_missing" in model.encoder_.feature_names
    assert isinstance(model.report_.stop_reason, hbcd.StopReason)


@pytest.mark.parametrize("name", LOSSES)
def test_a_golden_file_keeps_the_loss_with_its_options(name):
    model = hbcd.load(next(path for path in FILES if path.stem.partition("-")[2] == name))
    assert model.network_.loss == LOSSES[name]


def test_a_golden_file_keeps_the_labels_of_its_classes():
    of = {path.stem.partition("-")[2]: path for path in FILES}
    assert hbcd.load(of["classes"]).classes_.tolist() == ["a", "b", "c"]
    assert hbcd.load(of["two_classes"]).classes_.tolist() == [False, True]
