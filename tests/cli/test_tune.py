"""`hbcd fit --tune`: parameters chosen within the training rows, and what is told of them."""

import numpy as np
import pytest

import hbcd
from hbcd.cli.baselines import split_rows
from hbcd.tables.encoded import EncodedTable
from support.commands import fit, refusal, run, table

QUICK = ("--max-iter", 30, "--threads", 1)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    table().to_csv("own.csv", index=False)
    return tmp_path


def tuned(capsys, *arguments, limits=QUICK):
    import json

    flags = (*limits, "--json", *arguments)
    code, out, err = run(capsys, "fit", "own.csv", "--target", "y", *flags)
    assert (code, err, out.count("\n")) == (0, "", 1), err
    return json.loads(out)


def test_the_model_that_is_written_has_the_best_parameters(capsys):
    result = tuned(capsys, "--tune", 4)
    found = result["tune"]
    assert (found["budget"], found["scoring"], found["splits"]) == (4, "r2", 3)
    assert found["last"][0]["score"] == found["score"]
    assert found["score"] == max(line["score"] for line in found["last"])
    assert "as given" in [line["parameters"] for line in found["last"]]
    assert found["best"]["hidden_layer_sizes"] == str(tuple(result["hidden"]))
    assert found["best"]["activation"] == result["activation"]
    layers = hbcd.load(result["model"]).network_.layers[1:-1]
    assert [layer.n_neurons for layer in layers] == result["hidden"]
    assert hbcd.load(result["model"]).about_["tune"]["best"] == found["best"]


def test_it_is_the_search_of_the_function_on_the_rows_to_train_on(capsys):
    result = tuned(capsys, "--tune", 3, "--seed", 2, "--cv", 2)
    frame = table().round(12)
    train, _ = split_rows(len(frame), 0.2, 2)
    rows = EncodedTable.of(frame.drop(columns="y")).rows(train)
    model = hbcd.HybridRegressor(random_state=2, n_threads=1, max_iter=30)
    y = frame["y"].to_numpy()[train]
    found = hbcd.tune(model, rows, y, budget=3, cv=2, random_state=2)
    assert found.best_score_ == result["tune"]["score"]
    assert found.best_estimator_.theta_.tobytes() == hbcd.load(result["model"]).theta_.tobytes()
    assert len(result["cv"]["folds"]) == 2


def test_what_a_flag_says_stays_as_it_is(capsys):
    result = tuned(capsys, "--tune", 3, "--hidden", 4, "--alpha", 0.3, "--strategy", "bcd")
    assert (result["hidden"], result["alpha"], result["strategy"]) == ([4], 0.3, "bcd")
    assert set(result["tune"]["best"]) <= {"activation", "validation_fraction"}
    said = ("--hidden", 4, "--alpha", 0.3, "--strategy", "bcd", "--activation", "relu")
    message = refusal(capsys, "fit", "own.csv", "--target", "y", "--tune", 3, *said, "--quiet")
    assert "tune: must have something to choose" in message


@pytest.mark.parametrize(
    ("flags", "members"), [(("--members", 3), 3), (("--effort", "fast"), 5), (("--effort", 0.2), 5)]
)
def test_members_and_effort_are_as_a_flag_says(capsys, flags, members):
    result = tuned(capsys, "--tune", 2, *flags, "--hidden", 4, limits=("--threads", 1))
    assert result["members"]
    assert {line["networks"] for line in result["members"] if line["widths"]} == {members}
    assert not {"effort", "alpha", "strategy"} & set(result["tune"]["best"])
    wanted = dict(zip(flags[::2], flags[1::2], strict=True)).get("--effort", "balanced")
    assert str(result["effort"]) == str(wanted)


@pytest.mark.parametrize("flags", [("--members", 1), ("--strategy", "fast"), ("--alpha", 0.1)])
def test_one_network_is_tuned_where_a_flag_asks_for_it(capsys, flags):
    result = tuned(capsys, "--tune", 2, *flags)
    assert result["members"] == []


def test_a_network_that_grows_stays_one(capsys):
    result = tuned(capsys, "--tune", 2, "--hidden", "grow")
    assert set(result["tune"]["best"]) == {"activation", "alpha"}
    assert hbcd.load(result["model"]).hidden_layer_sizes_ == tuple(result["hidden"])


def test_text_and_report_say_what_was_tried(capsys, here):
    code, out, _ = run(capsys, "fit", "own.csv", "--target", "y", *QUICK, "--tune", 4, "--out", "o")
    assert code == 0
    assert "tuning, 9 candidates, 3 folds" in out
    assert "r2            of the last of 3 rungs, the best first" in out
    assert "Kept: the best score of the rows left out" in out
    page = (here / "o" / "report.html").read_text()
    assert "<h2>Tuning</h2>" in page
    assert "9 candidates, 3 folds" in page
    assert "as given" in page


def test_classes_are_tuned_too(capsys):
    frame = table()
    frame["y"] = np.where(frame["y"] > 0, "up", "down")
    frame.to_csv("own.csv", index=False)
    result = tuned(capsys, "--tune", 3)
    assert result["tune"]["scoring"] == "log_loss"
    assert result["tune"]["score"] == min(line["score"] for line in result["tune"]["last"])


def test_a_config_file_says_it_with_a_number_or_without(capsys, here):
    for value, budget in (("3", 3), ('"4"', 4), ("true", 20)):
        (here / "c.toml").write_text(f"tune = {value}\nmax-iter = 2\nhidden = 2\nalpha = 0.1\n")
        assert tuned(capsys, "--config", "c.toml")["tune"]["budget"] == budget
    (here / "c.toml").write_text("tune = false\nmax-iter = 5\n")
    assert "tune" not in fit(capsys, "own.csv", "--target", "y", "--config", "c.toml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("own.csv", "--tune", 1), "'1': must be a number of fits, at least 2"),
        (("--tune", "own.csv"), "'own.csv': must be a number of fits, .* stands before --tune"),
        (("own.csv", "--tune", "--search"), "tune: must be given without --search and --grid"),
        (("own.csv", "--tune", 5, "--grid", "3/4"), "tune: must be given without"),
    ],
)
def test_bad_use_is_told_in_one_line(capsys, arguments, message):
    import re

    assert re.search(message, refusal(capsys, "fit", *arguments, "--target", "y", "--quiet"))
