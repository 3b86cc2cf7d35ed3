"""`hbcd fit --cv`, `--search` and `hbcd evaluate`: scores on rows that took no part in the fit."""

import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.cli.baselines import split_rows
from hbcd.cli.search import cross_validate, folds
from hbcd.cli.tasks import Regression
from hbcd.metrics.regression import scores
from hbcd.tables.encoder import TableEncoder
from support.commands import fit, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    table().to_csv("own.csv", index=False)
    return tmp_path


@pytest.mark.parametrize(("rows", "k"), [(10, 2), (11, 3), (5, 5)])
def test_folds_leave_every_row_out_once_and_never_train_on_it(rows, k):
    parts = folds(rows, k, seed=0)
    assert sorted(np.concatenate([left for _, left in parts])) == list(range(rows))
    for train, left in parts:
        assert sorted([*train, *left]) == list(range(rows))
    sizes = [len(left) for _, left in parts]
    assert max(sizes) - min(sizes) <= 1


def test_scores_of_folds_are_those_of_fits_on_the_other_training_rows(capsys):
    result = fit(capsys, "own.csv", "--target", "y", "--cv", 3, "--seed", 2)
    frame = pd.read_csv("own.csv")
    train, _ = split_rows(len(frame), 0.2, 2)
    features = frame.drop(columns="y")
    x = TableEncoder.fit(features).encode(features)[train]
    y = frame.y.to_numpy()[train]
    model = hbcd.HybridRegressor((3,), strategy="bcd", n_threads=1, random_state=2)
    for (rows, left), found in zip(folds(len(y), 3, 2), result["cv"]["folds"], strict=True):
        assert found == scores(y[left], model.fit(x[rows], y[rows]).predict(x[left]))
    for name in ("r2", "mse", "mae"):
        values = [fold[name] for fold in result["cv"]["folds"]]
        assert result["cv"]["mean"][name] == np.mean(values)
        assert result["cv"]["spread"][name] == np.std(values, ddof=1)


def test_cross_validation_does_not_change_the_model_that_is_written(capsys):
    plain = fit(capsys, "own.csv", "--target", "y", "--out", "plain")
    checked = fit(capsys, "own.csv", "--target", "y", "--out", "checked", "--cv", 2)
    thetas = [hbcd.load(found["model"]).theta_.tobytes() for found in (plain, checked)]
    assert thetas[0] == thetas[1]
    assert checked["test"] == plain["test"]


def test_search_keeps_the_widths_of_the_best_pooled_score(capsys):
    result = fit(capsys, "own.csv", "--target", "y", "--grid", "none/2/4,3", "--cv", 2)
    found = result["search"]["grid"]
    assert [line["hidden"] for line in found] == [[], [2], [4, 3]]
    best = max(found, key=lambda line: line["r2"])["hidden"]
    assert result["search"]["best"] == result["hidden"] == best
    layers = hbcd.load(result["model"]).network_.layers[1:-1]
    assert [layer.n_neurons for layer in layers] == best
    assert "fewer parameters" in result["search"]["rule"]


def test_search_finds_that_a_line_needs_no_hidden_layers(capsys):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    frame.assign(y=frame.sum(axis=1) + rng.normal(size=60)).to_csv("line.csv", index=False)
    code, out, _ = run(capsys, "fit", "line.csv", "--target", "y", "--grid", "20,20/none",
                       "--strategy", "full_batch", "--threads", 1, "--json")  # fmt: skip
    assert (code, json.loads(out)["hidden"]) == (0, [])


def test_search_takes_the_rows_to_test_on_for_nothing(capsys):
    """Other targets there: the same search, the same network."""
    frame = pd.read_csv("own.csv")
    _, test = split_rows(len(frame), 0.2, 0)
    changed = frame.copy()
    changed.loc[test, "y"] += 100.0
    changed.to_csv("changed.csv", index=False)
    options = ("--target", "y", "--grid", "2/3", "--cv", 2)
    one, two = (fit(capsys, name, *options) for name in ("own.csv", "changed.csv"))
    assert one["search"] == two["search"]
    assert one["cv"] == two["cv"]
    assert one["test"] != two["test"]


def test_tables_of_search_and_folds_are_printed_with_the_rule(capsys):
    code, out, err = run(capsys, "fit", "own.csv", "--target", "y", "--grid", "2/3", "--cv", 2,
                         "--strategy", "bcd", "--threads", 1)  # fmt: skip
    assert (code, err) == (0, "")
    for text in ("search over hidden layers, 2 folds", "Kept: the highest R2", "fold 2", "spread"):
        assert text in out


def test_an_interrupted_fold_is_no_answer(monkeypatch):
    monkeypatch.setattr(hbcd.FitReport, "interrupted", property(lambda self: True))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 2))
    with pytest.warns(hbcd.TrainingInterrupted), pytest.raises(KeyboardInterrupt):
        cross_validate(Regression(), hbcd.HybridRegressor((2,), strategy="bcd"), x, x[:, 0], 2, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cv", 1), "cv=1: must be at least 2"),
        (("--cv", 97), "cv=97: must be at most the number of training rows, 96"),
        (("--grid", "5/x"), "'x': must be widths"),
        (("--grid", "5", "--activation", "tanh,relu"), "must be one name where"),
        (("--missing", "mean"), "missing='mean': must be one of error, indicator"),
    ],
)
def test_bad_validation_is_told_in_one_line(capsys, options, message):
    assert message in refusal(capsys, "fit", "own.csv", "--target", "y", *options)


# ---- evaluate ---------------------------------------------------------------------------------


def test_evaluate_scores_rows_as_numpy_does(capsys):
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    code, out, err = run(capsys, "evaluate", path, "own.csv", "--json")
    result = json.loads(out)
    frame = pd.read_csv("own.csv")
    residual = hbcd.load(path).predict(frame) - frame.y.to_numpy()
    assert (code, err, result["rows"], result["target"]) == (0, "", 120, ["y"])
    assert result["mae"] == pytest.approx(np.abs(residual).mean(), rel=1e-12)
    assert result["mse"] == pytest.approx(np.square(residual).mean(), rel=1e-12)
    code, out, _ = run(capsys, "evaluate", path, "own.csv")
    assert code == 0
    assert f"{result['r2']:.5f}" in out


def test_evaluate_tells_each_of_several_targets(capsys):
    table().assign(z=lambda f: f.a - f.b).to_csv("two.csv", index=False)
    path = fit(capsys, "two.csv", "--target", "y,z")["model"]
    result = json.loads(run(capsys, "evaluate", path, "two.csv", "--json")[1])
    assert set(result["targets"]) == {"y", "z"}
    parts = [found["mae"] for found in result["targets"].values()]
    assert result["mae"] == pytest.approx(np.mean(parts), rel=1e-12)


def test_evaluate_takes_data_sets_and_refuses_tables_without_the_target(capsys):
    path = fit(capsys, "plant")["model"]
    result = json.loads(run(capsys, "evaluate", path, "plant", "--json")[1])
    assert (result["rows"], result["unit"]) == (9568, "MW")
    assert "target=PE: must be a column" in refusal(capsys, "evaluate", path, "own.csv")
    hbcd.HybridRegressor((2,), strategy="bcd").fit([[0.0], [1.0], [2.0]], [0, 1, 3]).save("a.hbcd")
    assert "does not name its targets" in refusal(capsys, "evaluate", "a.hbcd", "own.csv")
