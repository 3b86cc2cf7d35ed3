"""Permutation importance: what a score loses, by any metric, for columns and for groups."""

import re

import numpy as np
import pytest

import hbcd
from hbcd.explain import permutation_importance
from support.commands import table

QUIET = {"random_state": 0, "n_threads": 1, "max_iter": 60}


class Model:
    """A function of an array in the place of a model."""

    def __init__(self, function):
        self.function = function

    def predict(self, X):
        return self.function(np.asarray(X))


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    return X, 2.0 * X[:, 0] + X[:, 1] + 0.1 * rng.normal(size=400)


LINEAR = Model(lambda x: 2.0 * x[:, 0] + x[:, 1])


def orders(n, repeats, seed=0):
    generator = np.random.default_rng([seed, 3])
    return [generator.permutation(n) for _ in range(repeats)]


def r2(y, p, w=None):
    mean = np.average(y, weights=w)
    return 1.0 - np.average((y - p) ** 2, weights=w) / np.average((y - mean) ** 2, weights=w)


def test_importance_is_the_loss_of_r2_of_permuted_columns(rows):
    X, y = rows
    found = permutation_importance(LINEAR, X, y, n_repeats=3)
    base = r2(y, LINEAR.predict(X))
    assert found.baseline == pytest.approx(base, rel=1e-12)
    for place, drops in enumerate(found.importances):
        for order, drop in zip(orders(400, 3), drops, strict=True):
            changed = X.copy()
            changed[:, place] = X[order, place]
            assert drop == pytest.approx(base - r2(y, LINEAR.predict(changed)), abs=1e-12)
    assert np.array_equal(found.mean, found.importances.mean(axis=1))
    assert found.mean[2] == found.low[2] == found.high[2] == 0.0  # the model does not read it
    assert found.to_frame()["feature"].tolist() == ["x0", "x1", "x2"]


def test_rows_without_a_score_are_refused(rows):
    X, y = rows
    with pytest.raises(ValueError, match=r"^metric='r2': is .* for the 1 rows.*; y must vary, or"):
        permutation_importance(LINEAR, X[:1], y[:1])
    with pytest.raises(ValueError, match=r"^metric='r2': is .* for the 9 rows.*; y must vary"):
        permutation_importance(LINEAR, X[:9], np.ones(9))

    def broken(y, p, w):
        return np.nan

    with pytest.raises(ValueError, match=r"^metric='broken': is nan for the 400 rows"):
        permutation_importance(LINEAR, X, y, metric=broken)
    assert permutation_importance(LINEAR, X[:9], np.ones(9), metric="mse").baseline > 0


@pytest.mark.parametrize("choice", ["warn", "raise"])
def test_rows_that_an_explanation_makes_are_not_taken_for_the_users(choice, rows):
    X, y = rows
    model = hbcd.HybridRegressor((3,), members=1, on_extrapolation=choice, **QUIET).fit(X, y)
    found = hbcd.explain.partial_dependence(model, X, 0, grid={"x0": [-50.0, 50.0]})
    assert np.isfinite(found.average).all()
    box = {"x0": (-9.0, 9.0)}
    assert np.isfinite(hbcd.explain.sobol_indices(model, X, box=box, n_points=64).total).all()
    assert model.on_extrapolation == choice


def test_scikit_learn_finds_the_same_up_to_the_draw_of_permutations():
    inspection = pytest.importorskip("sklearn.inspection")
    X, y = hbcd.make_plant(400, rng=1, return_X_y=True)
    model = hbcd.HybridRegressor((5,), members=1, **QUIET).fit(X, y)
    ours = permutation_importance(model, X, y, n_repeats=60, n_bootstrap=0)
    theirs = inspection.permutation_importance(model, X, y, n_repeats=60, random_state=0)
    error = np.hypot(ours.deviation, theirs.importances_std) / np.sqrt(60)
    assert (np.abs(ours.mean - theirs.importances_mean) < 4.5 * error).all()
    np.testing.assert_allclose(ours.deviation, theirs.importances_std, rtol=0.5)


def test_columns_of_a_group_are_permuted_together(rows):
    X, y = rows
    twin = np.column_stack([X[:, 0], X[:, 0], X[:, 1]])
    model = Model(lambda x: x[:, 0] + x[:, 1] + x[:, 2])  # 2 x0 + x1 of the rows
    found = permutation_importance(model, twin, y, features={"both": [0, 1], "other": [2]})
    whole = permutation_importance(LINEAR, X, y)
    # The same permutations of the same sums.
    np.testing.assert_allclose(found.importances, whole.importances[:2], rtol=1e-9)
    np.testing.assert_allclose(found.low, whole.low[:2], rtol=1e-9)
    named = permutation_importance(model, twin, y, features=[[0, 1], 2])
    assert named.features == ("x0 + x1", "x2")
    assert named.groups == (("x0", "x1"), ("x2",))
    assert np.array_equal(named.mean, found.mean)


def test_text_and_gaps_move_with_their_column():
    frame = table(200)
    frame.loc[::7, "b"] = np.nan
    X, y = frame.drop(columns="y"), frame["y"]
    model = hbcd.HybridRegressor((4,), members=1, missing="indicator", **QUIET).fit(X, y)
    found = permutation_importance(model, X, y, n_repeats=2)
    assert found.features == ("a", "b", "day", "on")
    base = model.score(X, y)
    for place, name in enumerate(found.features):
        for order, drop in zip(orders(200, 2), found.importances[place], strict=True):
            changed = X.copy()
            changed[name] = X[name].to_numpy()[order]
            assert drop == pytest.approx(base - model.score(changed, y), abs=1e-10)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "roc_auc"])
@pytest.mark.parametrize("classes", [2, 3])
def test_of_classes_the_metrics_are_those_of_scikit_learn(metric, classes):
    metrics = pytest.importorskip("sklearn.metrics")
    X, y = hbcd.make_plant(300, rng=1, return_X_y=True)
    labels = np.array(["low", "mid", "top"])[np.digitize(y, np.quantile(y, [0.4, 0.7]))]
    if classes == 2:
        labels[labels == "top"] = "mid"
    model = hbcd.HybridClassifier((4,), members=1, **QUIET).fit(X, labels)
    if metric == "roc_auc" and classes == 3:
        with pytest.raises(ValueError, match="must be of two classes, the model has 3"):
            permutation_importance(model, X, labels, metric=metric)
        return
    found = permutation_importance(model, X, labels, metric=metric, n_repeats=1, n_bootstrap=20)
    changed = X.copy()
    changed[:, 0] = X[orders(300, 1)[0], 0]
    scores = []
    for table_ in (X, changed):
        shares = model.predict_proba(table_)
        if metric == "accuracy":
            scores.append(metrics.accuracy_score(labels, model.predict(table_)))
        elif metric == "log_loss":
            scores.append(-metrics.log_loss(labels, shares))
        else:
            scores.append(metrics.roc_auc_score(labels, shares[:, 1]))
    assert abs(found.baseline) == pytest.approx(abs(scores[0]), rel=1e-9)
    assert found.importances[0, 0] == pytest.approx(scores[0] - scores[1], rel=1e-9)
    assert (found.low <= found.high).all()


def test_a_function_is_a_metric_and_equals_the_one_of_that_name(rows):
    X, y = rows

    def negative_mse(truth, predicted, weight):
        return -np.average((truth - predicted) ** 2, weights=weight)

    ours = permutation_importance(LINEAR, X, y, metric="mse", n_repeats=1)
    own = permutation_importance(LINEAR, X, y, metric=negative_mse, n_repeats=1)
    np.testing.assert_allclose(own.importances, ours.importances, rtol=1e-12, atol=1e-15)
    # One permutation: samples of rows are scored with it either way.
    np.testing.assert_allclose(own.low, ours.low, rtol=1e-9, atol=1e-12)
    assert own.metric == "negative_mse"


def test_the_interval_covers_what_many_other_rows_say():
    """Of 40 tables the 90 % interval misses the importance on 20 000 rows in 4; 10 are 3 sigma."""
    rng = np.random.default_rng(5)
    model = Model(lambda x: x[:, 0] + 0.5 * x[:, 1])

    def draw(n):
        X = rng.normal(size=(n, 2))
        return X, model.predict(X) + rng.normal(size=n)

    X, y = draw(20_000)
    truth = permutation_importance(model, X, y, metric="mse", n_bootstrap=0, n_repeats=10).mean
    np.testing.assert_allclose(truth, [2.0, 0.5], rtol=0.05)  # 2 b**2 of a standard normal column
    missed = np.zeros(2)
    for _ in range(40):
        found = permutation_importance(model, *draw(300), metric="mse", n_repeats=10)
        missed += (truth < found.low) | (truth > found.high)
    assert (missed <= 10).all()


def test_weights_count_as_copies_of_rows_in_the_score(rows):
    X, y = rows
    weight = np.random.default_rng(1).integers(0, 3, 400).astype(float)
    found = permutation_importance(LINEAR, X, y, sample_weight=weight, n_repeats=1)
    assert found.baseline == pytest.approx(r2(y, LINEAR.predict(X), weight), rel=1e-12)
    kept = np.flatnonzero(weight)
    changed = X[kept].copy()
    changed[:, 0] = changed[orders(kept.size, 1)[0], 0]
    expected = found.baseline - r2(y[kept], LINEAR.predict(changed), weight[kept])
    assert found.importances[0, 0] == pytest.approx(expected, rel=1e-12)


def test_networks_have_an_importance_of_their_own():
    X, y = hbcd.make_plant(300, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y)
    found = permutation_importance(model, X, y, n_repeats=2)
    assert (found.spread > 0).all()
    assert "spread" in found.to_frame()
    model.set_params(n_threads=3)
    again = permutation_importance(model, X, y, n_repeats=2)
    for name in ("importances", "low", "high", "spread"):
        assert np.array_equal(getattr(found, name), getattr(again, name)), name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metric": "accuracy"}, "metric='accuracy': must be one of r2, mse, mae, or a function"),
        ({"features": ["x9"]}, "feature='x9': must be a position or one of x0, x1, x2"),
        ({"features": []}, "features: must have at least one column"),
        ({"features": [[]]}, "features: a group is empty"),
        ({"features": [0, "x0"]}, "features: x0 is there twice"),
        ({"n_repeats": 0}, "n_repeats=0: must be at least 1"),
        ({"y": [1.0, 2.0]}, "y: has 2 rows, must have 400"),
        ({"y": np.zeros((400, 2))}, "y: has 2 columns, must have 1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(rows, arguments, words):
    X, y = rows
    with pytest.raises(ValueError, match=re.escape(words)) as refusal:
        permutation_importance(LINEAR, X, **{"y": y, **arguments})
    assert "\n" not in str(refusal.value)
