"""A fit on rows that are read has the bits of a fit on the same table in memory."""

import hashlib

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.files import read_table

ROWS, COLUMNS = 9000, 4
SMALL = "60K"  # a tenth of the table, about


def table(rows=ROWS, dtype=np.float32, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((rows, COLUMNS)).astype(dtype)
    noise = 0.1 * generator.standard_normal(rows)
    frame = pd.DataFrame(x, columns=[f"c{k}" for k in range(COLUMNS)])
    frame["power"] = (np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + noise).astype(dtype)
    return frame


def bits(model):
    return hashlib.sha256(model.theta_.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plant")
    frame = table()
    for k, begin in enumerate((0, 1000, 5003)):
        end = (1000, 5003, ROWS)[k]
        frame.iloc[begin:end].to_parquet(folder / f"part{k}.parquet", row_group_size=700)
    return str(folder / "*.parquet")


def in_memory(model, frame=None, weight=None):
    frame = table() if frame is None else frame
    return model.fit(frame.drop(columns="power"), frame["power"], weight)


SETTINGS = {
    "fast": {"hidden_layer_sizes": (4,), "strategy": "fast", "max_iter": 30},
    "paper": {"hidden_layer_sizes": (4, 3), "strategy": "paper", "max_iter": 200},
    "bcd": {"hidden_layer_sizes": (4, 3), "strategy": "bcd", "max_iter": 30},
    "batch_shell": {"hidden_layer_sizes": (4, 3), "strategy": "batch_shell", "max_iter": 60},
    "mini_batch": {"hidden_layer_sizes": (4,), "strategy": "mini_batch", "max_iter": 300},
    "alpha": {"strategy": "fast", "alpha": "cv", "max_iter": 30},
    "held out": {"hidden_layer_sizes": (4,), "validation_fraction": 0.2, "max_iter": 30},
    "early": {"hidden_layer_sizes": (4,), "early_stopping": "r2", "max_iter": 30},
    "starts": {
        "hidden_layer_sizes": (4,),
        "strategy": "multi_start",
        "max_iter": 60,
        "n_threads": 4,
    },
    "targets": {"effort": 0.01, "target_transform": "yeo-johnson"},
    "targets of one": {
        "hidden_layer_sizes": (4,),
        "target_transform": "yeo-johnson",
        "max_iter": 20,
    },
    "robust": {"hidden_layer_sizes": (4,), "loss": "huber", "max_iter": 20},
    "float64": {"hidden_layer_sizes": (4,), "dtype": "float64", "max_iter": 20},
    "members": {"effort": 0.01, "max_time": None},
    "pieces": {"effort": 0.01, "encoding": "pieces"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_no_memory_limit_changes_the_bits(name, parquet):
    settings = {"random_state": 1, **SETTINGS[name]}
    expected = in_memory(hbcd.HybridRegressor(**settings))
    for memory in (SMALL, "1G"):
        rows = hbcd.Rows(parquet, target="power", memory=memory)
        found = hbcd.HybridRegressor(**settings).fit(rows)
        assert bits(found) == bits(expected), memory
        assert found.loss_ == expected.loss_


def test_no_number_of_threads_changes_the_bits(parquet):
    rows = hbcd.Rows(parquet, target="power", memory=SMALL)
    found = {
        bits(hbcd.HybridRegressor((4,), max_iter=20, random_state=0, n_threads=k).fit(rows))
        for k in (1, 2, 4)
    }
    assert len(found) == 1


def test_no_size_of_pieces_changes_the_bits(parquet):
    settings = {"hidden_layer_sizes": (4,), "max_iter": 20, "random_state": 0}
    found = set()
    for size in (1, 700, 10**6):
        rows = hbcd.Rows(parquet, target="power", memory=SMALL)
        rows.piece_rows = size if size > 1 else 257
        found.add(bits(hbcd.HybridRegressor(**settings).fit(rows)))
    assert found == {bits(in_memory(hbcd.HybridRegressor(**settings)))}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_classes_have_the_bits_of_a_table_in_memory(classes, class_weight):
    frame = table()
    ends = np.quantile(frame["power"], np.arange(1, classes) / classes)
    frame["power"] = np.array(["low", "mid", "top"])[np.searchsorted(ends, frame["power"])]
    settings = {"max_iter": 20, "random_state": 0, "class_weight": class_weight}
    expected = in_memory(hbcd.HybridClassifier((4,), **settings), frame)
    rows = hbcd.Rows(frame, target="power", memory=SMALL)
    found = hbcd.HybridClassifier((4,), **settings).fit(rows)
    assert bits(found) == bits(expected)
    assert found.classes_.tolist() == expected.classes_.tolist()
    truth = frame["power"].to_numpy()
    assert (found.predict(rows) == expected.predict(frame.drop(columns="power"))).all()
    assert found.score(rows) == expected.score(frame.drop(columns="power"), truth)


@pytest.mark.parametrize("zeros", [False, True])
def test_weights_have_the_bits_of_a_table_in_memory(zeros):
    frame = table()
    weight = np.random.default_rng(3).uniform(0.5, 3.0, ROWS)
    if zeros:
        weight[::7] = 0.0
    model = hbcd.HybridRegressor((4,), max_iter=20, random_state=0)
    expected = bits(in_memory(model, frame, weight))
    rows = hbcd.Rows(frame.assign(w=weight), "power", "w", memory=SMALL)
    assert bits(model.fit(rows)) == expected
    assert bits(model.fit(hbcd.Rows(frame, "power", weight, memory=SMALL))) == expected


def test_levels_gaps_and_dates_have_the_bits_of_a_table_in_memory(tmp_path):
    generator = np.random.default_rng(0)
    frame = table(dtype=np.float64)
    frame["fuel"] = np.array(["gas", "oil", "coal"])[generator.integers(0, 3, ROWS)]
    frame["on"] = generator.integers(0, 2, ROWS) > 0
    frame["when"] = pd.date_range("2024-01-01", periods=ROWS, freq="7min")
    frame.loc[generator.integers(0, ROWS, 900), "c1"] = np.nan
    frame.loc[generator.integers(4000, ROWS, 90), "fuel"] = None
    settings = {"missing": "indicator", "dates": "features", "max_iter": 20, "random_state": 0}
    frame.to_parquet(tmp_path / "all.parquet")
    frame.to_csv(tmp_path / "all.csv", index=False)
    for source in (tmp_path / "all.parquet", tmp_path / "all.csv", frame):
        whole = frame if source is frame else read_table(source)
        expected = in_memory(hbcd.HybridRegressor((4,), **settings), whole)
        rows = hbcd.Rows(source, target="power", memory=SMALL)
        found = hbcd.HybridRegressor((4,), **settings).fit(rows)
        assert found.encoder_ == expected.encoder_
        assert bits(found) == bits(expected)
        np.testing.assert_array_equal(
            found.predict(rows), expected.predict(whole.drop(columns="power"))
        )


def test_held_out_rows_may_be_read(parquet):
    other = table(2000, seed=5)
    settings = {"max_iter": 20, "random_state": 0}
    frame = table()
    expected = hbcd.HybridRegressor((4,), **settings).fit(
        frame.drop(columns="power"),
        frame["power"],
        eval_set=(other.drop(columns="power"), other["power"]),
    )
    rows = hbcd.Rows(parquet, target="power", memory=SMALL)
    held = hbcd.Rows(other, target="power", memory=SMALL)
    found = hbcd.HybridRegressor((4,), **settings).fit(rows, eval_set=held)
    assert bits(found) == bits(expected)


def test_a_network_trains_on_rows_as_on_arrays():
    x = np.random.default_rng(0).standard_normal((ROWS, 3))
    y = np.tanh(x[:, :1])
    layers = [hbcd.InputLayer(3), hbcd.HiddenLayer(4), hbcd.OutputLayer(1)]
    network = hbcd.Network(layers)
    theta = network.init(np.random.default_rng(0))
    stop = hbcd.Stop(max_iterations=20)
    expected = network.train(theta, x, y, stop=stop)
    rows = hbcd.Rows((x, y), memory=SMALL)
    found = network.train(theta, rows, stop=stop, eval_set=None)
    assert (found.theta == expected.theta).all()


def test_training_goes_on_with_rows(parquet):
    frame = table()
    rows = hbcd.Rows(parquet, target="power", memory=SMALL)
    for warm in (True, False):
        models = [hbcd.HybridRegressor((4,), max_iter=10, random_state=0) for _ in range(2)]
        for model in models:
            model.fit(frame.drop(columns="power")[:2000], frame["power"][:2000])
            model.warm_start = warm
        if warm:
            in_memory(models[0])
            models[1].fit(rows)
        else:
            models[0].partial_fit(frame.drop(columns="power"), frame["power"])
            models[1].partial_fit(rows)
        assert bits(models[0]) == bits(models[1])
