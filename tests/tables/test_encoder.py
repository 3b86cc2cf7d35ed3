"""Laws of turning the columns of a table into numbers."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbcd.tables.encoder import TableEncoder
from hbcd.tables.targets import split_target

FRAME = pd.DataFrame(
    {
        "T": [20.5, 25.0, -3.0, 7.25],
        "day": ["Mon", "Fri", "Mon", "Sun"],
        "on": [True, False, True, True],
        "n": [1, 2, 3, 4],
        "PE": [450.0, 440.0, 480.0, 470.0],
    }
)


def test_the_target_leaves_the_features_and_keeps_its_rank():
    features, y, names = split_target(FRAME, "PE")
    assert list(features) == ["T", "day", "on", "n"]
    assert y.tolist() == FRAME["PE"].tolist()
    assert names == ["PE"]
    _, both, names = split_target(FRAME, ["PE", "T"])
    assert np.array_equal(both, FRAME[["PE", "T"]].to_numpy())
    assert names == ["PE", "T"]
    assert both.flags.c_contiguous
    assert split_target(FRAME, ["PE"])[1].shape == (4, 1)
    assert "PE" in FRAME, "the caller's table is not changed"


def test_an_unknown_target_suggests_the_closest_column_and_lists_all():
    with pytest.raises(ValueError, match=r"target=PEE: .*did you mean 'PE'\?.*T, day, on, n, PE"):
        split_target(FRAME, "PEE")
    with pytest.raises(ValueError, match=r"target=zzz: must be a column of the table; it has"):
        split_target(FRAME, "zzz")


@pytest.mark.parametrize("target", [[], ["PE", "PE"]])
def test_targets_are_one_or_more_each_once(target):
    with pytest.raises(ValueError, match="one or more columns, each once"):
        split_target(FRAME, target)


def test_a_target_of_text_or_with_gaps_or_alone_is_refused():
    with pytest.raises(ValueError, match=r"day='Mon': must be a number \(row label 0"):
        split_target(FRAME, "day")
    with pytest.raises(ValueError, match=r"^PE=nan: is missing \(row label 1\)"):
        split_target(FRAME.assign(PE=[1.0, np.nan, 2.0, 3.0]), "PE")
    with pytest.raises(ValueError, match="must leave a column"):
        split_target(FRAME[["PE"]], "PE")


def test_dummies_are_those_of_pandas_with_the_first_sorted_level_dropped():
    inputs = FRAME[["T", "day", "n"]]
    expected = pd.get_dummies(inputs, columns=["day"], drop_first=True)
    encoder = TableEncoder.fit(inputs)
    assert sorted(encoder.feature_names) == sorted(expected.columns)
    encoded = pd.DataFrame(encoder.encode(inputs), columns=encoder.feature_names)
    assert np.array_equal(encoded[expected.columns].to_numpy(), expected.to_numpy(float))
    assert encoder.feature_names == ["T", "day_Mon", "day_Sun", "n"], "columns keep their order"


def test_truth_values_and_categories_become_dummies_and_the_target_no_input():
    frame = FRAME.assign(grade=pd.Categorical([3, 1, 3, 1], categories=[9, 3, 1]))
    encoder = TableEncoder.fit(frame, ["PE", "T", "n"])
    assert encoder.feature_names == ["day_Mon", "day_Sun", "on_True", "grade_3"]
    assert encoder.encode(frame)[:, 2:].T.tolist() == [[1, 0, 1, 1], [1, 0, 1, 0]]
    assert TableEncoder.fit(frame, "PE") == TableEncoder.fit(frame, ["PE"])


def test_a_category_of_numbers_is_the_same_read_from_text():
    encoder = TableEncoder.fit(pd.DataFrame({"g": pd.Categorical([1, 2, 3])}))
    for values in ([3, 2, 1], [3.0, 2.0, 1.0], ["3", "2", "1"]):
        assert encoder.encode(pd.DataFrame({"g": values})).tolist() == [[0, 1], [1, 0], [0, 0]]


def test_constant_columns_are_allowed_but_not_alone():
    frame = pd.DataFrame({"a": [1.0, 1.0], "b": ["x", "x"]})
    encoder = TableEncoder.fit(frame)
    assert encoder.feature_names == ["a"]
    assert encoder.encode(frame).tolist() == [[1.0], [1.0]]
    with pytest.raises(ValueError, match="must have a column"):
        TableEncoder.fit(frame[["b"]])
    with pytest.raises(ValueError, match="must have a column"):
        TableEncoder.fit(frame, ["a", "b"])


def test_every_numeric_type_becomes_float64_in_c_order():
    from decimal import Decimal

    frame = pd.DataFrame(
        {
            "i": pd.array([1, 2], dtype="Int64"),
            "f": np.array([1, 2], dtype=np.float32),
            "u": np.array([1, 2], dtype=np.uint8),
            "o": np.array([1, 2.0], dtype=object),
            "d": [Decimal("1"), Decimal("2")],
        }
    )
    encoded = TableEncoder.fit(frame).encode(frame)
    assert encoded.tolist() == [[1.0] * 5, [2.0] * 5]
    assert encoded.dtype == np.float64
    assert encoded.flags.c_contiguous


def test_order_and_further_columns_do_not_matter_but_a_missing_one_does():
    encoder = TableEncoder.fit(FRAME, ["PE"])
    shuffled = FRAME[["n", "on", "day", "T"]].assign(note="x")
    assert np.array_equal(encoder.encode(shuffled), encoder.encode(FRAME))
    with pytest.raises(ValueError, match="lacks the columns T, n; it has day, on, PE"):
        encoder.encode(FRAME.drop(columns=["T", "n"]))


def test_encoding_works_row_by_row_and_on_no_rows():
    encoder = TableEncoder.fit(FRAME)
    rows = [encoder.encode(FRAME.iloc[[i]]) for i in range(4)]
    assert np.array_equal(np.vstack(rows), encoder.encode(FRAME))
    assert encoder.encode(FRAME.iloc[:0]).shape == (0, 6)
    with pytest.raises(ValueError, match=r"^T: dates"):
        encoder.encode(FRAME.iloc[:0].assign(T=pd.to_datetime([])))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("T", [1.0, np.nan, 2.0, 3.0], r"^T=nan: is missing \(row label 7\)"),
        ("T", [1.0, 2.0, np.inf, 3.0], r"^T=inf: must be a finite number \(row label 3"),
        ("T", [1.0, 2.0, 3.0, -np.inf], r"^T=-inf: must be a finite number \(row label 0"),
        (
            "T",
            ["1", "2", "warm", "3"],
            r"^T='warm': must be a number, as in training, as 3 of 4 .*row label 3",
        ),
        ("n", pd.array([1, None, 3, 4], dtype="Int64"), r"^n=<NA>: is missing \(row label 7"),
        (
            "day",
            ["Mon", "Fri", "Funday", "Sun"],
            r"^day='Funday': .*\(Fri, Mon, Sun\) \(row label 3",
        ),
        ("day", ["Mon", None, "Fri", "Sun"], r"^day=.*: is missing \(row label 7"),
        ("T", pd.date_range("2018-01-01", periods=4), r"^T.*: dates.*leave the column out"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named_with_row_and_column(column, values, message):
    encoder = TableEncoder.fit(FRAME)
    bad = FRAME.assign(**{column: values})
    # A row is its position, whatever the labels are.
    with pytest.raises(ValueError, match=message):
        encoder.encode(bad.set_axis([7, 7, 3, 0]))


def test_a_missing_level_is_refused_in_training_too():
    with pytest.raises(ValueError, match=r"^day=.*: is missing \(row label 3"):
        TableEncoder.fit(FRAME.assign(day=["a", "b", "a", None]))


def test_texts_that_are_nearly_all_different_are_refused_with_the_remedy():
    tags = [f"tag {i}" for i in range(60)]
    frame = pd.DataFrame({"T": np.arange(60.0), "tag": tags})
    with pytest.raises(ValueError, match=r"^tag='tag 0'.*60 different.*leave the column out$"):
        TableEncoder.fit(frame)
    assert len(TableEncoder.fit(frame[:50]).feature_names) == 50, "few rows: cannot tell"
    often = pd.DataFrame({"tag": [f"tag {i % 60}" for i in range(120)]})
    assert len(TableEncoder.fit(often).feature_names) == 59, "many levels, but each seen often"


def test_dates_are_refused_with_the_remedy():
    for values in (
        pd.date_range("2018-01-01", periods=4),
        pd.period_range("2018-01", periods=4, freq="M"),
        pd.to_timedelta([1, 2, 3, 4], unit="s"),
        [value.date() for value in pd.date_range("2018-01-01", periods=4)],
    ):
        with pytest.raises(
            ValueError, match=r"^when.*: (dates and times|holds durations).*leave the column out"
        ):
            TableEncoder.fit(FRAME.assign(when=values))


def test_stray_text_among_numbers_is_named_not_taken_for_levels():
    values = [str(i) for i in range(100)]
    values[16] = "err"
    with pytest.raises(
        ValueError,
        match=r"^T='err': must be a number, as 99 of 100 .*row label 16",
    ):
        TableEncoder.fit(pd.DataFrame({"T": values}))


@pytest.mark.parametrize("columns", [["a", "a"], ["a", 0]])
def test_names_are_texts_and_differ(columns):
    frame = pd.DataFrame([[1.0, 2.0]], columns=columns)
    for use in (TableEncoder.fit, TableEncoder.fit(pd.DataFrame({"a": [1]})).encode):
        with pytest.raises(ValueError, match="names must"):
            use(frame)


def test_a_table_without_rows_teaches_nothing():
    with pytest.raises(ValueError, match="at least one row"):
        TableEncoder.fit(FRAME.iloc[:0])


def test_values_that_are_neither_number_nor_text_are_refused():
    with pytest.raises(ValueError, match=r"^list: must hold numbers or texts"):
        TableEncoder.fit(pd.DataFrame({"list": [[1], [2]]}))
    with pytest.raises(ValueError, match=r"^z: must hold real numbers"):
        TableEncoder.fit(pd.DataFrame({"z": [1j, 2j]}))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"columns": 3},
        {"columns": [3]},
        {"columns": [{"name": "a"}]},
        {"columns": [{"name": 1, "levels": None}]},
        {"columns": [{"name": "a", "levels": None}] * 2},
        {"columns": [{"name": "a", "levels": []}]},
        {"columns": [{"name": "a", "levels": "xy"}]},
        {"columns": [{"name": "a", "levels": [1, 2]}]},
        {"columns": [{"name": "a", "levels": ["y", "x"]}]},
        {"columns": [{"name": "a", "levels": ["x", "x"]}]},
    ],
)
def test_a_description_that_is_no_encoder_is_refused(data):
    with pytest.raises(ValueError, match="must "):
        TableEncoder.from_dict(data)


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)


@st.composite
def frames(draw):
    rows = draw(st.integers(1, 12))
    names = draw(st.lists(TEXTS, min_size=1, max_size=5, unique=True))
    levels = TEXTS.map(lambda text: f"x{text}")  # not to be taken for numbers or dates
    kinds = [NUMBERS, levels, st.booleans()]
    return pd.DataFrame(
        {
            name: draw(st.lists(draw(st.sampled_from(kinds)), min_size=rows, max_size=rows))
            for name in names
        }
    ).assign(always=np.arange(rows))


@settings(max_examples=150, deadline=None)
@given(frames())
def test_an_encoder_survives_json_and_loses_nothing_of_the_table(frame):
    encoder = TableEncoder.fit(frame)
    again = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    encoded = again.encode(frame)
    assert encoded.shape == (len(frame), len(encoder.feature_names))
    start = 0
    for name, levels in encoder.columns:
        if levels is None:
            assert encoded[:, start].tolist() == frame[name].astype(float).tolist()
            start += 1
        else:
            dummies = encoded[:, start : start + len(levels) - 1]
            start += len(levels) - 1
            first = 1.0 - dummies.sum(axis=1)
            decoded = np.column_stack([first, dummies]).argmax(axis=1)
            assert [levels[i] for i in decoded] == [str(value) for value in frame[name]]
    assert start == encoded.shape[1]
