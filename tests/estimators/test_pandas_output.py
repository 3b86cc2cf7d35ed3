"""Predictions as pandas objects on request, with the index of X and the target's name."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import LinearRegression

import hbcd

QUICK = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 2)), columns=["a", "b"], index=np.arange(60) * 2 + 7)
Y = (X["a"] - X["b"]).rename("power")


def test_a_series_target_gives_a_series_with_its_name_and_the_index_of_X():
    model = hbcd.HybridRegressor(**QUICK).fit(X, Y)
    plain = model.predict(X)
    assert type(plain) is np.ndarray
    series = model.set_output(predict="pandas").predict(X[10:20])
    assert isinstance(series, pd.Series)
    assert series.name == "power"
    assert series.index.equals(X.index[10:20])
    assert np.array_equal(series, plain[10:20])
    assert type(model.set_output(predict="default").predict(X)) is np.ndarray
    assert model.set_output() is model


def test_several_targets_give_a_table_with_their_names():
    both = pd.DataFrame({"power": Y, "heat": -Y})
    model = hbcd.HybridRegressor(**QUICK).fit(X, both).set_output(predict="pandas")
    frame = model.predict(X)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame) == ["power", "heat"]
    assert frame.index.equals(X.index)


def test_without_names_or_a_table_there_is_a_name_and_an_index_still():
    model = hbcd.HybridRegressor(**QUICK).fit(X, Y.to_numpy()).set_output(predict="pandas")
    assert model.predict(X).name == "prediction"
    assert model.predict(X.to_numpy()).index.equals(pd.RangeIndex(60))


def test_what_was_asked_for_survives_clone_pickle_and_scores(tmp_path):
    model = hbcd.HybridRegressor(**QUICK).fit(X, Y)
    score = model.score(X, Y)
    model.set_output(predict="pandas")
    assert model.score(X, Y) == score
    assert isinstance(pickle.loads(pickle.dumps(model)).predict(X), pd.Series)
    assert isinstance(clone(model).fit(X, Y).predict(X), pd.Series)
    model.save(tmp_path / "model.hbcd")
    again = hbcd.load(tmp_path / "model.hbcd").set_output(predict="pandas")
    assert again.predict(X).equals(model.predict(X))


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match="predict='polars': must be one of default, pandas"):
        hbcd.HybridRegressor().set_output(predict="polars")


def test_arrays_by_default_since_scikit_learn_reshapes_what_regressors_predict():
    ours = hbcd.HybridRegressor(**QUICK)
    stacked = StackingRegressor([("net", ours), ("line", LinearRegression())], cv=2)
    for model in (TransformedTargetRegressor(ours, func=np.sinh, inverse_func=np.arcsinh), stacked):
        assert model.fit(X, Y).predict(X).shape == (60,)
    with pytest.raises(AttributeError, match="reshape"):
        TransformedTargetRegressor(clone(ours).set_output(predict="pandas")).fit(X, Y).predict(X)
