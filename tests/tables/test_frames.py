"""Tables of other libraries are treated as those of pandas: by name, with columns of text."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import environment, table

QUICK = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
FRAME = table().drop(columns="y")
Y = table().y


def polars_frame(frame):
    return pytest.importorskip("polars").from_pandas(frame)


def arrow_table(frame):
    return pytest.importorskip("pyarrow").table(frame)


def record_batch(frame):
    return pytest.importorskip("pyarrow").RecordBatch.from_pandas(frame)


class Stream:
    """Nothing but the protocol."""

    def __init__(self, frame):
        self._table = arrow_table(frame)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class Columns:
    """Nothing but names and columns, without Arrow."""

    def __init__(self, frame):
        self.columns = list(frame.columns)
        self._frame = frame

    def __getitem__(self, name):
        return self._frame[name].to_numpy()


MAKERS = [polars_frame, arrow_table, record_batch, Stream, Columns]


@pytest.mark.parametrize("make", MAKERS)
def test_any_table_with_names_is_taken_by_name_as_one_of_pandas_is(make):
    expected = hbcd.HybridRegressor(**QUICK).fit(FRAME, Y)
    model = hbcd.HybridRegressor(**QUICK).fit(make(FRAME), Y)
    assert model.theta_.tobytes() == expected.theta_.tobytes()
    assert list(model.feature_names_in_) == list(FRAME)
    assert model.encoder_ == expected.encoder_
    shuffled = make(FRAME[["on", "b", "day", "a"]].assign(more=1.0))
    assert model.predict(shuffled).tobytes() == expected.predict(FRAME).tobytes()
    assert expected.predict(shuffled).tobytes() == expected.predict(FRAME).tobytes()
    assert model.score(make(FRAME), Y) == expected.score(FRAME, Y)
    with pytest.raises(ValueError, match="lacks the columns b"):
        model.predict(make(FRAME.drop(columns="b")))


@pytest.mark.parametrize("make", MAKERS)
def test_gaps_and_bad_cells_of_any_table_are_named(make):
    gaps = FRAME.copy()
    gaps.loc[5, "a"] = np.nan
    gaps.loc[7, "day"] = None
    for column, row in (("a", 5), ("day", 7)):
        with pytest.raises(ValueError, match=rf"^{column}=.*: is missing \(row label {row}\)"):
            hbcd.HybridRegressor(**QUICK).fit(make(gaps[["b", column]]), Y)
    expected = hbcd.HybridClassifier(**QUICK, missing="indicator").fit(gaps, Y > 0)
    model = hbcd.HybridClassifier(**QUICK, missing="indicator").fit(make(gaps), Y > 0)
    assert model.predict_proba(make(gaps)).tobytes() == expected.predict_proba(gaps).tobytes()
    bad = FRAME.assign(b=[*map(str, range(119)), "Bad"])
    with pytest.raises(ValueError, match=r"^b='Bad': must be a number, as 119 of 120"):
        hbcd.HybridRegressor(**QUICK).fit(make(bad), Y)


def test_targets_of_other_libraries_keep_their_names():
    polars = pytest.importorskip("polars")
    X, y = polars.from_pandas(FRAME), polars.Series("power", Y.to_numpy())
    expected = hbcd.HybridRegressor(**QUICK).fit(FRAME, Y)
    for targets in (y, polars.DataFrame({"power": y})):
        model = hbcd.HybridRegressor(**QUICK).fit(X, targets)
        assert model.target_names_ == ["power"]
        assert model.theta_.tobytes() == expected.theta_.tobytes()
    labels = polars.Series("grade", np.where(Y > 0, "high", "low"))
    model = hbcd.HybridClassifier(**QUICK).fit(X, labels)
    assert (model.target_names_, model.classes_.tolist()) == (["grade"], ["high", "low"])
    assert model.score(X, labels) > 0.8
    with pytest.raises(ValueError, match=r"power=.*: is missing \(row label 2\)"):
        hbcd.HybridRegressor(**QUICK).fit(X[:3], polars.Series("power", [1.0, 2.0, None]))


def test_categories_and_whole_numbers_of_polars_are_those_of_pandas():
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(FRAME).with_columns(
        polars.col("day").cast(polars.Categorical), n=polars.arange(0, 120)
    )
    expected = hbcd.HybridRegressor(**QUICK).fit(FRAME.assign(n=range(120)), Y)
    model = hbcd.HybridRegressor(**QUICK).fit(frame, Y)
    assert model.theta_.tobytes() == expected.theta_.tobytes()


def test_a_table_without_rows_yet_is_one_clear_line():
    lazy = polars_frame(FRAME).lazy()
    fitted = hbcd.HybridRegressor(**QUICK).fit(FRAME, Y)
    for use in (lambda: hbcd.HybridRegressor(**QUICK).fit(lazy, Y), lambda: fitted.predict(lazy)):
        with pytest.raises(
            TypeError, match=r"^X: a LazyFrame has no rows yet: pass X\.collect\(\)"
        ):
            use()


def test_a_name_that_stands_twice_in_an_arrow_table_is_refused():
    pyarrow = pytest.importorskip("pyarrow")
    twice = pyarrow.table([[1.0, 2.0], [3.0, 4.0]], names=["a", "a"])
    with pytest.raises(ValueError, match="column 'a' occurs twice, as columns 1 and 2"):
        hbcd.HybridRegressor(**QUICK).fit(twice, [1.0, 2.0])


WITHOUT_ARROW = """
import sys
sys.modules["pyarrow"] = None
import polars, hbcd
frame = polars.DataFrame({"a": [0.0, 1.0, 2.0, 4.0], "day": ["Mon", "Tue", "Mon", "Tue"]})
model = hbcd.HybridRegressor((2,), strategy="bcd", random_state=0).fit(frame, [1.0, 2.0, 3.0, 5.0])
assert model.encoder_.feature_names == ["a", "day_Tue"], model.encoder_
assert (model.predict(frame) == model.predict(frame.select("day", "a"))).all()
class Stream:
    __arrow_c_stream__ = None
try:
    model.predict(Stream())
except ValueError as error:
    assert "needs pyarrow: pip install" in str(error), error
"""


def test_a_frame_of_polars_needs_no_pyarrow():
    pytest.importorskip("polars")
    done = subprocess.run([sys.executable, "-c", WITHOUT_ARROW], env=environment(), text=True,
                          capture_output=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_plots_and_the_encoder_take_any_table():
    pytest.importorskip("matplotlib")
    from hbcd import plots
    from hbcd.tables.encoder import TableEncoder

    model = hbcd.HybridRegressor(**QUICK).fit(FRAME, Y)
    frame = polars_frame(FRAME)
    assert len(plots.plot_error_by_feature(model, frame, Y)) == 4
    assert len(plots.plot_prediction(model, frame, Y)) == 2
    encoder = TableEncoder.fit(frame)
    assert encoder.encode(frame).tobytes() == TableEncoder.fit(FRAME).encode(FRAME).tobytes()


@pytest.mark.parametrize("make", [polars_frame, arrow_table])
def test_splits_eval_sets_and_pipelines_take_any_table(make):
    held = FRAME[:40], Y[:40]
    models = [
        hbcd.HybridRegressor(**QUICK).fit(
            wrap(FRAME[40:]), Y[40:], eval_set=(wrap(held[0]), held[1])
        )
        for wrap in (make, lambda frame: frame)
    ]
    assert models[0].theta_.tobytes() == models[1].theta_.tobytes()
    out = models[0].set_output(predict="pandas").predict(make(FRAME))
    assert isinstance(out, pd.Series)
    assert len(out) == 120


@pytest.mark.parametrize(
    "names",
    [
        pd.MultiIndex.from_product([["plant"], ["a", "b", "c"]]),
        pd.date_range("2020-01-01", periods=3),
        pd.Index([0.1, 0.2, 0.3]),
    ],
    ids=["two levels", "times", "fractions"],
)
def test_columns_are_found_by_names_that_are_no_text(names, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=names)
    model = hbcd.HybridRegressor(hidden_layer_sizes=(3,), strategy="bcd", random_state=0)
    model.fit(frame, frame.iloc[:, 0] - 2 * frame.iloc[:, 1])
    expected = model.predict(frame)
    np.testing.assert_array_equal(model.predict(frame.iloc[:, ::-1]), expected)
    model.save(tmp_path / "m.hbcd")
    loaded = hbcd.load(tmp_path / "m.hbcd")
    np.testing.assert_array_equal(loaded.predict(frame.iloc[:, [1, 2, 0]]), expected)
    with pytest.raises(ValueError, match="lacks the columns"):
        model.predict(frame.iloc[:, :2])
