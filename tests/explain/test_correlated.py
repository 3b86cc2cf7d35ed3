"""Groups of columns that depend on each other, of numbers, levels and both."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hbcd
from hbcd.explain import correlated, correlated_groups
from hbcd.explain.explained import Explained

QUIET = {"random_state": 0, "n_threads": 1, "max_iter": 20, "members": 1}


class Model:
    """A function of an array in the place of a model."""

    def __init__(self, function=lambda x: x[:, 0]):
        self.function = function

    def predict(self, X):
        return self.function(np.asarray(X))


def correlations(X):
    return correlated._correlations(Explained(Model(), X))


def test_of_numbers_it_is_the_rank_correlation_of_spearman():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    X[:, 1] += np.exp(X[:, 0])
    X[:, 2] = np.round(X[:, 2] - X[:, 1])  # with ties
    expected = np.abs(stats.spearmanr(X).statistic)
    np.testing.assert_allclose(correlations(X), expected, rtol=1e-9, atol=1e-9)


def test_a_monotone_function_of_a_column_changes_nothing_and_a_constant_is_alone():
    rng = np.random.default_rng(1)
    first = rng.normal(size=200)
    X = np.column_stack([first, -np.exp(first), np.ones(200), rng.normal(size=200)])
    assert correlated_groups(Model(), X) == [["x0", "x1"], ["x2"], ["x3"]]
    assert correlations(X)[0, 1] == pytest.approx(1.0, rel=1e-12)


def test_a_chain_is_joined_by_the_mean_of_its_correlations():
    rng = np.random.default_rng(2)
    common = rng.normal(size=4000)
    X = np.column_stack([common + 0.4 * rng.normal(size=4000) for _ in range(3)])
    assert correlated_groups(Model(), X, threshold=0.7) == [["x0", "x1", "x2"]]
    assert correlated_groups(Model(), X, threshold=0.99) == [["x0"], ["x1"], ["x2"]]
    assert correlated_groups(Model(), X, threshold=0.0) == [["x0", "x1", "x2"]]


def test_levels_go_with_the_numbers_and_levels_they_follow():
    rng = np.random.default_rng(3)
    heat = rng.uniform(size=600)
    frame = pd.DataFrame({"flow": rng.normal(size=600), "heat": heat})
    frame["state"] = np.array(["cold", "warm", "hot"])[(3 * heat).astype(int)]
    frame["code"] = np.array(["c", "w", "h"])[(3 * heat).astype(int)]
    frame["any"] = np.array(["p", "q"])[rng.integers(2, size=600)]
    model = hbcd.HybridRegressor((2,), **QUIET).fit(frame, heat)
    assert correlated_groups(model, frame) == [["flow"], ["heat", "state", "code"], ["any"]]
    found = correlated._correlations(Explained(model, frame))
    # The correlation ratio of ranks, adjusted for two of three levels.
    ranks = stats.rankdata(heat)
    within = sum(((r - r.mean()) ** 2).sum() for _, r in pd.Series(ranks).groupby(frame["state"]))
    plain = within / ((ranks - ranks.mean()) ** 2).sum()
    assert found[1, 2] == pytest.approx(np.sqrt(1.0 - plain * 599 / 598), rel=1e-9)
    assert found[2, 3] == pytest.approx(1.0, rel=1e-9)


def test_many_levels_do_not_go_with_everything_by_chance():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(120, 20)), columns=[f"x{k}" for k in range(20)])
    frame["tag"] = [f"t{k}" for k in rng.integers(40, size=120)]
    model = hbcd.HybridRegressor((2,), **QUIET).fit(frame, frame["x0"])
    found = correlated._correlations(Explained(model, frame))[20, :20]
    # Without the adjustment the mean square is that of 39 free numbers, 39 / 119.
    assert np.square(found).mean() < 0.1


def test_the_groups_are_what_permutation_importance_takes():
    rng = np.random.default_rng(5)
    first = rng.normal(size=300)
    X = np.column_stack([first, first + 0.01 * rng.normal(size=300), rng.normal(size=300)])
    y = first + X[:, 2]
    model = Model(lambda x: 0.5 * x[:, 0] + 0.5 * x[:, 1] + x[:, 2])
    groups = correlated_groups(model, X)
    assert groups == [["x0", "x1"], ["x2"]]
    found = hbcd.explain.permutation_importance(model, X, y, features=groups)
    alone = hbcd.explain.permutation_importance(model, X, y)
    # Half of the column is a quarter of its square.
    np.testing.assert_allclose(found.mean[0], 4.0 * alone.mean[:2], rtol=0.1)


def test_a_threshold_beyond_its_range_is_refused():
    with pytest.raises(ValueError, match=r"threshold=1\.5: must be at most 1"):
        correlated_groups(Model(), np.ones((3, 2)), threshold=1.5)
    assert correlated_groups(Model(), np.arange(3.0)[:, np.newaxis]) == [["x0"]]
