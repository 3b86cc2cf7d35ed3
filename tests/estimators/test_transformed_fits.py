"""Fits on transformed targets: what "auto" chooses, what goes on, what files and metrics see."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hbcd
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.model_files.file_format import read_model_file

FAST = {"effort": "fast", "random_state": 0, "n_threads": 1}
ONE = {"hidden_layer_sizes": (4,), "random_state": 0, "n_threads": 1, "max_iter": 40}


def prices(rows, seed):
    """Inputs, the mean of the targets, and targets that grow by factors."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=(rows, 4))
    f = np.exp(1 + 1.5 * x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3])
    return x, f * np.exp(0.5 * 0.15**2), f * np.exp(0.15 * rng.normal(size=rows))


X, MEAN, Y = prices(300, 6)


@pytest.fixture(scope="module")
def logarithmic():
    return hbcd.HybridRegressor(**FAST, target_transform="log").fit(X, Y)


# ---- auto


def test_auto_takes_logarithms_where_they_are_better(logarithmic):
    auto, plain = (
        hbcd.HybridRegressor(**FAST, target_transform=name).fit(X, Y) for name in ("auto", None)
    )
    assert str(auto.target_transform_) == "log"
    assert plain.target_transform_ is None
    x, mean, _ = prices(2000, 1)
    errors = [np.std(model.predict(x) - mean) for model in (auto, plain)]
    assert errors[0] < 0.8 * errors[1]
    # What judges draws nothing from the fit's own generator.
    assert np.array_equal(auto.predict(x), logarithmic.predict(x))
    used = auto.report_.n_fev - logarithmic.report_.n_fev
    assert used > 0
    assert (auto.history_["n_fev"] - logarithmic.history_["n_fev"] == used).all()


def test_auto_changes_no_bit_where_a_target_is_not_skewed():
    y = np.log(Y)
    auto, plain = (
        hbcd.HybridRegressor(**FAST, target_transform=name).fit(X, y) for name in ("auto", None)
    )
    assert np.array_equal(auto.theta_, plain.theta_)
    assert auto.report_.n_fev == plain.report_.n_fev


def test_auto_leaves_skewed_targets_whose_law_is_a_sum():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 3))
    y = (x**2).sum(axis=1) ** 2 + 0.1 * rng.normal(size=400)
    auto, plain = (
        hbcd.HybridRegressor(**FAST, target_transform=name).fit(x, y) for name in ("auto", None)
    )
    assert auto.target_transform_ is None
    assert auto.report_.n_fev > plain.report_.n_fev  # it was judged
    assert np.array_equal(auto.predict(x), plain.predict(x))


def test_every_output_has_its_transform():
    y = np.column_stack([Y, np.log(Y), 1e3 * Y])
    model = hbcd.HybridRegressor(**FAST).fit(X, y)
    assert model.target_transform_.names == ("log", "none", "log")
    assert model.out_activation_ == "target_transform"
    x, mean, _ = prices(2000, 1)
    found = model.predict(x)
    assert np.corrcoef(found[:, 0], mean)[0, 1] > 0.98
    np.testing.assert_allclose(found[:, 2] / found[:, 0], 1e3, rtol=0.3)


def test_auto_leaves_targets_of_one_network_and_of_fixed_losses():
    assert hbcd.HybridRegressor(**ONE).fit(X, Y).target_transform_ is None
    model = hbcd.HybridRegressor(**FAST, loss="poisson").fit(X[:60], Y[:60])
    assert model.target_transform_ is None


def test_an_interrupted_judgement_ends_the_fit(monkeypatch):
    from hbcd.estimators.fitting import transform_judgement

    def stopped(*args, **options):
        args[5].interrupted = True
        return whole(*args, **options)

    whole = transform_judgement.fit_members
    monkeypatch.setattr(transform_judgement, "fit_members", stopped)
    with pytest.warns(hbcd.TrainingInterrupted):
        model = hbcd.HybridRegressor(**FAST).fit(X, Y)
    assert model.report_.interrupted
    assert np.isfinite(model.predict(X)).all()


# ---- errors


@pytest.mark.parametrize("wrong", ["Log", "sqrt", "none", 3, True, ["log"]])
def test_what_is_no_transform_is_refused(wrong):
    with pytest.raises(ValueError, match=r"target_transform=.*: must be 'auto', 'log'"):
        hbcd.HybridRegressor(target_transform=wrong).fit(X, Y)


@pytest.mark.parametrize("value", [0.0, -2.5])
def test_a_target_without_logarithm_is_told_by_its_row(value):
    y = Y.copy()
    y[[7, 30]] = value
    rule = f"y: row 7 is {value:g}: must be above 0 for target_transform='log'"
    for times in (1, 4):  # up to 1000 rows are sorted
        model = hbcd.HybridRegressor(**ONE, target_transform="log")
        with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
            model.fit(np.tile(X, (times, 1)), np.tile(y, times))
    weight = np.ones(300)
    weight[[7, 30]] = 0  # as if they were not there
    hbcd.HybridRegressor(**ONE, target_transform="log").fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="row 7 is"):
        hbcd.HybridRegressor(**ONE, target_transform="log").fit(X, Y, eval_set=(X, y))


def test_a_target_too_large_for_its_unit_is_refused():
    model = hbcd.HybridRegressor(**ONE, target_transform="yeo-johnson").fit(X, 1e-200 * Y)
    with pytest.raises(ValueError, match=r"^y: 1e\+200 is too large for target_transform="):
        model.partial_fit(X, np.where(np.arange(300) == 3, 1e200, Y))


def test_a_loss_with_a_link_has_no_transform_beside_it():
    with pytest.raises(ValueError, match=r"must be 'auto' or None with loss=Poisson\(\)"):
        hbcd.HybridRegressor(loss="poisson", target_transform="log").fit(X, Y)


def test_predictions_that_overflow_are_told_by_their_row():
    x = np.linspace(-1, 1, 60)[:, np.newaxis]
    model = hbcd.HybridRegressor((), alpha=0.0, output_range=None, target_transform="log")
    model.fit(x, np.exp(x[:, 0]))
    with pytest.raises(ValueError, match=r"X: row 1: the output is inf, too large"):
        model.predict([[0.0], [1e4]])
    model.set_params(output_range=(0.0, 5.0)).fit(x, np.exp(x[:, 0]))
    assert model.predict([[0.0], [1e4]])[1] == 5.0


# ---- training that goes on


@pytest.mark.parametrize("name", ["log", "yeo-johnson"])
def test_training_goes_on_with_the_transform_that_is_there(name):
    model = hbcd.HybridRegressor(**ONE, target_transform=name).fit(X, Y)
    columns, before = model.target_transform_.columns, model.predict(X)
    model.partial_fit(X[:50], Y[:50])
    assert model.target_transform_.columns == columns
    model.set_params(warm_start=True, target_transform="auto", max_iter=1).fit(X, 0.5 + Y)
    assert model.target_transform_.columns == columns
    assert np.corrcoef(before, model.predict(X))[0, 1] > 0.9
    for other in (None, "log" if name == "yeo-johnson" else "yeo-johnson"):
        model.set_params(target_transform=other)
        with pytest.raises(ValueError, match="must be 'auto' to go on"):
            model.fit(X, Y)


def test_rows_that_come_later_need_logarithms_too():
    model = hbcd.HybridRegressor(**ONE, target_transform="log").fit(X, Y)
    y = Y.copy()
    y[9] = -1
    theta = model.theta_.copy()
    for name in ("auto", "log"):
        with pytest.raises(ValueError, match="y: row 9 is -1: must be above 0"):
            model.set_params(target_transform=name).partial_fit(X, y)
    assert np.array_equal(model.theta_, theta)


def test_few_rows_leave_the_errors_that_are_known():
    model = hbcd.HybridRegressor(**ONE, target_transform="log").fit(X, Y)
    known = model.target_transform_.residuals
    model.partial_fit(X[:20], Y[:20])
    assert np.array_equal(model.target_transform_.residuals, known)
    model.partial_fit(X, 2 * Y)
    assert not np.array_equal(model.target_transform_.residuals, known)


# ---- what else sees predictions


def test_a_plain_pass_with_an_exponential_gives_predictions(logarithmic):
    model = hbcd.HybridRegressor((5,), alpha=0.1, random_state=0, target_transform="log")
    model.fit(X, Y)
    hidden = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    found = np.exp(hidden @ model.coefs_[1] + model.intercepts_[1])[:, 0]
    assert model.out_activation_ == "exp"
    # Sums of another order, in units of other scales.
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-9)


def test_a_pass_of_another_transform_is_led_back_by_it():
    model = hbcd.HybridRegressor((5,), alpha=0.1, random_state=0, target_transform="yeo-johnson")
    model.fit(X, Y)
    hidden = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    found = model.target_transform_.backward(hidden @ model.coefs_[1] + model.intercepts_[1])
    assert model.out_activation_ == "target_transform"
    np.testing.assert_allclose(found[:, 0], model.predict(X), rtol=1e-9)


def test_metrics_of_held_out_rows_are_in_the_units_of_the_target():
    model = hbcd.HybridRegressor(**ONE, target_transform="log", early_stopping="rmse")
    model.fit(X, Y, eval_set=(X, Y))
    plain = TargetTransform(model.target_transform_.columns)  # the residuals are not known yet
    factor = np.exp(model.target_transform_.log_factors)
    inverse = model.predict(X) / factor
    assert model.best_validation_score_ == pytest.approx(np.sqrt(np.mean((inverse - Y) ** 2)))
    assert plain.residuals is None


def test_a_file_keeps_the_transform(logarithmic, tmp_path):
    x = prices(50, 3)[0]
    power = hbcd.HybridRegressor(**ONE, target_transform="yeo-johnson").fit(X, Y)
    median = hbcd.HybridRegressor(**ONE, loss="absolute_error", target_transform="log").fit(X, Y)
    for model in (logarithmic, power, median):
        model.save(tmp_path / "m.hbcd")
        again = hbcd.load(tmp_path / "m.hbcd")
        assert str(again.target_transform_) == str(model.target_transform_)
        assert np.array_equal(again.predict(x), model.predict(x))
        again.partial_fit(X, Y)


def test_files_of_transformed_targets_are_for_readers_that_know_them(logarithmic, tmp_path):
    plain = hbcd.HybridRegressor(**ONE, target_transform=None).fit(X, Y)
    for model, version in ((logarithmic, b'"format":"2"'), (plain, b'"format":"1"')):
        model.save(tmp_path / "m.hbcd")
        assert version in (tmp_path / "m.hbcd").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"columns": []},
        {"columns": [{"name": "cube", "power": 1, "center": 0, "scale": 1}]},
        {"columns": [{"name": "yeo-johnson", "power": 3, "center": 0, "scale": 1}]},
        {"columns": [{"name": "yeo-johnson", "power": 1, "center": 0, "scale": 0}]},
        {"columns": [{"name": "log"}]},
        {"residuals": [[1.0, 2.0]]},
        {"shares": None},
        {"residuals": 3.0},
    ],
)
def test_a_damaged_transform_does_not_load(logarithmic, tmp_path, change):
    from hbcd.model_files.file_format import write_model_file

    logarithmic.save(tmp_path / "m.hbcd")
    arrays, document = read_model_file(tmp_path / "m.hbcd")
    document["target_transform"].update(change)
    write_model_file(tmp_path / "bad.hbcd", arrays, document, 2)
    with pytest.raises(ValueError, match=r"bad\.hbcd: is not a model of hbcd"):
        hbcd.load(tmp_path / "bad.hbcd")
