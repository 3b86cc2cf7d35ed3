"""Tables read in pieces: the same as in one piece, in numbers, names and refusals."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.chunks import read_chunks
from hbcd.tables.files import TableFile, read_table
from support.commands import fit, read_predictions, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    return tmp_path


def mixed(n=120):
    """Levels that look like numbers here, like texts there, and like truth values elsewhere."""
    frame = table(n)
    frame["code"] = [("01", "1", "x", "True")[4 * i // n] for i in range(n)]
    frame["on"] = frame["on"].astype(str)
    frame["class"] = pd.Series(np.arange(n) % 3, dtype="Int64").astype(str) + "v"
    return frame


@pytest.mark.parametrize("rows", [1, 7, 30, 119, 120, 1000])
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "parquet", "xlsx"])
def test_predictions_do_not_depend_on_the_size_of_the_pieces(capsys, rows, kind):
    frame = mixed()
    frame.to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    new = f"new.{kind}"
    if kind == "parquet":
        read_table("own.csv").to_parquet(new, row_group_size=40)
    elif kind == "xlsx":
        frame.to_excel(new, index=False)
    else:
        frame.to_csv(new, index=False, sep="\t" if kind == "tsv" else ",")
    expected = hbcd.load(path).predict(read_table(new))
    code, out, err = run(capsys, "predict", path, new, "--chunk-rows", rows)
    assert (code, err) == (0, "")
    assert read_predictions(out)["y"].tobytes() == expected.tobytes()
    run(capsys, "predict", path, new, "--chunk-rows", rows, "--out", "p.csv")
    with open("p.csv") as file:
        assert file.read() == out


@pytest.mark.parametrize("rows", [1, 4, 50])
def test_pieces_hold_the_rows_of_the_table_in_order(rows):
    frame = mixed(10)
    frame.to_csv("own.csv", index=False)
    pieces = list(read_chunks(TableFile.find("own.csv", texts=["code"]), rows))
    assert all(0 < len(piece) <= rows for piece in pieces)
    whole = read_table("own.csv", texts=["code"])
    for name in whole:
        together = [value for piece in pieces for value in piece[name]]
        assert together == list(whole[name]), name


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("a", np.nan, r"a=\(empty\): is missing \(row 59 of bad.csv, the header is row 1\)"),
        ("a", "warm", r"a='warm': must be a number.*\(row 59 of bad.csv,"),
        ("day", "Funday", r"day='Funday': is none of the levels .*\(row 59 of bad.csv,"),
    ],
)
def test_a_bad_value_is_named_by_its_row_in_the_file_and_nothing_is_written(
    capsys, here, column, value, message
):
    table().to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    bad = table().astype({column: object})
    bad.loc[57, column] = value
    bad.to_csv("bad.csv", index=False)
    before = sorted(here.iterdir())
    for more in ([], ["--out", "p.csv"], ["--json"]):
        said = refusal(capsys, "predict", path, "bad.csv", "--chunk-rows", 10, *more)
        assert pd.Series([said]).str.contains(message).all(), said
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n", "at least one row"),
        ("", "at least one row"),
        ("a;b\n1;2;3\n1\n", "has one column, whose name holds ';'|cannot be read as .csv"),
        ("a,b\n1,2\n1,2\n1,2,3\n", "cannot be read as .csv"),
        ("a,b\n1,2,3\n", "more fields than the header"),
        ("a,\n1,2\n", "column 2 has no name"),
        (" a,a\n1,2\n", "occurs twice"),
    ],
)
def test_what_is_no_table_is_refused_in_pieces_as_in_one(here, content, message):
    (here / "bad.csv").write_text(content)
    for read in (read_table, lambda path: list(read_chunks(TableFile.find(path), 1))):
        with pytest.raises(ValueError, match=message):
            read("bad.csv")


def test_no_file_and_no_parquet_are_told_at_once(here):
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        TableFile.find("none.csv")
    (here / "bad.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(ValueError, match=r"cannot be read as .parquet"):
        next(read_chunks(TableFile.find("bad.parquet"), 5))


def test_a_piece_of_no_rows_is_refused(capsys):
    table().to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    assert "chunk_rows=0: must be" in refusal(capsys, "predict", path, "own.csv",
                                              "--chunk-rows", 0)  # fmt: skip
