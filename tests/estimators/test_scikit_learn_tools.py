"""The estimators inside scikit-learn's own tools, which take them as they take its own."""

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import hbcd

one_pool = pytest.mark.thread_unsafe(reason="joblib keeps one pool of processes")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = X[:, 0] + np.tanh(2 * X[:, 1])
LABELS = np.array(["calm", "rough", "storm"])[np.digitize(Y, [-0.7, 0.7])]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
DAYS = FRAME.assign(day=np.resize(["Mon", "Tue", "Wed"], 90))


def regressor(**options):
    usual = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
    return hbcd.HybridRegressor(**{**usual, **options})


def classifier(**options):
    usual = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
    return hbcd.HybridClassifier(**{**usual, **options})


# ---- choosing ---------------------------------------------------------------------------------


@one_pool
def test_a_search_in_two_processes_finds_what_one_finds():
    grid = {"model__hidden_layer_sizes": [(1,), (3,)], "model__loss": ["squared_error", "huber"]}
    pipe = make_pipeline(StandardScaler(), regressor())
    pipe.steps[-1] = ("model", pipe.steps[-1][1])
    both = [GridSearchCV(pipe, grid, cv=2, n_jobs=n).fit(X, Y) for n in (1, 2)]
    one, two = (found.cv_results_["mean_test_score"].tolist() for found in both)
    assert one == two
    assert both[1].best_params_["model__hidden_layer_sizes"] == (3,)
    assert both[1].best_score_ > 0.8


@one_pool
def test_errors_of_a_worker_arrive_as_they_are():
    with pytest.raises(ValueError, match="alpha=-1: must be at least 0"):
        cross_validate(regressor(alpha=-1), X, Y, cv=2, n_jobs=2, error_score="raise")
    with pytest.raises(NotFittedError, match="is not fitted yet") as caught:
        regressor().predict(X)
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, NotFittedError)
    assert isinstance(again, hbcd.NotFittedError)
    assert str(again) == str(caught.value)


def test_cross_validation_scores_by_any_metric():
    scoring = ["r2", "neg_mean_squared_error"]
    found = cross_validate(regressor(), X, Y, cv=3, scoring=scoring, return_train_score=True)
    assert (found["test_r2"] > 0.8).all()
    scoring = ["accuracy", "neg_log_loss", "roc_auc_ovr"]
    found = cross_validate(classifier(), X, LABELS, cv=3, scoring=scoring, error_score="raise")
    assert (found["test_roc_auc_ovr"] > 0.9).all()
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert cross_val_predict(classifier(), X, LABELS, cv=3, method=method).shape == (90, 3)


@pytest.mark.parametrize("incremental", [False, True])
def test_a_learning_curve_rises(incremental):
    for model, y in ((regressor(), Y), (classifier(), LABELS)):
        _, _, test = learning_curve(
            model, X, y, cv=3, train_sizes=[10, 60], exploit_incremental_learning=incremental
        )
        assert test[1].mean() > test[0].mean()


# ---- putting together -------------------------------------------------------------------------


def test_pandas_output_of_a_pipeline_brings_its_names():
    steps = ColumnTransformer(
        [("day", OneHotEncoder(sparse_output=False), ["day"])], remainder=StandardScaler()
    )
    pipe = make_pipeline(steps, regressor()).set_output(transform="pandas").fit(DAYS, Y)
    names = ["day__day_Mon", "day__day_Tue", "day__day_Wed"]
    names += ["remainder__a", "remainder__b", "remainder__c"]
    assert list(pipe[-1].feature_names_in_) == names
    assert type(pipe.predict(DAYS)) is np.ndarray
    pipe[-1].set_output(predict="pandas")
    assert isinstance(pipe.predict(DAYS), pd.Series)


def test_a_classifier_gives_pandas_objects_on_request():
    labels = pd.Series(LABELS, name="weather")
    model = classifier().fit(FRAME, labels)
    plain = model.predict(FRAME), model.predict_proba(FRAME)
    score = model.score(FRAME, labels)
    model.set_output(predict="pandas")
    rows = FRAME.set_axis(np.arange(90) + 7)
    found, p, log_p = (getattr(model, name)(rows) for name in (
        "predict", "predict_proba", "predict_log_proba"))  # fmt: skip
    assert isinstance(found, pd.Series)
    assert found.name == "weather"
    assert list(found) == list(plain[0])
    assert list(p.columns) == list(log_p.columns) == list(model.classes_)
    assert np.array_equal(p, plain[1])
    assert all(table.index.equals(rows.index) for table in (found, p, log_p))
    assert model.score(FRAME, labels) == score


def test_transformed_targets():
    model = TransformedTargetRegressor(regressor(), func=np.sinh, inverse_func=np.arcsinh)
    assert model.fit(X, Y).score(X, Y) > 0.9


@one_pool
def test_an_estimator_for_each_target():
    both = np.column_stack([Y, X[:, 2]])
    model = MultiOutputRegressor(regressor(), n_jobs=2).fit(X, both)
    assert model.predict(X).shape == (90, 2)
    assert np.array_equal(model.estimators_[0].predict(X), regressor().fit(X, Y).predict(X))
    model = MultiOutputRegressor(regressor())
    for _ in range(2):
        model.partial_fit(X, both)
    expected = regressor().partial_fit(X, Y).partial_fit(X, Y).predict(X)
    assert np.array_equal(model.predict(X)[:, 0], expected)


@one_pool
def test_ensembles():
    bag = BaggingRegressor(regressor(), n_estimators=3, random_state=0, n_jobs=2).fit(X, Y)
    assert bag.score(X, Y) > 0.9
    vote = VotingRegressor([("net", regressor()), ("line", LinearRegression())]).fit(X, Y)
    assert vote.score(X, Y) > LinearRegression().fit(X, Y).score(X, Y)
    vote = VotingClassifier([("net", classifier()), ("line", LogisticRegression())], voting="soft")
    assert vote.fit(X, LABELS).score(X, LABELS) > 0.85
    each = OneVsRestClassifier(classifier()).fit(X, LABELS)
    assert each.score(X, LABELS) > 0.85


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated_probabilities(method):
    model = CalibratedClassifierCV(classifier(), method=method, cv=2).fit(X, LABELS)
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1)
    assert model.score(X, LABELS) > 0.8


# ---- looking inside ---------------------------------------------------------------------------


def test_permutations_find_the_columns_that_matter():
    model = regressor().fit(DAYS, Y)
    found = permutation_importance(model, DAYS, Y, n_repeats=3, random_state=0)
    assert set(np.argsort(found.importances_mean)[-2:]) == {0, 1}


def test_partial_dependence_follows_the_column():
    model = regressor().fit(FRAME, Y)
    average = partial_dependence(model, FRAME, ["a"], grid_resolution=5)["average"][0]
    assert (np.diff(average) > 0).all()
    model = classifier().fit(X, LABELS)
    assert partial_dependence(model, X, [0], grid_resolution=5)["average"].shape == (3, 5)


# ---- copies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [regressor, classifier])
def test_joblib_and_clone(make):
    y = Y if make is regressor else LABELS
    model = make(activation=hbcd.LeakyReLU(0.1), warm_start=True).fit(DAYS, y)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    again = joblib.load(file)
    assert np.array_equal(again.predict(DAYS), model.predict(DAYS))
    assert again.report_.stop_reason is model.report_.stop_reason
    twin = clone(model)
    assert repr(twin) == repr(model)
    assert np.array_equal(twin.fit(DAYS, y).theta_, model.theta_)
    assert clone(make_pipeline(model))[0].activation == hbcd.LeakyReLU(0.1)
