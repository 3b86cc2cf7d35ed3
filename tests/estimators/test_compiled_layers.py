"""A compiled layer in `layers=` of an estimator: all that an estimator is, by its class's name."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import hbcd
from support.compiled_parts import Loaded, Quadratic, compiled_layer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] + 0.5 * X[:, 1] ** 2
QUICK = {"random_state": 0, "max_fun": 300, "n_threads": 2}
NAME = f"{Loaded.__module__}.Loaded"
LAYERS = {
    "first": lambda part: [part(), hbcd.HiddenLayer(4)],
    "in the middle": lambda part: [hbcd.HiddenLayer(3), part(), hbcd.OutputLayer()],
    "alone": lambda part: [part()],
}
KINDS = {"regressor": (hbcd.HybridRegressor, Y), "classifier": (hbcd.HybridClassifier, Y > 0.3)}


@pytest.fixture(params=LAYERS)
def layers(request):
    return LAYERS[request.param](Loaded)


@pytest.fixture(params=KINDS)
def kind_and_target(request):
    return KINDS[request.param]


def test_an_estimator_with_a_compiled_layer_computes_what_one_in_python_does(kind_and_target):
    kind, y = kind_and_target
    for make in LAYERS.values():
        one = kind(layers=make(Loaded), **QUICK).fit(X, y)
        other = kind(layers=make(Quadratic), **QUICK).fit(X, y)
        assert not one.network_.core_network(np.float64).calls_python
        assert other.network_.core_network(np.float64).calls_python
        first = other.network_.predict(one.theta_, one.x_scaler_.forward(X, np.float64))
        second = one.network_.predict(one.theta_, one.x_scaler_.forward(X, np.float64))
        np.testing.assert_allclose(first, second, rtol=1e-10, atol=1e-12)
        assert abs(one.score(X, y) - other.score(X, y)) < 0.1  # rounding takes other ways


def test_it_fits_and_is_the_same_after_every_way_to_keep_it(kind_and_target, layers, tmp_path):
    kind, y = kind_and_target
    model = kind(layers=layers, **QUICK).fit(X, y)
    assert model.score(X, y) > 0.7
    path = tmp_path / "m.hbcd"
    model.save(path)
    joblib.dump(model, tmp_path / "m.joblib")
    kept = {
        "file": hbcd.load(path, trusted=[Loaded]),
        "file by name": hbcd.load(path, trusted=NAME),
        "pickle": pickle.loads(pickle.dumps(model)),
        "joblib": joblib.load(tmp_path / "m.joblib"),
        "copy": copy.deepcopy(model),
        "cloned and fitted again": clone(model).fit(X, y),
    }
    for way, again in kept.items():
        assert again.predict(X).tobytes() == model.predict(X).tobytes(), way
        assert [type(one) for one in again.network_.layers] == [
            type(one) for one in model.network_.layers
        ]
        assert not again.network_.core_network(np.float64).calls_python
    if kind is hbcd.HybridClassifier:
        assert kept["file"].predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    # Training goes on with the layers of the file.
    again = kept["file"].set_params(warm_start=True, **QUICK).fit(X, y)
    assert again.report_.loss <= again.report_.initial_loss
    again.partial_fit(X, y)


def test_a_file_is_loaded_only_where_the_class_is_trusted(kind_and_target, tmp_path):
    kind, y = kind_and_target
    kind(layers=[Loaded()], **QUICK).fit(X, y).save(tmp_path / "m.hbcd")
    for wrong in ((), [Quadratic], ["os.system"]):
        with pytest.raises(ValueError, match=f"{NAME}.*trusted="):
            hbcd.load(tmp_path / "m.hbcd", trusted=wrong)


@pytest.mark.parametrize("place", [0, 1])
def test_addresses_alone_can_be_fitted_and_not_kept(kind_and_target, place, tmp_path):
    kind, y = kind_and_target
    part = compiled_layer(Quadratic())
    given = [part] if place == 0 else [hbcd.HiddenLayer(2), part]
    model = kind(layers=given, **QUICK).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(ValueError, match=rf"^layers\[{place}\]: a CompiledLayer cannot be saved"):
        model.save(tmp_path / "m.hbcd")
    assert not (tmp_path / "m.hbcd").exists()
    with pytest.raises(TypeError, match="CompiledLayer"):
        pickle.dumps(model)


@pytest.mark.thread_unsafe(reason="joblib keeps one pool of processes")
def test_folds_and_other_processes_take_it(kind_and_target):
    kind, y = kind_and_target
    model = kind(layers=[Loaded(), hbcd.HiddenLayer(3)], **QUICK)
    one, two = (cross_val_score(model, X, y, cv=3, n_jobs=jobs) for jobs in (1, 2))
    assert one.tolist() == two.tolist()
