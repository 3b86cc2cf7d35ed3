"""Intervals of regressors: coverage, guarantees, units, files, and what is refused."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.uncertainty.conformal import Scores


def table(n, seed, noise=0.3):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, 3))
    return X, np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + noise * rng.normal(size=n)


def covered(intervals, y):
    return float(np.mean((intervals[..., 0] <= y) & (y <= intervals[..., 1])))


@pytest.fixture(scope="module")
def fitted():
    X, y = table(300, 0)
    return hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y)


def test_intervals_hold_the_share_of_new_targets_that_is_asked_for(fitted):
    X, y = table(4000, 1)
    for level in (0.8, 0.9, 0.95, 0.99):
        found = fitted.predict_interval(X, confidence_level=level)
        assert found.shape == (4000, 2)
        assert (found[:, 0] < found[:, 1]).all()
        # 300 errors have a quantile whose standard deviation is 0.023 at 0.8.
        assert abs(covered(found, y) - level) < 3 * np.sqrt(level * (1 - level) / 300) + 0.01


def test_errors_are_out_of_fold_where_members_were_trained(fitted):
    assert fitted.interval_source_ == "out-of-fold"
    X, y = table(200, 2)
    one = hbcd.HybridRegressor((5,), alpha=0.1, random_state=0).fit(X, y)
    assert one.interval_source_ == "leave-one-out"
    held = hbcd.HybridRegressor((5,), alpha=0.1, random_state=0).fit(X, y, eval_set=table(100, 3))
    assert held.interval_source_ == "held-out"


def test_a_higher_level_never_gives_a_narrower_interval(fitted):
    X, _ = table(50, 4)
    ends = [fitted.predict_interval(X, level) for level in (0.5, 0.9, 0.99, 0.999, 0.9999)]
    for inner, outer in pairwise(ends):
        assert (outer[:, 0] <= inner[:, 0]).all()
        assert (outer[:, 1] >= inner[:, 1]).all()


def test_a_loaded_model_has_the_same_bits(fitted, tmp_path):
    X, _ = table(500, 5)
    fitted.save(tmp_path / "model.hbcd")
    loaded = hbcd.load(tmp_path / "model.hbcd")
    assert loaded.interval_source_ == "out-of-fold"
    for level in (0.8, 0.99):
        assert (loaded.predict_interval(X, level) == fitted.predict_interval(X, level)).all()
    for found, known in zip(
        loaded.predict(X, return_std=True), fitted.predict(X, return_std=True), strict=True
    ):
        assert (found == known).all()


def test_rows_far_from_the_training_rows_have_wider_intervals(fitted):
    X, _ = table(100, 6)
    near, far = fitted.predict_interval(X), fitted.predict_interval(5 * X)
    assert np.median(np.diff(far, axis=1)) > 1.5 * np.median(np.diff(near, axis=1))


def test_the_standard_deviation_is_that_of_the_errors(fitted):
    X, y = table(4000, 7)
    predicted, deviation = fitted.predict(X, return_std=True)
    assert (predicted == fitted.predict(X)).all()
    assert deviation.shape == (4000,)
    # 300 errors give a standard deviation to 1 / sqrt(600) = 4 % of itself.
    assert abs(np.sqrt(np.mean(((y - predicted) / deviation) ** 2)) - 1) < 0.12


def test_conformalized_rows_give_at_least_the_level_in_the_mean(fitted):
    X, y = table(8000, 8)
    found = []
    for k in range(40):
        rows = slice(100 * k, 100 * (k + 1))
        fitted.conformalize(X[rows], y[rows])
        found.append(covered(fitted.predict_interval(X[4000:], 0.8), y[4000:]))
    # The mean of coverage is between 0.8 and 0.8 + 1 / 101; that of 40 has a deviation of 0.0063.
    assert -0.0126 < np.mean(found) - 0.8 < 0.0126 + 0.01


def test_noise_that_depends_on_the_inputs_is_followed():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (3000, 2))
    y = X[:, 1] + np.exp(1.5 * X[:, 0]) * 0.1 * rng.normal(size=3000)
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X[:1000], y[:1000])
    found = model.predict_interval(X[1000:])
    width, left = np.diff(found, axis=1)[:, 0], X[1000:, 0] < 0
    assert width[~left].mean() > 2.0 * width[left].mean()
    for part in (left, ~left):
        assert abs(covered(found[part], y[1000:][part]) - 0.9) < 0.05


def test_intervals_follow_the_units_of_the_target():
    X, y = table(150, 9)
    first = hbcd.HybridRegressor((5,), alpha=0.1, random_state=0).fit(X, y)
    other = hbcd.HybridRegressor((5,), alpha=0.1, random_state=0).fit(X, 1024 * y)
    assert first.predict_interval(X) * 1024 == pytest.approx(other.predict_interval(X), rel=1e-9)


def test_several_targets_have_an_interval_each():
    X, y = table(300, 10)
    Y = pd.DataFrame({"a": y, "b": 10 * X[:, 2] + 3 * np.random.default_rng(0).normal(size=300)})
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X[:200], Y[:200])
    found = model.predict_interval(X[200:])
    assert found.shape == (100, 2, 2)
    for k, name in enumerate(Y):
        assert covered(found[:, k], Y[name][200:]) > 0.8
    assert np.diff(found[:, 1]).mean() > 5 * np.diff(found[:, 0]).mean()


def test_targets_above_zero_have_intervals_above_zero_by_the_logarithm():
    X, y = table(300, 11)
    model = hbcd.HybridRegressor(random_state=0, effort="fast", target_transform="log")
    model.fit(X[:200], np.exp(2 * y[:200]))
    found = model.predict_interval(X[200:], 0.99)
    assert (found > 0).all()
    assert covered(found, np.exp(2 * y[200:])) > 0.9


def test_intervals_stay_within_a_range_that_predictions_stay_within():
    X, y = table(200, 12)
    model = hbcd.HybridRegressor(random_state=0, effort="fast", output_range=(0, 1))
    model.fit(X, y)
    found = model.predict_interval(X, 0.99)
    assert found.min() >= 0
    assert found.max() <= 1


def test_a_range_in_other_units_is_told():
    X, y = table(60, 25)
    model = hbcd.HybridRegressor(random_state=0, effort="fast", output_range=(0, 1))
    with pytest.warns(UserWarning, match="60 of 60 training targets lie outside, from 4.* to 5"):
        model.fit(X, 50 + y)
    assert (model.predict(X) == 1.0).all()
    with pytest.warns(UserWarning, match=r"5\d of 60 training targets lie outside, from .* to 10"):
        model.fit(X, 100 * (y - y.min()) / np.ptp(y))


def test_weights_count_rows():
    X, y = table(2000, 13)
    count = np.arange(2000) % 3
    model = hbcd.HybridRegressor((4,), alpha=0.1, random_state=0).fit(X[:100], y[:100])
    weighted = model.conformalize(X, y, count).predict_interval(X, 0.7)
    model.conformalize(np.repeat(X, count, axis=0), np.repeat(y, count))
    # A new row counts as the mean of the weights: of 1333 rows in place of 2000 one score apart.
    repeated = model.predict_interval(X, 0.7)
    assert np.diff(weighted).mean() == pytest.approx(np.diff(repeated).mean(), rel=0.01)
    one = model.conformalize(X[:50], y[:50], np.eye(50)[3] + 1e-9).predict_interval(X)
    assert np.isfinite(one).all()


def test_pandas_output_names_the_ends(fitted):
    X, _ = table(3, 14)
    frame = pd.DataFrame(X, index=["p", "q", "r"])
    fitted.set_output(predict="pandas")
    found = fitted.predict_interval(frame)
    fitted.set_output(predict="default")
    assert list(found.columns) == ["lower", "upper"]
    assert list(found.index) == ["p", "q", "r"]


@pytest.mark.parametrize("value", [0.1, 1.0, 1e8])
def test_a_target_that_does_not_vary_has_itself_as_interval(value):
    X, _ = table(100, 21)
    y = np.full(100, value)
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y)
    assert (model.predict_interval(X) == value).all()
    assert (model.predict(X, return_std=True)[1] == 0.0).all()
    assert (model.conformalize(X, y).predict_interval(X) == value).all()
    with pytest.raises(ValueError, match="y: varies, but did not in training"):
        model.conformalize(X, y * 1.5)
    assert (model.predict_interval(X) == value).all()


def test_few_rows_learned_by_heart_do_not_make_intervals_narrow():
    X, y = table(1000, 24)
    shares = []
    for seed in range(12):
        few = table(10, 100 + seed)
        model = hbcd.HybridRegressor(random_state=0).fit(*few)
        assert model.interval_source_ == "leave-one-out"
        shares.append(covered(model.predict_interval(X), y))
    # 0.73 in the mean and 0.01 at worst by the errors of the networks alone.
    assert np.mean(shares) > 0.8
    assert np.min(shares) > 0.5


def test_one_row_says_nothing_of_errors():
    X, y = table(3, 23)
    model = hbcd.HybridRegressor(random_state=0)
    with pytest.warns(UserWarning, match="do not vary"):
        model.fit(X, y, sample_weight=[0, 1, 0])
    for ask in (model.predict_interval, model.novelty):
        with pytest.raises(ValueError, match="a fit on ranks or of one row"):
            ask(X)


def test_levels_that_conformal_rows_are_too_few_to_prove_are_told():
    X, y = table(120, 22)
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X[:100], y[:100])
    model.predict_interval(X, 0.999)  # of rows left out nothing is promised
    model.conformalize(X[100:109], y[100:109])
    model.predict_interval(X, 0.9)
    with pytest.warns(UserWarning, match=r"=0.95: 9 rows prove no level above 0.9,.* 19 rows"):
        model.predict_interval(X, 0.95)
    high = hbcd.HybridRegressor(loss=hbcd.Quantile(0.9), random_state=0, effort="fast")
    high.fit(X[:100], y[:100]).conformalize(X[100:109], y[100:109]).predict_interval(X, 0.8)
    with pytest.warns(UserWarning, match=r"9 rows prove no level above 0.8,.* 19 rows"):
        high.predict_interval(X, 0.9)


def test_what_is_not_known_is_refused_with_the_remedy(fitted):
    X, y = table(60, 15)
    model = hbcd.HybridRegressor((3,), alpha=0.1, random_state=0, max_iter=20)
    with pytest.raises(ValueError, match="call fit"):
        model.predict_interval(X)
    model.fit(X, y).partial_fit(X, y)
    with pytest.raises(ValueError, match=r"call conformalize\(X, y\)"):
        model.predict_interval(X)
    ends = model.conformalize(X, y).predict_interval(X)
    assert covered(ends, y) >= 0.9
    # A scale from the same rows would spoil the guarantee: all have one.
    assert np.ptp(np.diff(ends, axis=1)) < 1e-9
    for level in (0, 1, -0.5, 1.5, float("nan")):
        with pytest.raises(ValueError, match="confidence_level"):
            fitted.predict_interval(X, level)
    with pytest.raises(TypeError, match="confidence_level"):
        fitted.predict_interval(X, "0.9")
    with pytest.raises(ValueError, match="y: has 2 columns, must have 1"):
        model.conformalize(X, np.column_stack([y, y]))


def test_quantiles_are_those_of_exchangeable_scores():
    scores = Scores(np.arange(1.0, 10.0), None, signed=False)
    assert scores.ends(0.5) == (-5.0, 5.0)  # the ceil(10 * 0.5)-th of nine
    assert scores.ends(0.9) == (-9.0, 9.0)
    assert scores.ends(0.95)[1] > 9.0  # beyond what nine rows can say
    signed = Scores(np.arange(-4.0, 5.0), None, signed=True)
    assert signed.ends(0.8) == (-4.0, 4.0)


@pytest.mark.parametrize(
    "settings", [{"effort": "fast"}, {"hidden_layer_sizes": (4,), "max_iter": 20}]
)
def test_a_table_that_changes_after_the_fit_changes_no_interval(settings):
    X, y = table(1500, 0)  # up to 1000 rows are sorted, and so copied, first
    new = X[:20].copy()
    wanted = hbcd.HybridRegressor(random_state=0, **settings).fit(X, y).predict_interval(new)
    model = hbcd.HybridRegressor(random_state=0, **settings).fit(X, y)
    X *= 0.5
    y += 1.0
    assert np.array_equal(model.predict_interval(new), wanted)
