"""`hbcd fit` on many files, read in pieces."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.cli.main import main

FEW = ["--hidden", "4", "--max-iter", "20", "--seed", "1"]


@pytest.fixture
def plant(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plant").mkdir()
    for k in range(3):
        x = generator.standard_normal((2000, 2))
        frame = pd.DataFrame(x, columns=["a", "b"])
        frame["fuel"] = np.array(["gas", "oil"])[generator.integers(0, 2, 2000)]
        frame["PE"] = np.tanh(x[:, 0]) + (frame["fuel"] == "oil")
        frame["state"] = np.where(frame["PE"] > 0.5, "high", "low")
        frame.to_parquet(f"plant/part{k}.parquet")
        frame.to_csv(f"plant/part{k}.csv", index=False)
    return tmp_path


def run(capsys, *arguments):
    code = main(["fit", *arguments, *FEW])
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.out


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("memory", ["20K", "1G"])
def test_many_files_are_one_table(plant, capsys, kind, memory):
    said = run(
        capsys, f"plant/*.{kind}", "--target", "PE", "--drop", "state", "--memory", memory, "--json"
    )
    result = json.loads(said)
    assert result["rows"] == 6000
    assert result["test"]["r2"] > 0.9
    model = hbcd.load("hbcd-plant.hbcd")
    rows = hbcd.Rows(f"plant/*.{kind}", "PE")
    train, _ = rows.split(0.2, 1)
    frames = pd.concat([piece.table for piece in train.pieces()])
    expected = hbcd.HybridRegressor((4,), max_iter=20, random_state=1)
    expected.fit(frames[["a", "b", "fuel"]], frames["PE"])
    np.testing.assert_array_equal(model.theta_, expected.theta_)


def test_a_table_is_printed(plant, capsys):
    said = run(capsys, "plant/*.csv", "--target", "state", "--drop", "PE")
    assert "6000 rows" in said
    assert "actual, predicted:" in said
    assert "Model written to hbcd-plant.hbcd" in said


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (["--cv", "3"], "cv: must be left out for a table that is read in pieces"),
        (["--out", "there"], "out: must be left out"),
        (["--target", "P"], "target=P: must be a column"),
        (["--memory", "much"], "memory='much': must be a number of bytes"),
        (["--test-size", "1"], "test_size=1: must be between 0 and 1"),
        (["--drop", "c"], "drop=c: must be a column"),
    ],
)
def test_what_cannot_be_is_one_line(plant, capsys, more, rule):
    target = [] if "--target" in more else ["--target", "PE"]
    assert main(["fit", "plant/*.csv", *target, *more]) == 2
    said = capsys.readouterr().err
    assert rule in said
    assert said.count("\n") == 1


def test_a_pattern_without_files(plant, capsys):
    assert main(["fit", "plants/*.csv", "--target", "PE"]) == 2
    assert "source=plants/*.csv: no file of a table is there" in capsys.readouterr().err


def test_a_pattern_without_quotes_is_told(plant, capsys):
    files = sorted(map(str, Path("plant").glob("*.csv")))
    assert main(["fit", *files, "--target", "PE"]) == 2
    assert "a pattern of several files stands in quotes" in capsys.readouterr().err


def test_a_limit_of_memory_needs_a_table(plant, capsys):
    assert main(["fit", "--memory", "1M"]) == 2
    assert "memory: must be given with a table that is read" in capsys.readouterr().err
