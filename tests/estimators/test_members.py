"""The default fit: members as one network, whatever is done with the model afterwards."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import hbcd
from hbcd.members import fit_members

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, (80, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.05 * RNG.normal(size=80)
FAST = {"effort": "fast", "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return hbcd.HybridRegressor(**FAST).fit(X, Y)


def test_training_goes_on_as_often_as_asked(fitted):
    model = hbcd.HybridRegressor(**FAST).fit(X, Y)
    for _ in range(3):
        model.partial_fit(X, Y)
    model.set_params(warm_start=True, max_iter=20).fit(X, Y).fit(X, Y)
    assert model.score(X, Y) > 0.9


def test_a_bad_range_is_refused_before_anything_changes(fitted):
    before = fitted.predict(X)
    fitted.set_params(output_range=(5, 1))
    try:
        with pytest.raises(ValueError, match="output_range"):
            fitted.fit(X, 50 + Y)
        assert np.array_equal(fitted.predict(X), before)
    finally:
        fitted.set_params(output_range="auto")


def test_the_range_is_that_of_the_last_fit():
    model = hbcd.HybridRegressor(**FAST).fit(X, 100 * Y)
    assert model.output_range_[1, 0] > 100
    model.set_params(hidden_layer_sizes=(3,), max_iter=10, effort="balanced").fit(X, Y)
    assert model.output_range_ is None
    model.set_params(hidden_layer_sizes="auto", max_iter=None).fit(X, np.column_stack([Y, Y, Y]))
    assert model.output_range_.shape == (2, 3)


def test_predictions_stay_within_the_range(fitted):
    wild = fitted.predict(1e6 * X)
    width = np.ptp(Y)
    assert wild.min() >= Y.min() - 0.5 * width - 1e-12
    assert wild.max() <= Y.max() + 0.5 * width + 1e-12
    free = hbcd.HybridRegressor(**FAST, output_range=None).fit(X, Y)
    assert free.output_range_ is None


def test_the_rows_not_seen_stand_in_the_order_of_the_table():
    order = RNG.permutation(80)
    weight = np.ones(80)
    weight[5] = 0
    one = hbcd.HybridRegressor(**FAST).fit(X, Y, sample_weight=weight)
    other = hbcd.HybridRegressor(**FAST).fit(X[order], Y[order], sample_weight=weight[order])
    assert np.isnan(one.oof_prediction_[5])
    np.testing.assert_array_equal(one.oof_prediction_[order], other.oof_prediction_)
    assert np.nanstd(Y - one.oof_prediction_) < 0.5 * Y.std()


def test_a_file_keeps_the_members(fitted, tmp_path):
    fitted.save(tmp_path / "m.hbcd")
    again = hbcd.load(tmp_path / "m.hbcd")
    assert again.members_.equals(fitted.members_)
    assert np.array_equal(again.predict(1e6 * X), fitted.predict(1e6 * X))


def test_a_file_keeps_the_rows_not_seen_up_to_a_mebibyte(fitted, tmp_path):
    fitted.save(tmp_path / "m.hbcd")
    again = hbcd.load(tmp_path / "m.hbcd")
    np.testing.assert_array_equal(again.oof_prediction_, fitted.oof_prediction_)
    again.oof_prediction_ = np.zeros(2**17 + 1)
    again.save(tmp_path / "large.hbcd")
    assert hbcd.load(tmp_path / "large.hbcd").oof_prediction_ is None


def test_a_file_keeps_the_range_that_was_given(tmp_path):
    model = hbcd.HybridRegressor(**FAST, output_range=(-1.0, 1)).fit(X, Y)
    model.save(tmp_path / "m.hbcd")
    again = hbcd.load(tmp_path / "m.hbcd")
    assert again.output_range == (-1.0, 1.0)
    again.partial_fit(X, 5 * Y)
    assert again.output_range_.tolist() == [[-1.0], [1.0]]


def test_a_rare_class_has_the_probability_of_its_share():
    labels = np.zeros(120, dtype=int)
    labels[7] = 1
    inputs = RNG.normal(size=(120, 3))
    model = hbcd.HybridClassifier(**FAST).fit(inputs, labels)
    assert model.predict_proba(inputs)[:, 1].mean() == pytest.approx(1 / 120, rel=0.2)


def test_more_members_than_rows_can_bear_are_refused():
    with pytest.raises(ValueError, match="members=1000: must be at most half of the 80 rows"):
        hbcd.HybridRegressor(members=1000).fit(X, Y)


def test_ctrl_c_keeps_the_best_so_far():
    model = hbcd.HybridRegressor(effort="best", random_state=0, n_threads=1)
    timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.warns(hbcd.TrainingInterrupted):
        model.fit(X, Y)
    assert np.isfinite(model.predict(X)).all()
    assert model.report_.interrupted


def test_ctrl_c_while_members_are_weighted_keeps_the_best_of_them(monkeypatch):
    def weights(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(fit_members, "member_weights", weights)
    for kind, y in ((hbcd.HybridRegressor, Y), (hbcd.HybridClassifier, Y > 0)):
        with pytest.warns(hbcd.TrainingInterrupted):
            model = kind(**FAST).fit(X, y)
        best = model.members_["loss"].idxmin()
        assert model.members_["weight"].tolist() == [
            float(k == best) for k in range(len(model.members_))
        ]
        assert model.score(X, y) > 0.8


def test_many_rows_of_which_little_is_left_are_finished_on_all_rows():
    inputs = np.random.default_rng(1).uniform(-1, 1, (12_200, 2))
    target = np.tanh(2 * inputs[:, 0]) + inputs[:, 1]
    model = hbcd.HybridRegressor(**FAST).fit(inputs, target)
    held = model.members_[model.members_["weight"] > 0]
    assert held["widths"].tolist() == [(20, 20)]
    assert model.report_.phases[-1] == "BFGS"
    assert 1 - model.score(inputs, target) < 1e-5


def test_few_rows_train_in_float32_unless_there_may_be_an_exact_law():
    x = np.random.default_rng(3).uniform(-1, 1, (200, 2))
    law = x[:, 0] * x[:, 1] + x[:, 0]
    noisy = law + np.random.default_rng(4).normal(0, 0.1, 200)
    made = {
        name: hbcd.HybridRegressor(random_state=0, **options).fit(x, y)
        for name, y, options in [
            ("law", law, {}),
            ("noisy", noisy, {}),
            ("given", noisy, {"dtype": "float64"}),
        ]
    }
    assert {name: model.theta_.dtype for name, model in made.items()} == {
        "law": np.float64,
        "noisy": np.float32,
        "given": np.float64,
    }
    assert 1 - made["law"].score(x, law) < 1e-5


def test_copies_of_rows_teach_nothing_about_noise():
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.normal(size=(600, 4)), 2, axis=0), np.repeat(rng.normal(size=600), 2)
    model = hbcd.HybridRegressor(**FAST).fit(x, y)
    new = rng.normal(size=(500, 4))
    assert np.abs(model.predict(new)).max() < 0.5
    assert np.mean((model.oof_prediction_ - y) ** 2) > 0.9 * y.var()


def test_a_line_goes_on_beyond_what_was_seen():
    t = np.linspace(0, 1, 100).reshape(-1, 1)
    model = hbcd.HybridRegressor(**FAST).fit(t, 3 * t[:, 0])
    assert model.members_.set_index("name").weight["linear"] == 1
    assert model.output_range_ is None
    assert model.predict([[10.0]]) == pytest.approx(30, rel=1e-3)
