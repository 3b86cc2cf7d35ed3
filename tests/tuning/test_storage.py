"""A search that was ended goes on from its file, and ends with the same result."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tuning import tune as tuning
from support.commands import environment
from support.tuning import OPTIONS, SPACE, model, signature, table

X, Y = table()


class Enough(BaseException):
    """Ends a search as a signal would."""


class EndsAfter:
    """A callback that ends everything at the begin of the fit after so many."""

    def __init__(self, fits):
        self.left = fits

    def __call__(self, event):
        if event.what == "begin":
            self.left -= 1
            if self.left < 0:
                raise Enough

    def __repr__(self):
        return "EndsAfter()"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_search_that_was_ended_anywhere_goes_on_and_ends_with_the_same_result(tmp_path):
    path = tmp_path / "search.jsonl"
    expected = signature(hbcd.tune(model(), X, Y, SPACE, **OPTIONS))
    whole = hbcd.tune(model(callbacks=EndsAfter(1000)), X, Y, SPACE, **OPTIONS)
    assert signature(whole) == expected
    fits = whole.cost["fits"]
    done = [0, 1, 5, int(fits) // 2, int(fits) - 1, int(fits)]
    for earlier, upto in zip([0, *done], done, strict=False):
        with pytest.raises(Enough):
            hbcd.tune(
                model(callbacks=EndsAfter(upto - earlier)), X, Y, SPACE, storage=path, **OPTIONS
            )
        assert len(lines(path)) == 1 + upto
    last = hbcd.tune(model(callbacks=EndsAfter(1)), X, Y, SPACE, storage=path, **OPTIONS)
    assert signature(last) == expected
    assert last.cost["seconds"] == sum(line["seconds"] for line in lines(path)[1:])


PROGRAM = """
import sys
import hbcd
from hbcd.tuning import tune as tuning
from support.tuning import OPTIONS, SPACE, model, table
X, y = table()
hbcd.tune(model(), X, y, SPACE, storage=sys.argv[1], **OPTIONS)
"""


def test_a_process_that_is_killed_leaves_a_file_that_goes_on(tmp_path):
    path = tmp_path / "search.jsonl"
    command = [sys.executable, "-c", PROGRAM, str(path)]
    process = subprocess.Popen(command, env=environment())
    while process.poll() is None and not (path.exists() and len(lines(path)) > 4):
        pass
    process.kill()
    process.wait()
    assert len(lines(path)) > 4
    found = hbcd.tune(model(), X, Y, SPACE, storage=path, **OPTIONS)
    assert signature(found) == signature(hbcd.tune(model(), X, Y, SPACE, **OPTIONS))


def test_a_file_keeps_the_seed_of_a_search_without_one(tmp_path):
    path = tmp_path / "search.jsonl"
    options = {**OPTIONS, "random_state": None}
    first = hbcd.tune(model(random_state=None), X, Y, SPACE, storage=path, **options)
    again = hbcd.tune(model(random_state=None), X, Y, SPACE, storage=path, **options)
    assert signature(first) == signature(again)
    assert signature(first) != signature(hbcd.tune(model(), X, Y, SPACE, **options))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"random_state": 1}, "seed was 0, here 1"),
        ({"budget": 12}, "candidates was"),
        ({"cv": 3}, "splits was 2, here 3"),
        ({"scoring": "mae"}, "scoring was 'r2', here 'mae'"),
        ({"space": {"alpha": [0.1, 0.2]}}, "candidates was"),
        ({"space": {**SPACE, "alpha": (1e-3, 11.0, "log")}}, "space was another one"),
        (
            {"space": {**SPACE, "hidden_layer_sizes": [*SPACE["hidden_layer_sizes"]] * 2}},
            "space was",
        ),
        ({"model": model(max_iter=61)}, "model was"),
        ({"y": Y + (np.arange(60) == 7)}, "digest was another one"),
        ({"X": X[:, ::-1]}, "digest was another one"),
        ({"sample_weight": np.arange(60.0)}, "digest was another one"),
    ],
)
def test_a_file_of_another_search_is_refused_and_left_as_it_is(tmp_path, changes, message):
    path = tmp_path / "search.jsonl"
    options = {"model": model(), "X": X, "y": Y, "space": SPACE, **OPTIONS}
    hbcd.tune(**options, storage=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"holds another search, {message}") as caught:
        hbcd.tune(**{**options, **changes}, storage=path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    ["", "text", "{}", "[]", '{"hbcd_tune": 2}', '{"hbcd_tune": 1}\n{"trial": 0}', "\xff"],
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "other.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"must be a file that hbcd\.tune has written") as caught:
        hbcd.tune(model(), X, Y, SPACE, storage=path, **OPTIONS)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content.encode("latin-1")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="must be a file, there is a folder"):
        hbcd.tune(model(), X, Y, SPACE, storage=tmp_path, **OPTIONS)


def test_frames_and_failing_candidates_are_kept_too(tmp_path):
    path = tmp_path / "search.jsonl"
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(kind=["x", "y"] * 30)
    space = {"alpha": [0.1, -1.0]}
    found = [hbcd.tune(model(), frame, list(Y), space, storage=path, **OPTIONS) for _ in range(2)]
    assert signature(found[0]) == signature(found[1])
    assert found[1].trials["error"].notna().sum() == 1


@pytest.mark.parametrize("other", [{"alpha": [0.1, 2.0]}, {"alpha": [0.1, 1.0, 5.0]}], ids=str)
def test_another_space_is_another_search_also_where_it_draws_the_same(tmp_path, monkeypatch, other):
    path = tmp_path / "search.jsonl"
    monkeypatch.setattr(tuning, "draw", lambda *_: [{"alpha": 0.1}])
    hbcd.tune(model(), X, Y, {"alpha": [0.1, 1.0]}, storage=path, budget=4, random_state=0)
    with pytest.raises(ValueError, match=r"another search, (candidates|space) was"):
        hbcd.tune(model(), X, Y, other, storage=path, budget=4, random_state=0)
