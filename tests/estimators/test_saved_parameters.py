"""A model that was loaded has the parameters of the one that was saved: `fit` does the same."""

import json

import numpy as np
import pytest

import hbcd
from hbcd.model_files import file_format

RNG = np.random.default_rng(3)
X = RNG.normal(size=(80, 3))
Y = np.exp(X[:, 0] + 0.3 * X[:, 1])
LABELS = np.where(X[:, 0] > 0, "yes", "no")
FAST = {"effort": 0.05, "random_state": 0, "n_threads": 1}


def saved(model, folder, *trusted):
    model.save(folder / "m.hbcd")
    return hbcd.load(folder / "m.hbcd", trusted)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (hbcd.HybridRegressor(**FAST), Y),
        (hbcd.HybridRegressor((4, 3), members=2, **FAST), Y),
        (hbcd.HybridRegressor((4,), target_transform="log", random_state=1), Y),
        (hbcd.HybridRegressor(strategy=hbcd.MiniBatch(hbcd.Adam(0.01), epochs=5)), Y),
        (hbcd.HybridClassifier(**FAST, class_weight={"yes": 2, "no": 1.0}), LABELS),
    ],
    ids=["members", "widths and members", "one network", "strategy of parts", "classes"],
)
def test_another_fit_of_a_loaded_model_is_that_of_the_saved_one(model, y, tmp_path):
    model.set_params(random_state=4).fit(X, y)
    loaded = saved(model, tmp_path)
    assert loaded.get_params() == model.get_params()
    loaded.fit(X[:70], y[:70])
    model.fit(X[:70], y[:70])
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert loaded.members_.equals(model.members_)


OPTIONS = {
    "hidden_layer_sizes": [(3, 2), [3, 2], 4, np.int64(4)],
    "activation": ["relu", ["relu", "tanh"], hbcd.LeakyReLU(0.2), ("tanh", hbcd.LeakyReLU(0.2))],
    "strategy": [
        "bcd",
        hbcd.Hybrid.auto(),
        hbcd.Hybrid.paper(),
        hbcd.MultiStart(hbcd.FullBatch(hbcd.BFGS()), starts=2),
        hbcd.Grow(activations=(hbcd.ReLU(),)),
        hbcd.BatchShell(hbcd.ExactOutput(hbcd.LBFGS()), hbcd.PingPong(), hbcd.GradientNorm()),
    ],
    "loss": ["huber", hbcd.Huber(2.0)],
    "alpha": [0.5, "cv", np.float32(0.5)],
    "stop": [hbcd.Stop(f_tol=None, max_seconds=9.0)],
    "early_stopping": [True, "r2", hbcd.EarlyStopping("mae", patience=3)],
    "output_range": [None, (-1.0, 9), [0, 20.0]],
    "validation_fraction": [None, 0.25, ([0, 1, 2], [3, 4])],
    "dtype": ["float32"],
    "verbose": [2],
    "warm_start": [True],
    "max_time": [7.5],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in OPTIONS.items() for value in values]
)
def test_every_parameter_of_hbcds_own_kinds_comes_back_equal(name, value, tmp_path):
    model = hbcd.HybridRegressor((3, 2), max_iter=3, random_state=0).fit(X, Y)
    model.set_params(**{name: value})
    found = getattr(saved(model, tmp_path), name)
    assert found == value
    if not isinstance(value, np.generic):
        assert type(found) is type(value)


class Split:
    def split(self, X, y=None, groups=None):
        yield np.arange(60), np.arange(60, 80)


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("callbacks", print, None),
        ("validation_fraction", Split(), "auto"),
        ("random_state", np.random.default_rng(0), None),
        ("validation_fraction", (np.arange(60), np.arange(60, 80)), "auto"),
        ("alpha", float("inf"), 0.0),
    ],
)
def test_what_no_file_can_hold_is_left_out_and_the_model_saved(name, value, instead, tmp_path):
    model = hbcd.HybridRegressor((3, 2), max_iter=3, max_time=5).fit(X, Y)
    loaded = saved(model.set_params(**{name: value}), tmp_path)
    assert getattr(loaded, name) == instead
    assert loaded.max_time == 5
    assert np.array_equal(loaded.predict(X), model.predict(X))


def test_a_file_without_parameters_is_read_as_ever(tmp_path):
    model = hbcd.HybridRegressor((3, 2), "relu", random_state=5, max_iter=3, loss="huber")
    model.fit(X, Y).save(tmp_path / "m.hbcd")
    arrays, document = file_format.read_model_file(tmp_path / "m.hbcd")
    del document["parameters"]
    file_format.write_model_file(tmp_path / "old.hbcd", arrays, document)
    old = hbcd.load(tmp_path / "old.hbcd")
    assert (old.hidden_layer_sizes, old.activation, old.loss) == ((3, 2), "relu", "huber")
    assert (old.dtype, old.alpha, old.random_state) == ("float64", 0.0, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"part": "os.system", "arguments": {}},
        {"part": "Huber", "arguments": {"delta": -1.0}},
        {"part": "Huber", "arguments": {"other": 1.0}},
        {"set": [1]},
        [1],
        json.loads('{"list": [' * 40 + "1" + "]}" * 40),
    ],
    ids=["no part", "bad argument", "unknown argument", "no kind", "bare list", "too deep"],
)
def test_a_file_of_other_values_is_refused(wrong, tmp_path):
    hbcd.HybridRegressor((3,), max_iter=2).fit(X, Y).save(tmp_path / "m.hbcd")
    arrays, document = file_format.read_model_file(tmp_path / "m.hbcd")
    document["parameters"]["loss"] = wrong
    file_format.write_model_file(tmp_path / "bad.hbcd", arrays, document)
    with pytest.raises(ValueError, match=r"bad.hbcd: is not a model of hbcd: .+"):
        hbcd.load(tmp_path / "bad.hbcd")


def test_a_parameter_of_a_later_version_does_not_keep_a_model_from_predicting(tmp_path):
    model = hbcd.HybridRegressor((3,), max_iter=2).fit(X, Y)
    model.save(tmp_path / "m.hbcd")
    arrays, document = file_format.read_model_file(tmp_path / "m.hbcd")
    document["parameters"]["of_a_later_version"] = True
    file_format.write_model_file(tmp_path / "later.hbcd", arrays, document)
    assert np.array_equal(hbcd.load(tmp_path / "later.hbcd").predict(X), model.predict(X))
