"""`coefs_` and `intercepts_`: a plain forward pass over raw features is what `predict` says."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import hbcd
from hbcd.training.registry import LOSSES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3)) * [1.0, 1e3, 1e-3] + [5.0, -2e4, 0.1]  # units that differ
Z = (X - X.mean(axis=0)) / X.std(axis=0)
Y = 40.0 + 7.0 * (Z[:, 0] + np.tanh(2 * Z[:, 1]))
KINDS = np.array(["calm", "rough", "storm"])
OPTIONS = {"hidden_layer_sizes": (4, 3), "strategy": "bcd", "random_state": 0, "n_threads": 1}

HIDDEN = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
}
LAST = {
    "identity": lambda z: z,
    "exp": np.exp,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
}


def forward(model, features):
    """Outputs before the last activation, from the names of scikit-learn's MLP alone."""
    a = np.asarray(features, dtype=np.float64)
    pairs = list(zip(model.coefs_, model.intercepts_, strict=True))
    for weights, bias in pairs[:-1]:
        a = HIDDEN[model.activation](a @ weights + bias)
    return a @ pairs[-1][0] + pairs[-1][1]


def predicted(model, features):
    return LAST[model.out_activation_](forward(model, features))


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("hidden", [(), (4,), (4, 3, 2)])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_plain_forward_pass_over_raw_rows_is_predict(loss, hidden):
    for y in (Y, np.column_stack([Y, 3 + Y**2, np.full(80, 2.5)])):
        model = hbcd.HybridRegressor(**{**OPTIONS, "hidden_layer_sizes": hidden}, loss=loss)
        model.fit(X, y)
        close(predicted(model, X).reshape(y.shape), model.predict(X))
        assert model.out_activation_ == ("exp" if loss == "poisson" else "identity")


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation_is_what_its_name_says(activation):
    model = hbcd.HybridRegressor(**OPTIONS, activation=activation).fit(X, Y)
    close(predicted(model, X)[:, 0], model.predict(X))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("hidden", [(), (4, 3)])
def test_a_plain_forward_pass_is_the_decision_function(classes, hidden):
    labels = KINDS[:classes][np.digitize(Z[:, 0] * Z[:, 1], [0, 1])[: len(Z)] % classes]
    model = hbcd.HybridClassifier(**{**OPTIONS, "hidden_layer_sizes": hidden}).fit(X, labels)
    out = forward(model, X)
    close(out if classes > 2 else out[:, 0], model.decision_function(X))
    p = predicted(model, X)
    close(p if classes > 2 else np.hstack([1 - p, p]), model.predict_proba(X))
    assert model.out_activation_ == ("softmax" if classes > 2 else "logistic")


def test_dummies_and_indicators_are_features_of_the_first_layer():
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(
        day=np.array(["Mon", "Tue", None], dtype=object)[np.arange(80) % 3], constant=3.0
    )
    frame.loc[::7, "b"] = np.nan
    model = hbcd.HybridRegressor(**OPTIONS, missing="indicator")
    with pytest.warns(hbcd.ConstantFeatures, match=": constant$"):
        model.fit(frame, Y)
    features = model.encode(frame)
    assert features.shape == (80, len(model.encoder_.feature_names))
    assert len(model.coefs_[0]) == features.shape[1] > model.n_features_in_
    close(predicted(model, features)[:, 0], model.predict(frame))
    gaps = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
    model.fit(gaps, Y)
    close(predicted(model, model.encode(gaps))[:, 0], model.predict(gaps))


@pytest.mark.parametrize("loss", LOSSES)
def test_of_a_float32_fit_they_are_its_parameters_in_float64(loss):
    model = hbcd.HybridRegressor(**OPTIONS, loss=loss, dtype="float32").fit(X, Y)
    assert {part.dtype for part in (*model.coefs_, *model.intercepts_)} == {np.dtype(np.float64)}
    # predict itself rounds to float32 on its way; the same parameters in float64 do not.
    np.testing.assert_allclose(predicted(model, X)[:, 0], model.predict(X), rtol=1e-4)
    exact = model.network_.predict(
        model.theta_.astype(np.float64), model.x_scaler_.forward(X, np.float64)
    )
    close(predicted(model, X), model.y_scaler_.backward(model.network_.loss.mean(exact)))


@pytest.mark.parametrize("many", [False, True])
def test_names_and_shapes_are_those_of_scikit_learn(many):
    y = np.column_stack([Y, -Y]) if many else Y
    labels = KINDS[np.arange(80) % (3 if many else 2)]
    options = {"hidden_layer_sizes": (4, 3), "max_iter": 1, "solver": "lbfgs"}
    pairs = (
        (hbcd.HybridRegressor(**OPTIONS), MLPRegressor(**options), y),
        (hbcd.HybridClassifier(**OPTIONS), MLPClassifier(**options), labels),
    )
    for ours, theirs, target in pairs:
        with warnings.catch_warnings(action="ignore"):  # one iteration is no fit, and said so
            theirs.fit(Z, target)
        ours.fit(Z, target)
        for name in ("coefs_", "intercepts_"):
            shapes = [[part.shape for part in getattr(one, name)] for one in (ours, theirs)]
            assert shapes[0] == shapes[1]
        for name in ("n_layers_", "n_outputs_", "n_features_in_", "out_activation_"):
            assert getattr(ours, name) == getattr(theirs, name)


NAMES = ("coefs_", "intercepts_", "n_layers_", "out_activation_")


def test_they_are_not_there_before_fit_and_never_stored():
    model = hbcd.HybridRegressor(**OPTIONS)
    assert [name for name in NAMES if hasattr(model, name)] == []
    model.fit(X, Y)
    assert [name for name in NAMES if name in vars(model)] == []
    model.coefs_[0][:] = 0.0  # a copy: the model is as it was
    assert np.any(model.coefs_[0])


class Doubled(hbcd.Layer):
    def n_parameters(self, n_in):
        return 0

    def n_out(self, n_in):
        return n_in

    def init(self, n_in, rng):
        return np.zeros(0)

    def forward(self, theta, x, out):
        np.multiply(x, 2.0, out=out)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        np.multiply(grad_out, 2.0, out=grad_x)


class Squared(hbcd.Loss):
    def evaluate(self, out, target, grad):
        if grad is not None:
            np.subtract(out, target, out=grad)
        return ((out - target) ** 2).sum(axis=1) / 2


class Rooted(Squared):
    def mean(self, out):
        return np.sqrt(np.abs(out))


def test_where_no_plain_pass_exists_the_error_says_why():
    layers = [Doubled(), hbcd.HiddenLayer(3)]
    options = {name: value for name, value in OPTIONS.items() if name != "hidden_layer_sizes"}
    own = hbcd.HybridRegressor(layers=layers, **options).fit(X, Y)
    with pytest.raises(
        AttributeError,
        match=r"coefs_: must be dense layers, network_\.layers\[1\] is .*; use predict",
    ):
        _ = own.coefs_
    assert (own.n_layers_, own.out_activation_) == (4, "identity")
    model = hbcd.HybridRegressor(**OPTIONS, loss=Squared()).fit(X, Y)
    close(predicted(model, X)[:, 0], model.predict(X))
    model = hbcd.HybridRegressor(**OPTIONS, loss=Rooted()).fit(X, Y)
    for name in ("coefs_", "intercepts_", "out_activation_"):
        with pytest.raises(
            AttributeError, match=f"{name}: is not known for loss=.*Rooted.*use predict"
        ):
            getattr(model, name)
        assert not hasattr(model, name)


def test_a_linear_part_beside_bent_ones_has_no_plain_pass():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 3))
    y = 3 * x[:, 0] + 0.5 * np.sin(3 * x[:, 1]) + 0.5 * rng.normal(size=150)
    model = hbcd.HybridRegressor(effort="fast", random_state=0).fit(x, y)
    held = model.members_[model.members_["weight"] > 0]
    assert (held["name"] == "linear").any()
    assert len(held) > 1
    for name in ("coefs_", "intercepts_"):
        with pytest.raises(AttributeError, match=f"^{name}: must have one .*members=1.*predict"):
            getattr(model, name)
    assert len(model.set_params(effort="balanced", members=1, max_iter=3).fit(x, y).coefs_) > 1


@pytest.mark.parametrize("target", [np.sin(2 * Z[:, 0]), np.abs(Z[:, 1]), Y], ids=["0", "1", "2"])
@pytest.mark.parametrize("encoding", [None, "pieces", "auto"])
def test_the_default_fit_has_a_plain_pass_or_says_in_a_line_why_not(target, encoding):
    model = hbcd.HybridRegressor(
        effort="fast", encoding=encoding, output_range=None, dtype="float64", random_state=0
    ).fit(X, target)
    first = model.network_.layers[1]
    if isinstance(first, hbcd.SmoothPieces):
        with pytest.raises(
            AttributeError, match=r"encoding=None or .* trains without it, or use predict$"
        ) as caught:
            _ = model.coefs_
        assert len(str(caught.value)) < 160
    elif len({part[2] for part in getattr(first, "blocks", ())}) < 2:
        close(predicted(model, X)[:, 0], model.predict(X))
