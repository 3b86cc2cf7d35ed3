"""HybridRegressor: shapes, units, seeds, limits, tables, and what a fit leaves behind."""

import contextlib
import io
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

import hbcd
from hbcd.estimators.base import TrainingInterrupted
from support.regressors import FRAME, X, Y, regressor, sample

# ---- shapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "shape"),
    [(Y, (150,)), (Y[:, None], (150, 1)), (np.column_stack([Y, -Y, X[:, 2]]), (150, 3))],
)
def test_predictions_have_the_shape_of_the_target(y, shape):
    model = regressor()
    assert model.fit(X, y) is model
    assert model.predict(X).shape == shape
    assert model.predict(X).dtype == np.float64
    assert model.predict(X[:1]).shape == (1, *shape[1:])
    assert model.n_outputs_ == (1 if len(shape) == 1 else shape[1])
    assert model.n_features_in_ == 3
    assert model.score(X, y) > 0.9


def test_score_is_r2_of_scikit_learn():
    y = np.column_stack([Y, X[:, 2] ** 2])
    weight = np.arange(150.0)
    model = regressor().fit(X, y)
    # The same sums in another order.
    assert model.score(X, y) == pytest.approx(r2_score(y, model.predict(X)), rel=1e-12)
    expected = r2_score(y, model.predict(X), sample_weight=weight)
    assert model.score(X, y, weight) == pytest.approx(expected, rel=1e-12)


def test_any_table_and_any_number_will_do():
    expected = regressor().fit(X, Y).predict(X)
    for x, y in (
        (X.tolist(), Y.tolist()),
        (np.asfortranarray(X), Y[::-1][::-1]),
        (pd.DataFrame(X), pd.Series(Y)),  # columns without names count by position
        (X.astype(object), Y),
    ):
        assert np.array_equal(regressor().fit(x, y).predict(x), expected)
    assert regressor().fit(X > 0, np.arange(150)).predict(X > 0).shape == (150,)


# ---- units ------------------------------------------------------------------------------------


def test_units_of_inputs_and_targets_do_not_matter():
    expected = regressor().fit(X, Y).predict(X)
    for a, b, c, d in ((10.0, 3.0, 0.01, -7.0), (1e-6, 1.0, 1e6, 1e5), (1e9, -1e9, 1.0, 0.0)):
        found = regressor().fit(a * X + b, c * Y + d).predict(a * X + b)
        # What rounding of the changed units starts, 250 steps of descent carry further.
        np.testing.assert_allclose((found - d) / c, expected, atol=2e-2)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_huge_and_tiny_numbers_are_learned_like_others(scale):
    assert regressor().fit(X * scale, Y).score(X * scale, Y) > 0.95
    assert regressor().fit(X, Y * scale).score(X, Y * scale) > 0.95


@pytest.mark.parametrize("values", [0.0, 1e6, [0.3, 0.1 + 0.2]])  # the last differ by rounding
def test_a_constant_column_is_not_blown_up(values):
    more = np.column_stack([X, np.resize(values, 150)])
    with pytest.warns(hbcd.ConstantFeatures, match="1 of 4 features do not vary .*: 3$"):
        model = regressor().fit(more, Y)
    assert model.x_scaler_.scale[3] == 0.0
    assert np.isfinite(model.predict(more)).all()
    assert model.score(more, Y) > 0.95


@pytest.mark.parametrize("value", [0.0, 3.3, -1e6])
def test_a_constant_target_is_predicted(value):
    model = regressor(strategy="full_batch").fit(X, np.full(150, value))
    # Standardized it is 0, met to the tolerance of the gradient and not exactly.
    np.testing.assert_allclose(model.predict(X), value, atol=1e-2)
    assert model.score(X, np.full(150, value)) in (0.0, 1.0)


@pytest.mark.parametrize("strategy", ["fast", "full_batch", "bcd", "batch_shell", "mini_batch"])
@pytest.mark.parametrize("hidden", [(), (3,)])
@pytest.mark.parametrize("rows", [1, 2, 200])
def test_every_strategy_takes_few_rows_and_no_hidden_layer(strategy, hidden, rows):
    x, y = sample(rows)
    model = regressor(hidden_layer_sizes=hidden, strategy=strategy, max_time=5)
    with pytest.warns(hbcd.ConstantFeatures) if rows == 1 else contextlib.nullcontext():
        model.fit(x, y)
    assert np.isfinite(model.predict(x)).all()
    assert model.report_.loss <= model.report_.initial_loss


# ---- seeds, threads, precision ----------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_at_any_number_of_threads():
    x, y = sample(2000)
    thetas = [
        regressor(strategy="batch_shell", random_state=seed, n_threads=threads).fit(x, y).theta_
        for seed, threads in ((0, 1), (0, 1), (0, 2), (0, 4), (1, 1))
    ]
    assert all(np.array_equal(theta, thetas[0]) for theta in thetas[1:4])
    assert not np.array_equal(thetas[4], thetas[0])


def test_a_generator_is_used_up_and_none_is_fresh():
    for state in (np.random.default_rng(0), np.random.RandomState(0), None):
        one, two = (regressor(random_state=state).fit(X, Y).theta_ for _ in range(2))
        assert not np.array_equal(one, two)


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("f4")])
def test_float32_trains_in_float32_and_predicts_in_the_units_of_the_target(dtype):
    model = regressor(dtype=dtype).fit(X, 1e6 + Y)
    assert model.theta_.dtype == np.float32
    assert model.predict(X).dtype == np.float64
    assert model.score(X, 1e6 + Y) > 0.95


@pytest.mark.parametrize(("rows", "dtype"), [(2999, np.float64), (3000, np.float32)])
def test_the_number_of_training_rows_chooses_the_precision(rows, dtype):
    x, y = sample(rows)
    for model, target in ((regressor(), y), (hbcd.HybridClassifier((3,), max_iter=20), y > 0)):
        model.set_params(max_iter=20, validation_fraction=None, warm_start=True).fit(x, target)
        assert model.theta_.dtype == dtype
        model.fit(x[:500], target[:500])  # goes on in the precision of the parameters
        assert model.theta_.dtype == dtype
        model.partial_fit(np.tile(x, (2, 1)), np.tile(target, 2))
        assert model.theta_.dtype == dtype
        model.set_params(warm_start=False, dtype="float64").fit(x, target)
        assert model.theta_.dtype == np.float64


# ---- limits -----------------------------------------------------------------------------------


def test_max_time_and_stop_end_a_fit_and_the_stricter_one_counts():
    x, y = sample(20_000)
    model = regressor(hidden_layer_sizes=(50, 50), strategy="full_batch", max_time=0.2)
    model.fit(x, y)
    assert model.report_.stop_reason is hbcd.StopReason.TIME
    assert 0.2 <= model.report_.seconds < 2  # a slow machine checks the clock later
    model.set_params(stop=hbcd.Stop(max_seconds=0.1), max_time=50).fit(x, y)
    assert model.report_.stop_reason is hbcd.StopReason.TIME
    model.set_params(stop=hbcd.Stop(max_evaluations=3)).fit(x, y)
    assert model.report_.stop_reason is hbcd.StopReason.EVALUATIONS
    assert model.report_.loss <= model.report_.initial_loss


def test_history_tells_of_every_visit_and_every_pass():
    model = regressor().fit(X, Y)
    history = model.history_
    wanted = {"step", "phase", "block", "loss", "sensitivity", "seconds", "event", "reason"}
    assert wanted <= set(history.columns)
    assert set(history.event) == {"visit", "epoch"}
    assert history.step.is_monotonic_increasing
    assert history.seconds.is_monotonic_increasing
    visits = history[history.event == "visit"]
    assert visits.block.isin([0, 1]).all()
    assert (visits.sensitivity >= 0).all()
    # L-BFGS is monotone: no visit makes the loss larger.
    assert (visits.loss <= visits.loss_before).all()
    assert model.loss_ == model.report_.loss == history.loss[history.event == "epoch"].min()
    assert model.n_iter_ == model.report_.n_iter > 0


def test_eval_set_decides_which_parameters_are_kept():
    x, y = sample(60)
    held = sample(60, seed=1)
    model = regressor(hidden_layer_sizes=(20, 20), strategy="full_batch")
    history = model.fit(x, y, eval_set=held).history_
    ends = history[history.event == "epoch"]
    scaled = (held[1] - model.predict(held[0])) / y.std()
    # Half the mean squared error, in the standardized units of the training target.
    assert np.mean(scaled**2) / 2 == pytest.approx(ends.validation_loss.min(), rel=1e-9)
    frame = pd.DataFrame(x, columns=list("abc"))
    frames = (pd.DataFrame(held[0], columns=list("abc"))[["c", "a", "b"]], held[1])
    same = regressor(hidden_layer_sizes=(20, 20), strategy="full_batch")
    assert np.array_equal(same.fit(frame, y, eval_set=frames).theta_, model.theta_)


def test_integer_weights_are_repeated_rows():
    weight = np.arange(150) % 3
    repeated = np.repeat(np.arange(150), weight)
    tight = hbcd.Stop(pg_tol=1e-9, f_tol=None)
    options = {"hidden_layer_sizes": (2,), "strategy": hbcd.FullBatch(), "stop": tight}
    weighted = regressor(**options).fit(X, Y, sample_weight=weight)
    plain = regressor(**options).fit(X[repeated], Y[repeated])
    # From the same start to the same minimum; rounding differs, and the minimum is flat.
    assert weighted.loss_ == pytest.approx(plain.loss_, rel=1e-6)
    np.testing.assert_allclose(weighted.predict(X), plain.predict(X), atol=1e-3)


# ---- tables -----------------------------------------------------------------------------------


def test_text_becomes_dummies_and_the_order_of_columns_does_not_matter():
    y = Y + 2.0 * (FRAME.day == "Tue") - FRAME.on
    model = regressor().fit(FRAME, y)
    assert model.network_.n_inputs == 6
    assert model.n_features_in_ == 5
    assert list(model.feature_names_in_) == ["a", "b", "c", "day", "on"]
    assert model.score(FRAME, y) > 0.95
    shuffled = FRAME[["on", "c", "day", "b", "a"]].assign(more=1.0)
    assert np.array_equal(model.predict(shuffled), model.predict(FRAME))


def test_new_rows_must_have_the_columns_and_levels_of_training():
    model = regressor().fit(FRAME, Y)
    with pytest.raises(ValueError, match="lacks the columns b, on"):
        model.predict(FRAME.drop(columns=["b", "on"]))
    with pytest.raises(ValueError, match=r"day='Sun': is none of the levels .* \(row label"):
        model.predict(FRAME.assign(day="Sun"))
    with pytest.raises(ValueError, match=r"a=nan: is missing \(row label 2\)"):
        model.predict(FRAME.assign(a=[0.0, 0.0, np.nan, *[0.0] * 147]))


def test_a_fit_on_an_array_forgets_the_names_of_the_fit_before():
    model = regressor().fit(FRAME, Y).fit(X, Y)
    assert not hasattr(model, "feature_names_in_")
    assert np.array_equal(model.predict(X), regressor().fit(X, Y).predict(X))


# ---- Ctrl-C, progress -------------------------------------------------------------------------


class Interrupting(hbcd.Activation):
    """tanh that presses Ctrl-C at its n-th call."""

    def __init__(self, calls):
        self.calls = calls

    def forward(self, z, out):
        self.calls -= 1
        if self.calls == 0:
            raise KeyboardInterrupt
        np.tanh(z, out=out)

    def backward(self, z, a, grad):
        grad *= 1 - a * a


def test_ctrl_c_warns_and_keeps_the_best_parameters():
    model = regressor(activation=Interrupting(400))
    with pytest.warns(TrainingInterrupted, match=r"interrupted after .* best parameters are kept"):
        assert model.fit(X, Y) is model
    assert model.report_.stop_reason is hbcd.StopReason.INTERRUPTED
    assert model.report_.loss < model.report_.initial_loss
    assert model.score(X, Y) > 0


def test_verbose_is_silent_without_a_terminal_and_shows_progress_on_one(capsys, monkeypatch):
    expected = regressor().fit(X, Y).theta_
    assert np.array_equal(regressor(verbose=1).fit(X, Y).theta_, expected)
    assert capsys.readouterr() == ("", "")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    slow = regressor(hidden_layer_sizes=(50, 50), strategy="full_batch", max_time=0.3, verbose=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slow.fit(*sample(20_000))
    assert "phase 1" in terminal.getvalue()
