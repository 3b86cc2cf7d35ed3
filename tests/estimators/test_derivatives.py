"""Derivatives of a model are those of its predictions, by complex step, in units of the table."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.complex_model import predictions
from support.complex_step import stepped

EXACT = 1e-12  # of the largest of the table: a row where all neurons are saturated has fewer digits
UNITS = np.array([1.0, 1e-3, 50.0])


def table(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3)) * UNITS + [0.0, 1.0, 1000.0]
    return x, np.exp(x[:, 0]) + (x[:, 1] - 1) * 1e3 + 1e-4 * (x[:, 2] - 1000) ** 2


X, Y = table()
LABELS = np.digitize(X[:, 0] * (X[:, 1] - 1), [-3e-4, 3e-4])
QUICK = {"random_state": 0, "dtype": "float64"}
SMALL = QUICK | {"hidden_layer_sizes": (5, 4), "max_iter": 60}


def apart(found, wanted):
    largest = np.abs(wanted).max()
    return float(np.abs(found - wanted).max() / (largest if largest > 0 else 1.0))


def models():
    regressor, classifier = hbcd.HybridRegressor, hbcd.HybridClassifier
    yield "members", regressor(**QUICK, effort=0.02), Y
    yield "pieces", regressor(**QUICK, effort=0.02, encoding="pieces"), Y
    yield "two targets", regressor(**SMALL), np.column_stack([Y, -(Y**2)])
    yield "sigmoid", regressor(**SMALL, activation="sigmoid"), Y
    yield "relu", regressor(**SMALL, activation="relu"), Y
    yield "poisson", regressor(**SMALL, loss="poisson"), np.round(np.abs(Y))
    yield "huber", regressor(**SMALL, loss="huber"), Y
    yield "log", regressor(**SMALL, target_transform="log"), Y - Y.min() + 1
    yield "yeo-johnson", regressor(**SMALL, target_transform="yeo-johnson"), Y**3
    yield (
        "yeo-johnson of a robust loss",
        regressor(**SMALL, target_transform="yeo-johnson", loss="absolute_error"),
        Y**3,
    )
    yield "range", regressor(**SMALL, output_range=(0.0, 1.5)), Y
    yield "line", regressor(**QUICK, hidden_layer_sizes=(), max_iter=20), Y
    yield "two classes", classifier(**SMALL), np.where(LABELS > 0, "b", "a")
    yield "three classes", classifier(**SMALL), LABELS
    yield "classes by members", classifier(**QUICK, effort=0.02), LABELS
    yield "temperature", classifier(**QUICK, effort=0.02, calibrate="temperature"), LABELS
    yield (
        "two of a temperature",
        classifier(**QUICK, effort=0.02, calibrate="temperature"),
        LABELS > 0,
    )


@pytest.fixture(scope="module", params=list(models()), ids=lambda one: one[0])
def fitted(request):
    _, model, y = request.param
    return model.fit(X, y)


def test_derivatives_are_those_of_a_complex_step(fitted):
    wanted = stepped(lambda z: predictions(fitted, z)[0], X)
    found = fitted.jacobian(X)
    assert found.shape == wanted.shape
    assert found.dtype == np.float64
    assert apart(found * UNITS, wanted * UNITS) <= EXACT
    bent = stepped(lambda z: predictions(fitted, z)[1], X) * UNITS * UNITS[:, np.newaxis]
    hessian = fitted.hessian(X, piecewise=True)
    assert apart(hessian * UNITS * UNITS[:, np.newaxis], bent) <= EXACT
    np.testing.assert_array_equal(hessian, hessian.swapaxes(2, 3))
    factors = np.random.default_rng(1).normal(size=wanted.shape[:2])
    product = fitted.hessian_product(X, factors, piecewise=True)
    total = np.einsum("rk,rkij->rij", factors, bent)
    assert apart(product * UNITS * UNITS[:, np.newaxis], total) <= EXACT


def test_derivatives_of_a_model_in_float32_are_computed_in_double():
    model = hbcd.HybridRegressor(**SMALL | {"dtype": "float32"}).fit(X, Y)
    wanted = stepped(lambda z: predictions(model, z)[0], X) * UNITS
    assert apart(model.jacobian(X) * UNITS, wanted) <= EXACT
    bent = stepped(lambda z: predictions(model, z)[1], X) * UNITS * UNITS[:, np.newaxis]
    assert apart(model.hessian(X) * UNITS * UNITS[:, np.newaxis], bent) <= EXACT


def test_any_number_of_threads_gives_the_same_bits():
    x = np.tile(X, (20, 1))
    model = hbcd.HybridRegressor(**SMALL, n_threads=1).fit(X, Y)
    first, second = model.jacobian(x), model.hessian(x)
    model.n_threads = 2
    np.testing.assert_array_equal(model.jacobian(x), first)
    np.testing.assert_array_equal(model.hessian(x), second)
    for row in (0, 299):
        np.testing.assert_array_equal(model.jacobian(x[row : row + 1]), first[row : row + 1])


def mixed(rows=400):
    x, y = table(rows)
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame.insert(1, "fuel", np.array(["gas", "oil", "coal"])[rng.integers(0, 3, rows)])
    frame.insert(0, "when", pd.date_range("2024-01-01", periods=rows, freq="7h"))
    frame.insert(3, "on", rng.integers(0, 2, rows) > 0)
    frame["still"] = 4.5
    frame.loc[rng.integers(0, rows, 60), "b"] = np.nan
    return frame, y


@pytest.mark.filterwarnings("ignore::hbcd.ConstantFeatures")
def test_numbers_alone_have_derivatives_and_a_gap_has_none():
    frame, y = mixed()
    settings = {"missing": "indicator", "dates": "features"}
    model = hbcd.HybridRegressor(**SMALL, **settings).fit(frame, y)
    features = model.encode(frame)
    wanted = stepped(lambda z: predictions(model, z)[0], features)
    bent = stepped(lambda z: predictions(model, z)[1], features)
    found, hessian = model.jacobian(frame), model.hessian(frame)
    assert found.shape == (400, 1, 7)
    assert hessian.shape == (400, 1, 7, 7)
    names, places = list(frame), model.encoder_.places
    numbers = {name: places[name] for name in ("a", "b", "c")}
    known = {name: frame[name].notna().to_numpy() for name in numbers}
    expected, expected_bent = np.zeros_like(found), np.zeros_like(hessian)
    for name, place in numbers.items():
        at = names.index(name)
        expected[:, :, at] = wanted[:, :, place] * known[name][:, np.newaxis]
        for other, place_2 in numbers.items():
            both = (known[name] & known[other])[:, np.newaxis]
            expected_bent[:, :, at, names.index(other)] = bent[:, :, place, place_2] * both
    assert (expected[:, 0, names.index("b")] == 0).sum() == (~known["b"]).sum()
    assert np.isfinite(found).all()
    scale = np.ones(7)
    scale[[names.index(name) for name in numbers]] = UNITS
    assert apart(found * scale, expected * scale) <= EXACT
    off = apart(
        hessian * scale * scale[:, np.newaxis], expected_bent * scale * scale[:, np.newaxis]
    )
    assert off <= EXACT
    shuffled = frame[names[::-1]]
    np.testing.assert_array_equal(model.jacobian(shuffled), found)
    product = model.hessian_product(frame, np.full((400, 1), 2.0))
    np.testing.assert_allclose(product, 2 * hessian[:, 0], rtol=1e-12, atol=1e-18)


def test_outside_the_range_of_outputs_nothing_changes():
    model = hbcd.HybridRegressor(**SMALL, output_range=(0.0, 1.5)).fit(X, Y)
    limited = np.isin(model.predict(X), [0.0, 1.5])
    assert 20 < limited.sum() < 280
    assert not model.jacobian(X)[limited].any()
    assert not model.hessian(X)[limited].any()
    assert model.jacobian(X)[~limited].any(axis=(1, 2)).all()


class Squared(hbcd.SquaredError):
    def mean(self, out):
        return out**2


def test_what_has_no_derivative_is_told_in_one_line():
    model = hbcd.HybridRegressor(**SMALL, activation="relu").fit(X, Y)
    custom = hbcd.HybridRegressor(**SMALL, loss=Squared()).fit(X, Y)
    isotonic = hbcd.HybridClassifier(**QUICK, effort=0.02, calibrate="isotonic").fit(X, LABELS)
    for call, text in (
        (lambda: isotonic.jacobian(X), "calibrate='isotonic': .* no smooth derivatives"),
        (lambda: model.hessian(X), "ReLU.* has a kink"),
        (lambda: model.hessian_product(X, np.ones(300)), "ReLU.* has a kink"),
        (lambda: custom.jacobian(X), "loss=Squared.*not known for its `mean`"),
        (lambda: model.jacobian(X[:, :2]), "must have 3:"),
        (lambda: model.hessian_product(X, np.ones((300, 2)), piecewise=True), "multipliers"),
        (lambda: model.jacobian(np.where(X > 1000, np.nan, X)), "X"),
    ):
        with pytest.raises(ValueError, match=text):
            call()
    for method in ("jacobian", "hessian"):
        with pytest.raises(hbcd.NotFittedError):
            getattr(hbcd.HybridRegressor(), method)(X)


def test_a_row_that_is_too_large_is_named_as_its_table_does():
    model = hbcd.HybridRegressor(**SMALL).fit(X, Y)
    frame = pd.DataFrame(X, index=[f"row {k}" for k in range(300)])
    frame.iloc[7, 1] = 1e308  # over a deviation of 1e-3
    with pytest.raises(ValueError, match="row 7"):
        model.jacobian(frame)
