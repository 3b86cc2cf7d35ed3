"""HybridClassifier: probabilities, labels, weights, files; and the losses of HybridRegressor."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.class_weight import compute_class_weight

import hbcd
from hbcd.model_files import file_format

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
SETS = {"two classes": CANCER, "three classes": IRIS, "text": (IRIS[0], NAMES[IRIS[1]])}


def classifier(**options):
    given = {"hidden_layer_sizes": (4,), "random_state": 0, "n_threads": 1, "max_time": 3}
    return hbcd.HybridClassifier(**{**given, **options})


@pytest.mark.parametrize("data", SETS, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_probabilities_decisions_and_labels_agree(data, dtype):
    x, y = SETS[data]
    model = classifier(dtype=dtype, alpha=0.1).fit(x[::2], y[::2])
    p, score, found = model.predict_proba(x), model.decision_function(x), model.predict(x)
    assert is_classifier(model)
    assert list(model.classes_) == sorted(set(y))
    assert p.shape == (len(x), len(model.classes_))
    assert p.dtype == np.float64
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    if len(model.classes_) == 2:
        np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), score, rtol=1e-6, atol=1e-6)
        assert np.array_equal(found == model.classes_[1], score > 0)
    else:
        assert np.array_equal(model.classes_[score.argmax(axis=1)], found)
    assert found.dtype == model.classes_.dtype
    assert model.score(x[1::2], y[1::2]) == np.mean(found[1::2] == y[1::2]) > 0.9


@pytest.mark.parametrize("data", ["two classes", "three classes"])
def test_logarithms_of_probabilities_stay_exact_where_probabilities_end(data):
    x, y = SETS[data]
    model = classifier(hidden_layer_sizes=(), strategy="full_batch").fit(x, y)
    log_p = model.predict_log_proba(x)
    np.testing.assert_allclose(np.exp(log_p), model.predict_proba(x), rtol=1e-12)
    model.theta_ = model.theta_ * 1e3  # decisions in the thousands: exp of them is 0 or infinite
    log_p, out = model.predict_log_proba(x), model.decision_function(x)
    if data == "two classes":
        out = np.column_stack([0 * out, out])
    assert np.isfinite(log_p).all()
    assert log_p.min() < -1000
    # Differences of them are those of the outputs, and the likely one is that of its rivals.
    np.testing.assert_allclose(log_p - log_p[:, :1], out - out[:, :1], rtol=1e-12, atol=1e-9)
    model.theta_ = model.theta_ * 0.04
    p, log_p = model.predict_proba(x), model.predict_log_proba(x)
    rows, best = np.arange(len(x)), p.argmax(axis=1)
    rest = np.where(np.arange(p.shape[1]) == best[:, None], 0.0, p).sum(axis=1)
    sure = (rest < 1e-17) & (rest > 0)
    assert sure.any()
    np.testing.assert_allclose(log_p[rows, best][sure], -rest[sure], rtol=1e-9)


@pytest.mark.parametrize("data", ["two classes", "three classes"])
def test_without_hidden_layers_it_is_logistic_regression(data):
    x, y = SETS[data]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    alpha = 5.0
    model = classifier(
        hidden_layer_sizes=(), strategy="full_batch", alpha=alpha, stop=hbcd.Stop(1e-9, None)
    ).fit(x, y)
    theirs = LogisticRegression(C=1 / alpha, tol=1e-10, max_iter=5000).fit(x, y)
    # L-BFGS stops at a relative decrease of 1e-9.
    np.testing.assert_allclose(model.predict_proba(x), theirs.predict_proba(x), atol=2e-3)
    plain = hbcd.Network(model.network_.layers, model.network_.loss)
    scaled = model.x_scaler_.forward(x, float)
    targets = y if data == "two classes" else np.eye(3)[y]
    f = plain.loss_and_gradient(model.theta_, scaled, targets)[0]
    assert f == pytest.approx(log_loss(y, model.predict_proba(x)), rel=1e-12)


@pytest.mark.parametrize("strategy", ["fast", "paper", "full_batch", "mini_batch", "bcd"])
def test_every_strategy_learns_classes(strategy):
    x, y = IRIS
    model = classifier(strategy=strategy).fit(x, y)
    assert model.report_.loss < 0.5 * model.report_.initial_loss
    # The article's settings end early, and ten steps an epoch are few for ADAM.
    assert model.score(x, y) > (0.6 if strategy in ("paper", "mini_batch") else 0.9)


def test_levenberg_marquardt_trains_softmax():
    x, y = IRIS
    strategy = hbcd.FullBatch(hbcd.LevenbergMarquardt())
    model = classifier(strategy=strategy, alpha=0.1).fit(x, y)
    assert model.score(x, y) > 0.97
    assert model.n_iter_ < 200


@pytest.mark.parametrize(
    "labels",
    [
        [-3, 7],
        [False, True],
        [2.0, 5.0],
        ["no", "yes"],
        np.array(["b", "a"], object),
        np.array([np.int64(4), 9], object),
        np.array([np.str_("b"), "a"], object),
    ],
)
def test_labels_come_back_as_they_were(labels, tmp_path):
    x = CANCER[0]
    y = np.asarray(labels)[CANCER[1]]
    model = classifier(max_iter=20).fit(x, y)
    assert set(model.predict(x)) == set(y.tolist())
    assert model.score(x, y) > 0.9
    model.save(tmp_path / "m.hbcd")
    for other in (hbcd.load(tmp_path / "m.hbcd"), pickle.loads(pickle.dumps(model))):
        assert type(other) is hbcd.HybridClassifier
        assert other.classes_.dtype == model.classes_.dtype
        assert np.array_equal(other.predict(x), model.predict(x))
        assert other.predict_proba(x).tobytes() == model.predict_proba(x).tobytes()


def test_tables_with_text_and_category_labels():
    x, y = IRIS
    frame = pd.DataFrame(x, columns=list("abcd")).assign(size=np.where(x[:, 0] > 5.8, "L", "S"))
    model = classifier().fit(frame, pd.Series(NAMES[y], dtype="category"))
    assert model.score(frame, NAMES[y]) > 0.95
    assert list(model.feature_names_in_) == [*"abcd", "size"]


def test_searches_and_cross_validation_take_it():
    x, y = SETS["text"]
    # All rows train: 15 held-out ones say too little.
    model = classifier(validation_fraction=None, alpha=0.1)
    assert (cross_val_score(model, x, y, cv=3) > 0.9).all()
    search = GridSearchCV(classifier(), {"alpha": [0.1, 1e6]}, cv=3, scoring="neg_log_loss")
    assert search.fit(x, y).best_params_ == {"alpha": 0.1}


# ---- weights ----------------------------------------------------------------------------------


def test_balanced_weights_are_those_of_scikit_learn_and_a_dict_says_the_same():
    x, y = CANCER
    share = compute_class_weight("balanced", classes=np.unique(y), y=y)
    options = {"strategy": "full_batch", "alpha": 1.0}
    models = [
        classifier(class_weight="balanced", **options).fit(x, y),
        classifier(class_weight=dict(enumerate(share)), **options).fit(x, y),
        classifier(**options).fit(x, y, sample_weight=share[y]),
    ]
    assert len({model.theta_.tobytes() for model in models}) == 1
    plain = classifier(**options).fit(x, y)
    assert models[0].theta_.tobytes() != plain.theta_.tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("strategy", ["fast", "full_batch", "mini_batch"])
@pytest.mark.parametrize(
    "kind", [hbcd.HybridClassifier, hbcd.HybridRegressor], ids=["classes", "numbers"]
)
def test_whole_weights_are_repeated_rows_in_any_order_to_the_last_bit(kind, strategy, dtype):
    rng = np.random.default_rng(0)
    x, y = IRIS
    weight = rng.integers(0, 4, len(y))
    options = {"strategy": strategy, "dtype": dtype, "alpha": 0.5, "random_state": 0}
    given = {"hidden_layer_sizes": (4,), "stop": hbcd.Stop(max_evaluations=200), **options}
    one = kind(**given).fit(x, y, sample_weight=weight)
    repeated = rng.permutation(np.repeat(np.arange(len(y)), weight))
    other = kind(**given).fit(x[repeated], y[repeated])
    assert one.theta_.tobytes() == other.theta_.tobytes()


@pytest.mark.parametrize("strategy", ["full_batch", "bcd"])
def test_whole_weights_are_repeated_rows_to_rounding_in_large_tables(strategy):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 3))
    y = (x[:, 0] + x[:, 1] ** 2 + 0.5 * rng.normal(size=1500) > 1).astype(int)
    weight = rng.integers(0, 4, 1500)
    few = hbcd.Stop(max_evaluations=15)  # later steps magnify rounding
    options = {"strategy": strategy, "stop": few}
    one = classifier(alpha=3.0, **options).fit(x, y, sample_weight=weight)
    # The penalty is divided by the number of rows, of which there are more when they are repeated.
    alpha = 3.0 * weight.sum() / np.count_nonzero(weight)
    other = classifier(alpha=alpha, **options).fit(
        np.repeat(x, weight, axis=0), np.repeat(y, weight)
    )
    assert one.loss_ == pytest.approx(other.loss_, rel=1e-9)
    np.testing.assert_allclose(one.predict_proba(x), other.predict_proba(x), atol=1e-7)


# ---- refusals ---------------------------------------------------------------------------------

X, Y = IRIS
BAD = {
    "one class": ((X, np.ones(150)), {}, "y: has 1 class with a weight, must have 2"),
    "one that counts": ((X[:100], Y[:100], 1 - Y[:100]), {}, "y: has 1 class with a weight"),
    "continuous": ((X, Y + 0.5), {}, "Unknown label type: continuous"),
    "missing": ((X, np.where(Y > 1, np.nan, Y)), {}, r"y: row 100 is missing \(NaN\)"),
    "none": ((X, np.where(Y > 1, None, Y)), {}, "y: row 100 is missing"),
    "mixed": ((X, np.where(Y > 1, "a", Y.astype(object))), {}, "labels of types int, str"),
    "beyond": ((X, 2**70 + Y.astype(object)), {}, "y: has whole numbers beyond 64 bits"),
    "numbers for text": ((X, Y.astype(str), None, (X, Y)), {}, "y: has numbers: must be text"),
    "two axes": ((X, np.eye(3)[Y]), {}, "y: has 2 axes, must have 1"),
    "rows": ((X, Y[:9]), {}, "y: has 9 rows, must have 150"),
    "no y": ((X, None), {}, "requires y to be passed"),
    "new label": ((X, Y, None, (X, Y + 1)), {}, "y: row 100 is 3: must be a class of the"),
    "weight": ((X, Y), {"class_weight": {9: 1.0}}, "class_weight: 9 must be a class of y"),
    "negative": ((X, Y), {"class_weight": {1: -1.0}}, r"class_weight\[1\]=-1.0: must be"),
    "name": ((X, Y), {"class_weight": "even"}, "class_weight='even': must be None"),
    "list": ((X, Y), {"class_weight": [1, 2, 3]}, "class_weight=.*must be None"),
    "alpha": ((X, Y), {"alpha": -1}, "alpha=-1: must be at least 0"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_bad_input_is_told_in_one_line_and_a_fitted_model_stays(case):
    given, options, message = BAD[case]
    model = classifier(max_iter=20).fit(X, Y)
    before = model.predict_proba(X).tobytes()
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        model.set_params(**options).fit(*given)
    assert "\n" not in str(caught.value)
    assert model.predict_proba(X).tobytes() == before


def test_no_score_of_labels_that_cannot_be_met():
    for known, other in ((Y, Y.astype(str)), (Y.astype(str), Y)):
        model = classifier(max_iter=20).fit(X, known)
        with pytest.raises(TypeError, match=r"y: has .*: must be .*, as the classes in training"):
            model.score(X, other)
    assert model.score(X, Y.astype(str).astype(object)) > 0.9


def test_a_damaged_or_foreign_file_is_refused(tmp_path):
    path = tmp_path / "m.hbcd"
    classifier(max_iter=20).fit(X, Y).save(path)
    arrays, document = file_format.read_model_file(path)
    for change in (
        {"classes": [0, 1]},
        {"labels": "<M8[s]"},
        {"labels": "x"},
        {"kind": "Other"},
        {"loss": {"loss": "evil"}},
        {"alpha": -1},
    ):
        file_format.write_model_file(path, arrays, {**document, **change})
        with pytest.raises(ValueError, match=r"m\.hbcd: is not a model of hbcd"):
            hbcd.load(path)


# ---- losses of the regressor ------------------------------------------------------------------


def noisy(rows=600):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 2))
    return x, 100 + 40 * np.tanh(x[:, 0]) - 10 * x[:, 1], rng


def regressor(loss, **options):
    given = {"hidden_layer_sizes": (4,), "random_state": 0, "n_threads": 1, "max_time": 3}
    return hbcd.HybridRegressor(loss=loss, **{**given, **options})


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh", "quantile"])
def test_robust_losses_see_through_outliers(loss):
    x, y, rng = noisy()
    spoiled = np.where(rng.uniform(size=len(y)) < 0.1, 1000.0, y)
    robust = hbcd.Huber(0.1) if loss == "huber" else loss
    if loss == "log_cosh":
        spoiled = np.where(spoiled == 1000.0, 200.0, y)  # its bend stands fixed, at one deviation
    errors = [
        np.abs(regressor(one).fit(x, spoiled).predict(x) - y).mean()
        for one in (robust, "squared_error")
    ]
    assert errors[0] < (0.9 if loss == "log_cosh" else 0.3) * errors[1]


def test_quantiles_are_in_the_units_of_the_target():
    x, y, rng = noisy(2000)
    y = y + 20 * rng.exponential(size=2000)
    for q in (0.1, 0.8):
        model = regressor(hbcd.Quantile(q)).fit(x, y)
        assert np.mean(y < model.predict(x)) == pytest.approx(q, abs=0.03)


@pytest.mark.parametrize("unit", [1.0, 1e4, 1e-4])
def test_poisson_predicts_positive_means_in_any_unit(unit):
    x, _, rng = noisy(1000)
    mean = np.exp(0.8 * x[:, 0] - 0.3 * x[:, 1])
    model = regressor("poisson").fit(x, unit * rng.poisson(mean))
    found = model.predict(x) / unit
    assert (found > 0).all()
    # A tenth of the spread of the means; the noise of 1000 counts allows no more.
    assert np.abs(found - mean).mean() < 0.15 * mean.std()
    with pytest.raises(ValueError, match="y: row 3 is -1: must be at least 0"):
        model.fit(x, np.where(np.arange(1000) == 3, -1.0, 1.0))


class Cauchy(hbcd.Loss):
    def evaluate(self, out, target, grad):
        e = out - target
        if grad is not None:
            grad[...] = e / (1 + e**2)
        return np.log1p(e**2).sum(axis=1) / 2


def test_a_loss_of_ones_own_trains_and_is_not_saved(tmp_path):
    x, y, _ = noisy()
    model = regressor(Cauchy(), strategy="full_batch").fit(x, y)
    assert model.score(x, y) > 0.95
    with pytest.raises(ValueError, match=r"loss=.*Cauchy.*: must be a built-in one"):
        model.save(tmp_path / "m.hbcd")


@pytest.mark.parametrize("loss", ["poisson", hbcd.Quantile(0.7, 0.05), "squared_error"])
def test_a_file_holds_the_loss_and_the_penalty(loss, tmp_path):
    x, y, _ = noisy()
    model = regressor(loss, alpha=0.25, max_iter=20).fit(x, y)
    model.set_params(alpha="for the next fit").save(tmp_path / "m.hbcd")
    again = hbcd.load(tmp_path / "m.hbcd")
    assert again.predict(x).tobytes() == model.predict(x).tobytes()
    assert again.network_.loss == model.network_.loss
    assert again.loss == loss
    assert (again.alpha, again.network_.alpha) == ("for the next fit", 0.25)


def test_a_file_of_a_regressor_from_before_the_losses_is_read(tmp_path):
    x, y, _ = noisy()
    model = regressor("squared_error", max_iter=20).fit(x, y)
    model.save(tmp_path / "m.hbcd")
    arrays, document = file_format.read_model_file(tmp_path / "m.hbcd")
    old = {key: value for key, value in document.items() if key not in ("loss", "alpha")}
    file_format.write_model_file(tmp_path / "old.hbcd", arrays, old)
    again = hbcd.load(tmp_path / "old.hbcd")
    assert again.predict(x).tobytes() == model.predict(x).tobytes()
    assert again.network_.loss == hbcd.SquaredError()


@pytest.mark.parametrize(("loss", "kind"), [("mse", ValueError), (3, TypeError)])
def test_an_unknown_loss_is_refused(loss, kind):
    with pytest.raises(kind, match=f"loss={loss!r}: must be"):
        regressor(loss).fit(*noisy()[:2])


def test_a_column_of_labels_warns_as_scikit_learn_does():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier(max_iter=20).fit(X, Y[:, None])
    assert any("column-vector y" in str(one.message) for one in caught)
