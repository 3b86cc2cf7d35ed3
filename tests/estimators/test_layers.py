"""`layers=`: an estimator of any layers trains, is cloned, saved, loaded where trusted, goes on."""

import numpy as np
import pytest
from sklearn.base import clone

import hbcd
from support.custom_parts import Skip

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] + np.maximum(X[:, 1], 0.0)
QUICK = {"random_state": 0, "max_fun": 600}


class Power(hbcd.Layer):
    """``x + scale * theta * x**power``, of one parameter."""

    def __init__(self, power=2, scale=0.1):
        self.power, self.scale = power, scale

    def n_parameters(self, n_in):
        return 1

    def n_out(self, n_in):
        return n_in

    def init(self, n_in, rng):
        return np.zeros(1)

    def forward(self, theta, x, out):
        np.add(x, self.scale * theta[0] * x**self.power, out=out)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        slope = self.scale * theta[0] * self.power * x ** (self.power - 1)
        np.multiply(grad_out, 1 + slope, out=grad_x)
        grad_theta[0] += np.sum(grad_out * self.scale * x**self.power)


class Elsewhere:
    """Holds a class inside a class."""

    class Cube(Power):
        def __init__(self):
            super().__init__(3, 0.05)


LAYERS = {
    "hidden": [hbcd.HiddenLayer(6), hbcd.HiddenLayer(4, hbcd.ReLU())],
    "bounded": [
        hbcd.HiddenLayer(6, weight_bounds=(0.0, None)),
        hbcd.OutputLayer(1, weight_bounds=(0.0, np.inf)),
    ],
    "bounded one by one": [hbcd.HiddenLayer(2, weight_bounds=(None, [[1.0, np.inf]] * 3))],
    "half-width": [hbcd.HiddenLayer(4, hbcd.LeakyReLU(0.2), 2.0)],
    "custom": [Power(2, 0.2), hbcd.HiddenLayer(5)],
    "custom in the middle": [hbcd.HiddenLayer(5), Elsewhere.Cube(), hbcd.HiddenLayer(3)],
    "only custom": [Skip()],
    "none": [],
}
CUSTOM = [Power, Elsewhere.Cube, Skip]


@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
@pytest.mark.parametrize("name", LAYERS)
def test_given_layers_train_are_cloned_saved_and_go_on(kind, name, tmp_path):
    y = Y if kind is hbcd.HybridRegressor else Y > 0.3
    model = clone(kind(layers=LAYERS[name], **QUICK))
    assert len(model.get_params()["layers"]) == len(LAYERS[name])
    model.fit(X, y)
    assert model.score(X, y) > 0.75
    model.save(tmp_path / "m.hbcd")
    again = hbcd.load(tmp_path / "m.hbcd", trusted=CUSTOM)
    assert np.array_equal(again.predict(X), model.predict(X))
    assert [type(one) for one in again.network_.layers] == [
        type(one) for one in model.network_.layers
    ]
    if model.network_.bounds is not None:
        for one, other in zip(again.network_.bounds, model.network_.bounds, strict=True):
            assert np.array_equal(one, other)
    # Training goes on with the layers of the file.
    again.set_params(warm_start=True, **QUICK).fit(X, y)
    assert again.report_.loss <= again.report_.initial_loss
    again.partial_fit(X, y)


def test_bounds_of_given_layers_hold_and_make_a_monotone_model():
    model = hbcd.HybridRegressor(layers=LAYERS["bounded"], **QUICK).fit(X, Y)
    assert all((weights >= 0).all() for weights in model.coefs_)
    assert (np.diff(model.predict(np.linspace(-3, 3, 50)[:, np.newaxis] * np.ones(3))) >= 0).all()


def test_a_custom_class_is_loaded_by_import_path_and_only_where_it_is_trusted(tmp_path):
    path = tmp_path / "m.hbcd"
    hbcd.HybridRegressor(layers=[Skip()], **QUICK).fit(X, Y).save(path)
    known = f"{Skip.__module__}.Skip"
    with pytest.raises(
        ValueError, match=r"m\.hbcd: has a part of the class support\.custom_parts\.Skip.*trusted="
    ):
        hbcd.load(path)
    for wrong in ([Power], ["os.system"], ["support.custom_parts.Other"]):
        with pytest.raises(ValueError, match="trusted="):
            hbcd.load(path, trusted=wrong)
    for trusted in ([Skip], Skip, known, [known, Power]):
        assert isinstance(hbcd.load(path, trusted=trusted).network_.layers[1], Skip)


def test_what_cannot_be_made_again_is_not_saved(tmp_path):
    class Local(Skip):
        pass

    for layer, message in (
        (Local(), "class that can be imported"),
        (Power(2, scale=np.float64(0.1) * np.ones(1)[0]), None),
        (Power(2, scale=np.array([0.1])), "numbers, text, lists and dicts"),
    ):
        model = hbcd.HybridRegressor(layers=[layer], **QUICK).fit(X, Y)
        if message is None:
            model.save(tmp_path / "ok.hbcd")
            continue
        with pytest.raises(ValueError, match=message):
            model.save(tmp_path / "no.hbcd")
        between = hbcd.HybridRegressor(layers=[hbcd.HiddenLayer(3), layer], **QUICK).fit(X, Y)
        for place, one in enumerate((model, between)):  # as the user counts them
            with pytest.raises(ValueError, match=rf"^layers\[{place}\]=.*to be saved"):
                one.save(tmp_path / "no.hbcd")
    assert not (tmp_path / "no.hbcd").exists()


WRONG = {
    "no list": (hbcd.HiddenLayer(3), TypeError, "must be a list of layers or None"),
    "no layer": ([hbcd.HiddenLayer(3), "tanh"], TypeError, r"layers\[1\]='tanh': must be"),
    "an input layer": ([hbcd.InputLayer(3)], TypeError, r"layers\[0\]=InputLayer"),
    "outputs": ([hbcd.OutputLayer(2)], ValueError, "must have n_neurons=1"),
    "an output layer in front": (
        [hbcd.OutputLayer(2), hbcd.HiddenLayer(3)],
        ValueError,
        r"^layers\[0\]=OutputLayer.*must be the last layer",
    ),
    "an output layer in the middle": (
        [hbcd.HiddenLayer(3), hbcd.OutputLayer(), hbcd.OutputLayer()],
        ValueError,
        r"^layers\[1\]=OutputLayer.*must be the last layer",
    ),
    "bounds of another shape": (
        [hbcd.HiddenLayer(3), hbcd.HiddenLayer(2, weight_bounds=([1.0, 2.0, 3.0], None))],
        ValueError,
        r"^layers\[1\]: weight_bounds",
    ),
    "bounds the wrong way round": (
        [hbcd.HiddenLayer(3, weight_bounds=(1.0, -1.0))],
        ValueError,
        r"^layers\[0\]: weight_bounds",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_layers_are_told_in_one_line(name):
    layers, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        hbcd.HybridRegressor(layers=layers).fit(X, Y)


@pytest.mark.parametrize("options", [{"hidden_layer_sizes": (3,)}, {"activation": "relu"}])
def test_layers_stand_in_the_place_of_widths_and_activations(options):
    with pytest.raises(ValueError, match="must be left out where layers are given"):
        hbcd.HybridRegressor(layers=[hbcd.HiddenLayer(3)], **options).fit(X, Y)
