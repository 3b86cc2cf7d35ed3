"""Gaps in a file: how they stand there, which cells mean one, and numbers that stand for one."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.bad_values import TableWarning
from support.commands import QUICK, fit, read_predictions, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    return tmp_path


@pytest.mark.parametrize("cell", ["NA", "None", "#N/A", "n/a", "NULL", "nan", ""])
@pytest.mark.parametrize("column", ["a", "day", "y"])
def test_a_gap_is_shown_as_it_stands_in_the_file_with_its_remedy(capsys, cell, column):
    frame = table().astype({column: object})
    frame.loc[11, column] = cell
    frame.to_csv("own.csv", index=False)
    frame.to_excel("own.xlsx", index=False)
    for name in ("own.csv", "own.xlsx"):
        message = refusal(capsys, "fit", name, "--target", "y", "--task", "regression")
        shown = repr(cell) if cell else "(empty)"
        assert f"{column}={shown}: is missing (row 13 of {name}" in message
        assert "--missing indicator" in message or column == "y"


def test_rows_count_as_they_stand_in_the_file(capsys, here):
    lines = table().to_csv(index=False).splitlines()
    lines[20] = lines[20].replace("on", "on")
    broken = [
        *lines[:10],
        "",
        "",
        *lines[10:50],
        lines[50].replace(lines[50].split(",")[0], "warm"),
    ]
    (here / "own.csv").write_text("\n".join([*broken, *lines[51:]]))
    assert "a='warm': must be a number" in (m := refusal(capsys, "fit", "own.csv", "--target", "y"))
    assert "row 53 of own.csv" in m
    quoted = table().assign(note="two\nlines")
    quoted.loc[9, "a"] = np.nan
    quoted.to_csv("own.csv", index=False)
    message = refusal(capsys, "fit", "own.csv", "--target", "y", "--drop", "note")
    assert "row 20 of own.csv" in message, "a line of the file, as an editor counts"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("marks", [["-9999"], ["Bad", "I/O Timeout"], ["-9999", "Bad"]])
def test_na_reads_cells_as_missing_in_every_kind_of_file_and_every_command(capsys, kind, marks):
    frame = table().astype({"a": object})
    rows = [3, 8, 60, 77]
    for k, row in enumerate(rows):
        word = marks[k % len(marks)]
        frame.loc[row, "a"] = int(word) if word.startswith("-") else word
    write = {"csv": frame.to_csv, "xlsx": frame.to_excel}
    name = f"own.{kind}"
    if kind == "parquet":
        frame.astype({"a": str}).to_parquet(name)
    else:
        write[kind](name, index=False)
    flags = [word for mark in marks for word in ("--na", mark)]
    result = fit(capsys, name, "--target", "y", "--missing", "indicator", *flags)
    model = hbcd.load(result["model"])
    gaps = frame.assign(a=pd.to_numeric(frame["a"], errors="coerce").where(
        ~frame.index.isin(rows)))  # fmt: skip
    code, out, err = run(capsys, "predict", result["model"], name)
    assert (code, err) == (0, "")
    np.testing.assert_allclose(read_predictions(out)["y"], model.predict(gaps), rtol=1e-12)
    assert run(capsys, "evaluate", result["model"], name)[0] == 0


def test_na_of_a_config_file_may_be_several(capsys, here):
    frame = table().astype({"a": object})
    frame.loc[3, "a"], frame.loc[4, "a"] = -9999, "Bad"
    frame.to_csv("own.csv", index=False)
    (here / "c.toml").write_text('na = [-9999, "Bad"]\nmissing = "indicator"\ntarget = "y"\n')
    assert fit(capsys, "own.csv", "--config", "c.toml")["features"] == 6
    (here / "c.toml").write_text('na = "Bad"\nmissing = "indicator"\ntarget = "y"\ntext = ["day"]')
    code, _, err = run(capsys, "fit", "own.csv", "--config", "c.toml", *QUICK)
    assert code == 0, err


SENTINELS = [-9999, 999.25, 1e30, -1, 32767]


@pytest.mark.parametrize("value", SENTINELS)
def test_a_number_that_stands_for_a_gap_is_warned_of(capsys, value):
    frame = table().assign(b=lambda f: f.b * 0.01 + 20)
    frame.loc[::10, "b"] = value
    frame.to_csv("own.csv", index=False)
    code, out, err = run(capsys, "fit", "own.csv", "--target", "y", *QUICK)
    assert (code, out != "") == (0, True)
    assert err.startswith(f"hbcd: warning: b: {value:g} stands in 12 of 120 rows")
    assert f"--na {value:g}" in err
    assert err.count("\n") == 1
    model = hbcd.HybridRegressor((3,), strategy="bcd")
    with pytest.warns(TableWarning, match=f"b: {value:g} stands in 12".replace("+", r"\+")) as told:
        model.fit(frame.drop(columns="y"), frame.y)
    assert "--" not in str(told[0].message)


def test_a_target_that_is_not_known_is_warned_of_too(capsys):
    frame = table().round(1)
    frame.loc[::10, "y"] = -9999
    frame.to_csv("own.csv", index=False)
    err = run(capsys, "fit", "own.csv", "--target", "y", *QUICK)[2]
    assert err.startswith("hbcd: warning: y: -9999 stands in 12 of 120 rows")
    with pytest.warns(TableWarning, match="y: -9999 stands in 12"):
        hbcd.HybridRegressor((3,), strategy="bcd").fit(frame[["a"]], frame.y)


def test_whole_numbers_beyond_any_float_are_named(capsys):
    frame = table().astype({"a": object})
    frame.loc[4, "a"] = 10**400
    frame.to_csv("own.csv", index=False)
    message = refusal(capsys, "fit", "own.csv", "--target", "y")
    assert "must be a finite number (row 6 of own.csv" in message


@pytest.mark.parametrize("value", [0, 25.0, 19.0])
def test_an_ordinary_number_is_not_warned_of(capsys, value):
    spread = 0.01 if value == 0 else 1.0  # 0 is far outside, but off more often than missing
    frame = table().assign(b=lambda f: f.b * spread + 20)
    frame.loc[::10, "b"] = value
    frame.to_csv("own.csv", index=False)
    fit(capsys, "own.csv", "--target", "y")


def test_two_opposite_marks_of_missing_values_are_both_reported():
    frame = table()
    frame.loc[::10, "a"], frame.loc[1::10, "a"] = -9999.0, 9999.0
    with pytest.warns(TableWarning) as caught:
        hbcd.HybridRegressor(hidden_layer_sizes=(3,), strategy="bcd").fit(
            frame[["a", "b"]], frame.y
        )
    said = " ".join(str(warning.message) for warning in caught)
    assert "a: -9999 stands" in said
    assert "a: 9999 stands" in said
