"""Partial dependence: the mean over rows, whatever the columns are and however it is computed."""

import re

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.explain import explained as batches
from hbcd.explain import partial_dependence
from support.commands import table

QUIET = {"random_state": 0, "n_threads": 1, "max_iter": 60}


class Model:
    """A function of an array in the place of a model."""

    def __init__(self, function):
        self.function = function

    def predict(self, X):
        return self.function(np.asarray(X))


def by_hand(model, frame, name, values):
    """Mean predictions with a column set to each value, one DataFrame at a time."""
    return np.array([model.predict(frame.assign(**{name: value})).mean() for value in values])


@pytest.fixture(scope="module")
def frame():
    made = table(150)
    made["when"] = pd.date_range("2024-01-30", periods=150, freq="7h")
    made.loc[::10, "b"] = np.nan
    made.loc[5::20, "day"] = None
    return made


@pytest.fixture(scope="module")
def model(frame):
    regressor = hbcd.HybridRegressor(
        (4,), members=1, missing="indicator", dates="features", **QUIET
    )
    return regressor.fit(frame.drop(columns="y"), frame["y"])


@pytest.fixture(scope="module")
def X(frame):
    return frame.drop(columns="y")


@pytest.fixture(scope="module")
def members():
    X, y = hbcd.make_plant(400, rng=0, return_X_y=True)
    return hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y), X, y


@pytest.mark.parametrize("name", ["a", "b", "day", "on", "when"])
def test_every_kind_of_column_is_set_as_a_table_would_set_it(model, X, name):
    found = partial_dependence(model, X, name, grid_resolution=7)
    known = found.grid[0] != "(missing)" if found.grid[0].dtype == object else slice(None)
    values = found.grid[0][known]
    if name == "on":
        values = [text == "True" for text in values]
    expected = by_hand(model, X, name, values)
    # The same rows in other batches and sums in another order.
    np.testing.assert_allclose(found.average[known, 0], expected, rtol=1e-12)


def test_a_gap_of_levels_is_a_level_of_its_own(model, X):
    found = partial_dependence(model, X, "day")
    assert found.grid[0].tolist() == ["Mon", "Tue", "Wed", "(missing)"]
    np.testing.assert_allclose(found.average[3, 0], by_hand(model, X, "day", [None])[0], rtol=1e-12)


def test_a_pair_has_a_point_for_each_two_values(model, X):
    found = partial_dependence(model, X, ("a", "day"), grid_resolution=4)
    assert found.average.shape == (4, 4, 1)
    for i, j in np.ndindex(4, 3):
        changed = X.assign(a=found.grid[0][i], day=found.grid[1][j])
        np.testing.assert_allclose(
            found.average[i, j, 0], model.predict(changed).mean(), rtol=1e-12
        )
    lines = found.to_frame()
    assert list(lines.columns) == ["a", "day", "output", "average", "low", "high"]
    assert lines["average"].tolist() == found.average.reshape(-1).tolist()
    assert lines["day"].tolist()[:4] == found.grid[1].tolist()


def test_scikit_learn_finds_the_same_on_the_same_grid():
    inspection = pytest.importorskip("sklearn.inspection")
    X, y = hbcd.make_plant(200, rng=1, return_X_y=True)
    model = hbcd.HybridRegressor((5,), members=1, **QUIET).fit(X, y)
    theirs = inspection.partial_dependence(
        model, X, [1], kind="both", grid_resolution=9, method="brute"
    )
    ours = partial_dependence(model, X, 1, grid={1: theirs["grid_values"][0]}, individual=True)
    np.testing.assert_allclose(ours.average[:, 0], theirs["average"][0], rtol=1e-12)
    np.testing.assert_allclose(ours.individual[..., 0], theirs["individual"][0], rtol=1e-12)


def test_of_classes_probabilities_are_averaged(members):
    _, X, y = members
    labels = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    three = hbcd.HybridClassifier((4,), members=1, **QUIET).fit(X, labels)
    found = partial_dependence(three, X, 0, grid_resolution=5)
    assert found.outputs == ("0", "1", "2")
    np.testing.assert_allclose(found.average.sum(axis=1), 1.0, rtol=1e-12)
    two = hbcd.HybridClassifier((4,), members=1, **QUIET).fit(X, labels > 0)
    found = partial_dependence(two, X, 0, grid={0: [X[0, 0]]})
    changed = X.copy()
    changed[:, 0] = X[0, 0]
    assert found.outputs == ("True",)
    expected = two.predict_proba(changed)[:, 1].mean()
    np.testing.assert_allclose(found.average[0, 0], expected, rtol=1e-12)


def test_several_targets_are_several_outputs():
    X, y = hbcd.make_plant(150, rng=1, return_X_y=True)
    both = pd.DataFrame({"up": y, "down": -2.0 * y})
    model = hbcd.HybridRegressor((4,), members=1, **QUIET).fit(X, both)
    found = partial_dependence(model, X, 2, grid_resolution=3)
    assert found.outputs == ("up", "down")
    changed = X.copy()
    changed[:, 2] = found.grid[0][1]
    np.testing.assert_allclose(found.average[1], model.predict(changed).mean(axis=0), rtol=1e-12)


def test_of_an_additive_function_the_curves_are_its_summand_shifted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    model = Model(lambda x: np.sin(x[:, 0]) + x[:, 1] ** 2)
    found = partial_dependence(model, X, 0, individual=True)
    shape = found.average[:, 0] - np.sin(found.grid[0])
    assert np.ptp(shape) < 1e-14
    steps = np.diff(found.individual[..., 0], axis=1)
    np.testing.assert_allclose(steps, np.tile(np.diff(np.sin(found.grid[0])), (60, 1)), atol=1e-14)


def test_weights_count_as_copies_of_rows(model, X):
    weight = np.arange(150) % 3
    doubled = X.loc[np.repeat(X.index, weight)]
    grid = {"a": [-1.0, 0.0, 1.0]}
    one = partial_dependence(model, X, "a", grid=grid, sample_weight=weight)
    other = partial_dependence(model, doubled, "a", grid=grid)
    np.testing.assert_allclose(one.average, other.average, rtol=1e-12)
    assert one.rows.tolist() == np.flatnonzero(weight).tolist()


def test_the_interval_is_that_of_the_mean():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 2))
    found = partial_dependence(Model(lambda x: x[:, 0] + 3.0 * x[:, 1]), X, 0, n_bootstrap=2000)
    half = 0.5 * (found.high - found.low)[:, 0]
    # 1.645 standard errors; percentiles of 2000 samples are within 4 % of it (4 deviations).
    expected = 1.645 * 3.0 * X[:, 1].std() / np.sqrt(2000)
    np.testing.assert_allclose(half, expected, rtol=0.12)
    assert ((found.low < found.average) & (found.average < found.high)).all()
    none = partial_dependence(Model(lambda x: x[:, 0]), X, 0, n_bootstrap=0)
    assert np.isnan(none.low).all()


def test_networks_of_a_model_add_up_to_it(members):
    model, X, _ = members
    nets = batches.Explained(model, X).members()
    each = nets.evaluate(X)[..., 0]
    assert each.shape[1] == nets.weights.size > 2
    # In the model's precision, which is float32 or float64; beyond the ends predictions are cut.
    np.testing.assert_allclose(each @ nets.weights, model.predict(X), rtol=2e-5)
    found = partial_dependence(model, X, 0, grid_resolution=5)
    assert (found.spread > 0).all()
    assert partial_dependence(model, X, 0, members=False).spread is None


def test_networks_are_calibrated_as_their_model_is(members):
    _, X, y = members
    labels = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    plain, calibrated = (
        hbcd.HybridClassifier(random_state=0, effort="fast", calibrate=choice).fit(X, labels)
        for choice in (None, "isotonic")
    )
    before, after = (batches.Explained(one, X).members() for one in (plain, calibrated))
    changed = np.abs(plain.predict_proba(X) - calibrated.predict_proba(X)).max()
    each = np.abs(before.evaluate(X) - after.evaluate(X)).max()
    assert changed > 1e-4
    assert each > 0.3 * changed


@pytest.mark.parametrize("kind", ["two classes", "three classes", "counts"])
def test_networks_have_the_mean_prediction_of_their_model(members, kind):
    _, X, y = members
    if kind == "counts":
        model = hbcd.HybridRegressor(
            random_state=0, effort="fast", loss="poisson", output_range=None
        )
        model.fit(X, np.round(y / 100.0))
        whole = model.predict(X)[:, np.newaxis]
    else:
        ends = [0.3, 0.6][: 1 if kind == "two classes" else 2]
        model = hbcd.HybridClassifier(random_state=0, effort="fast")
        model.fit(X, np.digitize(y, np.quantile(y, ends)))
        whole = model.predict_proba(X)[:, 1:] if len(ends) == 1 else model.predict_proba(X)
    nets = batches.Explained(model, X).members()
    each = nets.evaluate(X)
    # In the model's precision, float32.
    for one in each.swapaxes(0, 1):
        np.testing.assert_allclose(one.mean(axis=0), whole.mean(axis=0), rtol=1e-5)


def test_the_spread_is_that_of_the_curves_of_the_networks(members):
    model, X, _ = members
    nets = batches.Explained(model, X).members()
    value = X[:, 1].mean()
    found = partial_dependence(model, X, 1, grid={1: [value]})
    changed = X.copy()
    changed[:, 1] = value
    alone = nets.evaluate(changed)[..., 0].mean(axis=0)
    expected = np.sqrt(nets.weights @ (alone - found.average[0, 0]) ** 2)
    np.testing.assert_allclose(found.spread[0, 0], expected, rtol=1e-9)


def test_neither_batches_nor_threads_change_a_bit(members, monkeypatch):
    model, X, _ = members
    first = partial_dependence(model, X, 2)
    monkeypatch.setattr(batches, "BATCH_BYTES", 5000)
    second = partial_dependence(model, X, 2)
    for name in ("average", "low", "high"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    # The networks' means are added batch by batch.
    np.testing.assert_allclose(first.spread, second.spread, rtol=1e-9)
    monkeypatch.undo()
    model.set_params(n_threads=3)
    third = partial_dependence(model, X, 2)
    model.set_params(n_threads=None)
    for name in ("average", "low", "high", "spread"):
        assert np.array_equal(getattr(first, name), getattr(third, name)), name


def test_of_more_rows_some_are_drawn_by_the_seed():
    X = np.random.default_rng(0).normal(size=(500, 2))
    model = Model(lambda x: x[:, 0] * x[:, 1])
    one, same, other = (
        partial_dependence(model, X, 0, max_rows=50, random_state=seed) for seed in (0, 0, 1)
    )
    assert one.rows.size == 50
    assert np.array_equal(one.rows, same.rows)
    assert np.array_equal(one.low, same.low)
    assert not np.array_equal(one.rows, other.rows)


def test_numbered_columns_have_the_numbers_of_the_training_table(members):
    _, X, y = members
    frame = pd.DataFrame(X, columns=[7, 5, 3, 1])
    model = hbcd.HybridRegressor((4,), members=1, **QUIET).fit(frame, y)
    plain = partial_dependence(model, frame, "x5")
    # The model finds its columns by their numbers, in whatever order they are.
    other = partial_dependence(model, frame[[1, 3, 5, 7]], "x5")
    assert plain.features == other.features == ("x5",)
    assert np.array_equal(plain.average, other.average)
    assert np.array_equal(plain.grid[0], partial_dependence(model, frame, 1).grid[0])


def test_pandas_output_changes_nothing(model, X):
    plain = partial_dependence(model, X, "a")
    model.set_output(predict="pandas")
    try:
        assert np.array_equal(partial_dependence(model, X, "a").average, plain.average)
    finally:
        model.set_output(predict="default")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"features": "c"}, "feature='c': must be a position or one of a, b, day"),
        ({"features": 9}, "feature=9: must be at most 4"),
        ({"features": ["a", "a"]}, "must be one column or two different ones"),
        ({"features": ["a", "b", "day"]}, "must be one column or two different ones"),
        ({"features": "a", "percentiles": (0.9, 0.1)}, "must have the lower one first"),
        ({"features": "a", "grid": {"b": [1.0]}}, "grid: has b, must be of the columns"),
        ({"features": "day", "grid": {"day": ["Sun"]}}, "grid: day has ['Sun'], must have levels"),
        ({"features": "a", "grid": {"a": [np.nan]}}, "grid: row 0 is missing"),
        ({"features": "when", "grid": {"when": [1.0]}}, "grid: when is of dates"),
        ({"features": "a", "grid_resolution": 1}, "grid_resolution=1: must be at least 2"),
        ({"features": "a", "confidence_level": 1.0}, "confidence_level=1.0: must be less than 1"),
        ({"features": "a", "max_rows": 0}, "max_rows=0: must be at least 1"),
        ({"features": "a", "n_bootstrap": -1}, "n_bootstrap=-1: must be at least 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(model, X, arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)) as refusal:
        partial_dependence(model, X, **arguments)
    assert "\n" not in str(refusal.value)


def test_a_grid_is_a_dict(model, X):
    with pytest.raises(TypeError, match=r"grid=\[1.0\]: must be a dict of column to values"):
        partial_dependence(model, X, "a", grid=[1.0])
