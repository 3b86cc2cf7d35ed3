"""How often a fit warns: as scikit-learn's own estimators do, once a fit under Python's filters."""

import warnings

import numpy as np
import pytest
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline

import hbcd

STILL = np.insert(np.random.default_rng(0).normal(size=(90, 2)), 1, 5.0, axis=1)


def still_model(kind="hbcd"):
    if kind == "hbcd":
        return hbcd.HybridRegressor((3,), strategy="bcd", random_state=0, max_fun=10)
    return MLPRegressor(hidden_layer_sizes=(3,), max_iter=1)


@pytest.mark.parametrize(
    "fit",
    [
        lambda model: cross_val_score(model, STILL, STILL[:, 0], cv=3),
        lambda model: cross_val_score(make_pipeline(model), STILL, STILL[:, 0], cv=4),
        lambda model: GridSearchCV(model, {"random_state": [0, 1]}, cv=2).fit(STILL, STILL[:, 0]),
        lambda model: BaggingRegressor(model, 3, random_state=0).fit(STILL, STILL[:, 0]),
    ],
    ids=["folds", "pipeline", "search", "bagging"],
)
def test_constant_features_warn_no_more_often_than_estimators_of_scikit_learn_do(fit):
    counts = {}
    for kind, category in (("hbcd", hbcd.ConstantFeatures), ("sklearn", ConvergenceWarning)):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("default")
            fit(still_model(kind))
        counts[kind] = sum(issubclass(one.category, category) for one in seen)
    assert 1 <= counts["hbcd"] <= counts["sklearn"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", hbcd.ConstantFeatures)
        fit(still_model())


def test_a_loop_of_fits_warns_once_under_the_filter_of_python():
    model = still_model()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            model.fit(STILL, STILL[:, 0])
    assert len(seen) == 1
    assert seen[0].filename == __file__
