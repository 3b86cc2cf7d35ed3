"""Bad input on the command line: exit code 2, one clear line, nothing written, nothing lost."""

import os
import re

import numpy as np
import pytest

from hbcd.cli import fit as _cli_fit
from hbcd.cli.main import main
from support.commands import QUICK, fit, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    monkeypatch.setenv("HBCD_DATA", str(tmp_path))
    table().to_csv("own.csv", index=False)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.csv").mkdir()
    return tmp_path


def write(name, **columns):
    """A table of 20 rows, changed."""
    table(20).assign(**columns).to_csv(name, index=False)


BAD_FITS = {
    "unknown data": (["plnat"], r"data='plnat': must be one of plant.*did you mean 'plant'"),
    "no such file": (["none.csv", "--target", "y"], "none.csv: must be a file that exists"),
    "folder": (["folder", "--target", "y"], "folder: must end in one of"),
    "folder with a suffix": (["folder.csv", "--target", "y"], "must be a file that exists"),
    "no target named": (["own.csv"], "--target: must name a column of own.csv: a, b, day, on, y"),
    "targets one by one": (
        ["own.csv", "--target", "y", "--target=a"],
        "--target: is there twice; several columns are one list, --target y,z",
    ),
    "unknown target": (["own.csv", "--target", "Y"], "target=Y: must be a column"),
    "target dropped": (["own.csv", "--target", "y", "--drop", "y"], "target=y: must be a column"),
    "unknown drop": (["own.csv", "--target", "y", "--drop", "x"], "drop=x: must be a column"),
    "text target": (
        ["own.csv", "--target", "day", "--task", "regression"],
        r"day='Mon': must be a number \(row 2 of own.csv",
    ),
    "target twice": (["own.csv", "--target", "y,y"], "each once"),
    "widths": (["plant", "--hidden", "10,x"], "'10,x': must be widths"),
    "width 0": (["plant", "--hidden", "10,0"], "'10,0': must be widths"),
    "no widths": (["plant", "--hidden", ""], "'': must be widths"),
    "strategy": (["plant", "--strategy", "fsat"], "strategy='fsat': must be .* 'fast'"),
    "activation": (["plant", "--activation", "tan"], "activation='tan': must be"),
    "activations": (
        ["plant", "--activation", "tanh,relu"],
        "activation: must be one name, or --hidden",
    ),
    "optimizer": (["plant", "--optimizer", "sgd"], "optimizer='sgd': must be one of lbfgs"),
    "selector": (["plant", "--selector", "rand"], "selector='rand': must be one of most"),
    "no blocks": (["plant", "--strategy", "full_batch", "--selector", "random"], "no blocks"),
    "dtype": (["plant", "--dtype", "int8"], "dtype='int8': must be"),
    "seed": (["plant", "--seed", "-1"], "seed=-1: must be at least 0"),
    "seed no integer": (["plant", "--seed", "1.5"], "--seed: invalid int value: '1.5'"),
    "threads": (["plant", "--threads", "0"], "threads=0: must be at least 1"),
    "max time": (["plant", "--max-time", "0"], "max_time=0.0: must be greater than 0"),
    "max time nan": (["plant", "--max-time", "nan"], "max_time=nan: must be finite"),
    "test size": (["plant", "--test-size", "1"], "test_size=1: must be between 0 and 1"),
    "test size nan": (["plant", "--test-size", "nan"], "test_size=nan: must be between"),
    "test size negative": (["plant", "--test-size", "-0.1"], "test_size=-0.1: must be between"),
    "unknown option": (["plant", "--sed", "1"], "unrecognized arguments: --sed"),
    "out is a file": (["plant", "--out", "own.csv"], "out=own.csv: must be a folder"),
    "out below a file": (["plant", "--out", "own.csv/x"], "must be a folder"),
    "out of folders": (["plant", "--out", "taken"], "model.hbcd: must be a file"),
}


@pytest.mark.parametrize("case", BAD_FITS, ids=str)
def test_bad_arguments_of_fit_are_told_in_one_line(capsys, here, case):
    arguments, message = BAD_FITS[case]
    (here / "taken" / "model.hbcd").mkdir(parents=True)
    before = sorted(here.rglob("*"))
    assert re.search(message, refusal(capsys, "fit", *arguments))
    assert sorted(here.rglob("*")) == before


BAD_TABLES = {
    "missing value": (
        lambda: {"b": [*range(12), np.nan, *range(7)]},
        r"b=\(empty\).*row 14 ",
    ),
    "missing text": (
        lambda: {"day": [*["x"] * 4, None, *["z"] * 15]},
        r"day=.* missing .*row 6 of",
    ),
    "missing target": (lambda: {"y": [*range(19), np.nan]}, r"y=\(empty\).*row 21 of"),
    "infinite": (lambda: {"a": [np.inf, *range(19)]}, r"a='inf'.*row 2 of"),
    "constant target": (lambda: {"y": 2.5}, r"target=y: is 2.5 in every row: must vary"),
    "all different": (
        lambda: {"day": [f"tag{d}" for d in range(1, 21)]},
        "day has 20",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES, ids=str)
def test_bad_tables_are_refused_naming_row_and_column_of_the_file(capsys, here, case):
    columns, message = BAD_TABLES[case]
    write("bad.csv", **columns())
    assert re.search(message, refusal(capsys, "fit", "bad.csv", "--target", "y", *QUICK))
    assert not (here / "hbcd-bad.hbcd").exists()


def test_identifiers_are_refused_with_what_to_do(capsys):
    table(80).assign(id=[f"id{k}" for k in range(80)]).to_csv("ids.csv", index=False)
    assert "--drop" in refusal(capsys, "fit", "ids.csv", "--target", "y")


def test_text_among_numbers_is_named_with_its_row_in_the_file(capsys):
    table(80).assign(b=[*range(70), "?", *range(71, 80)]).to_csv("text.csv", index=False)
    message = refusal(capsys, "fit", "text.csv", "--target", "y")
    assert "b='?': must be a number" in message
    assert "row 72 of text.csv" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty.csv: is empty: must have a row of names"),
        (b"a,y\n", "at least one row"),
        (b"a,y\n1,2\n", "rows=1: must be more than"),
        (b"a y\n1 2\n", "has one column, whose name holds ' '"),
        (b"y\n1\n2\n", "must leave a column"),
        (b"\xff\xfe\x00a", "must have a row of names"),
    ],
)
def test_tables_that_are_none_are_refused(capsys, here, content, message):
    (here / "empty.csv").write_bytes(content)
    assert message in refusal(capsys, "fit", "empty.csv", "--target", "y", *QUICK)


@pytest.mark.parametrize("arguments", [[], ["data"], ["predict", "m"], ["fti"], ["fit", "a", "b"]])
def test_incomplete_and_unknown_commands_are_one_line(capsys, arguments):
    refusal(capsys, *arguments)


@pytest.mark.parametrize("name", ["plant", "cccp"])
def test_only_published_data_can_be_fetched(capsys, name):
    assert f"data='{name}': must be one of ccpp, siec" in refusal(capsys, "data", "fetch", name)


def damage(path, kind):
    content = path.read_bytes()
    if kind == "truncated":
        return content[:-9]
    if kind == "corrupt":
        return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
    return {"empty": b"", "another file": b"a,b\n1,2\n" * 9}[kind]


@pytest.mark.parametrize("kind", ["truncated", "corrupt", "empty", "another file"])
def test_models_that_cannot_be_read_are_refused(capsys, here, kind):
    model = here / fit(capsys, "own.csv", "--target", "y")["model"]
    model.write_bytes(damage(model, kind))
    for command in (["predict", model, "own.csv"], ["info", model]):
        assert str(model) in refusal(capsys, *command)


def test_tables_to_predict_must_fit_the_model(capsys):
    model = fit(capsys, "own.csv", "--target", "y")["model"]
    table(5).drop(columns=["b", "on"]).to_csv("fewer.csv", index=False)
    assert "lacks the columns b, on" in refusal(capsys, "predict", model, "fewer.csv")
    table(5).assign(day="Sun").to_csv("sunday.csv", index=False)
    message = refusal(capsys, "predict", model, "sunday.csv")
    assert "day='Sun': is none of the levels in training (Mon, Tue, Wed)" in message
    assert "must be a file that exists" in refusal(capsys, "predict", model, "none.csv")
    assert "none.hbcd: cannot be read" in refusal(capsys, "predict", "none.hbcd", "own.csv")


@pytest.mark.parametrize("out", ["folder", "none/p.csv", "own.csv/p.csv"])
def test_predictions_that_cannot_be_written_are_told_and_leave_nothing(capsys, here, out):
    model = fit(capsys, "own.csv", "--target", "y")["model"]
    before = sorted(here.rglob("*"))
    assert out in refusal(capsys, "predict", model, "own.csv", "--out", out)
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("out", ["p.xlsx", "p.XLS", "p.parquet", "p.csv.gz"])
def test_predictions_are_not_written_as_text_under_the_name_of_another_kind(capsys, here, out):
    model = fit(capsys, "own.csv", "--target", "y")["model"]
    message = refusal(capsys, "predict", model, "own.csv", "--out", out)
    assert f"out={out}: predictions are written as csv" in message
    assert not (here / out).exists()


def test_predictions_that_were_there_survive_a_full_disk(capsys, here, monkeypatch):
    model = fit(capsys, "own.csv", "--target", "y")["model"]
    (here / "p.csv").write_text("before")

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, out, err = run(capsys, "predict", model, "own.csv", "--out", "p.csv")
    assert (code, out, err) == (1, "", "hbcd: error: p.csv: No space left on device\n")
    assert (here / "p.csv").read_text() == "before"
    assert not list(here.glob(".hbcd-*"))


def test_an_existing_model_survives_a_fit_that_fails(capsys, here, monkeypatch):
    model = here / fit(capsys, "own.csv", "--target", "y")["model"]
    before = model.read_bytes()
    refusal(capsys, "fit", "own.csv", "--target", "none")
    table().assign(a=np.nan).to_csv("own.csv", index=False)
    refusal(capsys, "fit", "own.csv", "--target", "y")
    table().to_csv("own.csv", index=False)

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    code, out, err = run(capsys, "fit", "own.csv", "--target", "y", "--seed", 1, *QUICK)
    assert (code, out) == (1, "")
    assert err == "hbcd: error: hbcd-own.hbcd: No space left on device\n"
    assert model.read_bytes() == before
    assert not list(here.glob(".hbcd-*"))


def test_a_failure_of_ours_is_one_line_with_its_kind_and_exit_code_1(capsys, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(_cli_fit, "load_table", broken)
    assert run(capsys, "fit") == (
        1, "", "hbcd: error: RuntimeError: two lines (--debug shows where)\n"
    )  # fmt: skip


def test_debug_raises_what_went_wrong(monkeypatch):
    for arguments in (["--debug", "info", "none"], ["info", "none", "--debug"]):
        with pytest.raises(ValueError, match="none: cannot be read"):
            main(arguments)
    monkeypatch.setenv("HBCD_DEBUG", "1")
    with pytest.raises(ValueError, match="none: cannot be read"):
        main(["info", "none"])


def test_a_download_that_fails_is_exit_code_1(capsys, monkeypatch):
    def offline(*arguments, **options):
        raise OSError("data.csv: is missing and could not be downloaded: offline")

    monkeypatch.setattr("hbcd.datasets.download._download_into", offline)
    code, out, err = run(capsys, "fit", "ccpp")
    assert (code, out) == (1, "")
    assert err.startswith("hbcd: error: ")
    assert "offline" in err
