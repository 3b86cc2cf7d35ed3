"""HybridRegressor among its peers: parameters, scikit-learn, copies, files, and every refusal."""

import copy
import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

import hbcd
from hbcd.estimators.parameters import NotFittedError
from support.regressors import FRAME, X, Y, regressor, sample

# ---- parameters -------------------------------------------------------------------------------


def test_parameters_are_stored_as_given_and_can_be_set():
    widths = [3, 2]
    model = hbcd.HybridRegressor(widths, max_time=1)
    assert model.get_params()["hidden_layer_sizes"] is widths
    assert model.set_params(max_time=2, dtype="float32") is model
    assert (model.get_params()["max_time"], model.dtype) == (2, "float32")
    with pytest.raises(ValueError, match="width=3: must be one of hidden_layer_sizes, "):
        model.set_params(width=3)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "HybridRegressor()"),
        ({"hidden_layer_sizes": (5,), "random_state": 1},
         "HybridRegressor(hidden_layer_sizes=(5,), random_state=1)"),
        ({"hidden_layer_sizes": np.array([5, 4])},
         "HybridRegressor(hidden_layer_sizes=array([5, 4]))"),
        ({"activation": hbcd.ReLU()}, "HybridRegressor(activation=ReLU())"),
    ],
)  # fmt: skip
def test_repr_shows_what_differs_from_the_defaults(options, text):
    assert repr(hbcd.HybridRegressor(**options)) == text


BAD_PARAMETERS = {
    "a width of 0": ({"hidden_layer_sizes": 0}, ValueError, "hidden_layer_sizes=0: width=0: must"),
    "truth": ({"hidden_layer_sizes": True}, TypeError, "'auto', 'grow', an integer or a sequence"),
    "text": ({"hidden_layer_sizes": "10"}, TypeError, "a sequence of integers"),
    "width 0": ({"hidden_layer_sizes": (3, 0)}, ValueError, r"\(3, 0\): width=0: must be at"),
    "width -1": ({"hidden_layer_sizes": (-1,)}, ValueError, "width=-1: must be at least 1"),
    "width 1.5": ({"hidden_layer_sizes": (1.5,)}, TypeError, "a sequence of integers"),
    "activation": ({"activation": "tan"}, ValueError, "activation='tan': must be .* 'tanh'"),
    "activations": ({"activation": ["tanh", "relu"]}, ValueError, "one per hidden layer, 1"),
    "activation 3": ({"activation": 3}, TypeError, "activation=3: must be a name"),
    "strategy": ({"strategy": "fsat"}, ValueError, "strategy='fsat': must be .* 'fast'"),
    "strategy 3": ({"strategy": 3}, TypeError, "strategy=3: must be a name"),
    "seed": ({"random_state": -1}, ValueError, "random_state=-1: must be between"),
    "seed text": ({"random_state": "a"}, TypeError, "random_state='a': must be"),
    "threads": ({"n_threads": 0}, ValueError, "n_threads=0: must be at least 1"),
    "threads 1.5": ({"n_threads": 1.5}, TypeError, "n_threads=1.5: must be an integer"),
    "dtype": ({"dtype": "int32"}, ValueError, "dtype='int32': must be 'auto', 'float64'"),
    "max_time": ({"max_time": 0}, ValueError, "max_time=0: must be greater than 0"),
    "max_time nan": ({"max_time": np.nan}, ValueError, "max_time=nan: must be finite"),
    "stop": ({"stop": 3}, TypeError, "stop=3: must be an hbcd.Stop"),
}


def snapshot(model):
    return model.theta_.tobytes(), model.predict(X).tobytes(), repr(model.report_)


@pytest.mark.parametrize("case", BAD_PARAMETERS, ids=str)
def test_bad_parameters_are_told_in_one_line_and_a_fitted_model_stays(case):
    options, kind, message = BAD_PARAMETERS[case]
    model = regressor().fit(X, Y)
    before = snapshot(model)
    model.set_params(**options)
    with pytest.raises(kind, match=message) as caught:
        model.fit(X, Y)
    assert "\n" not in str(caught.value)
    assert snapshot(model.set_params(**regressor().get_params())) == before


def put(table, place, value):
    changed = table.copy()
    changed[place] = value
    return changed


BAD_INPUT = {
    "NaN": (lambda: (put(X, (7, 1), np.nan), Y), "row 7, column 1 is missing"),
    "infinity": (lambda: (X, put(Y, 3, np.inf)), "y: row 3.* is infinite"),
    "lengths": (lambda: (X, Y[:10]), "y: has 10 rows, must have 150"),
    "one axis": (lambda: (X[:, 0], Y), "X: must have 2 axes"),
    "three axes": (lambda: (X, np.zeros((150, 1, 1))), "y: must have 2 axes"),
    "no rows": (lambda: (X[:0], Y[:0]), "X: has 0 rows"),
    "no columns": (lambda: (X[:, :0], Y), "X: has 0 columns"),
    "text": (lambda: (X, ["a"] * 150), r"y='a': must be a number \(row label 0\)"),
    "complex": (lambda: (X + 1j, Y), "X: Complex data not supported"),
    "empty frame": (lambda: (pd.DataFrame({"a": []}), []), "must have at least one row"),
    "weights": (lambda: (X, Y, np.ones(3)), r"sample_weight: has shape \(3,\)"),
    "negative weight": (lambda: (X, Y, -np.ones(150)), "sample_weight=-1: must be at least 0"),
    "no weight": (lambda: (X, Y, np.zeros(150)), "all weights are zero"),
    "eval_set": (lambda: (X, Y, None, X), "eval_set: must be a pair"),
    "eval_set columns": (lambda: (X, Y, None, (X[:, :2], Y)), "X: has 2 columns, must have 3"),
}


@pytest.mark.parametrize("case", BAD_INPUT, ids=str)
def test_bad_input_is_told_in_one_line_and_a_fitted_model_stays(case):
    make, message = BAD_INPUT[case]
    model = regressor().fit(X, Y)
    before = snapshot(model)
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        model.fit(*make())
    assert "\n" not in str(caught.value)
    assert snapshot(model) == before


def test_nothing_works_before_fit_and_scikit_learn_agrees(tmp_path):
    model = regressor()
    for use in (
        lambda: model.predict(X),
        lambda: model.score(X, Y),
        lambda: model.history_,
        lambda: model.save(tmp_path / "m.hbcd"),
    ):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            use()
    with pytest.raises(SklearnNotFittedError):
        check_is_fitted(model)
    check_is_fitted(model.fit(X, Y))
    assert not list(tmp_path.iterdir())


# ---- scikit-learn -----------------------------------------------------------------------------


def test_clone_has_the_parameters_and_no_memory():
    model = regressor(strategy=hbcd.FullBatch(), activation=hbcd.LeakyReLU(0.1)).fit(X, Y)
    twin = clone(model)
    assert repr(twin) == repr(model)
    assert not hasattr(twin, "theta_")
    assert is_regressor(twin)


def test_pipelines_searches_and_cross_validation_take_it():
    assert make_pipeline(StandardScaler(), regressor()).fit(X, Y).score(X, Y) > 0.9
    assert (cross_val_score(regressor(), X, Y, cv=3) > 0.8).all()
    widths = [(1,), (4,)]
    search = GridSearchCV(regressor(), {"hidden_layer_sizes": widths}, cv=3).fit(X, Y)
    assert search.best_params_ == {"hidden_layer_sizes": (4,)}
    assert search.best_estimator_.score(X, Y) > 0.9


# ---- copies and files -------------------------------------------------------------------------


def two_outputs():
    return np.column_stack([Y, X[:, 2] ** 2])


FITTED = {
    "array": (lambda: regressor().fit(X, Y), X),
    "table with text": (lambda: regressor().fit(FRAME, Y), FRAME),
    "several outputs": (lambda: regressor().fit(X, two_outputs()), X),
    "one column": (lambda: regressor().fit(X, Y[:, None]), X),
    "float32": (lambda: regressor(dtype="float32").fit(FRAME, Y), FRAME),
    "no hidden layer": (lambda: regressor(hidden_layer_sizes=()).fit(X, Y), X),
    "activations": (
        lambda: regressor(
            hidden_layer_sizes=(3, 3, 3, 3), activation=["relu", "sigmoid", "identity",
                                                         hbcd.LeakyReLU(0.2)]
        ).fit(X, Y),
        X,
    ),
    "strategy of parts": (lambda: regressor(strategy=hbcd.MiniBatch(hbcd.Adam())).fit(X, Y), X),
}  # fmt: skip


@pytest.mark.parametrize("case", FITTED, ids=str)
def test_copies_and_files_predict_bit_for_bit_the_same(case, tmp_path):
    make, rows = FITTED[case]
    model = make()
    model.save(tmp_path / "m.hbcd")
    expected = model.predict(rows)
    for other in (
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        copy.copy(model),
        hbcd.load(tmp_path / "m.hbcd"),
        hbcd.load(str(tmp_path / "m.hbcd")),
    ):
        assert other.predict(rows).tobytes() == expected.tobytes()
        assert other.predict(rows).shape == expected.shape
        assert other.theta_.dtype == model.theta_.dtype


def test_a_loaded_model_knows_how_it_was_trained_and_can_be_trained_again(tmp_path):
    model = regressor().fit(FRAME, Y)
    model.save(tmp_path / "m.hbcd")
    loaded = hbcd.load(tmp_path / "m.hbcd")
    for name in ("loss", "initial_loss", "phases", "n_fev", "n_iter", "seconds", "stop_reason"):
        assert getattr(loaded.report_, name) == getattr(model.report_, name)
    assert list(loaded.feature_names_in_) == list(model.feature_names_in_)
    assert list(loaded.history_.columns) == list(model.history_.columns)
    assert loaded.history_.empty  # the history is not in the file
    loaded.save(tmp_path / "again.hbcd")
    assert (tmp_path / "again.hbcd").read_bytes() == (tmp_path / "m.hbcd").read_bytes()
    again = loaded.set_params(random_state=0, n_threads=1).fit(FRAME, Y)
    assert np.array_equal(again.theta_, model.theta_)


def test_a_training_that_failed_can_be_saved_with_its_report(tmp_path):
    model = regressor(strategy="full_batch").fit(X, Y)
    model._set_report(dataclasses.replace(model.report_, initial_loss=np.inf, loss=np.nan))
    model.save(tmp_path / "m.hbcd")
    loaded = hbcd.load(tmp_path / "m.hbcd")
    assert np.isnan(loaded.report_.initial_loss)
    assert np.isnan(loaded.loss_)
    assert np.array_equal(loaded.predict(X), model.predict(X))


class Cube(hbcd.Activation):
    def forward(self, z, out):
        np.tanh(z, out=out)

    def backward(self, z, a, grad):
        grad *= 1 - a * a


def test_an_activation_of_ones_own_cannot_be_saved_and_nothing_is_lost(tmp_path):
    path = tmp_path / "m.hbcd"
    regressor().fit(X, Y).save(path)
    before = path.read_bytes()
    own = regressor(activation=Cube()).fit(*sample(40))
    with pytest.raises(ValueError, match=r"activation=.*Cube.*: must be a built-in one"):
        own.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.hbcd"]


def test_what_is_no_model_is_refused_naming_the_file(tmp_path):
    with pytest.raises(ValueError, match=r"none.hbcd: cannot be read"):
        hbcd.load(tmp_path / "none.hbcd")
    hbcd.model_files.file_format.write_model_file(
        tmp_path / "other.hbcd", {"theta": np.zeros(3)}, {"kind": "Other"}
    )
    with pytest.raises(ValueError, match=r"other.hbcd: is not a model of hbcd: kind='Other'"):
        hbcd.load(tmp_path / "other.hbcd")
