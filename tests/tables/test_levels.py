"""Levels and classes are met again however new rows were read; names of columns are there once."""

import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import fit, read_predictions, refusal, run, table

QUICK = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    return tmp_path


def with_levels(*levels, n=120):
    """A table whose column c has these levels, on which y depends."""
    code = np.arange(n) % len(levels)
    frame = table(n)[["a"]]
    frame["c"] = [levels[k] for k in code]
    return frame.assign(y=(frame.a + code).round(6))


#: Levels in training, and one that a new file has alone, which pandas then reads as no text.
ALONE = {
    "truth values": (("TRUE", "FALSE", "Bad"), "TRUE"),
    "truth values in lower case": (("true", "false", "unknown"), "false"),
    "codes": (("01", "02", "A1"), "01"),
    "numbers among names": (("1", "A", "B"), "1"),
    "fractions among names": (("1.50", "a", "b"), "1.50"),
    "exponents": (("1E5", "2E5", "A7", "B8", "C9"), "1E5"),
    "a word that pandas takes for infinity": (("inf", "low", "mid"), "inf"),
    "truth values alone": (("TRUE", "FALSE"), "TRUE"),
    "large codes": (("00012345678901234567", "x", "y"), "00012345678901234567"),
}


@pytest.mark.parametrize("rows", [3, 65536])
@pytest.mark.parametrize("case", ALONE, ids=str)
def test_a_file_with_one_level_alone_is_understood(capsys, here, case, rows):
    levels, alone = ALONE[case]
    frame = with_levels(*levels)
    frame.to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    code, out, err = run(capsys, "predict", path, "own.csv")
    assert (code, err) == (0, "")
    whole = read_predictions(out)["y"]
    part = frame["c"] == alone
    frame[part].to_csv("new.csv", index=False)
    code, out, err = run(capsys, "predict", path, "new.csv", "--chunk-rows", rows)
    assert (code, err) == (0, "")
    # A product over fewer rows may be summed in another order.
    np.testing.assert_allclose(read_predictions(out)["y"], whole[part], rtol=1e-12)
    assert run(capsys, "evaluate", path, "new.csv")[0] == 0


@pytest.mark.parametrize("case", ALONE, ids=str)
def test_a_frame_that_pandas_read_with_one_level_alone_is_understood(here, case):
    levels, alone = ALONE[case]
    frame = with_levels(*levels)
    model = hbcd.HybridRegressor(**QUICK).fit(frame[["a", "c"]].astype({"c": object}), frame.y)
    part = frame[frame["c"] == alone]
    part.to_csv("new.csv", index=False)
    expected = model.predict(part)
    assert model.predict(pd.read_csv("new.csv")).tobytes() == expected.tobytes()
    for dtype in ("category", object, "string"):
        assert model.predict(part.astype({"c": dtype})).tobytes() == expected.tobytes()


def test_codes_that_differ_only_in_zeros_stay_apart():
    frame = with_levels("1", "01", "A")
    model = hbcd.HybridRegressor(**QUICK).fit(frame[["a", "c"]], frame.y)
    assert dict(model.encoder_.columns)["c"] == ("01", "1", "A")
    assert np.ptp(model.predict(frame.assign(a=0.0))[:2]) > 0.1
    assert model.predict(frame.assign(c=1)).shape == (120,), "written like one of them"
    with pytest.raises(ValueError, match=r"c='001': is none of the levels"):
        model.predict(frame.assign(c="001"))


def test_a_number_that_may_be_one_of_two_codes_is_refused():
    frame = with_levels("01", "001", "A")
    model = hbcd.HybridRegressor(**QUICK).fit(frame[["a", "c"]], frame.y)
    with pytest.raises(ValueError, match=r"c=1: is none of the levels in training \(001, 01, A\)"):
        model.predict(frame.assign(c=1))


def test_classes_that_differ_only_in_zeros_stay_apart(capsys):
    frame = with_levels("01", "1", "A")
    frame["a"] = 10.0 * (np.arange(120) % 3) + 0.1 * frame["a"]
    frame.drop(columns="y").to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "c")["model"]
    frame[frame["c"] == "01"].to_csv("new.csv", index=False)
    result = json.loads(run(capsys, "evaluate", path, "new.csv", "--json")[1])
    assert result["confusion"] == {"classes": ["01", "1", "A"],
                                   "counts": [[40, 0, 0], [0, 0, 0], [0, 0, 0]]}  # fmt: skip


def test_a_level_that_only_looks_alike_is_refused(capsys):
    frame = with_levels("01", "02", "A1")
    frame.to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    frame.assign(c="1").to_csv("new.csv", index=False)
    message = refusal(capsys, "predict", path, "new.csv")
    assert "c='1': is none of the levels in training (01, 02, A1) (row 2 of new.csv" in message


@pytest.mark.parametrize("labels", [("TRUE", "FALSE", "Bad"), ("01", "02", "A1"), ("1", "x", "y")])
def test_classes_are_met_again(capsys, labels):
    frame = with_levels(*labels).drop(columns="y")
    frame.to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "c")["model"]
    assert hbcd.load(path).classes_.tolist() == sorted(labels)
    frame[frame["c"] == labels[0]].to_csv("new.csv", index=False)
    code, _, err = run(capsys, "evaluate", path, "new.csv")
    assert (code, err) == (0, "")


# ---- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,y,y", "column 'y' occurs twice, as columns 2 and 3"),
        ("y,a,y", "column 'y' occurs twice, as columns 1 and 3"),
        ("a, a,y", "column 'a' occurs twice, as columns 1 and 2"),
        ("a,a.1,a.1", "column 'a.1' occurs twice, as columns 2 and 3"),
        ("a,y,a,y", "column 'a' occurs twice, as columns 1 and 3"),
    ],
)
def test_a_name_that_stands_twice_is_refused_with_both_places(capsys, here, header, message):
    lines = [",".join(map(str, (k, k * 0.5, k + 1, k - 1)[: header.count(",") + 1]))
             for k in range(20)]  # fmt: skip
    (here / "own.csv").write_text("\n".join([header, *lines]))
    assert message in refusal(capsys, "fit", "own.csv", "--target", "y")
    cells = [header.split(","), *([float(x) for x in line.split(",")] for line in lines)]
    pd.DataFrame(cells).to_excel("own.xlsx", index=False, header=False)
    assert message in refusal(capsys, "fit", "own.xlsx", "--target", "y")
    table().to_csv("good.csv", index=False)
    path = fit(capsys, "good.csv", "--target", "y", "--drop", "b,day,on")["model"]
    assert message in refusal(capsys, "predict", path, "own.csv")
    frame = pd.DataFrame([[1.0] * len(cells[0])] * 5, columns=[n.strip() for n in cells[0]])
    with pytest.raises(ValueError, match=message):
        hbcd.HybridRegressor(**QUICK).fit(frame, range(5))


def test_a_name_that_pandas_would_make_is_a_name_like_any_other(capsys, here):
    table().rename(columns={"b": "a.1"}).to_csv("own.csv", index=False)
    fit(capsys, "own.csv", "--target", "y")
    assert list(hbcd.load("hbcd-own.hbcd").feature_names_in_) == ["a", "a.1", "day", "on"]


def test_features_have_names_of_their_own():
    frame = table().rename(columns={"b": "a_missing"}).drop(columns="y")
    frame["day_Tue"] = 1.0 * (frame["day"] == "Mon")
    frame.loc[3, "a"] = np.nan
    encoder = hbcd.HybridRegressor(**QUICK, missing="indicator").fit(frame, range(120)).encoder_
    assert encoder.feature_names == [
        "a", "a_missing_2", "a_missing", "day_Tue_2", "day_Wed", "on_True", "day_Tue"
    ]  # fmt: skip


def test_blanks_around_a_cell_are_shown(capsys, here):
    frame = with_levels("TRUE", "FALSE", "Bad")
    frame.to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    frame.assign(c=" TRUE ").to_csv("new.csv", index=False)
    assert "c=' TRUE ': is none of the levels" in refusal(capsys, "predict", path, "new.csv")
