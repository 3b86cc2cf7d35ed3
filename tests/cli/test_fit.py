"""`hbcd fit`: what it prints, what it writes, and that it does what it was told."""

import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.cli.baselines import split_rows
from hbcd.cli.main import main
from hbcd.cli.parser import parse
from hbcd.training import registry as _names
from support.commands import QUICK, fit, run, table

KEYS = {
    "data", "rows", "features", "hidden", "strategy", "seed", "seconds", "train", "test",
    "baseline_ols", "stop_reason", "n_fev", "n_parameters", "model", "dtype", "threads", "best_r2",
}  # fmt: skip
SCORES = {"r2", "mse", "mae"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Commands write into the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    table().to_csv("own.csv", index=False)
    return tmp_path


# ---- what is printed --------------------------------------------------------------------------


def test_json_is_one_object_with_every_promised_key(capsys):
    result = fit(capsys, "plant", "--max-time", 5)
    assert set(result) >= KEYS
    assert set(result["train"]) == set(result["test"]) == SCORES
    assert set(result["baseline_ols"]) == SCORES | {"train"}
    assert set(result["baseline_ols"]["train"]) == SCORES
    known = {"data": "plant", "rows": 9568, "features": 4, "hidden": [3], "strategy": "bcd",
             "seed": 0, "n_parameters": 19, "dtype": "float32", "threads": 1}  # fmt: skip
    assert {key: result[key] for key in known} == known
    assert result["seconds"] > 0
    assert result["n_fev"] > 0
    assert result["stop_reason"] in {reason.name.lower() for reason in hbcd.StopReason}
    assert result["best_r2"] == hbcd.make_plant().best_r2


def test_the_default_is_the_plant_and_a_network_beats_a_straight_line_there(capsys):
    code, out, err = run(capsys, "fit", "--threads", 1, "--max-time", 20, "--json")
    result = json.loads(out)
    assert (code, err, result["data"]) == (0, "", "plant")
    # Least squares has 0.93 and the noise allows 0.977; seeds differ by some 0.001.
    assert result["test"]["r2"] > result["baseline_ols"]["r2"] + 0.03
    assert result["test"]["r2"] < result["best_r2"] + 0.005


def test_table_has_both_parts_of_both_models_and_says_where_the_model_is(capsys, here):
    code, out, err = run(capsys, "fit", "plant", *QUICK)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == (
        "plant: 9568 rows (7654 to train on, 1914 to test), 4 features, target PE (MW)"
    )
    assert lines[1] == "network 4-3-1 tanh, 19 parameters, float32"
    assert [line[:23].split() for line in lines[6:10]] == [
        ["network", "train"], ["test"], ["least", "squares", "train"], ["test"],
    ]  # fmt: skip
    assert lines[4].split() == ["R2", "MSE", "MAE"]
    assert lines[5].split() == ["(MW)^2", "MW"]
    assert lines[10].split() == ["best", "possible", f"{hbcd.make_plant().best_r2:.5f}"]
    assert str(hbcd.StopReason.EPOCHS) in out
    assert lines[-1] == "Model written to hbcd-plant.hbcd"
    assert (here / "hbcd-plant.hbcd").is_file()


def test_table_and_json_show_the_same_numbers(capsys):
    result = fit(capsys, "own.csv", "--target", "y")
    _, out, _ = run(capsys, "fit", "own.csv", "--target", "y", *QUICK)
    for part in (result["train"], result["test"], result["baseline_ols"]):
        assert f"{part['r2']:.5f}" in out
        assert f"{part['mse']:#.5g}" in out
        assert f"{part['mae']:#.5g}" in out


def test_quiet_prints_nothing_and_still_writes(capsys, here):
    assert run(capsys, "fit", "own.csv", "--target", "y", *QUICK, "--quiet") == (0, "", "")
    assert (here / "hbcd-own.hbcd").is_file()


def test_scores_are_those_of_the_model_that_was_written_on_the_stated_split(capsys):
    result = fit(capsys, "own.csv", "--target", "y", "--seed", 3, "--test-size", 0.25)
    frame = pd.read_csv("own.csv")
    train, test = split_rows(len(frame), 0.25, 3)
    model = hbcd.load(result["model"])
    for part, rows in (("train", train), ("test", test)):
        predicted = model.predict(frame.iloc[rows])
        residual = predicted - frame.y.iloc[rows].to_numpy()
        # Sums in another order: a few units in the last place.
        assert result[part]["mse"] == pytest.approx(np.mean(residual**2), rel=1e-12)
        assert result[part]["mae"] == pytest.approx(np.mean(np.abs(residual)), rel=1e-12)
        assert result[part]["r2"] == pytest.approx(
            model.score(frame.iloc[rows], frame.y.iloc[rows])
        )


def test_several_targets_share_one_network_and_scores_are_means_over_them(capsys):
    frame = table().assign(z=lambda f: f.a - f.b)
    frame.to_csv("two.csv", index=False)
    result = fit(capsys, "two.csv", "--target", "y,z")
    train, _ = split_rows(len(frame), 0.2, 0)
    model = hbcd.load(result["model"])
    assert result["target"] == ["y", "z"]
    assert model.n_outputs_ == 2
    rows = frame.iloc[train]
    residual = model.predict(rows) - rows[["y", "z"]].to_numpy()
    assert result["train"]["mae"] == pytest.approx(np.abs(residual).mean(), rel=1e-12)
    assert result["train"]["r2"] == pytest.approx(model.score(rows, rows[["y", "z"]]))


# ---- what it is told --------------------------------------------------------------------------


def test_same_seed_gives_the_same_bits_and_another_one_others(capsys, here):
    files = []
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        fit(capsys, "own.csv", "--target", "y", "--seed", seed, "--out", name)
        files.append(hbcd.load(here / name / "model.hbcd").theta_.tobytes())
    assert files[0] == files[1] != files[2]


@pytest.mark.parametrize("strategy", _names.STRATEGIES)
def test_every_strategy_trains(capsys, strategy):
    code, out, err = run(capsys, "fit", "own.csv", "--target", "y", "--strategy", strategy,
                         "--hidden", "3", "--threads", 1, "--max-time", 2, "--json")  # fmt: skip
    assert (code, err) == (0, "")
    assert json.loads(out)["strategy"] == strategy
    assert json.loads(out)["train"]["r2"] > 0.5


@pytest.mark.parametrize("optimizer", _names.OPTIMIZERS)
@pytest.mark.parametrize("selector", _names.SELECTORS)
def test_every_optimizer_and_selector_can_be_asked_for(capsys, optimizer, selector):
    result = fit(capsys, "own.csv", "--target", "y", "--optimizer", optimizer,
                 "--selector", selector, "--max-time", 0.2)  # fmt: skip
    assert (result["optimizer"], result["selector"]) == (optimizer, selector)


def test_network_is_as_asked_for(capsys):
    arguments = ("own.csv", "--target", "y", *QUICK, "--json")
    run(capsys, "fit", *arguments, "--hidden", "5,4", "--activation", "relu,sigmoid",
        "--dtype", "float32")  # fmt: skip
    layers = hbcd.load("hbcd-own.hbcd").network_.layers
    assert [layer.n_neurons for layer in layers[1:]] == [5, 4, 1]
    assert [layer.activation for layer in layers[1:3]] == [hbcd.ReLU(), hbcd.Sigmoid()]
    assert hbcd.load("hbcd-own.hbcd").theta_.dtype == np.float32


def test_without_hidden_layers_the_network_is_the_straight_line(capsys):
    arguments = ("own.csv", "--target", "y", "--hidden", "none", "--strategy", "full_batch")
    code, out, _ = run(capsys, "fit", *arguments, "--threads", 1, "--json")
    result = json.loads(out)
    assert (code, result["hidden"], result["n_parameters"]) == (0, [], 6)
    # Up to the tolerance of the gradient, 1e-5 in standardized units.
    assert result["test"]["mse"] == pytest.approx(result["baseline_ols"]["mse"], rel=1e-3)


def test_max_time_ends_training_and_keeps_the_model(capsys):
    code, out, _ = run(capsys, "fit", "plant", "--strategy", "full_batch", "--threads", 1,
                       "--max-time", 0.2, "--json")  # fmt: skip
    result = json.loads(out)
    assert (code, result["stop_reason"]) == (0, "time")
    assert 0.2 <= result["seconds"] < 2  # a whole run takes more than that; a slow machine too
    assert hbcd.load(result["model"]).report_.stop_reason is hbcd.StopReason.TIME


def test_dropped_columns_are_no_inputs(capsys):
    result = fit(capsys, "own.csv", "--target", "y", "--drop", "day, b")
    assert list(hbcd.load(result["model"]).feature_names_in_) == ["a", "on"]


def test_a_name_with_a_comma_is_one_column(capsys):
    table().rename(columns={"y": "power, net"}).to_csv("comma.csv", index=False)
    assert fit(capsys, "comma.csv", "--target", "power, net")["target"] == ["power, net"]


# ---- what is written --------------------------------------------------------------------------


def test_model_notes_where_it_comes_from(capsys):
    result = fit(capsys, "plant")
    model = hbcd.load(result["model"])
    about = model.about_
    assert (about["data"], about["target"], about["unit"]) == ("plant", ["PE"], "MW")
    assert about["columns"] == list(model.feature_names_in_) == ["AT", "V", "AP", "RH"]
    assert about["test"] == result["test"]


def test_out_is_made_and_named_in_the_result(capsys, here):
    result = fit(capsys, "own.csv", "--target", "y", "--out", "deep/er")
    assert result["model"] == str(here.joinpath("deep/er/model.hbcd").relative_to(here))
    assert (here / "deep/er/model.hbcd").is_file()
    assert result["report"] == result["model"].replace("model.hbcd", "report.html")


def test_text_columns_become_dummies_recorded_in_the_model(capsys):
    result = fit(capsys, "own.csv", "--target", "y")
    model = hbcd.load(result["model"])
    assert result["features"] == 5
    assert model.encoder_.feature_names == ["a", "b", "day_Tue", "day_Wed", "on_True"]


@pytest.mark.parametrize("seed", range(5))
def test_a_level_of_one_row_is_always_learned_from(capsys, seed):
    frame = table(30)
    frame.loc[17, "day"] = "Sun"
    frame.to_csv("rare.csv", index=False)
    result = fit(capsys, "rare.csv", "--target", "y", "--test-size", 0.9, "--seed", seed)
    assert "day_Sun" in hbcd.load(result["model"]).encoder_.feature_names


def test_csv_parquet_and_xlsx_give_the_same_numbers(capsys):
    frame = pd.read_csv("own.csv")
    frame.to_parquet("own.parquet")
    frame.to_excel("own.xlsx", index=False)
    results = [fit(capsys, f"own.{kind}", "--target", "y") for kind in ("csv", "parquet", "xlsx")]
    for key in ("train", "test", "baseline_ols", "features", "n_fev"):
        assert results[0][key] == results[1][key] == results[2][key]


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_scores_survive_targets_of_any_magnitude(capsys, scale):
    frame = table()
    usual = fit(capsys, "own.csv", "--target", "y")
    frame.assign(y=frame.y * scale).to_csv("scaled.csv", index=False)
    result = fit(capsys, "scaled.csv", "--target", "y")
    # Rounding of the scaled target moves the path of the optimizer a little.
    assert result["test"]["r2"] == pytest.approx(usual["test"]["r2"], abs=1e-3)
    assert result["test"]["mae"] == pytest.approx(usual["test"]["mae"] * scale, rel=0.1)
    # No float64 holds 1e400; 1e-400 is 0 in any.
    assert result["test"]["mse"] == (None if scale > 1 else 0.0)


COMMANDS = ("", "fit", "predict", "evaluate", "explain", "info", "data", "data fetch",
            "data describe", "bench", "completion")  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_examples_that_parse_and_the_exit_codes(capsys, command):
    assert main([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert "exit codes:\n  0    done" in text
    assert "\n  130  ended by Ctrl-C" in text
    lines = re.findall(r"(?m)^  (hbcd [^\n|>]*)", text.partition("examples:\n")[2])
    assert lines
    for line in lines:
        arguments = shlex.split(re.sub("  .*", "", line))[1:]  # without the explanation
        if "--config" not in arguments:  # which is read
            assert parse(arguments).run


def test_help_names_every_key_of_the_json_object(capsys):
    table().assign(y=lambda f: f.y > 0).to_csv("classes.csv", index=False)
    found = [fit(capsys, name, "--target", "y", "--cv", 2, "--grid", "2")
             for name in ("own.csv", "classes.csv")]  # fmt: skip
    assert main(["fit", "--help"]) == 0
    words = set(re.findall(r"\w+", capsys.readouterr().out.partition("what --json prints")[2]))
    for result in found:
        assert set(result) <= words
        assert set(result["test"]) <= words


def test_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hbcd {hbcd.__version__}\n"


@pytest.mark.parametrize(
    ("flag", "reason"), [("--max-iter", "iterations"), ("--max-fun", "evaluations")]
)
def test_every_limit_ends_training_and_is_reported(capsys, flag, reason):
    result = fit(capsys, "plant", "--hidden", "3", "--strategy", "full_batch", flag, 7)
    assert result["stop_reason"] == reason
    assert result["test"]["r2"] > 0.5


def test_a_network_grows_on_request_and_the_report_shows_how(capsys, here):
    grow = ("fit", "own.csv", "--target", "y", "--hidden", "grow", "--threads", 1, "--json")
    code, out, err = run(capsys, *grow, "--out", "o")
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert result["hidden"] == list(hbcd.load(result["model"]).hidden_layer_sizes_)
    assert (here / "o" / "growth.svg").exists()
    code, _, err = run(capsys, *grow[:4], "--hidden", "grew")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "'grew': must be widths such as 10,10,10, none, auto or grow" in err


def test_early_stopping_holds_rows_out_and_keeps_the_best_by_its_metric(capsys):
    flags = ["--hidden", "8", "--strategy", "full_batch", "--early-stopping", "mae"]
    result = fit(capsys, "plant", *flags, "--hold-out", 0.3, "--out", "here")
    model = hbcd.load(result["model"])
    assert 0.0 < model.report_.validation_score < 10.0  # MW: a line has 3.6
    code, _, err = run(capsys, "fit", "plant", *flags[:-1], "accuracy")
    assert code == 2
    assert "accuracy" in err.splitlines()[0]
    assert len(err.splitlines()) == 1
