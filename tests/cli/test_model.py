"""`hbcd predict`, `info`, `data`, `bench`: what a model file and this machine are good for."""

import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.cli import bench as _cli_bench
from hbcd.cli import data as _cli_data
from hbcd.cli.baselines import split_rows
from hbcd.datasets import published as _published
from support.commands import fit, read_predictions, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    table().to_csv("own.csv", index=False)
    return tmp_path


@pytest.fixture
def model(capsys):
    return fit(capsys, "own.csv", "--target", "y")["model"]


def same_bits(left, right):
    return np.asarray(left).tobytes() == np.asarray(right).tobytes()


# ---- predict ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_predictions_from_the_file_equal_those_from_memory_bit_for_bit(capsys, dtype):
    path = fit(capsys, "own.csv", "--target", "y", "--dtype", dtype, "--seed", 5)["model"]
    frame = pd.read_csv("own.csv")
    memory = hbcd.HybridRegressor((3,), strategy="bcd", n_threads=1, random_state=5, dtype=dtype)
    train, _ = split_rows(len(frame), 0.2, 5)
    memory.fit(frame.drop(columns="y").iloc[train], frame.y.to_numpy()[train])
    code, out, err = run(capsys, "predict", path, "own.csv")
    assert code == 0
    assert not err or "rows leave the range of a column in training" in err  # rows to test on
    assert same_bits(read_predictions(out)["y"], memory.predict(frame))


def test_the_target_may_be_there_and_columns_may_stand_in_any_order(capsys, model):
    expected = run(capsys, "predict", model, "own.csv")
    frame = pd.read_csv("own.csv")
    frame[["on", "day", "b", "a"]].assign(more="x").to_csv("new.csv", index=False)
    assert run(capsys, "predict", model, "new.csv") == expected
    frame.to_parquet("new.parquet")
    assert run(capsys, "predict", model, "new.parquet") == expected


def test_out_writes_the_same_as_is_printed(capsys, here, model):
    printed = run(capsys, "predict", model, "own.csv")[1]
    before = {path.name for path in here.iterdir()}
    code, out, err = run(capsys, "predict", model, "own.csv", "--out", "p.csv")
    assert (code, out, err) == (0, "120 predictions written to p.csv\n", "")
    assert (here / "p.csv").read_bytes() == printed.encode()
    assert {path.name for path in here.iterdir()} == {*before, "p.csv"}


@pytest.mark.parametrize("victim", ["model", "file", "file by another name"])
def test_predict_never_writes_over_what_it_reads(capsys, here, model, victim):
    (here / "link.csv").symlink_to("own.csv")
    out = {"model": model, "file": "own.csv", "file by another name": "link.csv"}[victim]
    before = (here / "own.csv").read_bytes(), (here / model).read_bytes()
    code, shown, err = run(capsys, "predict", model, "own.csv", "--out", out)
    assert (code, shown) == (2, "")
    assert "must not be a file that is read" in err
    assert ((here / "own.csv").read_bytes(), (here / model).read_bytes()) == before


def test_json_of_predictions_reads_back_as_the_same_bits(capsys, model):
    code, out, _ = run(capsys, "predict", model, "own.csv", "--json")
    result = json.loads(out)
    assert (code, result["rows"], result["model"]) == (0, 120, model)
    expected = hbcd.load(model).predict(pd.read_csv("own.csv"))
    assert same_bits(result["predictions"]["y"], expected)


def test_several_targets_are_several_columns_with_their_names(capsys):
    path = fit(capsys, "own.csv", "--target", "y,a")["model"]
    found = read_predictions(run(capsys, "predict", path, "own.csv")[1])
    expected = hbcd.load(path).predict(pd.read_csv("own.csv"))
    assert list(found) == ["y", "a"]
    assert same_bits(np.column_stack(list(found.values())), expected)


def test_a_model_of_an_array_takes_columns_by_position(capsys):
    frame = pd.read_csv("own.csv")
    array = frame[["a", "b"]].to_numpy()
    kept = hbcd.HybridRegressor((3,), strategy="bcd", n_threads=1, random_state=0)
    kept.fit(array, frame.y).save("array.hbcd")
    frame[["a", "b"]].to_csv("new.csv", index=False)
    found = read_predictions(run(capsys, "predict", "array.hbcd", "new.csv")[1])
    assert same_bits(found["y"], kept.predict(array))
    assert "2, without names" in run(capsys, "info", "array.hbcd")[1]


# ---- info -------------------------------------------------------------------------------------


def test_info_tells_what_a_model_is(capsys, here, model):
    code, out, err = run(capsys, "info", model)
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert (code, err) == (0, "")
    assert lines["model"] == f"{model}, {(here / model).stat().st_size} bytes"
    assert lines["network"] == "5-3-1 tanh, 22 parameters, float64"
    assert lines["columns"] == "a, b, day (Mon, Tue, Wed), on (False, True)"
    assert lines["target"] == "y"
    assert lines["data"] == "own.csv, 120 rows, seed 0, 20% of them to test"
    assert lines["strategy"] == "bcd"
    assert lines["training"].endswith(str(hbcd.load(model).report_.stop_reason))
    assert lines["test"].startswith("R2 ")


def test_info_as_json_has_the_same(capsys, here, model):
    code, out, _ = run(capsys, "info", model, "--json")
    result = json.loads(out)
    report = hbcd.load(model).report_
    assert code == 0
    assert result["bytes"] == (here / model).stat().st_size
    assert [layer["width"] for layer in result["layers"]] == [3, 1]
    assert [layer["activation"] for layer in result["layers"]] == ["tanh", "identity"]
    assert result["columns"][2] == {"name": "day", "levels": ["Mon", "Tue", "Wed"]}
    assert (result["inputs"], result["n_parameters"], result["target"]) == (5, 22, ["y"])
    assert result["training"]["n_fev"] == report.n_fev
    assert result["training"]["loss"] == report.loss


def test_info_without_a_model_tells_of_this_installation(capsys):
    code, out, _ = run(capsys, "info", "--json")
    assert (code, json.loads(out)) == (0, hbcd.show_config())
    code, out, _ = run(capsys, "info")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(hbcd.show_config())


# ---- data, bench ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plant", hbcd.make_plant(10).DESCR.splitlines()[0]),
        ("ccpp", _published.CCPP_DESCR.splitlines()[0]),
        ("siec", _published.SIEC_DESCR.splitlines()[0]),
    ],
)
def test_data_sets_are_described_without_their_files(capsys, here, monkeypatch, name, text):
    monkeypatch.setenv("HBCD_DATA", str(here))
    code, out, err = run(capsys, "data", "describe", name)
    assert (code, err) == (0, "")
    assert text in out


def test_fetch_tells_what_there_is_and_where(capsys, here, monkeypatch):
    def small(home, **options):
        return hbcd.make_plant(50, **options)

    monkeypatch.setitem(_cli_data.PUBLISHED, "ccpp", small)
    code, out, _ = run(capsys, "data", "fetch", "ccpp", "--data-home", here)
    assert (code, out) == (0, f"ccpp: 50 rows, 4 inputs, target PE (MW), in {here}\n")
    result = fit(capsys, "ccpp", "--data-home", here)
    assert (result["data"], result["rows"], result["unit"]) == ("ccpp", 50, "MW")


def test_bench_times_every_number_of_threads_in_both_precisions(capsys, monkeypatch):
    monkeypatch.setattr(_cli_bench, "SECONDS", 0.0)
    code, out, err = run(capsys, "bench", "--threads", 2, "--json")
    result = json.loads(out)
    assert (code, err, result["network"], result["rows"]) == (0, "", "4-10-10-10-1", 7654)
    assert [(line["dtype"], line["threads"]) for line in result["gradient"]] == [
        ("float64", 1), ("float64", 2), ("float32", 1), ("float32", 2),
    ]  # fmt: skip
    assert all(line["microseconds"] > 0 for line in result["gradient"] + result["predict_one_row"])
    code, out, _ = run(capsys, "bench", "--threads", 1)
    assert code == 0
    assert "predict, one row" in out
