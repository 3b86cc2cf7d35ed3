"""`hbcd fit` makes its table ready once, and loses nothing that was there before."""

import os

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.encoder import TableEncoder
from hbcd.training.network import Network
from support.commands import QUICK, fit, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    frame = table()
    frame.loc[::9, "b"] = np.nan
    frame["kind"] = np.where(frame.y > 0, "high", "low")
    frame.to_csv("own.csv", index=False)
    return tmp_path


@pytest.fixture
def counts(monkeypatch):
    """How often the encoder learns, encodes how many rows, and least squares are solved."""
    found = {"fits": 0, "rows": 0, "solves": 0}
    learn, encode, solve = TableEncoder.fit_encode.__func__, TableEncoder.encode, np.linalg.lstsq

    def counted_learn(cls, frame, *arguments, **options):
        found["fits"] += 1
        found["rows"] += len(frame)
        return learn(cls, frame, *arguments, **options)

    def counted_encode(self, frame):
        found["rows"] += len(frame)
        return encode(self, frame)

    def counted_solve(*arguments, **options):
        found["solves"] += 1
        return solve(*arguments, **options)

    monkeypatch.setattr(TableEncoder, "fit_encode", classmethod(counted_learn))
    monkeypatch.setattr(TableEncoder, "encode", counted_encode)
    monkeypatch.setattr(np.linalg, "lstsq", counted_solve)
    return found


@pytest.mark.parametrize("target", ["y", "kind"])
@pytest.mark.parametrize("more", [(), ("--cv", 2), ("--grid", "2/3"), ("--out", "o")])
def test_a_fit_encodes_every_row_once_and_solves_least_squares_once(capsys, counts, target, more):
    other = "kind" if target == "y" else "y"
    options = ("--target", target, "--drop", other, "--missing", "indicator", *more)
    fit(capsys, "own.csv", *options)
    assert counts == {"fits": 1, "rows": 120, "solves": 1 if target == "y" else 0}


def test_what_fills_a_gap_is_learned_from_the_rows_to_train_on(capsys):
    result = fit(capsys, "own.csv", "--target", "y", "--drop", "kind", "--missing", "indicator")
    order = np.random.default_rng(0).permutation(120)
    frame = pd.read_csv("own.csv").drop(columns="kind")
    train = frame.iloc[order[24:]]
    model = hbcd.load(result["model"])
    assert model.encoder_.fills == {"b": train["b"].median()}
    memory = hbcd.HybridRegressor((3,), strategy="bcd", n_threads=1, random_state=0,
                                  missing="indicator")  # fmt: skip
    memory.fit(train.drop(columns="y"), train["y"])
    assert model.theta_.tobytes() == memory.theta_.tobytes()
    assert result["test"]["r2"] == pytest.approx(
        memory.score(frame.iloc[order[:24]], frame.y.iloc[order[:24]]), rel=1e-12)  # fmt: skip


@pytest.mark.parametrize("proba", [(), ("--proba",)])
def test_predict_encodes_and_runs_the_network_once_a_row(capsys, counts, monkeypatch, proba):
    path = fit(capsys, "own.csv", "--target", "kind", "--drop", "y", "--missing", "indicator")
    counts.update(rows=0)
    calls = []
    evaluate = Network.predict

    def counted(self, theta, X, **options):
        calls.append(len(X))
        return evaluate(self, theta, X, **options)

    monkeypatch.setattr(Network, "predict", counted)
    code, out, _ = run(capsys, "predict", path["model"], "own.csv", *proba, "--chunk-rows", 50)
    assert (code, len(out.splitlines())) == (0, 121)
    assert counts["rows"] == 120
    assert calls == [50, 50, 20]


# ---- nothing is lost --------------------------------------------------------------------------


def test_a_model_that_is_there_is_kept_under_another_name(capsys, here):
    first = fit(capsys, "own.csv", "--target", "y", "--drop", "kind,b")
    assert first["former"] is None
    content = (here / "hbcd-own.hbcd").read_bytes()
    second = fit(capsys, "own.csv", "--target", "y", "--drop", "kind,b", "--seed", 1)
    assert (second["model"], second["former"]) == ("hbcd-own.hbcd", "hbcd-own.1.hbcd")
    assert (here / "hbcd-own.1.hbcd").read_bytes() == content
    assert (here / "hbcd-own.hbcd").read_bytes() != content
    code, out, _ = run(capsys, "fit", "own.csv", "--target", "y", "--drop", "kind,b", *QUICK)
    assert code == 0
    assert "(the one that was there is now hbcd-own.2.hbcd)" in out
    hbcd.load("hbcd-own.2.hbcd")
    assert (here / "hbcd-own.1.hbcd").read_bytes() == content


def test_so_is_a_file_that_is_no_model_and_one_in_a_folder(capsys, here):
    (here / "hbcd-own.hbcd").write_text("mine")
    fit(capsys, "own.csv", "--target", "y", "--drop", "kind,b")
    assert (here / "hbcd-own.1.hbcd").read_text() == "mine"
    for _ in range(2):
        found = fit(capsys, "own.csv", "--target", "y", "--drop", "kind,b", "--out", "o")
    assert found["former"] == os.path.join("o", "model.1.hbcd")
    assert (here / "o/model.1.hbcd").is_file()


def test_a_fit_that_cannot_write_leaves_what_was_there(capsys, here, monkeypatch):
    fit(capsys, "own.csv", "--target", "y", "--drop", "kind,b")
    before = {path.name: path.read_bytes() for path in here.iterdir()}

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(capsys, "fit", "own.csv", "--target", "y", "--drop", "kind,b", *QUICK)[0] == 1
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_a_refused_fit_copies_nothing(capsys, here):
    fit(capsys, "own.csv", "--target", "y", "--drop", "kind,b")
    before = sorted(here.iterdir())
    assert run(capsys, "fit", "own.csv", "--target", "y", *QUICK)[0] == 2
    assert sorted(here.iterdir()) == before
