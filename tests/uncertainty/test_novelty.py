"""How far rows lie from the training rows, and what is told of those beyond its range."""

import numpy as np
import pandas as pd
import pytest

import hbcd


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(-1, 1, (300, 2)), columns=["a", "b"])
    frame["kind"] = rng.choice(["x", "y"], 300)
    y = np.sin(3 * frame["a"]) + (frame["kind"] == "x") + 0.1 * rng.normal(size=300)
    return hbcd.HybridRegressor(random_state=0, effort="fast").fit(frame, y), frame


def test_novelty_of_rows_like_those_of_training_is_spread_evenly(fitted):
    model, _ = fitted
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(rng.uniform(-1, 1, (2000, 2)), columns=["a", "b"])
    rows["kind"] = rng.choice(["x", "y"], 2000)
    found = model.novelty(rows)
    assert found.shape == (2000,)
    for share in (0.25, 0.5, 0.75):
        # 300 training rows know a quantile to 0.03.
        assert abs(np.mean(found < share) - share) < 0.09


def test_rows_far_from_the_training_rows_are_further_than_all(fitted):
    model, frame = fitted
    far = frame.assign(a=4 * frame["a"])
    assert np.median(model.novelty(far)) > 0.95
    assert model.novelty(far.assign(a=10.0)).min() == 1.0


def test_columns_that_leave_their_range_are_marked(fitted):
    model, frame = fitted
    rows = frame.head(3).copy()
    rows.loc[1, "b"] = 7.0
    _, beyond = model.novelty(rows, return_columns=True)
    assert beyond.tolist() == [[False] * 3, [False, True, False], [False] * 3]


def test_extrapolation_is_ignored_told_or_refused(fitted):
    model, frame = fitted
    rows = frame.head(3).copy()
    rows.loc[1, "b"] = 7.0
    text = r"'b': row 1 is 7, beyond the range in training, -0.99\d* to 0.99\d*; 1 of 3 rows"
    try:
        model.set_params(on_extrapolation="warn")
        with pytest.warns(hbcd.BeyondTraining, match=text):
            told = model.predict(rows)
        model.set_params(on_extrapolation="raise")
        for method in (model.predict, model.predict_interval):
            with pytest.raises(ValueError, match=text):
                method(rows)
        assert model.predict(frame).shape == (300,)
        model.set_params(on_extrapolation="stop")
        with pytest.raises(ValueError, match="on_extrapolation='stop': must be one of"):
            model.predict(rows)
    finally:
        model.set_params(on_extrapolation="ignore")
    assert (model.predict(rows) == told).all()


def test_a_loaded_model_has_the_same_novelty(fitted, tmp_path):
    model, frame = fitted
    model.save(tmp_path / "model.hbcd")
    rows = frame.assign(a=2 * frame["a"])
    assert (hbcd.load(tmp_path / "model.hbcd").novelty(rows) == model.novelty(rows)).all()


def test_a_classifier_knows_novelty():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    model = hbcd.HybridClassifier((4,), random_state=0).fit(X, X[:, 0] > 0)
    assert model.novelty(np.array([[20.0, 20.0]])) == [1.0]
    assert model.novelty(X).mean() < 0.7


def test_a_number_too_large_is_named_as_such(fitted):
    model, frame = fitted
    with pytest.raises(ValueError, match=r"b=1e\+300: is too large for float32"):
        model.novelty(frame.assign(b=1e300))
