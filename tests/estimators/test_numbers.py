"""Shifted columns, columns that do not vary and targets with outliers do not ruin a fit."""

import warnings

import numpy as np
import pandas as pd
import pytest

import hbcd

RNG = np.random.default_rng(0)
QUICK = {"random_state": 0, "max_fun": 1500}


def table(rows=400):
    x = RNG.normal(size=(rows, 3))
    return x, np.sin(x[:, 0]) + x[:, 1] * x[:, 2]


X, Y = table()
X_NEW, Y_NEW = table()

# ---- columns that do not vary -----------------------------------------------------------------

STILL = {
    "a pressure": (101325.0, 101500.0),
    "zero": (0.0, 1.0),
    "a large one": (1e300, -1e300),
    "a rounded third": (1 / 3, 50.0),
}


def with_column(x, value, at=1):
    return np.insert(x, at, value, axis=1)


def has_weights(layer):
    return not isinstance(layer, hbcd.SmoothPieces)


@pytest.mark.parametrize("name", STILL)
@pytest.mark.parametrize(
    "options", [{}, {"hidden_layer_sizes": (10,)}, {"strategy": "paper", "max_fun": 500}], ids=str
)
def test_a_column_that_did_not_vary_has_no_influence(name, options):
    before, after = STILL[name]
    with pytest.warns(hbcd.ConstantFeatures, match="^X: 1 of 4 features do not vary .*: 1$"):
        model = hbcd.HybridRegressor(**{**QUICK, **options}).fit(with_column(X, before), Y)
    predicted = [model.predict(with_column(X_NEW, value)) for value in (before, after)]
    assert np.array_equal(*predicted)
    assert (model.coefs_[0][1] == 0).all()
    first = next(k for k, layer in enumerate(model.network_.layers[1:], 1) if has_weights(layer))
    parts = model.network_.dense_parts(first, model.theta_)
    assert parts
    assert all((part.weights[1] == 0).all() for part in parts)
    assert model.constant_features_ == [1]


def test_columns_that_do_not_vary_are_named_once_and_stay_known(tmp_path):
    frame = pd.DataFrame(X, columns=list("abc")).assign(p=7.0, kind="one")
    frame.loc[:199, "kind"] = "two"
    with pytest.warns(hbcd.ConstantFeatures) as seen:
        model = hbcd.HybridClassifier((3,), **QUICK).fit(frame, Y > 0)
    assert len(seen) == 1
    assert str(seen[0].message).endswith(": p")
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(tmp_path / "m.hbcd")
        again = hbcd.load(tmp_path / "m.hbcd")
        assert again.constant_features_ == model.constant_features_ == ["p"]
        moved = frame.assign(p=np.arange(400.0))
        assert np.array_equal(again.predict_proba(moved), model.predict_proba(frame))


def test_its_weights_stay_0_until_it_varies():
    still, moving = with_column(X, 5.0), with_column(X, RNG.normal(size=400))
    y = Y + moving[:, 1]
    with pytest.warns(hbcd.ConstantFeatures):
        model = hbcd.HybridRegressor((8,), warm_start=True, **QUICK).fit(still, Y)
    with pytest.warns(hbcd.ConstantFeatures):
        model.fit(still + np.array([0, 9.0, 0, 0]), Y)
    model.partial_fit(still, Y)  # says nothing: it is known
    assert (model.coefs_[0][1] == 0).all()
    for _ in range(10):
        model.partial_fit(moving, y)
    assert (model.coefs_[0][1] != 0).any()
    assert model.score(moving, y) > 0.9


# ---- shifted columns --------------------------------------------------------------------------

SHIFTED = {
    "1e12 +- 1e6": lambda z: 1e12 + 1e6 * z,
    "Unix time over an hour": lambda z: 1.7e9 + 600 * z,
    "1e9 +- 1e4": lambda z: 1e9 + 1e4 * z,
    "-2e6 +- 20": lambda z: -2e6 + 20 * z,
}


@pytest.mark.parametrize("name", SHIFTED)
@pytest.mark.parametrize("model", ["float32", "float64"])
@pytest.mark.parametrize("given", [np.float32, np.float64])
def test_shifted_columns_are_learned_like_others(name, model, given):
    x = SHIFTED[name](X[:, :1]).astype(given)
    y = SHIFTED[name](np.tanh(X[:, 0])).astype(given)
    fitted = hbcd.HybridRegressor((6,), dtype=model, random_state=0, max_time=5).fit(x, y)
    assert fitted.score(x, y) > 0.99


# ---- outliers ---------------------------------------------------------------------------------

OUTLIERS = {
    "5 % at 100": (0.05, lambda n, rng: np.full(n, 100.0)),
    "2 % at -1e6": (0.02, lambda n, rng: np.full(n, -1e6)),
    "4 % anywhere": (0.04, lambda n, rng: rng.normal(size=n) * 300),
    "3 % at 1e5": (0.03, lambda n, rng: np.full(n, 1e5)),
}


@pytest.mark.parametrize("loss", ["huber", "log_cosh", "absolute_error", "quantile"])
@pytest.mark.parametrize("name", OUTLIERS)
def test_robust_losses_stand_outliers_of_the_target(name, loss):
    share, values = OUTLIERS[name]
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 3))
    clean = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    clean = (clean - clean.mean()) / clean.std()
    bad = rng.random(2000) < share
    y = clean.copy()
    y[bad] = values(np.count_nonzero(bad), rng)
    model = hbcd.HybridRegressor(loss=loss, random_state=0).fit(x, y)
    error = model.predict(x[~bad]) - clean[~bad]
    assert 1 - np.mean(error**2) / clean.var() > 0.985


# ---- targets at the end of float64 ------------------------------------------------------------

LARGEST = np.finfo(np.float64).max
ENDS = {
    "both signs": np.where(X[:, 0] > 0, 0.55 * LARGEST, -0.5 * LARGEST),
    "above": 0.95 * LARGEST * np.abs(np.tanh(X[:, 0])),
    "below": -0.95 * LARGEST * np.abs(np.tanh(X[:, 0])),
    "one row": np.where(np.arange(len(X)) == 3, 0.95 * LARGEST, X[:, 0]),
    "almost equal": LARGEST * (1 - 1e-3 * np.abs(np.tanh(X[:, 0]))),
}
MODELS = [{"effort": "fast", "max_time": 0.2}, {"hidden_layer_sizes": (3,), "max_fun": 100}]


@pytest.mark.parametrize("options", MODELS, ids=str)
@pytest.mark.parametrize("name", ENDS)
@pytest.mark.filterwarnings("default:max_time")  # on a busy machine; the first one counts
@pytest.mark.filterwarnings("error")
def test_numbers_near_the_largest_are_computed_without_a_warning(name, options, tmp_path):
    large = ENDS[name]
    model = hbcd.HybridRegressor(random_state=0, **options).fit(X, large)
    if name == "both signs" and model.output_range_ is None:  # a bend overshoots the targets
        with pytest.raises(ValueError, match="too large for float64"):
            model.predict(X)
        return
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.score(X, large))
    if model.output_range_ is not None:
        assert np.isfinite(model.output_range_).all()
        assert (model.output_range_[0] <= large.min()).all()
    model.save(tmp_path / "m.hbcd")
    np.testing.assert_array_equal(hbcd.load(tmp_path / "m.hbcd").predict(X), model.predict(X))
    model = hbcd.HybridRegressor(random_state=0, **options).fit(with_column(X, large), Y)
    model.predict(with_column(X, large))


@pytest.mark.parametrize("options", [*MODELS, {"loss": "huber", "max_fun": 100}], ids=str)
@pytest.mark.filterwarnings("error")
def test_numbers_too_far_apart_are_refused_in_one_line(options):
    apart = np.where(X[:, 0] > 0, LARGEST, -LARGEST)
    model = hbcd.HybridRegressor(random_state=0, **options)
    for name, x, y in (("y", X, apart), ("X", with_column(X, apart), Y)):
        with pytest.raises(ValueError, match=f"^{name}: .* beyond float64: .*divide") as caught:
            model.fit(x, y)
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("error")
def test_logarithms_of_targets_up_to_the_largest_are_judged_without_a_warning():
    large = LARGEST * np.exp(-3 * np.abs(X[:, 0]))
    model = hbcd.HybridRegressor(random_state=0, effort=0.05, max_time=5).fit(X, large)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.filterwarnings("error")
def test_a_search_over_targets_near_the_largest_scores_without_a_warning():
    model = hbcd.HybridRegressor((3,), random_state=0, max_iter=10)
    options = {"budget": 3, "scoring": "mae", "random_state": 0}
    found = hbcd.tune(model, X, 0.01 * ENDS["above"], {"alpha": [0.1, 1.0]}, **options)
    assert np.isfinite(found.trials[["score", "spread"]].to_numpy()).all()
