"""`hbcd predict --interval` and `--novelty`: the same bits as from Python, and what is told."""

import io
import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import refusal, run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(-1, 1, (120, 2)), columns=["a", "b"])
    frame["y"] = np.sin(2 * frame["a"]) + 0.1 * rng.normal(size=120)
    frame["kind"] = np.where(frame["a"] > 0, "up", "down")
    frame.to_csv(folder / "own.csv", index=False)
    hbcd.HybridRegressor(random_state=0, effort="fast").fit(frame[["a", "b"]], frame["y"]).save(
        folder / "y.hbcd"
    )
    hbcd.HybridClassifier((3,), random_state=0).fit(frame[["a", "b"]], frame["kind"]).save(
        folder / "kind.hbcd"
    )
    return folder


@pytest.mark.parametrize("chunk", [7, 1000])
def test_intervals_and_novelty_read_back_as_the_same_bits(capsys, home, chunk):
    options = ("--interval", "0.95", "--novelty", "--chunk-rows", chunk)
    code, out, err = run(capsys, "predict", home / "y.hbcd", home / "own.csv", *options)
    assert (code, err) == (0, "")
    found = pd.read_csv(io.StringIO(out))
    assert list(found) == ["y", "y_lower", "y_upper", "novelty"]
    model, frame = hbcd.load(home / "y.hbcd"), pd.read_csv(home / "own.csv")
    assert (found["y"] == model.predict(frame)).all()
    # BLAS adds up rows of a piece in its own order: the last digits depend on its size.
    assert found[["y_lower", "y_upper"]].to_numpy() == pytest.approx(
        model.predict_interval(frame, 0.95), rel=1e-5
    )
    assert found["novelty"].to_numpy() == pytest.approx(model.novelty(frame), abs=0.01)


def test_json_has_the_same_columns(capsys, home):
    _, out, _ = run(
        capsys, "predict", home / "y.hbcd", home / "own.csv", "--interval", 0.8, "--json"
    )
    found = json.loads(out)["predictions"]
    assert list(found) == ["y", "y_lower", "y_upper"]
    assert all(len(column) == 120 for column in found.values())


def test_rows_beyond_the_training_range_are_told_once(capsys, home, tmp_path):
    rows = pd.DataFrame({"a": [0.0, 3.0, 0.5, -4.0], "b": [0.0, 0.0, 5.0, 0.0]})
    rows.to_csv(tmp_path / "far.csv", index=False)
    for model in ("y.hbcd", "kind.hbcd"):
        code, _, err = run(capsys, "predict", home / model, tmp_path / "far.csv", "--chunk-rows", 1)
        assert code == 0
        assert err.count("\n") == 1
        assert (
            "3 of 4 rows leave the range of a column in training, first of row 2 'a' (-0.98" in err
        )


def test_what_the_model_does_not_say_is_refused(capsys, home):
    kind, own = home / "kind.hbcd", home / "own.csv"
    assert "interval: must be left out" in refusal(capsys, "predict", kind, own, "--interval", 0.9)
    for level in (0, 1, 90):
        text = refusal(capsys, "predict", home / "y.hbcd", own, "--interval", level)
        assert "interval=" in text
