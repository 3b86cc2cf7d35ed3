"""Laws of reading a table from a file."""

import sys

import numpy as np
import pandas as pd
import pytest

from hbcd.tables.encoder import TableEncoder
from hbcd.tables.files import read_table

FRAME = pd.DataFrame(
    {
        "T": [20.5, 25.0, -3.0, 7.25],
        "day": ["Mon", "Fri", "Mon", "Sun"],
        "on": [True, False, True, True],
        "n": [1, 2, 3, 4],
        "PE": [450.0, 440.0, 480.0, 470.0],
    }
)


def write(frame, path):
    name = path.name
    if name.endswith((".csv", ".csv.gz")):
        frame.to_csv(path, index=False)
    elif name.endswith((".tsv", ".tsv.gz")):
        frame.to_csv(path, index=False, sep="\t")
    elif name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    else:
        pytest.importorskip("openpyxl")
        frame.to_excel(path, index=False)
    return path


KINDS = ["a.csv", "a.csv.gz", "a.tsv", "a.tsv.gz", "A.CSV", "b.c.parquet", "a.xlsx"]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_the_same_table(tmp_path, name):
    path = write(FRAME, tmp_path / name.lower()).rename(tmp_path / name)
    read = read_table(path)
    pd.testing.assert_frame_equal(read, FRAME, check_dtype=False)
    assert np.array_equal(
        TableEncoder.fit(read).encode(FRAME), TableEncoder.fit(FRAME).encode(read)
    )


def test_a_byte_order_mark_windows_line_ends_and_blanks_around_names_vanish(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffT, PE \r\n1.5,2\r\n3,4\r\n".encode())
    assert read_table(str(path)).to_dict("list") == {"T": [1.5, 3.0], "PE": [2, 4]}


def test_an_absent_file_is_said_to_be_absent(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"path=.*none\.csv: must be a file that exists"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileNotFoundError, match="must be a file"):
        read_table(tmp_path / "folder.csv")


@pytest.mark.parametrize("name", ["a.json", "a", "a.csv.zip", ".gz"])
def test_an_unknown_suffix_is_refused_before_looking_for_the_file(tmp_path, name):
    with pytest.raises(ValueError, match=r"must end in one of \.csv, "):
        read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "at least one row"),
        (b"T,PE\n", "at least one row"),
        (b"T,PE\n1,2,3,4\n5,6\n", "more fields than the header"),
        (b"T,PE\n1,5,2\n2,5,3\n", "more fields than the header"),
        (b"T,PE\n0,5,2\n1,5,3\n", "more fields than the header"),
        (b"T,PE,\n1,2,\n3,4,\n", "column 3 has no name.*separator at the end"),
        (b"T,PE\n1,2\n5,6,7\n", "cannot be read"),
        (b"T;PE\n1;2\n3\n", "has one column, whose name holds ';'"),
        (b"T,\x8d\n1,2\n", "is not written in UTF-8; to mend it: "),
        (b",T,PE\n0,1,2\n", "column 1 has no name.*index=False"),
        (b"T,T \n1,2\n", "'T' occurs twice, as columns 1 and 2"),
    ],
)
def test_a_csv_that_is_no_table_is_refused_in_one_line(tmp_path, content, why):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=why) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"path={path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx", "a.csv.gz"])
def test_a_truncated_file_is_refused_in_one_line(tmp_path, name):
    path = write(FRAME, tmp_path / name)
    content = path.read_bytes()
    for size in (0, 3, len(content) // 2, len(content) - 9):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"cannot be read as |at least one row") as caught:
            read_table(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.xlsx", r"pip install hbcd\[excel\]"),
        ("a.xls", "pip install xlrd"),
        ("a.parquet", r"pip install hbcd\[parquet\]"),
    ],
)
def test_a_missing_reader_names_what_to_install(tmp_path, monkeypatch, name, remedy):
    def absent(*_, **__):
        raise ImportError("no such module")

    monkeypatch.setattr(pd, "read_excel", absent)
    monkeypatch.setattr(pd, "read_parquet", absent)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ValueError, match=remedy):
        read_table(tmp_path / name)


def test_a_sheet_of_numbers_is_read_without_openpyxl_and_any_other_says_what_to_install(
    tmp_path, monkeypatch
):
    pytest.importorskip("openpyxl")
    numbers = pd.DataFrame({"a": [1.5, 2.0, -3e-7], "n": [1, 2, 3]})
    numbers.to_excel(tmp_path / "numbers.xlsx", index=False)
    numbers.assign(day=["Mon", "Tue", "Wed"]).to_excel(tmp_path / "texts.xlsx", index=False)
    expected = read_table(tmp_path / "numbers.xlsx")
    for name in [name for name in sys.modules if name.partition(".")[0] == "openpyxl"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    found = read_table(tmp_path / "numbers.xlsx")
    assert list(found) == list(expected)
    assert (found.to_numpy() == expected.to_numpy()).all()
    with pytest.raises(
        ValueError, match=r"reading \.xlsx needs openpyxl: pip install hbcd\[excel\]"
    ):
        read_table(tmp_path / "texts.xlsx")


def test_names_that_are_numbers_are_the_same_in_every_kind_of_file(tmp_path):
    frame = pd.DataFrame(np.eye(3), columns=["400", "410.5", "t"])
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.set_axis([400, 410.5, "t"], axis=1).to_excel(tmp_path / "a.xlsx", index=False)
    for name in ("a.csv", "a.xlsx"):
        assert [*read_table(tmp_path / name)] == ["400", "410.5", "t"]


def test_a_name_that_stands_twice_in_parquet_is_refused_with_both_positions(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table([arrow.array([1.0, 2.0])] * 3, names=["a", "y", "y"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="'y' occurs twice, as columns 2 and 3"):
        read_table(tmp_path / "a.parquet")
