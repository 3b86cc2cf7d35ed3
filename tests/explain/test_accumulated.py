"""Accumulated local effects: exact where theory says what they are, of every kind of column."""

import re

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.explain import accumulated_effects
from hbcd.explain import explained as batches
from support.commands import table

QUIET = {"random_state": 0, "n_threads": 1, "max_iter": 60}


class Model:
    """A function of an array in the place of a model."""

    def __init__(self, function):
        self.function = function

    def predict(self, X):
        return self.function(np.asarray(X))


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    first = rng.normal(size=500)
    return np.column_stack([first, first + 0.1 * rng.normal(size=500), rng.normal(size=500)])


def center(found):
    """The mean over the rows of a line through the points, as the effect's mean is defined."""
    middle = 0.5 * (found.effect[1:] + found.effect[:-1])
    return np.average(middle, axis=0, weights=found.counts)


def test_of_an_additive_function_the_effect_is_its_summand_exactly(X):
    model = Model(lambda x: np.exp(x[:, 0]) - x[:, 1] ** 3 + x[:, 2])
    for place, part in ((0, np.exp), (1, lambda v: -(v**3)), (2, lambda v: v)):
        found = accumulated_effects(model, X, place)
        shape = part(found.grid[0])
        expected = shape - np.average(0.5 * (shape[1:] + shape[:-1]), weights=found.counts)
        # Differences of sums: a few roundings of the largest value, times twenty steps.
        atol = 60 * np.finfo(float).eps * np.abs(model.predict(X)).max()
        np.testing.assert_allclose(found.effect[:, 0], expected, rtol=0, atol=atol)
        assert abs(center(found)[0]) < atol
        # Rows do not matter, so no sample of them does, beside the mean.
        width = (found.high - found.low)[:, 0]
        np.testing.assert_allclose(width, width[0], rtol=1e-6, atol=atol)


def test_the_steps_are_means_over_the_rows_of_an_interval(X):
    model = Model(lambda x: np.sin(2.0 * x[:, 0]) * x[:, 1] + x[:, 0] * x[:, 2])
    found = accumulated_effects(model, X, 0, intervals=7)
    edges = found.grid[0]
    assert edges.size == 8
    assert edges[0] == X[:, 0].min()
    assert edges[-1] == X[:, 0].max()
    place = np.clip(np.searchsorted(edges, X[:, 0]) - 1, 0, 6)
    assert found.counts.tolist() == np.bincount(place).tolist()
    for k in range(7):
        rows = X[place == k]
        low, high = rows.copy(), rows.copy()
        low[:, 0], high[:, 0] = edges[k], edges[k + 1]
        step = (model.predict(high) - model.predict(low)).mean()
        assert found.effect[k + 1, 0] - found.effect[k, 0] == pytest.approx(step, abs=1e-12)
    assert abs(center(found)[0]) < 1e-12


def test_where_columns_go_together_only_rows_that_are_there_count():
    """The model is wild off the diagonal, where no row is: partial dependence sees it."""
    rng = np.random.default_rng(1)
    first = rng.uniform(size=2000)
    X = np.column_stack([first, first + rng.uniform(-0.01, 0.01, 2000)])
    model = Model(lambda x: x[:, 0] + 100.0 * (np.abs(x[:, 0] - x[:, 1]) > 0.1))
    found = accumulated_effects(model, X, 0)
    expected = found.grid[0] - found.grid[0].mean()
    np.testing.assert_allclose(found.effect[:, 0], expected, atol=0.02)
    curve = hbcd.explain.partial_dependence(model, X, 0)
    assert np.ptp(curve.average) > 5.0


def test_two_columns_show_what_neither_does_alone(X):
    additive = Model(lambda x: np.exp(x[:, 0]) + x[:, 2] ** 2)
    found = accumulated_effects(additive, X, (0, 2))
    scale = np.abs(additive.predict(X)).max()
    assert np.abs(found.effect).max() < 400 * np.finfo(float).eps * scale
    product = Model(lambda x: 3.0 * x[:, 0] * x[:, 2] + np.exp(x[:, 0]) - x[:, 2])
    found = accumulated_effects(product, X, (0, 2), intervals=12)
    assert found.effect.shape == (13, 13, 1)
    surface = found.effect[..., 0]
    # The mixed difference of every cell, also of those without rows.
    mixed = np.diff(np.diff(surface, axis=0), axis=1)
    expected = 3.0 * np.outer(np.diff(found.grid[0]), np.diff(found.grid[1]))
    full = found.counts > 0
    assert not full.all()
    np.testing.assert_allclose(mixed[full], expected[full], rtol=1e-9, atol=1e-11)
    # No effect of first order is left: the mean slope over the rows is 0 along either axis.
    along = np.diff(surface, axis=0)
    left = (0.5 * (along[:, 1:] + along[:, :-1]) * found.counts).sum(axis=1)
    assert np.abs(left).max() < 1e-9


def test_a_cell_without_rows_has_the_difference_of_its_neighbor():
    X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    found = accumulated_effects(Model(lambda x: x[:, 0] * x[:, 1]), X, (0, 1), intervals=2)
    assert found.counts.tolist() == [[2, 0], [0, 1]]
    mixed = np.diff(np.diff(found.effect[..., 0], axis=0), axis=1)
    np.testing.assert_allclose(mixed, 1.0, rtol=1e-12)


@pytest.fixture(scope="module")
def fitted():
    frame = table(240)
    frame["when"] = pd.date_range("2024-01-30", periods=240, freq="7h")
    frame.loc[::10, "b"] = np.nan
    frame.loc[5::20, "day"] = None
    X, y = frame.drop(columns="y"), frame["y"]
    model = hbcd.HybridRegressor((4,), members=1, missing="indicator", dates="features", **QUIET)
    return model.fit(X, y), X


def test_levels_step_by_the_rows_of_both(fitted):
    model, X = fitted
    found = accumulated_effects(model, X, "day")
    assert sorted(found.grid[0]) == ["(missing)", "Mon", "Tue", "Wed"]
    named = X.assign(day=X["day"].astype(object).where(X["day"].notna(), None))
    labels = [None if name == "(missing)" else name for name in found.grid[0]]
    for k in range(3):
        either = [labels[k], labels[k + 1]]
        mask = named["day"].isin([n for n in either if n]) | (
            named["day"].isna() if None in either else False
        )
        rows = X[mask]
        up, down = (model.predict(rows.assign(day=[name] * len(rows))) for name in either[::-1])
        step = (up - down).mean()
        assert found.effect[k + 1, 0] - found.effect[k, 0] == pytest.approx(step, abs=1e-12)
    mean = np.average(found.effect[:, 0], weights=found.counts)
    assert abs(mean) < 1e-12
    assert found.counts.sum() == 240


def test_neighbors_among_levels_have_similar_rows():
    rng = np.random.default_rng(0)
    heat = rng.uniform(size=900)
    names = np.array(["warm", "cold", "hot", "mild"])[[1, 3, 0, 2]]  # by heat
    frame = pd.DataFrame({"heat": heat + 0.1 * rng.normal(size=900), "flow": rng.normal(size=900)})
    frame["name"] = names[np.minimum((4 * heat).astype(int), 3)]
    model = hbcd.HybridRegressor((2,), members=1, **QUIET).fit(frame, heat)
    order = accumulated_effects(model, frame, "name").grid[0].tolist()
    assert order in (names.tolist(), names[::-1].tolist())


def test_dates_and_gaps_are_moved_as_a_table_would(fitted):
    model, X = fitted
    found = accumulated_effects(model, X, "when", intervals=3)
    assert found.grid[0].dtype.kind == "M"
    edges = pd.Series(found.grid[0])
    inside = X[X["when"] <= edges[1]]
    step = (
        model.predict(inside.assign(when=edges[1])) - model.predict(inside.assign(when=edges[0]))
    ).mean()
    assert found.effect[1, 0] - found.effect[0, 0] == pytest.approx(step, abs=1e-12)
    assert accumulated_effects(model, X, "b").counts.sum() == X["b"].notna().sum()
    assert accumulated_effects(model, X, ("b", "when")).counts.sum() == X["b"].notna().sum()


def test_a_column_of_one_value_does_nothing(X):
    model = Model(lambda x: x[:, 0] * x[:, 1])
    constant = X.copy()
    constant[:, 0] = 2.0
    found = accumulated_effects(model, constant, 0)
    assert found.effect.tolist() == found.low.tolist() == [[0.0]]
    assert not accumulated_effects(model, constant, (0, 1)).effect.any()


def test_weights_count_as_copies_of_rows(X):
    model = Model(lambda x: np.sin(x[:, 0]) * x[:, 1])
    weight = np.r_[np.ones(250), np.full(250, 3.0)]
    one = accumulated_effects(model, X, 0, sample_weight=weight, intervals=5)
    # Copies of rows move the ends of the intervals; the same ends are those of the plain rows.
    place = np.clip(np.searchsorted(one.grid[0], X[:, 0]) - 1, 0, 4)
    for k in range(5):
        rows, own = X[place == k], weight[place == k]
        low, high = rows.copy(), rows.copy()
        low[:, 0], high[:, 0] = one.grid[0][k], one.grid[0][k + 1]
        step = np.average(model.predict(high) - model.predict(low), weights=own)
        assert one.effect[k + 1, 0] - one.effect[k, 0] == pytest.approx(step, abs=1e-12)


def test_the_interval_covers_the_effect_of_many_rows():
    """Of 40 tables the 90 % interval misses the effect of 50 000 rows in 4; 11 are 3.7 sigma."""
    rng = np.random.default_rng(3)
    model = Model(lambda x: x[:, 0] * (1.0 + x[:, 1]))
    missed = 0
    for _ in range(40):
        X = rng.uniform(-1.0, 1.0, size=(200, 2))
        found = accumulated_effects(model, X, 0, intervals=2)
        rise = found.grid[0][-1] - found.grid[0][0]
        # The mean of 1 + x1 is 1: the true effect rises by the distance of the ends.
        truth = rise * 0.5
        missed += not found.low[-1, 0] <= truth + _mean_shift(found) <= found.high[-1, 0]
    assert missed <= 11


def _mean_shift(found):
    """The true effect's value at the last end, less half of the rise: its mean over the rows."""
    edges = found.grid[0]
    mean = np.average(0.5 * (edges[1:] + edges[:-1]), weights=found.counts)
    return (edges[-1] - mean) - 0.5 * (edges[-1] - edges[0])


def test_of_classes_effects_sum_to_zero(X):
    labels = np.digitize(X[:, 0] + X[:, 2], [-0.5, 0.5])
    model = hbcd.HybridClassifier((4,), members=1, **QUIET).fit(X, labels)
    found = accumulated_effects(model, X, 0)
    assert found.outputs == ("0", "1", "2")
    np.testing.assert_allclose(found.effect.sum(axis=1), 0.0, atol=1e-13)


def test_networks_have_effects_of_their_own_and_threads_change_no_bit(monkeypatch):
    X, y = hbcd.make_plant(300, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y)
    found = [accumulated_effects(model, X, one) for one in (0, (0, 1))]
    assert (found[0].spread > 0).all()
    assert found[1].spread.shape == found[1].effect.shape
    assert "spread" in found[0].to_frame()
    monkeypatch.setattr(batches, "BATCH_BYTES", 5000)
    model.set_params(n_threads=3)
    for before, one in zip(found, (0, (0, 1)), strict=True):
        again = accumulated_effects(model, X, one)
        for name in ("effect", "low", "high", "spread"):
            assert np.array_equal(getattr(before, name), getattr(again, name)), name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"features": ("a", "day")}, "features: day has levels, must be numbers or dates in a"),
        ({"features": "c"}, "feature='c': must be a position or one of"),
        ({"features": "a", "intervals": 0}, "intervals=0: must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(fitted, arguments, words):
    model, X = fitted
    with pytest.raises(ValueError, match=re.escape(words)) as refusal:
        accumulated_effects(model, X, **arguments)
    assert "\n" not in str(refusal.value)
