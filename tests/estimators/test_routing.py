"""Metadata routing: meta-estimators pass sample_weight and eval_set on where it was asked for."""

import copy
import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import hbcd

pytestmark = pytest.mark.thread_unsafe(
    reason="scikit-learn's configuration is of one thread, that of a fixture of the main one"
)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = X[:, 0] - np.tanh(X[:, 1])
WEIGHT = RNG.integers(0, 3, size=60).astype(float)
OPTIONS = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}


@pytest.fixture(autouse=True)
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def regressor():
    return hbcd.HybridRegressor(**OPTIONS)


def test_weights_reach_the_estimator_in_a_pipeline():
    scaled = StandardScaler().fit_transform(X)
    expected = regressor().fit(scaled, Y, WEIGHT)
    pipe = make_pipeline(StandardScaler(), regressor().set_fit_request(sample_weight=True))
    pipe[0].set_fit_request(sample_weight=False)
    pipe.fit(X, Y, sample_weight=WEIGHT)
    assert np.array_equal(pipe[-1].theta_, expected.theta_)
    assert not np.array_equal(pipe[-1].theta_, regressor().fit(scaled, Y).theta_)


def test_weights_reach_fit_and_score_of_every_fold():
    model = regressor().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    cv = [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    found = cross_validate(model, X, Y, cv=cv, params={"sample_weight": WEIGHT})
    for (train, test), score in zip(cv, found["test_score"], strict=True):
        fold = regressor().fit(X[train], Y[train], WEIGHT[train])
        assert score == fold.score(X[test], Y[test], WEIGHT[test]) != fold.score(X[test], Y[test])


def test_a_search_passes_on_weights_and_held_out_rows():
    model = regressor().set_fit_request(sample_weight="share", eval_set=True)
    model.set_score_request(sample_weight=False)
    search = GridSearchCV(model, {"alpha": [0.0, 1.0]}, cv=2)
    search.fit(X, Y, share=WEIGHT, eval_set=(X[:20], Y[:20]))
    best = regressor().set_params(**search.best_params_).fit(X, Y, WEIGHT, (X[:20], Y[:20]))
    assert np.array_equal(search.best_estimator_.theta_, best.theta_)
    assert search.best_estimator_.history_["validation_loss"].notna().any()


def test_a_pipeline_sends_held_out_rows_through_its_steps():
    held = X[:20] * 5 + 100
    scaler = StandardScaler().fit(X)
    expected = regressor().fit(scaler.transform(X), Y, eval_set=(scaler.transform(held), Y[:20]))
    pipe = make_pipeline(
        StandardScaler(),
        regressor().set_fit_request(X_val=True, y_val=True),
        transform_input=["X_val"],
    )
    pipe.fit(X, Y, X_val=held, y_val=Y[:20])
    assert np.array_equal(pipe[-1].theta_, expected.theta_)
    assert pipe[-1].history_["validation_loss"].equals(expected.history_["validation_loss"])


@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
def test_held_out_rows_are_given_in_one_way_and_whole(kind):
    model, y = kind(**OPTIONS), Y > 0
    for held in ({"X_val": X}, {"y_val": y}, {"X_val": X, "y_val": y, "eval_set": (X, y)}):
        with pytest.raises(ValueError, match="X_val, y_val: must be given both, and without"):
            model.fit(X, y, **held)


def test_what_was_not_asked_for_is_refused_by_scikit_learn():
    for method in ("fit", "partial_fit", "score"):
        asked = getattr(regressor().get_metadata_routing(), method).requests
        assert asked.get("sample_weight", None) is None
    with pytest.raises(UnsetMetadataPassedError, match=r"HybridRegressor\.fit"):
        make_pipeline(regressor()).fit(X, Y, sample_weight=WEIGHT)


def test_requests_survive_copies_and_change_one_by_one():
    model = regressor().set_fit_request(sample_weight=True).set_fit_request(eval_set="held")
    for twin in (clone(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.get_metadata_routing().fit.requests == {
            **model.get_metadata_routing().fit.requests,
            "sample_weight": True,
            "eval_set": "held",
        }
    clone(model).set_fit_request(sample_weight=False)
    assert model.get_metadata_routing().fit.requests["sample_weight"] is True


def test_requests_of_partial_fit_are_kept_apart():
    model = hbcd.HybridClassifier(**OPTIONS).set_partial_fit_request(sample_weight=True)
    routing = model.get_metadata_routing()
    assert routing.partial_fit.requests == {"sample_weight": True, "classes": None}
    assert routing.fit.requests["sample_weight"] is None


def test_a_pipeline_scores_with_weights():
    model = hbcd.HybridClassifier(**OPTIONS).set_score_request(sample_weight=True)
    pipe = Pipeline([("model", model)])
    noise = WEIGHT > 1  # which nothing in X tells
    pipe.fit(X, noise)
    score = model.score(X, noise, WEIGHT)
    assert pipe.score(X, noise, sample_weight=WEIGHT) == score != model.score(X, noise)


def test_wrong_requests_are_told_in_one_line():
    model = regressor()
    with pytest.raises(TypeError, match=r"set_fit_request: weight=True: must be one of sample_w"):
        model.set_fit_request(weight=True)
    with pytest.raises(ValueError, match=r"sample_weight='a b': must be True, False, None or a"):
        model.set_fit_request(sample_weight="a b")
    with (
        sklearn.config_context(enable_metadata_routing=False),
        pytest.raises(RuntimeError, match=r"set_score_request: needs sklearn\.set_config"),
    ):
        model.set_score_request(sample_weight=True)
    assert model.get_metadata_routing().fit.requests["sample_weight"] is None
