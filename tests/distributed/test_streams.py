"""A fit on several ranks that each read `Rows` has the bits of one on the table in memory."""

import hashlib
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.networks import stored_data
from hbcd.streams import rows_of_ranks
from support.plant_table import ROWS, SMALL, table
from support.thread_backend import on_threads, parts


@pytest.fixture(params=["parts", "files", "all in memory"])
def kept(request, monkeypatch):
    """How much memory ranks have."""
    if request.param != "all in memory":
        monkeypatch.setattr(rows_of_ranks, "WHOLE", 0)
        monkeypatch.setattr(stored_data, "SMALL", 1 << 10)
    return "10M" if request.param == "parts" else SMALL if request.param == "files" else "1G"


def bits(model):
    numbers = model.theta_, model.x_scaler_.mean, model.x_scaler_.scale, model.y_scaler_.scale
    return hashlib.sha256(b"".join(one.tobytes() for one in numbers)).hexdigest()


def check(frame, estimator, sizes=(2, 3, 7), memory=SMALL, weight=None):
    """The estimator is the same however many ranks read the frame; that in memory is returned."""
    names = [name for name in ("power", weight) if name]
    weights = None if weight is None else frame[weight]
    expected = estimator().fit(frame.drop(columns=names), frame["power"], weights)
    for size in sizes:
        cut = parts(len(frame), size)

        def fit(backend, cut=cut):
            rows = hbcd.Rows(frame.iloc[cut[backend.rank]], "power", weight, memory=memory)
            model = estimator().set_params(backend=backend).fit(rows)
            assert model.encoder_ == expected.encoder_ or expected.encoder_ is None
            return bits(model)

        assert on_threads(size, fit) == [bits(expected)] * size, size
    return expected


def wide_table(rows=ROWS):
    """Numbers, text, gaps, dates, of which some ranks have nothing."""
    generator = np.random.default_rng(0)
    frame = table(np.float64)[:rows]
    frame["fuel"] = np.array(["gas", "oil", "coal"])[np.arange(rows) * 3 // rows]
    frame["when"] = pd.date_range("2024-01-01", periods=rows, freq="7min")
    frame.loc[generator.integers(rows // 2, rows, rows // 10), "c"] = np.nan
    frame.loc[generator.integers(0, 100, 20), "fuel"] = None
    return frame


WIDE = {"missing": "indicator", "dates": "features", "max_iter": 20, "random_state": 0}
SETTINGS = {
    "fast": {"strategy": "fast", "max_iter": 30},
    "paper": {"hidden_layer_sizes": (4, 3), "strategy": "paper", "max_iter": 200},
    "bcd": {"hidden_layer_sizes": (4, 3), "strategy": "bcd", "max_iter": 30},
    "batch_shell": {"hidden_layer_sizes": (4, 3), "strategy": "batch_shell", "max_iter": 60},
    "float64": {"dtype": "float64", "max_iter": 20},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_ranks_that_read_have_the_bits_of_one_in_memory(kept, name):
    settings = {"hidden_layer_sizes": (4,), "random_state": 1, **SETTINGS[name]}
    check(table(), lambda: hbcd.HybridRegressor(**settings), memory=kept)


def test_members_have_the_bits_of_one_in_memory(kept):
    check(table(), lambda: hbcd.HybridRegressor(effort=0.01, random_state=1), (3,), kept)


OPTIONS = {
    "a share held out": {"validation_fraction": 0.2},
    "held out by a metric": {"early_stopping": "r2"},
    "rows named": {"validation_fraction": (np.arange(4000, ROWS), np.arange(4000))},
    "a chosen penalty": {"alpha": "cv", "strategy": "fast"},
    "medians": {"loss": "huber"},
    "targets in memory": {"target_transform": "yeo-johnson"},
    "several starts": {"strategy": "multi_start"},
}


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("name", OPTIONS)
def test_options_have_the_bits_of_one_in_memory(name):
    settings = {"hidden_layer_sizes": (4,), "random_state": 1, "max_iter": 20, **OPTIONS[name]}
    check(table(), lambda: hbcd.HybridRegressor(**settings), (2, 3))


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_rank_may_have_some_of_the_classes_alone(classes, class_weight):
    frame = table().sort_values("power", ignore_index=True)
    ends = np.quantile(frame["power"], np.arange(1, classes) / classes)
    frame["power"] = np.array(["low", "mid", "top"])[np.searchsorted(ends, frame["power"])]
    settings = {"max_iter": 20, "random_state": 0, "class_weight": class_weight}
    check(frame, lambda: hbcd.HybridClassifier((4,), **settings))


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("zeros", [False, True])
def test_weights_are_those_of_all_ranks(zeros):
    weight = np.random.default_rng(3).uniform(0.5, 3.0, ROWS)
    weight[3000:6000:2] *= not zeros
    check(
        table().assign(w=weight),
        lambda: hbcd.HybridRegressor((4,), max_iter=20, random_state=0),
        weight="w",
    )


@pytest.mark.usefixtures("apart")
def test_levels_gaps_and_dates_are_those_of_all_ranks():
    check(wide_table(), lambda: hbcd.HybridRegressor((4,), **WIDE))


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("task", ["numbers", "classes"])
def test_each_rank_reads_its_part_of_a_folder(kind, task, tmp_path):
    frame, ends = wide_table(5000), (0, 100, 3000, 3001, 5000)
    if task == "classes":
        frame["power"] = np.where(frame["power"] > 1, "high", np.where(frame.a > 0, "mid", "low"))
    for k, (begin, end) in enumerate(pairwise(ends)):
        own = frame[begin:end]
        if kind == "parquet":
            own.to_parquet(tmp_path / f"{k}.parquet", row_group_size=400)
        else:
            own.to_csv(tmp_path / f"{k}.csv", index=False)
    estimator = hbcd.HybridRegressor if task == "numbers" else hbcd.HybridClassifier
    expected = bits(estimator((4,), **WIDE).fit(frame.drop(columns="power"), frame["power"]))
    for size in (1, 2, 3, 4, 7):

        def fit(backend, size=size):
            rows = hbcd.Rows(tmp_path, "power", memory=SMALL).part(backend.rank, size)
            return bits(estimator((4,), **WIDE, backend=backend).fit(rows))

        assert on_threads(size, fit) == [expected] * size, size


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
def test_training_that_goes_on_has_the_bits_of_one_in_memory(how):
    first, second = table()[:4000], table()[4000:]

    def train(model, rows_of):
        for frame in (first, second):
            own = rows_of(frame)
            model = getattr(model, "fit" if how == "warm_start" else how)(*own)
        return bits(model)

    def made(backend):
        goes_on = {"warm_start": True} if how == "warm_start" else {}
        return hbcd.HybridRegressor((4,), max_iter=8, random_state=0, backend=backend, **goes_on)

    expected = train(made(None), lambda one: (one.drop(columns="power"), one["power"]))
    for size in (2, 3):

        def go_on(backend, size=size):
            def own(frame):
                return (hbcd.Rows(frame, "power", memory=SMALL).part(backend.rank, size),)

            return train(made(backend), own)

        assert on_threads(size, go_on) == [expected] * size, size


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("scale", [1e-170, 1e170])
def test_columns_of_extreme_scale_have_the_bits_of_one_in_memory(scale):
    frame = table(np.float64)
    frame["a"] *= scale
    check(frame, lambda: hbcd.HybridRegressor((4,), max_iter=10, random_state=0), (3,))


@pytest.mark.usefixtures("apart")
def test_numbers_of_ranks_have_the_precision_of_the_finest():
    x = np.random.default_rng(0).standard_normal((ROWS, 3)) * np.pi
    y = np.tanh(x[:, 0])
    pairs = [(x[:3000].astype("f4"), y[:3000]), (x[3000:], y[3000:].astype("f4"))]
    whole = [np.concatenate([pair[k] for pair in pairs]) for k in (0, 1)]
    expected = bits(hbcd.HybridRegressor((4,), max_iter=10, random_state=0).fit(*whole))

    def fit(backend):
        rows = hbcd.Rows(pairs[backend.rank], memory=SMALL)
        model = hbcd.HybridRegressor((4,), max_iter=10, random_state=0, backend=backend)
        return bits(model.fit(rows))

    assert on_threads(2, fit) == [expected] * 2


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("read", ["both", "those to train on", "those held out"])
def test_held_out_rows_are_read_by_ranks(read):
    frame, other = table(), table()[::-1][:2000]
    settings = {"max_iter": 20, "random_state": 0, "early_stopping": "r2"}

    def plain(one):
        return one.drop(columns="power"), one["power"]

    expected = hbcd.HybridRegressor((4,), **settings).fit(*plain(frame), eval_set=plain(other))
    cut, held_cut = parts(ROWS, 3), parts(2000, 3)

    def fit(backend):
        own, apart = frame.iloc[cut[backend.rank]], other.iloc[held_cut[backend.rank]]
        x = plain(own) if read == "those held out" else [hbcd.Rows(own, "power", memory=SMALL)]
        held = hbcd.Rows(apart, "power", memory=SMALL)
        held = plain(apart) if read == "those to train on" else held
        model = hbcd.HybridRegressor((4,), **settings, backend=backend)
        return bits(model.fit(*x, eval_set=held))

    assert on_threads(3, fit) == [bits(expected)] * 3


@pytest.mark.usefixtures("apart")
def test_a_network_trains_on_rows_of_ranks():
    x = np.random.default_rng(0).standard_normal((ROWS, 3))
    y = np.tanh(x[:, :1])
    network = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4), hbcd.OutputLayer(1)])
    theta, stop = network.init(0), hbcd.Stop(max_iterations=20)
    expected = network.train(theta, x, y, eval_set=(x[:500], y[:500]), stop=stop).theta.tobytes()
    cut, held = parts(ROWS, 3), parts(500, 3)

    def train(backend):
        own, apart = cut[backend.rank], held[backend.rank]
        rows = hbcd.Rows((x[own], y[own]), memory=SMALL)
        other = hbcd.Rows((x[apart], y[apart]), memory=SMALL)
        report = network.train(theta, rows, eval_set=other, stop=stop, backend=backend)
        return report.theta.tobytes()

    assert on_threads(3, train) == [expected] * 3
