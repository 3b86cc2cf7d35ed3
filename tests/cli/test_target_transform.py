"""`--target-transform`: what is learned in place of the target, and where it is said."""

import json

import numpy as np
import pytest

import hbcd
from support.commands import QUICK, fit, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Commands write into the current folder; the target is above 0."""
    monkeypatch.chdir(tmp_path)
    frame = table()
    frame["y"] = np.exp(frame["y"])
    frame.to_csv("own.csv", index=False)
    return tmp_path


def test_a_transform_is_said_by_every_command(capsys):
    result = fit(capsys, "own.csv", "--target", "y", "--target-transform", "log")
    assert result["target_transform"] == "log"
    assert hbcd.load(result["model"]).target_transform_.names == ("log",)
    for more in ((), ("--json",)):
        _, out, _ = run(capsys, "info", result["model"], *more)
        told = json.loads(out)["target_transform"] if more else out
        assert told == "log" or "of transformed targets: log" in told
    _, out, _ = run(
        capsys, "fit", "own.csv", "--target", "y", "--target-transform", "log", *QUICK,
        "--out", "report",
    )  # fmt: skip
    assert "of transformed targets: log" in out
    with open("report/report.html", encoding="utf-8") as page:
        assert "of transformed targets: log" in page.read()


@pytest.mark.parametrize("name", ["auto", "none"])
def test_one_network_learns_the_target_unless_told_otherwise(capsys, name):
    result = fit(capsys, "own.csv", "--target", "y", "--target-transform", name)
    assert result["target_transform"] == "none"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target-transform", "sqrt"), "target_transform='sqrt': must be 'auto', 'log'"),
        (("--target-transform", "log", "--loss", "poisson"), "must be 'auto' or None with loss"),
        (("--target", "day", "--target-transform", "log"), "target_transform: must be left out"),
        (("--target", "a", "--target-transform", "log"), "must be above 0"),
    ],
)
def test_what_cannot_be_is_one_line(capsys, arguments, message):
    target = () if "--target" in arguments else ("--target", "y")
    assert message in refusal(capsys, "fit", "own.csv", *target, *arguments, *QUICK)
