"""A file that is not what its name says is told as what it is; so is a title above the names."""

import bz2
import gzip
import lzma
import sqlite3
import zipfile

import pandas as pd
import pytest

from hbcd.tables.chunks import read_chunks
from hbcd.tables.files import TableFile, read_table
from support.commands import refusal, table

FRAME = pd.DataFrame({"T": [1.5, 2.5, 4.0], "PE": [450.0, 451.5, 452.0]})
CSV = b"T,PE\n1.5,450\n2.5,451.5\n4,452\n"
PAGE = b"<!DOCTYPE html>\n<html><body><p>Please log in</p></body></html>\n"


def made(tmp_path, kind):
    """The bytes of a file of some kind."""
    path = tmp_path / "made"
    if kind == "xlsx":
        FRAME.to_excel(path, engine="openpyxl", index=False)
    elif kind == "parquet":
        FRAME.to_parquet(path)
    elif kind == "feather":
        FRAME.to_feather(path)
    elif kind in ("zip", "ods", "xlsb"):
        inside = {
            "zip": ["table.csv"],
            "ods": ["mimetype", "content.xml"],
            "xlsb": ["xl/workbook.bin"],
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name in inside[kind]:
                archive.writestr(name, CSV)
    elif kind == "sqlite":
        base = sqlite3.connect(path)
        base.execute("create table t (a)")
        base.commit()
        base.close()
    else:
        return {
            "csv": CSV,
            "UTF-16": CSV.decode().encode("utf-16"),
            "one line": b"<html>\n",
            "csv.gz": gzip.compress(CSV),
            "bz2": bz2.compress(CSV),
            "xz": lzma.compress(CSV),
            "page": PAGE,
            "page of Excel": b'\xef\xbb\xbf\r\n  <HTML xmlns:x="x">\r\n<table><tr></tr></table>',
            "xml": b'<?xml version="1.0"?>\n<Workbook/>\n',
            "json": b'[{"T": 1, "PE": 2},\n {"T": 2, "PE": 3}]\n',
            "pdf": b"%PDF-1.7\n%\xe2\xe3\n",
            "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "empty": b"",
        }[kind]
    return path.read_bytes()


WRONG = [
    ("csv", "t.xlsx", "holds text, not a spreadsheet; .* rename it to end in .csv or .tsv"),
    ("UTF-16", "t.xls", "holds text, not a spreadsheet"),
    ("csv", "t.parquet", "holds text, not a parquet table; .* rename it to end in .csv"),
    ("csv", "t.csv.gz", "holds text, not packed bytes; .* rename it to end in .csv"),
    ("xlsx", "t.csv", "holds a spreadsheet, not text; .* rename it to end in .xlsx"),
    ("xlsx", "t.parquet", "holds a spreadsheet, not a parquet table"),
    ("parquet", "t.csv", "holds a parquet table, not text; .* rename it to end in .parquet"),
    ("parquet", "t.xlsx", "holds a parquet table, not a spreadsheet"),
    ("csv.gz", "t.csv", "holds packed bytes .gzip., not text; .* rename it to end in .csv.gz"),
    ("csv.gz", "t.parquet", "holds packed bytes .gzip., not a parquet table"),
    ("page", "t.csv", "holds an HTML page, not a table; .* the table itself"),
    ("page", "t.xlsx", "holds an HTML page, not a table"),
    ("page of Excel", "t.xls", "holds an HTML page, not a table"),
    ("one line", "t.tsv", "holds an HTML page, not a table"),
    ("xml", "t.xls", "holds an XML document, not a spreadsheet"),
    ("json", "t.csv", "holds JSON, not text; .* save the table as .csv"),
    ("pdf", "t.csv", "holds a PDF document, not text"),
    ("xls", "t.csv", "holds an old spreadsheet, not text; .* rename it to end in .xls"),
    ("bz2", "t.csv.gz", r"holds packed bytes \(bzip2\), not packed bytes|not text"),
    ("xz", "t.csv", r"holds packed bytes \(xz\), not text; .* unpack it"),
    ("zip", "t.xlsx", "holds a zip archive, not a spreadsheet; .* unpack it"),
    ("zip", "t.csv", "holds a zip archive, not text"),
    ("ods", "t.xlsx", "holds an OpenDocument spreadsheet, not .*; .* save the table as .xlsx"),
    ("xlsb", "t.xlsx", "holds a binary spreadsheet .*; .* save the table as .xlsx"),
    ("feather", "t.parquet", "holds an Arrow table .feather., not a parquet table"),
    ("sqlite", "t.csv", "holds an SQLite database, not text"),
    *(("empty", name, "is empty: must have a row of names and at least one row")
      for name in ("t.csv", "t.tsv", "t.csv.gz", "t.parquet", "t.xlsx", "t.xls")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "message"), WRONG)
def test_a_file_that_is_not_what_its_name_says_is_told_as_what_it_is(tmp_path, kind, name, message):
    path = tmp_path / name
    path.write_bytes(made(tmp_path, kind))
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"path={path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "message"), [("xlsx", "a spreadsheet"), ("page", "an HTML page"),
                                              ("csv.gz", "packed bytes")])  # fmt: skip
def test_what_is_packed_is_looked_at_too(tmp_path, kind, message):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(made(tmp_path, kind)))
    with pytest.raises(ValueError, match=f"holds, unpacked, {message}"):
        read_table(path)


def test_the_command_says_the_same_in_one_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.xlsx").write_bytes(CSV)
    message = refusal(capsys, "fit", "own.xlsx", "--target", "PE")
    assert "own.xlsx: holds text, not a spreadsheet; to mend it: rename it to end in" in message


def test_a_sheet_of_the_other_suffix_is_read(tmp_path):
    path = tmp_path / "t.xls"
    path.write_bytes(made(tmp_path, "xlsx"))
    assert read_table(path).equals(FRAME)


@pytest.mark.parametrize("first", ["<DATE>", "<a", "[m]", "{x}", "[", "% T", "PARAMETER"])
def test_names_with_brackets_are_text(tmp_path, first):
    path = tmp_path / "t.csv"
    path.write_text(f"{first},y\n1,2\n3,5\n")
    assert list(read_table(path).columns) == [first, "y"]


TITLES = {
    "padded": "Report,,,\n",
    "alone": "Report\n",
    "and an empty line": "Report\n\n",
    "and a padded empty line": "Report,,,\n,,,\n",
    "several": "Report,,,\nPlant,A,,\nDay,2020-01-01,,\n",
    "a comment": "# made by a logger\n",
    "with a comma": '"Report, of plant A",,,\n',
    "an empty row": ",,,\n",
    "only a number": "2020,,,\n",
}


SAID = [(title, sep) for title in TITLES for sep in (",", ";", "\t")]
SAID.remove(("an empty row", "\t"))  # a line of blanks, which counts as empty


@pytest.mark.parametrize(("title", "sep"), SAID)
def test_a_title_above_the_names_is_told_with_the_remedy(tmp_path, title, sep):
    path = tmp_path / "t.csv"
    head = TITLES[title] if title == "with a comma" else TITLES[title].replace(",", sep)
    head = head if sep == "," else head.replace('",,,', '"' + 3 * sep)
    path.write_text(head + table(9)[["a", "b", "day", "y"]].to_csv(index=False, sep=sep))
    begins = "begins with an empty row" if title == "an empty row" else "begins with the title '"
    with pytest.raises(ValueError, match=rf"{begins}.*\(a, b, day, y\); .* delete the rows above"):
        read_table(path)


@pytest.mark.parametrize("above", [["Report", None, None], [None] * 3, ["Plant", "A", None],
                                  [2020, None, None]])  # fmt: skip
def test_a_title_in_a_sheet_is_told_with_the_remedy(tmp_path, above):
    path = tmp_path / "t.xlsx"
    rows = [above[:3], *([["T", "unit", "PE"], [1, "a", 2], [3, "b", 4]])]
    if above[0] == "Plant":
        rows[0] = ["Plant A", None, None]
        rows.insert(1, [None] * 3)
    pd.DataFrame(rows).to_excel(path, header=False, index=False)
    with pytest.raises(ValueError, match=r"begins with .*\(T, unit, PE\); .* skiprows"):
        read_table(path)


NO_TITLES = {
    "levels below a name that is empty": "day,,kind\nMon,x,a\nTue,y,b\n",
    "the first name is empty": ",kind\nMon,a\n3,b\n",
    "labels of rows": ",T,PE\n0,1,2\n1,3,4\n",
    "a name alone": "T,,\n1,2,3\n4,5,6\n",
    "labels of rows that have no name": "T,PE\na,1,2\nb,3,4\n",
}


@pytest.mark.parametrize("case", NO_TITLES, ids=str)
def test_names_that_lack_some_are_no_title(tmp_path, case):
    path = tmp_path / "t.csv"
    path.write_text(NO_TITLES[case])
    with pytest.raises(ValueError, match=r"has no name|more fields than the header"):
        read_table(path)


@pytest.mark.parametrize("text", ["a\nx\n3\n", "day,kind\nMon,a\nTue,b\n", "a,b\nx,y\n1,2\n"])
def test_tables_that_begin_with_names_are_read(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert len(read_table(path)) == text.count("\n") - 1
    assert sum(map(len, read_chunks(TableFile.find(path), 1))) == text.count("\n") - 1
