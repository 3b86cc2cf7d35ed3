"""A cell of a target that is no number: what is offered is what can be done about it."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import QUICK, fit, refusal, table

SMALL = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
CELLS = ["Bad", "12 bar", "Sensor off", "<0.5", "1,5,0"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)


def with_cell(cell):
    frame = table(40).assign(z=lambda t: t.y * 2)
    frame["z"] = frame.z.astype(object)
    frame.loc[5, "z"] = cell
    return frame


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("targets", ["y,z", "z,y", "a,y,z"])
def test_classes_are_not_offered_where_there_are_several_targets(capsys, cell, targets):
    with_cell(cell).to_csv("own.csv", index=False)
    message = refusal(capsys, "fit", "own.csv", "--target", targets, *QUICK)
    assert f"z={cell!r}: must be a number" in message
    assert "row 7 of own.csv" in message
    assert "classification" not in message
    assert "correct the cell" in message


@pytest.mark.parametrize("cell", CELLS)
def test_classes_are_offered_where_there_is_one_target(capsys, cell):
    with_cell(cell).to_csv("own.csv", index=False)
    assert "--task classification" in refusal(capsys, "fit", "own.csv", "--target", "z", *QUICK)
    frame = with_cell(cell)
    with pytest.raises(ValueError, match="use HybridClassifier"):
        hbcd.HybridRegressor(**SMALL).fit(frame[["a", "b"]], frame.z)


@pytest.mark.parametrize("cell", CELLS)
def test_an_estimator_of_several_targets_offers_no_classes(cell):
    frame = with_cell(cell)
    with pytest.raises(ValueError, match=r"^z=.* must be a number.*row label 5\)") as caught:
        hbcd.HybridRegressor(**SMALL).fit(frame[["a", "b"]], frame[["y", "z"]])
    assert "Classifier" not in str(caught.value)


@pytest.mark.parametrize("targets", ["z", "y,z"])
def test_evaluate_offers_no_option_that_it_does_not_have(capsys, targets):
    table(40).assign(z=lambda t: t.y * 2).to_csv("own.csv", index=False)
    model = fit(capsys, "own.csv", "--target", targets)["model"]
    with_cell("Bad").to_csv("new.csv", index=False)
    message = refusal(capsys, "evaluate", model, "new.csv")
    assert "z='Bad': must be a number" in message
    assert "--task" not in message


def test_classes_are_not_offered_to_who_asked_for_them(capsys):
    many = pd.DataFrame({"a": np.arange(60.0), "grade": [*map(str, range(59)), "Bad"]})
    many.to_csv("own.csv", index=False)
    message = refusal(
        capsys, "fit", "own.csv", "--target", "grade", "--task", "classification", *QUICK
    )
    assert "grade='Bad': must be a number" in message
    assert "--task classification" not in message
