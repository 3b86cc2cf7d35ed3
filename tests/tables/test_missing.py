"""Missing values: refused with row and column, or on request filled and told by an indicator."""

import re

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.encoder import TableEncoder
from support.commands import refusal, table

QUICK = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
GAPS = pd.DataFrame(
    {
        "T": [1.0, np.nan, 3.0, 9.0],
        "full": [1.0, 2.0, 3.0, 4.0],
        "day": ["Mon", None, "Fri", "Mon"],
        "on": pd.array([True, False, None, True], dtype="boolean"),
        "n": pd.array([1, 2, 3, None], dtype="Int64"),
        "grade": pd.Categorical(["a", "b", "a", None]),
    }
)


@pytest.mark.parametrize(
    ("column", "row"), [("T", 2), ("day", 2), ("on", 3), ("n", 4), ("grade", 4)]
)
def test_a_missing_input_of_any_kind_is_refused_naming_row_and_column(column, row):
    X = GAPS[["full", column]]
    with pytest.raises(
        ValueError, match=rf"^{column}=.*: is missing \(row label {row - 1}\).*missing=.indicator"
    ):
        hbcd.HybridRegressor(**QUICK).fit(X, [1.0, 2.0, 3.0, 5.0])


def test_a_gap_in_nullable_columns_without_names_is_missing_too():
    frame = pd.DataFrame(np.arange(8.0).reshape(4, 2)).astype("Float64")
    frame.iloc[2, 1] = pd.NA
    with pytest.raises(ValueError, match=r"X: row 2, column 1 is missing \(NaN\)"):
        hbcd.HybridRegressor(**QUICK).fit(frame, range(4))
    with pytest.raises(ValueError, match=r"sample_weight: row 2 is missing \(NaN\)"):
        hbcd.HybridRegressor(**QUICK).fit(np.eye(4), range(4), sample_weight=frame[1])
    filled, plain = (hbcd.HybridRegressor(**QUICK, missing="indicator") for _ in range(2))
    plain.fit(frame.to_numpy(np.float64, na_value=np.nan), range(4))
    assert filled.fit(frame, range(4)).theta_.tobytes() == plain.theta_.tobytes()


@pytest.mark.parametrize(
    "y",
    [
        pd.Series([1.0, None, 2.0, 3.0], name="power"),
        pd.Series(pd.array([1, None, 2, 3], dtype="Int64"), name="power"),
        pd.DataFrame({"heat": [1.0, 2.0, 3.0, 4.0], "power": [1.0, np.nan, 2.0, 3.0]}),
    ],
)
def test_a_missing_target_is_refused_naming_row_and_column(y):
    for missing in ("error", "indicator"):
        with pytest.raises(ValueError, match=r"^power=.*: is missing \(row label 1\)"):
            hbcd.HybridRegressor(**QUICK, missing=missing).fit(GAPS[["full"]], y)


def test_gaps_become_the_median_and_an_indicator_where_training_had_some():
    encoder = TableEncoder.fit(GAPS, missing="indicator")
    assert encoder.feature_names == [
        "T", "T_missing", "full", "day_Mon", "day_missing", "on_True", "on_missing",
        "n", "n_missing", "grade_b", "grade_missing",
    ]  # fmt: skip
    assert encoder.fills == {"T": 3.0, "day": None, "on": None, "n": 2.0, "grade": None}
    assert encoder.encode(GAPS).tolist() == [
        [1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0],
        [3, 1, 2, 0, 1, 0, 0, 2, 0, 1, 0],
        [3, 0, 3, 0, 0, 0, 1, 3, 0, 0, 0],
        [9, 0, 4, 1, 0, 1, 0, 2, 1, 0, 1],
    ]
    assert TableEncoder.from_dict(encoder.to_dict()) == encoder


def test_without_gaps_an_indicator_changes_nothing():
    full = table()
    asked = TableEncoder.fit(full, missing="indicator")
    assert asked == TableEncoder.fit(full)


@pytest.mark.parametrize("as_array", [False, True])
def test_a_gap_in_a_column_that_had_none_is_refused_naming_it(as_array):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = X.sum(axis=1)
    X[5, 1] = np.nan
    names = ["x0", "x1", "x2"]
    wrap = (lambda a: a) if as_array else (lambda a: pd.DataFrame(a, columns=names))
    model = hbcd.HybridRegressor(**QUICK, missing="indicator").fit(wrap(X), y)
    assert model.n_features_in_ == 3
    assert np.isfinite(model.predict(wrap(X))).all()
    later = X.copy()
    later[7, 2] = np.nan
    with pytest.raises(ValueError, match=r"^x2=nan: is missing \(row label 7\)"):
        model.predict(wrap(later))
    later[7, 2] = np.inf
    with pytest.raises(ValueError, match=r"x2=inf|infinite"):
        model.predict(wrap(later))


def test_the_indicator_is_learned_from_and_survives_the_file(tmp_path):
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200)})
    gone = rng.random(200) < 0.3
    y = pd.Series(X["a"] + 4.0 * gone, name="power")  # only the gap tells
    X.loc[gone, "b"] = np.nan
    model = hbcd.HybridRegressor(**QUICK, missing="indicator").fit(X, y)
    assert model.score(X, y) > 0.95
    model.save(tmp_path / "model.hbcd")
    again = hbcd.load(tmp_path / "model.hbcd")
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    assert (again.missing, again.encoder_) == ("indicator", model.encoder_)
    assert list(again.feature_names_in_) == ["a", "b"]


def test_arrays_with_gaps_survive_the_file_by_position(tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = X.sum(axis=1)
    X[3, 0] = np.nan
    model = hbcd.HybridRegressor(**QUICK, missing="indicator").fit(X, y)
    model.save(tmp_path / "model.hbcd")
    again = hbcd.load(tmp_path / "model.hbcd")
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    assert again.n_features_in_ == 2
    assert not hasattr(again, "feature_names_in_")


def test_a_column_without_a_value_and_an_unknown_way_are_refused():
    empty = pd.DataFrame({"a": [1.0, 2.0], "b": [np.nan, np.nan], "c": [None, None]})
    with pytest.raises(ValueError, match=r"^b: is missing in every row; .*leave the column out"):
        TableEncoder.fit(empty[["a", "b"]], missing="indicator")
    with pytest.raises(ValueError, match=r"^c: is missing in every row; .*leave the column out"):
        TableEncoder.fit(empty[["a", "c"]], missing="indicator")
    for X in (empty[["a"]], empty[["a"]].to_numpy()):
        with pytest.raises(ValueError, match="missing='mean': must be one of error, indicator"):
            hbcd.HybridRegressor(missing="mean").fit(X, [1.0, 2.0])


def test_the_median_of_the_largest_numbers_does_not_overflow():
    huge = pd.DataFrame({"a": [1.7e308, 1.7e308, np.nan]})
    assert TableEncoder.fit(huge, missing="indicator").fills == {"a": 1.7e308}


@pytest.mark.parametrize(
    "changes",
    [
        {"fills": []},
        {"fills": {"z": 1.0}},
        {"fills": {"T": None}},
        {"fills": {"T": "1"}},
        {"fills": {"T": True}},
        {"fills": {"T": float("nan")}},
        {"fills": {"day": 1.0}},
        {"named": 1},
    ],
)
def test_a_description_with_impossible_fills_is_refused(changes):
    described = TableEncoder.fit(GAPS, missing="indicator").to_dict()
    with pytest.raises(ValueError, match="must be"):
        TableEncoder.from_dict({**described, **changes})


def test_a_classifier_fills_and_tells_gaps_as_a_regressor_does(tmp_path):
    frame = table().drop(columns="y")
    frame.loc[::5, "b"] = np.nan
    labels = np.where(frame["b"].isna(), "gone", np.where(frame["a"] > 0, "up", "down"))
    with pytest.raises(ValueError, match=r"^b=nan: is missing \(row label 0\)"):
        hbcd.HybridClassifier(**QUICK).fit(frame, labels)
    model = hbcd.HybridClassifier(**QUICK, missing="indicator").fit(frame, labels)
    assert model.encoder_.fills == {"b": frame["b"].median()}
    gone = model.classes_.tolist().index("gone")
    assert (model.predict_proba(frame)[::5].argmax(axis=1) == gone).all()  # only the indicator says
    model.save(tmp_path / "gaps.hbcd")
    same = hbcd.load(tmp_path / "gaps.hbcd")
    assert same.missing == "indicator"
    assert same.predict_proba(frame).tobytes() == model.predict_proba(frame).tobytes()


@pytest.mark.parametrize("rows", [150, 80_000])
@pytest.mark.parametrize("value", [1e100, -1e100, 1e300])
def test_a_number_beyond_the_precision_of_the_model_is_named_and_not_called_infinite(rows, value):
    frame = table()[["a", "b"]]
    y = table().y
    many = pd.DataFrame(np.resize(frame.to_numpy(), (rows, 2)), columns=["a", "b"])
    many.loc[rows - 7, "b"] = value
    message = (
        rf"^(b|X\[:, 1\])={value!s}: is too large for float32.*row label {rows - 7}\).*float64"
    )
    message = message.replace("+", r"\+")
    for wrap in (pd.DataFrame, lambda table: np.array(table)):
        model = hbcd.HybridRegressor(**QUICK, dtype="float32").fit(wrap(frame), y)
        with pytest.raises(ValueError, match=message):
            model.predict(wrap(many))
        assert np.isfinite(model.predict(wrap(many.clip(-1e37, 1e37)))).all()


INDEXES = {
    "texts": [f"pump {k}" for k in range(150)],
    "numbers": range(5000, 5150),
    "times": pd.date_range("2026-01-01", periods=150, freq="h"),
    "pairs": pd.MultiIndex.from_product([["A", "B", "C"], range(50)]),
}


@pytest.mark.parametrize("columns", [["a", "b"], [0, 1]], ids=str)
@pytest.mark.parametrize("index", INDEXES, ids=str)
def test_a_row_that_is_too_large_is_named_as_the_frame_names_it(index, columns):
    frame = table(150)[["a", "b"]].set_axis(columns, axis=1)
    many = frame.set_axis(pd.Index(INDEXES[index]), axis=0)
    many.iloc[7, 1] = 1e100
    label = re.escape(str(many.index[7]))
    model = hbcd.HybridRegressor(**QUICK, dtype="float32").fit(frame, table(150).y)
    with pytest.raises(ValueError, match=rf"too large for float32.*\(row label {label}\)"):
        model.predict(many)
    model = hbcd.HybridRegressor(**QUICK, activation="relu").fit(frame, table(150).y)
    model.theta_ = np.full_like(model.theta_, 10.0)
    many.iloc[7, 1] = 1.7e308
    with pytest.raises(ValueError, match=rf"^X: row label {label}: the output is"):
        model.predict(many)
    y = (table(150).y > 0).to_numpy()
    kind = hbcd.HybridClassifier(**QUICK, activation="relu").fit(frame, y)
    kind.theta_ = np.full_like(kind.theta_, 10.0)
    with pytest.raises(ValueError, match=rf"^X: row label {label}: the output is"):
        kind.predict_proba(many)


def test_a_command_names_the_row_of_the_file_whose_output_overflows(capsys, tmp_path):
    frame = table()
    model = hbcd.HybridRegressor(**QUICK, activation="relu").fit(frame[["a", "b"]], frame.y)
    model.theta_ = np.full_like(model.theta_, 10.0)
    model.save(tmp_path / "m.hbcd")
    frame.loc[11, "b"] = 1.7e308
    frame.to_csv(tmp_path / "new.csv", index=False)
    command = ("predict", tmp_path / "m.hbcd", tmp_path / "new.csv", "--chunk-rows", 5)
    message = refusal(capsys, *command)
    assert "X: row 13 of new.csv, the header is row 1: the output is" in message


@pytest.mark.parametrize("value", [1e100, -1e100])
def test_a_command_names_the_row_of_a_number_beyond_the_precision(capsys, tmp_path, value):
    frame = table()
    frame.to_csv(tmp_path / "own.csv", index=False)
    model = hbcd.HybridRegressor(**QUICK, dtype="float32").fit(frame[["a", "b"]], frame.y)
    model.save(tmp_path / "m.hbcd")
    frame.loc[11, "b"] = value
    frame.to_csv(tmp_path / "new.csv", index=False)
    message = refusal(capsys, "predict", tmp_path / "m.hbcd", tmp_path / "new.csv")
    assert "is too large for float32" in message
    assert "row 13 of new.csv" in message
    assert "--dtype float64" in message


def test_a_gap_in_an_array_names_what_fills_it():
    X = np.arange(12.0).reshape(4, 3)
    model = hbcd.HybridRegressor(**QUICK).fit(X, range(4))
    X[2, 1] = np.nan
    for use in (lambda: hbcd.HybridRegressor(**QUICK).fit(X, range(4)), lambda: model.predict(X)):
        with pytest.raises(ValueError, match=r"X: row 2, column 1 is missing.*missing=.indicator"):
            use()
