"""`feature_range_`: the ends of every column of numbers in the training rows, in its unit."""

import pickle

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.estimators.fitting import fit_on_ranks
from support.thread_backend import on_threads, parts

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


def rows(n=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) * [1.0, 1e-9, 300.0] + [0.0, 0.0, 1013.0]
    return x, x[:, 0] + np.sin(x[:, 2])


def ends(x):
    return np.array([x.min(axis=0), x.max(axis=0)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
def test_it_is_the_ends_of_the_training_rows_alone(kind, dtype):
    x, y = rows()
    y = y if kind is hbcd.HybridRegressor else (y > 0)
    weight = np.ones(300)
    weight[:5] = 0
    x[:5] = 1e6  # not there
    held = x[200:] * 50, y[200:]
    model = kind(**QUICK, dtype=dtype).fit(x, y, weight, eval_set=held)
    np.testing.assert_array_equal(model.feature_range_, ends(x[5:]))
    assert model.feature_range_.dtype == np.float64


def test_members_and_a_table_of_small_numbers_have_it_too():
    x, y = rows()
    x32 = x.astype(np.float32)
    model = hbcd.HybridRegressor(effort=0.01, random_state=0).fit(x32, y)
    np.testing.assert_array_equal(model.feature_range_, ends(x32.astype(np.float64)))


def mixed(n=400, seed=0):
    x, y = rows(n, seed)
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame.insert(0, "fuel", np.array(["gas", "oil", "coal"])[rng.integers(0, 3, n)])
    frame.insert(2, "when", pd.date_range("2024-01-01", periods=n, freq="7min"))
    frame.insert(4, "on", rng.integers(0, 2, n) > 0)
    frame["still"] = 4.5
    frame.loc[rng.integers(0, n, 30), "b"] = np.nan
    frame["y"] = y
    return frame


SETTINGS = QUICK | {"missing": "indicator", "dates": "features"}


def wanted(frame):
    numbers = frame.drop(columns="y")
    own = np.full((2, numbers.shape[1]), np.nan)
    for k, name in enumerate(numbers):
        if name in ("a", "b", "c", "still"):
            own[:, k] = numbers[name].min(), numbers[name].max()
    return own


@pytest.mark.filterwarnings("ignore::hbcd.ConstantFeatures")
def test_columns_that_are_no_numbers_have_none_and_gaps_do_not_count(tmp_path):
    frame = mixed()
    model = hbcd.HybridRegressor(**SETTINGS).fit(frame.drop(columns="y"), frame["y"])
    assert model.feature_range_.shape == (2, model.n_features_in_) == (2, 7)
    np.testing.assert_array_equal(model.feature_range_, wanted(frame))
    model.save(tmp_path / "model.hbcd")
    for copy in (hbcd.load(tmp_path / "model.hbcd"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copy.feature_range_, model.feature_range_)


def test_an_array_with_gaps_has_it():
    x, y = rows()
    wanted = ends(x[10:])
    x[:10, 1] = np.nan
    wanted[:, [0, 2]] = ends(x)[:, [0, 2]]
    model = hbcd.HybridRegressor(**QUICK, missing="indicator").fit(x, y)
    np.testing.assert_array_equal(model.feature_range_, wanted)


@pytest.mark.filterwarnings("ignore::hbcd.ConstantFeatures")
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_rows_that_are_read_have_that_of_their_table(kind, tmp_path):
    frame = mixed(3000)
    path = tmp_path / f"all.{kind}"
    if kind == "parquet":
        pytest.importorskip("pyarrow", reason="reads parquet")
    _ = frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    model = hbcd.HybridRegressor(**SETTINGS).fit(hbcd.Rows(path, target="y", memory="40K"))
    # What pandas 2.1 reads from a csv may differ from what was written in the last bit.
    rtol = 4e-16 if kind == "csv" else 0
    np.testing.assert_allclose(model.feature_range_, wanted(frame), rtol=rtol)


@pytest.mark.parametrize("placed", ["rows on every rank", "rows where they are"])
def test_ranks_have_that_of_all_rows(placed, monkeypatch):
    if placed == "rows where they are":
        monkeypatch.setattr(fit_on_ranks, "WHOLE", 0)
    x, y = rows(3000)
    cut = parts(3000, 3)

    def fit(ranks):
        model = hbcd.HybridRegressor(**QUICK, backend=ranks)
        return model.fit(x[cut[ranks.rank]], y[cut[ranks.rank]]).feature_range_

    for found in on_threads(3, fit):
        np.testing.assert_array_equal(found, ends(x))


@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
def test_training_that_goes_on_widens_it(how):
    (x, y), (x2, y2) = rows(), rows(50, 1)
    x2[0, 0], x2[1, 2] = -70.0, 1e5
    model = hbcd.HybridRegressor(**QUICK, warm_start=how == "warm_start").fit(x, y)
    getattr(model, "partial_fit" if how == "partial_fit" else "fit")(x2, y2)
    np.testing.assert_array_equal(model.feature_range_, ends(np.concatenate([x, x2])))


def test_a_new_fit_begins_anew_and_a_failed_one_changes_nothing():
    (x, y), (x2, y2) = rows(), rows(50, 1)
    model = hbcd.HybridRegressor(**QUICK)
    with pytest.raises(AttributeError):
        _ = model.feature_range_
    model.fit(x, y)
    with pytest.raises(ValueError, match="y"):
        model.fit(x2 * 100, y2[:-1])
    np.testing.assert_array_equal(model.feature_range_, ends(x))
    np.testing.assert_array_equal(model.fit(x2, y2).feature_range_, ends(x2))


def test_a_model_that_does_not_know_it_has_none_and_what_goes_on_from_it_neither(tmp_path):
    x, y = rows()
    model = hbcd.HybridRegressor(**QUICK).fit(x, y)
    del model._feature_range  # as a pickle or a file of builds before 0.1.0
    model.save(tmp_path / "old.hbcd")
    old = hbcd.load(tmp_path / "old.hbcd")
    for one in (model, old, old.partial_fit(x, y)):
        assert one.feature_range_.shape == (2, 3)
        assert np.isnan(one.feature_range_).all()


@pytest.mark.parametrize("wrong", [np.zeros((2, 2)), np.array([[1.0] * 3, [0.0] * 3])])
def test_a_file_of_wrong_ends_is_refused(wrong, tmp_path):
    x, y = rows()
    model = hbcd.HybridRegressor(**QUICK).fit(x, y)
    model._feature_range = wrong
    model.save(tmp_path / "model.hbcd")
    with pytest.raises(ValueError, match="feature_range: must be 3 least, greatest values"):
        hbcd.load(tmp_path / "model.hbcd")


def test_changing_what_is_returned_changes_no_model():
    x, y = rows()
    model = hbcd.HybridRegressor(**QUICK).fit(x, y)
    model.feature_range_[:] = 0
    np.testing.assert_array_equal(model.feature_range_, ends(x))
