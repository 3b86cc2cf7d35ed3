"""Intervals of losses other than squared error, of streams, and of fits that keep no rows."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.uncertainty.noise_scale import fit_noise_scale


def table(n, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, 2))
    return X, np.sin(3 * X[:, 0]) + 0.3 * rng.standard_t(3, size=n)


def covered(ends, y):
    return float(np.mean((ends[:, 0] <= y) & (y <= ends[:, 1])))


@pytest.mark.parametrize("loss", ["huber", "absolute_error", "log_cosh", "quantile"])
@pytest.mark.parametrize(
    "options", [{"effort": "fast"}, {"hidden_layer_sizes": (6,), "alpha": 1.0}]
)
def test_robust_losses_have_intervals_that_hold_their_share(loss, options):
    model = hbcd.HybridRegressor(loss=loss, random_state=0, **options).fit(*table(300, 0))
    X, y = table(3000, 1)
    for level in (0.8, 0.95):
        # 300 errors know a quantile to 0.023; one network's leverage is an approximation.
        assert abs(covered(model.predict_interval(X, level), y) - level) < 0.08


def test_each_side_of_a_high_quantile_has_its_own_reach():
    model = hbcd.HybridRegressor(loss=hbcd.Quantile(0.9), random_state=0, effort="fast")
    model.fit(*table(400, 2))
    X, y = table(3000, 3)
    ends, predicted = model.predict_interval(X, 0.9), model.predict(X)
    assert np.median(predicted - ends[:, 0]) > 1.5 * np.median(ends[:, 1] - predicted)
    for k, side in enumerate((0.05, 0.95)):
        assert abs(np.mean(y <= ends[:, k]) - side) < 0.05


def test_counts_have_intervals_at_or_above_zero_that_grow_with_the_mean():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (3300, 2))
    y = rng.poisson(np.exp(2 + X[:, 0])).astype(float)
    model = hbcd.HybridRegressor(loss="poisson", random_state=0, effort="fast")
    model.fit(X[:300], y[:300])
    ends = model.predict_interval(X[300:])
    assert ends.min() >= 0
    assert abs(covered(ends, y[300:]) - 0.9) < 0.07
    width, large = np.diff(ends, axis=1)[:, 0], X[300:, 0] > 0
    assert width[large].mean() > 1.3 * width[~large].mean()


def test_rows_of_a_file_have_the_intervals_of_the_table(tmp_path):
    X, y = table(150, 4)
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(y=y)
    frame.to_csv(tmp_path / "own.csv", index=False)
    rows = hbcd.Rows(str(tmp_path / "own.csv"), target="y")
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(rows)
    assert model.interval_source_ == "out-of-fold"
    found = model.predict_interval(rows)
    assert found == pytest.approx(model.predict_interval(frame[["a", "b"]]), rel=1e-9)
    assert model.novelty(rows) == pytest.approx(model.novelty(frame[["a", "b"]]), abs=0.01)


def test_a_pickle_keeps_what_intervals_follow_from():
    import pickle

    X, y = table(100, 5)
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    assert (copied.predict_interval(X) == model.predict_interval(X)).all()


def test_noise_that_does_not_depend_on_inputs_is_constant():
    rng = np.random.default_rng(0)
    x, error = rng.normal(size=(500, 3)), rng.normal(size=500)
    scale, own = fit_noise_scale(x, x[:, 0], error, None)
    assert scale.constant
    assert np.ptp(np.log(own)) < 0.1
