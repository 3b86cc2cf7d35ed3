"""`--output-range` and `--input-encoding`: as the estimators have them."""

import re

import numpy as np
import pytest

import hbcd
from support.commands import fit, read_predictions, refusal, run, table

MEMBERS = ("--effort", "0.05", "--members", "2", "--hidden", "3", "--threads", "1", "--quiet")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Commands write into the current folder."""
    monkeypatch.chdir(tmp_path)
    table().to_csv("own.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("by", ["flags", "file"])
def test_predictions_are_kept_within_the_range_that_is_given(capsys, here, by):
    if by == "flags":
        result = fit(capsys, "--output-range", "-0.5", "0.25", "own.csv", "--target", "y")
    else:
        (here / "own.toml").write_text(
            'data = "own.csv"\ntarget = "y"\noutput_range = [-5e-1, 0.25]'
        )
        result = fit(capsys, "--config", "own.toml")
    model = hbcd.load(result["model"])
    assert model.output_range == (-0.5, 0.25)
    code, out, _ = run(capsys, "predict", result["model"], "own.csv")
    (found,) = read_predictions(out).values()
    assert (code, found.min(), found.max()) == (0, -0.5, 0.25)


@pytest.mark.parametrize(("name", "kept"), [("auto", "auto"), ("pieces", "pieces"), ("none", None)])
def test_members_see_numbers_as_the_flag_says(capsys, name, kept):
    code, _, err = run(
        capsys, "fit", "own.csv", "--target", "y", "--input-encoding", name, *MEMBERS
    )
    assert (code, err) == (0, "")
    model = hbcd.load("hbcd-own.hbcd")
    assert model.encoding == kept
    networks = model.members_[model.members_["networks"] > 0]
    tried = np.unique(networks["pieces"][networks["widths"] != ()] > 0).tolist()
    assert name == "auto" or tried == [name == "pieces"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--input-encoding", "peices"), "input_encoding='peices': .*did you mean 'pieces'"),
        (("--input-encoding", "pieces"), "encoding='pieces': is for members"),
        (("--output-range", "1", "0"), "must have its least value first"),
        (("--output-range", "1", "nan"), "output_range=nan: must be"),
        (("--output-range", "1"), "--output-range: expected 2 arguments"),
        (("--target", "day", "--output-range", "0", "1"), "output_range: must be left out"),
    ],
)
def test_what_cannot_be_is_one_line(capsys, arguments, message):
    quick = ("--hidden", "3", "--strategy", "bcd", "--threads", "1")
    target = () if "--target" in arguments else ("--target", "y")
    error = refusal(capsys, "fit", "own.csv", *target, *quick, *arguments)
    assert re.search(message, error), error


def test_a_range_in_a_file_is_two_numbers(capsys, here):
    for value in ("3", "[1, 2, 3]", '["a", "b"]', "[true, false]"):
        (here / "own.toml").write_text(f'data = "own.csv"\ntarget = "y"\noutput_range = {value}')
        assert "must be an array of two numbers" in refusal(capsys, "fit", "--config", "own.toml")
