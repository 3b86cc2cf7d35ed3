"""The command line where the target is of classes: what is scored, written and predicted."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, log_loss, mean_pinball_loss, roc_auc_score

import hbcd
from hbcd.cli.baselines import split_rows
from hbcd.cli.search import folds
from hbcd.metrics.classification import class_scores, roc_auc
from hbcd.tables.labels import class_numbers, read_labels
from support.commands import fit, refusal, run, table

TOLD = {"accuracy", "log_loss", "roc_auc"}


def classes(n=120, seed=0):
    """A table of classes: `kind` of text, `ok` of truth values, `grade` of whole numbers."""
    frame = table(n, seed)
    y = frame.pop("y")
    frame["kind"] = np.where(y > 0.5, "high", np.where(y < -0.5, "low", "mid"))
    frame["ok"] = y > 0
    frame["grade"] = np.clip(np.round(y + 3), 2, 4).astype(int)
    return frame


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    classes().to_csv("own.csv", index=False)
    return tmp_path


def fit_on(capsys, target, *options):
    drop = ",".join(name for name in ("kind", "ok", "grade") if name != target)
    return fit(capsys, "own.csv", "--target", target, "--drop", drop, *options)


# ---- which task ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "options", "task", "known"),
    [
        ("kind", (), "classification", ["high", "low", "mid"]),
        ("ok", (), "classification", [False, True]),
        ("ok", ("--task", "regression"), "regression", None),
        ("grade", (), "regression", None),
        ("grade", ("--task", "classification"), "classification", [2, 3, 4]),
    ],
)
def test_the_target_decides_between_numbers_and_classes_unless_told(
    capsys, target, options, task, known
):
    result = fit_on(capsys, target, *options)
    assert (result["task"], result["classes"]) == (task, known)
    model = hbcd.load(result["model"])
    if known is None:
        assert isinstance(model, hbcd.HybridRegressor)
    else:
        assert model.classes_.tolist() == known


def test_few_whole_numbers_are_asked_about_and_many_are_not(capsys):
    options = ("--hidden", "3", "--strategy", "bcd", "--drop", "kind,ok")
    assert "--task classification" in run(
        capsys, "fit", "own.csv", "--target", "grade", *options)[1]  # fmt: skip
    assert "--task classification" not in run(
        capsys, "fit", "own.csv", "--target", "a", *options)[1]  # fmt: skip


# ---- what is scored -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["kind", "ok"])
def test_scores_are_those_of_scikit_learn_for_the_model_that_was_written(capsys, target):
    result = fit_on(capsys, target, "--seed", 2)
    frame = pd.read_csv("own.csv")
    _, test = split_rows(len(frame), 0.2, 2)
    rows = frame.iloc[test]
    model = hbcd.load(result["model"])
    truth, predicted = rows[target].to_numpy(), model.predict(rows)
    shares = model.predict_proba(rows)
    assert set(result["test"]) == set(result["train"]) == TOLD
    assert result["test"]["accuracy"] == (truth == predicted).mean()
    expected = log_loss(truth, shares, labels=model.classes_)
    assert result["test"]["log_loss"] == pytest.approx(expected, rel=1e-9)  # sums of 24 logarithms
    assert result["confusion"] == confusion_matrix(truth, predicted, labels=model.classes_).tolist()
    if target == "ok":
        expected = roc_auc_score(truth, shares[:, 1])
        assert result["test"]["roc_auc"] == pytest.approx(expected, rel=1e-12)
    else:
        assert result["test"]["roc_auc"] is None


def test_baselines_are_the_shares_of_the_training_rows_and_a_network_without_hidden_layers(capsys):
    result = fit_on(capsys, "kind")
    frame = pd.read_csv("own.csv")
    train, test = split_rows(len(frame), 0.2, 0)
    counts = frame.kind.iloc[train].value_counts(normalize=True)
    truth = frame.kind.iloc[test]
    found = result["baseline_frequent"]
    assert found["accuracy"] == (truth == counts.idxmax()).mean()
    assert found["log_loss"] == pytest.approx(-np.log(counts[truth]).mean(), rel=1e-12)
    line = hbcd.HybridClassifier((), strategy="full_batch", random_state=0)
    X = frame.drop(columns=["kind", "ok", "grade"])
    line.fit(X.iloc[train], frame.kind.iloc[train])
    assert result["baseline_linear"]["accuracy"] == line.score(X.iloc[test], truth)
    assert set(result["baseline_linear"]) == TOLD | {"train"}


@pytest.mark.parametrize("options", [("--effort", "fast"), ("--members", 3)])
def test_the_network_without_hidden_layers_is_one_whatever_the_members_are(capsys, options):
    code, out, err = run(capsys, "fit", "own.csv", "--target", "ok", "--drop", "kind,grade",
                         *options, "--threads", 1, "--json")  # fmt: skip
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert len(result["members"]) > 2
    assert result["baseline_linear"]["accuracy"] > 0.5


def test_the_area_under_the_curve_counts_pairs_and_ties_by_half():
    rng = np.random.default_rng(0)
    score = rng.integers(0, 6, 60).astype(float)
    positive = rng.random(60) < 0.4
    pairs = np.subtract.outer(score[positive], score[~positive])
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert roc_auc(positive, score) == pytest.approx(expected, rel=1e-14)
    assert roc_auc(np.ones(3, bool), np.arange(3.0)) is None


def test_log_loss_survives_outputs_of_any_size():
    found = class_scores(np.array([0, 1]), np.array([[1e200, 0.0], [800.0, 0.0]]))
    assert found == {"accuracy": 0.5, "log_loss": 400.0, "roc_auc": 1.0}


def test_folds_deal_out_every_class_and_refuse_one_of_a_single_row():
    labels = np.array(["a"] * 20 + ["b"] * 7 + ["c"] * 2)
    parts = folds(29, 5, 0, labels)
    assert sorted(np.concatenate([left for _, left in parts])) == list(range(29))
    for train, left in parts:
        assert set(labels[train]) == {"a", "b", "c"}
        assert np.isin(labels[left], ["a"]).sum() == 4
        assert not set(train) & set(left)
    with pytest.raises(ValueError, match="cv=2: class b has 1 row to train on"):
        folds(4, 2, 0, np.array(["a", "a", "b", "a"]))


def test_validation_and_search_of_classes_go_by_the_log_loss(capsys):
    result = fit_on(capsys, "kind", "--cv", 3, "--grid", "none/4")
    grid = result["search"]["grid"]
    best = min(grid, key=lambda line: line["log_loss"])
    assert result["hidden"] == best["hidden"]
    assert "lowest log-loss" in result["search"]["rule"]
    values = [fold["accuracy"] for fold in result["cv"]["folds"]]
    assert result["cv"]["mean"]["accuracy"] == np.mean(values)
    assert result["cv"]["mean"]["roc_auc"] is None


@pytest.mark.parametrize("seed", range(4))
def test_a_class_of_one_row_is_always_learned_from(capsys, seed):
    frame = classes(40)
    frame.loc[11, "kind"] = "rare"
    frame.to_csv("own.csv", index=False)
    result = fit_on(capsys, "kind", "--test-size", 0.8, "--seed", seed)
    assert "rare" in hbcd.load(result["model"]).classes_


# ---- what is written ----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["kind", "ok", "grade"])
def test_predict_writes_labels_and_probabilities_that_read_back(capsys, target):
    path = fit_on(capsys, target, "--task", "classification")["model"]
    frame, model = pd.read_csv("own.csv"), hbcd.load(path)
    code, out, err = run(capsys, "predict", path, "own.csv", "--proba", "--chunk-rows", 7)
    assert (code, err) == (0, "")
    found = pd.read_csv(io.StringIO(out), dtype=str)
    names = [f"probability_{label}" for label in model.classes_]
    assert list(found.columns) == [target, *names]
    assert found[target].tolist() == [str(label) for label in model.predict(frame).tolist()]
    shares = found[names].to_numpy(dtype=object).astype(float)
    assert shares.tobytes() == model.predict_proba(frame).tobytes()
    assert run(capsys, "predict", path, "own.csv", "--proba")[1] == out
    labels = [
        line[0] for line in csv.reader(io.StringIO(run(capsys, "predict", path, "own.csv")[1]))
    ]
    assert labels == [target, *map(str, model.predict(frame))]
    result = json.loads(run(capsys, "predict", path, "own.csv", "--proba", "--json")[1])
    assert result["predictions"][target] == model.predict(frame).tolist()
    assert result["predictions"][names[0]] == model.predict_proba(frame)[:, 0].tolist()


def test_probabilities_are_refused_where_there_are_none(capsys):
    path = fit_on(capsys, "grade")["model"]
    assert "proba: must be left out" in refusal(capsys, "predict", path, "own.csv", "--proba")


def test_evaluate_counts_as_fit_does_and_compares_labels_as_text(capsys):
    path = fit_on(capsys, "grade", "--task", "classification")["model"]
    code, out, err = run(capsys, "evaluate", path, "own.csv", "--json")
    result = json.loads(out)
    frame, model = pd.read_csv("own.csv"), hbcd.load(path)
    assert (code, err, result["task"]) == (0, "", "classification")
    assert result["accuracy"] == model.score(frame, frame.grade)
    assert np.trace(result["confusion"]["counts"]) == result["accuracy"] * 120
    frame.assign(grade=frame.grade.astype(float)).to_parquet("float.parquet")
    again = json.loads(run(capsys, "evaluate", path, "float.parquet", "--json")[1])
    assert again["confusion"] == result["confusion"]
    code, out, _ = run(capsys, "evaluate", path, "own.csv")
    assert code == 0
    assert f"{result['accuracy']:.5f}" in out
    assert "actual, predicted:" in out


def test_evaluate_names_the_row_of_a_label_that_is_no_class(capsys):
    path = fit_on(capsys, "kind")["model"]
    frame = pd.read_csv("own.csv")
    for value, rule in (("odd", "is none of the classes in training (high, low, mid)"),
                        (None, "is missing")):  # fmt: skip
        frame.loc[4, "kind"] = value
        frame.to_csv("odd.csv", index=False)
        message = refusal(capsys, "evaluate", path, "odd.csv")
        assert f"{rule} (row 6 of odd.csv" in message


def test_info_tells_the_classes(capsys):
    path = fit_on(capsys, "ok")["model"]
    code, out, _ = run(capsys, "info", path)
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert (code, lines["classes"], lines["target"]) == (0, "False, True", "ok")
    assert lines["test"].startswith("accuracy ")
    result = json.loads(run(capsys, "info", path, "--json")[1])
    assert (result["task"], result["classes"]) == ("classification", [False, True])
    assert result["loss"] == {"loss": "logistic"}


def test_a_model_of_several_classes_from_python_works_in_every_command(capsys):
    frame = pd.read_csv("own.csv")
    model = hbcd.HybridClassifier((3,), strategy="bcd", random_state=0)
    model.fit(frame[["a", "b"]], frame["kind"]).save("own.hbcd")
    for command in (("info",), ("predict", "own.csv"), ("evaluate", "own.csv")):
        code, out, err = run(capsys, command[0], "own.hbcd", *command[1:])
        assert (code, err) == (0, "")
        assert "kind" in out


def test_the_page_shows_classes_and_their_pictures(capsys, here):
    fit_on(capsys, "kind", "--out", "o")
    text = (here / "o/report.html").read_text(encoding="utf-8")
    for words in ("Test accuracy", "Confusion matrix", "linear model", "most frequent"):
        assert words in text, words
    assert "R2" not in text
    names = {path.stem for path in (here / "o").glob("*.svg")}
    assert {"confusion", "probabilities", "history", "error_by_feature_1"} <= names
    assert "residuals_1" not in names


# ---- options ------------------------------------------------------------------------------------


def test_losses_and_their_parameters_reach_the_network(capsys):
    frame = table().assign(n=lambda f: np.round(np.exp(f.y)))
    frame.to_csv("own.csv", index=False)
    losses = {"huber:0.5": hbcd.Huber(0.5), "quantile:0.9": hbcd.Quantile(0.9),
              "absolute_error": hbcd.AbsoluteError(), "poisson": hbcd.Poisson()}  # fmt: skip
    for text, loss in losses.items():
        result = fit(capsys, "own.csv", "--target", "n", "--loss", text, "--alpha", 0.25)
        model = hbcd.load(result["model"])
        assert model.network_.loss == loss
        assert (model.network_.alpha, result["alpha"], result["loss"]) == (0.25, 0.25, text)


def test_a_quantile_is_scored_by_its_own_loss_and_the_share_of_rows_below_it(capsys):
    table(400).to_csv("own.csv", index=False)
    options = ("--target", "y", "--loss", "quantile:0.9", "--cv", 2, "--grid", "2/3")
    result = fit(capsys, "own.csv", *options)
    model = hbcd.load(result["model"])
    frame = pd.read_csv("own.csv")
    over = frame.y - model.predict(frame)
    train, test = split_rows(400, 0.2, 0)
    for part, rows in (("train", train), ("test", test)):
        assert result[part]["below"] == (over <= 0).iloc[rows].mean()
        pinball = mean_pinball_loss(over.iloc[rows], np.zeros(len(rows)), alpha=0.9)
        assert result[part]["pinball"] == pytest.approx(pinball, rel=1e-12)
    assert abs(result["train"]["below"] - 0.9) < 0.06  # 19 rows of 320
    best = min(result["search"]["grid"], key=lambda line: line["pinball"])
    assert result["hidden"] == best["hidden"]
    assert "lowest pinball loss" in result["search"]["rule"]
    code, out, _ = run(capsys, "evaluate", result["model"], "own.csv")
    assert code == 0
    assert f"{(over <= 0).mean():.4f}" in out
    assert set(fit(capsys, "own.csv", "--target", "y")["test"]) == {"r2", "mse", "mae"}


def test_balanced_classes_count_the_same(capsys):
    frame = classes()
    frame["ok"] = frame["a"] > 1.2
    frame.to_csv("own.csv", index=False)
    result = fit_on(capsys, "ok", "--class-weight", "balanced")
    X = frame.drop(columns=["kind", "ok", "grade"])
    train = split_rows(len(X), 0.2, 0)[0]
    model = hbcd.HybridClassifier((3,), strategy="bcd", n_threads=1, random_state=0,
                                  class_weight="balanced")  # fmt: skip
    model.fit(X.iloc[train], frame.ok.to_numpy()[train])
    assert hbcd.load(result["model"]).theta_.tobytes() == model.theta_.tobytes()


BAD = {
    "unknown task": (["--target", "kind", "--task", "classes"], "task='classes': must be one of"),
    "two columns": (["--target", "kind,ok", "--task", "classification"], "must be one column"),
    "text among several": (["--target", "kind,a"], "kind='mid': must be a number"),
    "fractions": (["--target", "a", "--task", "classification"], "must be a whole number"),
    "loss of classes": (["--target", "kind", "--loss", "huber"], "loss='huber': must be left out"),
    "loss": (["--target", "a", "--loss", "hubr"], "loss='hubr': must be one of .*'huber'"),
    "no parameter": (["--target", "a", "--loss", "log_cosh:1"], "which takes no number"),
    "no number": (["--target", "a", "--loss", "huber:x"], "must be huber:NUMBER, its delta"),
    "level": (["--target", "a", "--loss", "quantile:2"], "q=2.0: must be"),
    "alpha": (["--target", "a", "--alpha", "-1"], "alpha=-1.0: must be at least 0"),
    "weight of numbers": (["--target", "a", "--class-weight", "balanced"], "must be left out"),
    "weight": (["--target", "kind", "--class-weight", "x"], "must be none or balanced"),
    "nothing left": (["--target", "kind", "--drop", "a,b,day,on,ok,grade"], "must leave a column"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=str)
def test_bad_options_of_classes_are_told_in_one_line(capsys, here, case):
    options, message = BAD[case]
    before = sorted(here.rglob("*"))
    assert re.search(message, refusal(capsys, "fit", "own.csv", *options))
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", None, "b"], r"y=.*: is missing \(row label 1\)"),
        (["a", "a", "a"], "is a in every row: must have 2 classes"),
        (pd.to_datetime(["2020", "2021", "2022"]), "holds dates or times"),
        ([f"id{k}" for k in range(80)], "80 different texts in 80 rows"),
        ([*map(str, range(79)), "?"], r"y='\?': must be a number"),
        ([1.0, 2.5, 3.0], r"y=2.5: must be a whole number.*\(row label 1\)"),
    ],
)
def test_columns_without_classes_are_refused_with_the_row(values, message):
    with pytest.raises(ValueError, match=message):
        read_labels(pd.Series(values, name="y"))


def test_labels_keep_their_kind_and_are_found_again_as_text():
    for values, kind in (
        ([2.0, 1.0, 10.0], "i"),
        ([True, False, True], "b"),
        (["b", "a", "b"], "U"),
    ):
        labels = read_labels(pd.Series(values, name="y"))
        assert labels.dtype.kind == kind
        known = np.unique(labels)
        for column in (pd.Series(values), pd.Series(labels.tolist(), dtype=object),
                       pd.Series([str(one) for one in labels.tolist()])):  # fmt: skip
            assert (known[class_numbers(column, known)] == labels).all()
