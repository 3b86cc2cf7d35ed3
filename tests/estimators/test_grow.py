"""Estimators whose network grows."""

import pickle

import numpy as np
import pytest

import hbcd

QUIET = {"random_state": 0, "n_threads": 1}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    return X, np.tanh(X[:, 0] + X[:, 1]) - np.tanh(X[:, 2]) + 0.01 * rng.normal(size=400)


@pytest.fixture(scope="module")
def model(data):
    return hbcd.HybridRegressor("grow", **QUIET).fit(*data)


def test_a_grown_network_is_the_model(data, model, tmp_path):
    X, y = data
    assert model.network_ is model.report_.network
    assert model.hidden_layer_sizes_ == model.network_.widths[:-1] != (1,)
    assert model.theta_.shape == (model.network_.n_parameters,)
    assert model.score(X, y) > 0.99
    assert [w.shape[1] for w in model.coefs_] == list(model.network_.widths)
    again = hbcd.HybridRegressor("grow", random_state=0, n_threads=2).fit(X, y)
    assert (again.theta_ == model.theta_).all()
    model.save(tmp_path / "model.hbcd")
    loaded = hbcd.load(tmp_path / "model.hbcd")
    assert (loaded.predict(X) == model.predict(X)).all()
    copied = pickle.loads(pickle.dumps(model))
    assert (copied.predict(X) == model.predict(X)).all()


def test_a_warm_start_grows_on_from_what_there_is(data, model):
    X, y = data
    warm = pickle.loads(pickle.dumps(model)).set_params(warm_start=True)
    widths = warm.hidden_layer_sizes_
    warm.fit(X, y)
    assert warm.history_["widths"].iloc[0] == "-".join(map(str, widths))
    assert warm.score(X, y) > 0.99


def test_partial_fit_changes_no_network(data):
    X, y = data
    model = hbcd.HybridRegressor("grow", **QUIET).partial_fit(X, y)
    widths = model.hidden_layer_sizes_
    assert min(widths) >= 20
    model.partial_fit(X, y)
    assert model.hidden_layer_sizes_ == widths


def test_a_strategy_that_is_given_trains_between_two_changes(data):
    strategy = hbcd.FullBatch(hbcd.LevenbergMarquardt(), max_iterations=20)
    model = hbcd.HybridRegressor("grow", strategy=strategy, alpha=0.01, **QUIET).fit(*data)
    assert set(model.report_.phases) == {"LevenbergMarquardt"}
    own = hbcd.Grow(patience=0, prune=False)
    grown = hbcd.HybridRegressor((1, 1), strategy=own, alpha=0.01, **QUIET).fit(*data)
    assert grown.history_["widths"].iloc[0] == "1-1"
    assert len(grown.hidden_layer_sizes_) == 2
    assert sum(grown.hidden_layer_sizes_) > 2


def test_a_column_that_does_not_vary_gets_no_weights(data):
    X, y = data
    with pytest.warns(hbcd.ConstantFeatures):
        model = hbcd.HybridRegressor("grow", alpha=0.01, **QUIET).fit(np.c_[X, np.ones(400)], y)
    assert (model.network_.parameters(model.theta_)[0].weights[3] == 0).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_grow_too(data, classes):
    X, y = data
    labels = np.digitize(y, [0.0] if classes == 2 else [-0.5, 0.5])
    model = hbcd.HybridClassifier("grow", **QUIET).fit(X, labels)
    assert model.report_.network is model.network_
    assert model.score(X, labels) > 0.95
