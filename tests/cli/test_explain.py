"""`hbcd explain`: what a model uses, printed, as JSON, and in a folder."""

import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import fit, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    frame = table()
    frame.loc[::9, "b"] = np.nan
    frame["when"] = pd.date_range("2024-01-30", periods=120, freq="7h")
    frame.to_csv("own.csv", index=False)
    return tmp_path


OPTIONS = ("--target", "y", "--missing", "indicator", "--dates", "features")


@pytest.fixture
def model(capsys):
    return fit(capsys, "own.csv", *OPTIONS)["model"]


def test_it_prints_what_the_functions_find(capsys, model):
    code, out, err = run(capsys, "explain", model, "own.csv", "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    result = json.loads(out)
    frame = pd.read_csv("own.csv")
    known = hbcd.load(model)
    X, y = frame.drop(columns="y"), frame["y"]
    found = hbcd.explain.permutation_importance(known, X, y)
    indices = hbcd.explain.sobol_indices(known, X)
    assert (result["rows"], result["metric"]) == (120, "r2")
    assert result["score"] == found.baseline
    assert [line["column"] for line in result["columns"]] == found.to_frame()["feature"].tolist()
    for line in result["columns"]:
        k = found.features.index(line["column"])
        assert line["importance"] == found.mean[k]
        assert line["interval"] == [found.low[k], found.high[k]]
        assert (line["first"], line["total"]) == (indices.first[k, 0], indices.total[k, 0])
    code, text, err = run(capsys, "explain", model, "own.csv")
    assert (code, err) == (0, "")
    assert f"own.csv: 120 rows, target y, r2 {found.baseline:.5g}" in text
    assert [line.split()[0] for line in text.splitlines()[3:]] == [
        line["column"] for line in result["columns"]
    ]


def test_a_folder_gets_a_page_tables_and_pictures(capsys, model, here):
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    code, out, err = run(capsys, "explain", model, "own.csv", "--out", "why",
                         "--features", "day,when,b")  # fmt: skip
    assert (code, err) == (0, "")
    assert "explain.html" in out
    written = {path.name for path in (here / "why").iterdir()}
    curves = {f"{kind}_{k}.svg" for kind in ("partial_dependence", "accumulated_effect")
              for k in (1, 2, 3)}  # fmt: skip
    tables = {"sobol.csv", "importance.csv", "partial_dependence.csv", "accumulated.csv"}
    assert written == {"explain.html", "importance.svg", "sobol.svg", *curves, *tables}
    drawn = pd.read_csv("why/partial_dependence.csv")
    assert drawn["column"].unique().tolist() == ["day", "when", "b"]
    one = hbcd.explain.partial_dependence(
        hbcd.load(model), pd.read_csv("own.csv").drop(columns="y"), "day"
    )
    shown = drawn[drawn["column"] == "day"]
    assert shown["value"].tolist() == one.grid[0].tolist()
    np.testing.assert_allclose(shown["average"], one.average[:, 0], rtol=1e-12)
    page = (here / "why/explain.html").read_text(encoding="utf-8")
    assert "What the model uses" in page
    assert page.count("<img") == 8


def test_without_targets_there_are_indices_alone(capsys, model, here):
    pd.read_csv("own.csv").drop(columns="y").to_csv("new.csv", index=False)
    code, out, _ = run(capsys, "explain", model, "new.csv", "--out", "why")
    assert code == 0
    assert "no target: no importance" in out
    assert not (here / "why/importance.csv").exists()
    result = json.loads(run(capsys, "explain", model, "new.csv", "--json")[1])
    assert result["metric"] is None
    totals = [line["total"] for line in result["columns"]]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("classes", [2, 3])
def test_of_classes_the_log_loss_counts(capsys, classes):
    frame = pd.read_csv("own.csv")
    ends = np.quantile(frame["y"], [0.4, 0.7][: classes - 1])
    frame["y"] = np.array(["low", "mid", "top"])[np.digitize(frame["y"], ends)]
    frame.to_csv("classes.csv", index=False)
    path = fit(capsys, "classes.csv", *OPTIONS)["model"]
    result = json.loads(run(capsys, "explain", path, "classes.csv", "--json")[1])
    assert result["metric"] == "log_loss"
    assert all(0.0 <= line["total"] <= 1.5 for line in result["columns"])
    assert run(capsys, "explain", path, "classes.csv", "--out", "why")[0] == 0


def test_several_targets_count_alike(capsys):
    table().assign(z=lambda f: 1000.0 * f.a).to_csv("two.csv", index=False)
    path = fit(capsys, "two.csv", "--target", "y,z")["model"]
    result = json.loads(run(capsys, "explain", path, "two.csv", "--json")[1])
    indices = hbcd.explain.sobol_indices(
        hbcd.load(path), pd.read_csv("two.csv").drop(columns=["y", "z"])
    )
    first = next(line for line in result["columns"] if line["column"] == "a")
    assert first["total"] == pytest.approx(indices.total[0].mean(), rel=1e-12)


def test_the_seed_and_the_rows_can_be_chosen(capsys, model):
    def found(*options):
        return run(capsys, "explain", model, "own.csv", "--json", *options)[1]

    assert found() == found("--seed", 0)
    assert found() != found("--seed", 1)
    assert found() != found("--rows", 50)


def test_what_cannot_be_is_refused_in_one_line(capsys, model):
    assert "rows=0: must be at least 1" in refusal(capsys, "explain", model, "own.csv", "--rows", 0)
    assert "feature='c': must be a position or one of a, b, day" in refusal(
        capsys, "explain", model, "own.csv", "--features", "c"
    )
    frame = pd.read_csv("own.csv")
    frame.loc[3, "day"] = "Sun"
    frame.to_csv("odd.csv", index=False)
    assert "row 5 of odd.csv" in refusal(capsys, "explain", model, "odd.csv")
