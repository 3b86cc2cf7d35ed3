"""Scores of candidates: ours, those of scikit-learn, and which one suits a loss."""

import numpy as np
import pytest
from sklearn import metrics

import hbcd
from hbcd.tuning.scoring import scoring_of
from support.tuning import table

X, Y = table(90)
LABELS = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])]
WEIGHT = np.random.default_rng(1).uniform(0.1, 2.0, 90)
REGRESSOR = hbcd.HybridRegressor((3,), random_state=0, max_iter=40).fit(X, Y)
CLASSIFIER = hbcd.HybridClassifier((3,), random_state=0, max_iter=40).fit(X, LABELS)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("r2", metrics.r2_score),
        ("mse", metrics.mean_squared_error),
        ("rmse", metrics.root_mean_squared_error),
        ("mae", metrics.mean_absolute_error),
    ],
)
def test_scores_of_numbers_are_those_of_scikit_learn(name, reference, weight):
    found = scoring_of(name, REGRESSOR)(REGRESSOR, X, Y, weight)
    expected = reference(Y, REGRESSOR.predict(X), sample_weight=weight)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_scores_of_classes_are_those_of_scikit_learn(weight):
    score = scoring_of(None, CLASSIFIER)
    assert (score.name, score.greater) == ("log_loss", False)
    given = CLASSIFIER.predict_proba(X)
    assert score(CLASSIFIER, X, LABELS, weight) == pytest.approx(
        metrics.log_loss(LABELS, given, sample_weight=weight), rel=1e-9
    )
    for name in ("accuracy", "balanced_accuracy"):
        reference = getattr(metrics, f"{name}_score")
        expected = reference(LABELS, CLASSIFIER.predict(X), sample_weight=weight)
        found = scoring_of(name, CLASSIFIER)(CLASSIFIER, X, LABELS, weight)
        assert found == pytest.approx(expected, rel=1e-12)


def test_two_classes_have_one_output_and_the_same_scores():
    labels = np.where(Y > 0, 1, 0)
    two = hbcd.HybridClassifier((3,), random_state=0, max_iter=40).fit(X, labels)
    for name, reference, outputs in (
        ("log_loss", metrics.log_loss, two.predict_proba(X)),
        ("accuracy", metrics.accuracy_score, two.predict(X)),
    ):
        found = scoring_of(name, two)(two, X, labels, None)
        assert found == pytest.approx(reference(labels, outputs), rel=1e-9)


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("squared_error", "r2"),
        ("absolute_error", "mae"),
        ("huber", "mae"),
        ("log_cosh", "mae"),
        (hbcd.Quantile(0.9), "pinball"),
        ("poisson", "poisson_deviance"),
    ],
)
def test_the_score_suits_the_loss(loss, name):
    assert scoring_of(None, hbcd.HybridRegressor(loss=loss)).name == name


def test_pinball_and_poisson_deviance_are_those_of_scikit_learn():
    counts = np.random.default_rng(0).poisson(np.exp(0.5 * Y))
    for loss, y, reference in (
        (hbcd.Quantile(0.8), Y, lambda t, p: metrics.mean_pinball_loss(t, p, alpha=0.8)),
        ("poisson", counts, metrics.mean_poisson_deviance),
    ):
        fitted = hbcd.HybridRegressor((3,), loss=loss, random_state=0, max_iter=40).fit(X, y)
        found = scoring_of(None, fitted)(fitted, X, y, None)
        assert found == pytest.approx(reference(y, fitted.predict(X)), rel=1e-9)


def test_scorers_of_scikit_learn_and_functions_are_taken():
    by_name = scoring_of("neg_median_absolute_error", REGRESSOR)
    expected = -metrics.median_absolute_error(Y, REGRESSOR.predict(X))
    assert by_name(REGRESSOR, X, Y, None) == pytest.approx(expected)
    own = scoring_of(lambda model, X, y: -float(np.abs(model.predict(X) - y).max()), REGRESSOR)
    assert own(REGRESSOR, X, Y, None) == -np.abs(REGRESSOR.predict(X) - Y).max()
    assert own.lost(-3.0) == 3.0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("rmes", "must be one of r2, .*; did you mean 'rmse'"),
        ("log_loss", "scoring='log_loss': must be one of r2"),
        (3, "scoring=3: must be a name"),
    ],
)
def test_a_score_that_there_is_not_is_told(value, message):
    with pytest.raises((ValueError, TypeError), match=message):
        scoring_of(value, REGRESSOR)


def test_a_score_that_is_no_number_is_an_error():
    with pytest.raises(ValueError, match="scoring='r2': is nan on 1 rows left out"):
        scoring_of("r2", REGRESSOR)(REGRESSOR, X[:1], Y[:1], None)
