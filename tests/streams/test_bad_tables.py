"""A table that cannot be read is one line that names file, row and column."""

import numpy as np
import pandas as pd
import pytest

import hbcd

FRAME = pd.DataFrame({"a": np.arange(50.0), "b": np.sin(np.arange(50.0))}).assign(
    power=lambda f: f.a * f.b
)


def write(folder, kind, **parts):
    for name, frame in parts.items():
        if kind == "csv":
            frame.to_csv(folder / f"{name}.csv", index=False)
        else:
            frame.to_parquet(folder / f"{name}.parquet")
    return str(folder / f"*.{kind}")


def fit(source, target="power", **options):
    model = hbcd.HybridRegressor((3,), max_iter=2, random_state=0)
    return model.fit(hbcd.Rows(source, target, **options))


KINDS = pytest.mark.parametrize("kind", ["csv", "parquet"])


@KINDS
def test_a_column_that_a_later_file_lacks(kind, tmp_path):
    source = write(tmp_path, kind, one=FRAME, two=FRAME.drop(columns="b"))
    with pytest.raises(ValueError, match=rf"two\.{kind}: lacks the column 'b'"):
        fit(source)


@KINDS
def test_a_column_that_a_later_file_has_too(kind, tmp_path):
    source = write(tmp_path, kind, one=FRAME, two=FRAME.assign(c=1.0))
    with pytest.raises(ValueError, match=rf"two\.{kind}: has the column 'c', too"):
        fit(source)


@KINDS
def test_columns_in_another_order_are_the_same(kind, tmp_path):
    other = FRAME[["power", "b", "a"]]
    found = fit(write(tmp_path, kind, one=FRAME, two=other))
    np.testing.assert_array_equal(found.theta_, fit(pd.concat([FRAME, FRAME])).theta_)


def test_a_column_of_another_type(tmp_path):
    source = write(tmp_path, "parquet", one=FRAME, two=FRAME.assign(b=FRAME.b.astype(str)))
    with pytest.raises(ValueError, match=r"b: holds text in .*two\.parquet, but numbers in .*one"):
        fit(source)


@KINDS
def test_a_gap_among_inputs(kind, tmp_path):
    frame = FRAME.copy()
    frame.loc[17, "b"] = np.nan
    place = "row 19 of two.csv" if kind == "csv" else "data row 18 of .*two.parquet"
    with pytest.raises(ValueError, match=rf"b=.*is missing \({place}.*indicator"):
        fit(write(tmp_path, kind, one=FRAME, two=frame))


@KINDS
def test_a_gap_among_targets(kind, tmp_path):
    frame = FRAME.copy()
    frame.loc[17, "power"] = np.nan
    place = "row 19 of two.csv" if kind == "csv" else "data row 18 of .*two.parquet"
    with pytest.raises(ValueError, match=rf"power=.*is missing \({place}.*without a known target"):
        fit(write(tmp_path, kind, one=FRAME, two=frame))


@pytest.mark.parametrize("column", [0, 3])
def test_a_gap_in_an_array(column):
    table = np.random.default_rng(0).standard_normal((9000, 4))
    table[5001, column] = np.nan
    what = "y: data row 5002 is missing" if column == 3 else r"X\[:, 0\]: data row 5002 is missing"
    with pytest.raises(ValueError, match=what):
        fit(table, 3, memory="20K")


def test_stray_text_in_a_file_of_text(tmp_path):
    frame = FRAME.astype(object)
    frame.loc[30, "b"] = "Bad"
    source = write(tmp_path, "csv", one=FRAME, two=frame)
    with pytest.raises(ValueError, match=r"b='Bad': must be a number.*row 32 of two\.csv"):
        fit(source)


def test_levels_of_text_beside_numbers_are_read_as_they_are_written(tmp_path):
    one, two = FRAME.assign(code="07"), FRAME.assign(code="A1")
    model = fit(write(tmp_path, "csv", one=one, two=two))
    assert dict(model.encoder_.columns)["code"] == ("07", "A1")


def test_no_target(tmp_path):
    source = write(tmp_path, "csv", one=FRAME)
    with pytest.raises(ValueError, match="target=None: must name the column to predict"):
        fit(source, None)
    with pytest.raises(ValueError, match=r"target=powr: .*did you mean 'power'"):
        fit(source, "powr")
    with pytest.raises(ValueError, match=r"target.*must leave a column"):
        fit(FRAME[["power"]])


def test_no_rows(tmp_path):
    with pytest.raises(ValueError, match="at least one row"):
        fit(write(tmp_path, "parquet", one=FRAME[:0]))
    with pytest.raises(ValueError, match="at least one row"):
        fit(lambda: iter([]))
    with pytest.raises(ValueError, match="at least one row"):
        fit((np.empty((0, 3)), np.empty(0)), None)


def test_no_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"source=.*\*\.parquet: no file"):
        hbcd.Rows(str(tmp_path / "*.parquet"), "power")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"must end in one of \.parquet"):
        hbcd.Rows(tmp_path / "table.xlsx", "power")


@pytest.mark.parametrize("source", [5, [1, 2], {"a": 1}, np.zeros(3), "nowhere"])
def test_what_has_no_rows(source):
    with pytest.raises((TypeError, ValueError, FileNotFoundError), match="source"):
        hbcd.Rows(source, "power")


def test_weights(tmp_path):
    with pytest.raises(ValueError, match=r"sample_weight=-1: data row 8"):
        fit(FRAME.assign(w=np.where(np.arange(50) == 7, -1.0, 1.0)), sample_weight="w")
    with pytest.raises(ValueError, match=r"sample_weight: has shape \(3,\), must be \(50,\)"):
        fit(FRAME, sample_weight=[1, 2, 3])
    with pytest.raises(ValueError, match="sample_weight=v: must be a column"):
        fit(FRAME, sample_weight="v")


def test_targets_beside_rows():
    model = hbcd.HybridRegressor((3,))
    with pytest.raises(ValueError, match="y: must be None"):
        model.fit(hbcd.Rows(FRAME, "power"), FRAME["power"])
    with pytest.raises(ValueError, match=r"target=.*must be None where the source is a pair"):
        model.fit(hbcd.Rows((FRAME[["a"]], FRAME["power"]), "power"))
    with pytest.raises(ValueError, match="y=None"):
        model.fit(FRAME)
    assert not hasattr(model, "theta_")


@KINDS
def test_labels(kind, tmp_path):
    frame = FRAME.assign(power=np.where(FRAME.b > 0, "up", "down"))
    other = frame.copy()
    other.loc[4, "power"] = None
    source = write(tmp_path, kind, one=frame, two=other)
    model = hbcd.HybridClassifier((3,), max_iter=2)
    place = "row 6 of two.csv" if kind == "csv" else "data row 5 of .*two.parquet"
    with pytest.raises(ValueError, match=rf"power=.*is missing \({place}"):
        model.fit(hbcd.Rows(source, "power"))
    one = write(tmp_path, kind, two=frame.assign(power="up"), one=frame.assign(power="up"))
    with pytest.raises(ValueError, match="must have 2 classes"):
        model.fit(hbcd.Rows(one, "power"))


@pytest.mark.filterwarnings("error")
def test_a_number_that_stands_for_a_gap_is_told_as_in_memory():
    frame = pd.concat([FRAME] * 60, ignore_index=True)
    frame.loc[::100, "b"] = -9999.0
    with pytest.raises(UserWarning, match="b: -9999 stands in 30 of 3000 rows"):
        fit(frame, memory="20K")
    frame = pd.concat([FRAME] * 60, ignore_index=True)
    frame["a"] = 20200101 + np.arange(3000) % 28
    with pytest.raises(UserWarning, match=r"a=20200101, \.\.\.: dates without separators"):
        fit(frame, memory="20K")
