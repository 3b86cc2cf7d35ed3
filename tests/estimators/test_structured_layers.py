"""Estimators of layers in parts or smooth pieces: files, coefficients, training that goes on."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import hbcd
from hbcd.model_files import file_format
from support.structured import LEAKY, TANH, applied

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)) * [1.0, 1e3, 1e-3, 2.0] + [5.0, -2e4, 0.1, 0.0]
Z = (X - X.mean(axis=0)) / X.std(axis=0)
Y = 40.0 + 7.0 * (Z[:, 0] + np.tanh(2 * Z[:, 1] * Z[:, 2]))
OPTIONS = {"random_state": 0, "n_threads": 1, "max_iter": 30}

PIECES = hbcd.SmoothPieces([0, 1, 1], [0.25, -0.5, 0.1], [1.0, 0.3, 2.0])
SHARED = hbcd.BlockDiagonalLayer([(4, 5, TANH), (4, 4, LEAKY), (4, 1, hbcd.Identity())], True)
RANGES = hbcd.BlockDiagonalLayer([(1, 3, LEAKY), (3, 6, TANH)])
ABOVE = hbcd.BlockDiagonalLayer([(5, 5, TANH), (4, 3, TANH), (1, 1, hbcd.Identity())])
ENCODED = hbcd.BlockDiagonalLayer([(7, 5, TANH)] * 3, shared_input=True)
LAYERS = {
    "shared": [SHARED, ABOVE],
    "ranges": [RANGES],
    "side by side": [
        hbcd.BlockDiagonalLayer([(4, 5, TANH), (4, 4, TANH)], True),
        hbcd.BlockDiagonalLayer([(5, 5, LEAKY), (4, 3, LEAKY)]),
    ],
    "of tanh": [hbcd.BlockDiagonalLayer([(1, 3, TANH), (3, 6, TANH)])],
    "last of all": [hbcd.HiddenLayer(3), hbcd.BlockDiagonalLayer([(1, 2, TANH), (2, 2, TANH)])],
    "pieces": [PIECES],
    "pieces and members": [PIECES, ENCODED, hbcd.BlockDiagonalLayer([(5, 4, TANH)] * 3)],
}
DENSE = ("side by side", "of tanh", "last of all")  # one activation in every layer
EACH = pytest.mark.parametrize("name", LAYERS)


def fitted(name, kind=hbcd.HybridRegressor, y=Y, rows=X, **options):
    return kind(layers=LAYERS[name], **{**OPTIONS, **options}).fit(rows, y)


@EACH
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_was_saved_comes_back(name, dtype, tmp_path):
    model = fitted(name, dtype=dtype)
    model.save(tmp_path / "m.hbcd")
    loaded = hbcd.load(tmp_path / "m.hbcd")
    assert loaded.network_.layers == model.network_.layers
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert loaded.layers == LAYERS[name]
    # As a parameter they fit again, and a second file is the first one.
    loaded.save(tmp_path / "again.hbcd")
    first, second = (file_format.read_model_file(tmp_path / n)[1] for n in ("m.hbcd", "again.hbcd"))
    assert first == second
    refitted = clone(loaded).set_params(**OPTIONS).fit(X, Y)
    assert np.array_equal(refitted.predict(X), model.predict(X))


@EACH
def test_a_classifier_comes_back_too(name, tmp_path):
    kinds = np.array(["calm", "rough", "storm"])[np.digitize(Y, [35.0, 45.0])]
    model = fitted(name, hbcd.HybridClassifier, kinds)
    model.save(tmp_path / "m.hbcd")
    assert np.array_equal(hbcd.load(tmp_path / "m.hbcd").predict_proba(X), model.predict_proba(X))


@EACH
def test_a_pickle_and_a_copy_predict_the_same(name):
    model = fitted(name)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert np.array_equal(other.predict(X), model.predict(X))


def test_many_equal_parts_take_one_line_of_the_file(tmp_path):
    fitted("pieces and members").save(tmp_path / "m.hbcd")
    _, document = file_format.read_model_file(tmp_path / "m.hbcd")
    assert document["layers"][1]["blocks"] == [
        {"parts": 3, "inputs": 7, "width": 5, "activation": "tanh"}
    ]


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        (0, {"kind": "smooth_piece"}),
        (0, {"columns": [0, 1, 9]}),
        (0, {"widths": [1.0, 0.0, 1.0]}),
        (0, {"centers": None}),
        (1, {"blocks": []}),
        (1, {"blocks": [{"parts": 10**15, "inputs": 7, "width": 5, "activation": "tanh"}]}),
        (1, {"blocks": [{"parts": -1, "inputs": 7, "width": 5, "activation": "tanh"}]}),
        (1, {"blocks": [{"parts": 3, "inputs": 6, "width": 5, "activation": "tanh"}]}),
        (1, {"shared_input": "yes"}),
    ],
)
def test_a_file_of_nonsense_is_refused_in_one_line(layer, change, tmp_path):
    path = tmp_path / "m.hbcd"
    fitted("pieces and members").save(path)
    arrays, document = file_format.read_model_file(path)
    document["layers"][layer].update(change)
    file_format.write_model_file(path, arrays, document)
    with pytest.raises(ValueError, match="is not a model of hbcd") as caught:
        hbcd.load(path)
    assert "\n" not in str(caught.value)


class Bent(hbcd.Activation):
    """The identity, from outside."""

    def forward(self, z, out):
        out[:] = z

    def backward(self, z, a, grad):
        pass


def test_an_activation_of_ones_own_in_a_part_is_in_no_file(tmp_path):
    layer = hbcd.BlockDiagonalLayer([(4, 3, TANH), (4, 2, Bent())], shared_input=True)
    model = hbcd.HybridRegressor(layers=[layer], **OPTIONS).fit(X, Y)
    with pytest.raises(ValueError, match="must be a built-in one"):
        model.save(tmp_path / "m.hbcd")
    assert not (tmp_path / "m.hbcd").exists()


# ---- raw units -----------------------------------------------------------------------------------


def by_hand(model, rows):
    """Predictions from `coefs_` and `intercepts_`, parts as dense matrices."""
    values = rows
    pairs = zip(model.coefs_, model.intercepts_, model.network_.layers[1:], strict=True)
    for weights, bias, layer in pairs:
        values, at = values @ weights + bias, 0
        for _, width, activation in getattr(layer, "blocks", [(0, len(bias), None)]):
            part = slice(at, at + width)
            activation = activation or layer.activation
            values[:, part] = applied(activation, values[:, part])
            at += width
    return values[:, 0]


@pytest.mark.parametrize("name", DENSE)
def test_coefficients_of_parts_are_a_dense_matrix_in_raw_units(name):
    model = fitted(name)
    np.testing.assert_allclose(by_hand(model, X), model.predict(X), rtol=1e-10)
    widths = [4, *model.network_.widths]
    assert [w.shape for w in model.coefs_] == list(itertools.pairwise(widths))


def test_what_stands_between_parts_is_exactly_zero():
    weights = fitted("of tanh").coefs_[0]
    assert not weights[0, 3:].any()
    assert not weights[1:, :3].any()
    assert weights[0, :3].all()
    assert weights[1:, 3:].all()


@pytest.mark.parametrize("name", ["shared", "ranges"])
def test_several_activations_in_a_layer_have_no_plain_pass_and_say_so(name):
    with pytest.raises(AttributeError, match=r"^coefs_: must have one activation in a layer"):
        _ = fitted(name).coefs_


@pytest.mark.parametrize("name", ["pieces", "pieces and members"])
def test_pieces_have_no_coefficients_and_say_so(name):
    model = fitted(name)
    for asked in ("coefs_", "intercepts_"):
        with pytest.raises(
            AttributeError, match=rf"{asked}: must be dense layers, network_\.layers\[1\]"
        ):
            getattr(model, asked)


# ---- training that goes on -----------------------------------------------------------------------


@EACH
def test_a_warm_start_on_rows_of_other_scales_begins_where_it_was(name):
    model = fitted(name, warm_start=True)
    rows = np.vstack([X[:40], 3.0 * X[:10] - 1.0])
    y = model.predict(rows)
    model.set_params(strategy=hbcd.FullBatch(hbcd.LBFGS())).fit(rows, y)
    assert model.report_.initial_loss <= 1e-20  # of targets with deviation 1


@pytest.mark.parametrize("name", DENSE)
def test_parameters_for_new_scales_predict_what_they_did(name):
    from hbcd.estimators.fitting.warm_start import rescaled
    from hbcd.utils.scaling import Scaler

    model = fitted(name)
    old = model.x_scaler_, model.y_scaler_
    new = (
        Scaler(old[0].mean * 1.1 + 0.5, old[0].scale * [2.0, 0.5, 3.0, 1.0]),
        Scaler(old[1].mean - 3.0, old[1].scale * 1.7),
    )
    theta, scalers = rescaled(model.network_, model.theta_, old, new)
    assert scalers[0] is new[0]
    out = model.network_.predict(theta, new[0].forward(X, np.float64))
    np.testing.assert_allclose(new[1].backward(out)[:, 0], model.predict(X), rtol=1e-10)


@EACH
def test_partial_fit_goes_on(name):
    model = hbcd.HybridRegressor(layers=LAYERS[name], **OPTIONS)
    losses = []
    for _ in range(4):
        model.partial_fit(X, Y)
        losses.append(model.score(X, Y))
    assert losses[-1] > losses[0]


@EACH
def test_a_feature_that_never_varied_has_no_influence(name):
    rows = np.array(X)
    rows[:, 1] = 3.0
    with pytest.warns(hbcd.ConstantFeatures, match="1 of 4 features"):
        model = fitted(name, rows=rows)
    moved = np.array(rows)
    moved[:, 1] = -1e6
    assert np.array_equal(model.predict(moved), model.predict(rows))
    if name in DENSE:
        assert not model.coefs_[0][1].any()
