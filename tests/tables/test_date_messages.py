"""Dates that are not written so that one can read them: what is offered is what works."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.bad_values import TableWarning
from hbcd.tables.dates import ENDINGS
from hbcd.tables.encoder import TableEncoder
from support.commands import QUICK, fit, refusal, run, table

DAYS = pd.date_range("2020-01-30", periods=120, freq="31h").normalize()
UNREADABLE = {
    "year first, of two digits": (DAYS.strftime("%y-%m-%d"), "a year of two digits"),
    "year last, of two digits": (DAYS.strftime("%d/%m/%y"), "a year of two digits"),
    "American, two digits": (DAYS.strftime("%m-%d-%y"), "a year of two digits"),
    "with a clock": (DAYS.strftime("%y/%m/%d 12:30"), "a year of two digits"),
    "day or month": (["01/02/2020", "03/04/2020", "05/06/2020"] * 40, "the day or the month"),
    "no day": (["2020-02-30"] + ["2020-01-01", "2020-01-02"] * 59 + [None], "must be a date"),
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)


def dated(values):
    return table(120)[["a", "y"]].assign(when=values)


@pytest.mark.parametrize("case", UNREADABLE, ids=str)
def test_features_of_dates_are_offered_only_where_they_can_be_made(capsys, case):
    values, reason = UNREADABLE[case]
    frame = dated(values)
    messages = []
    for dates in ("error", "features"):
        with pytest.raises(ValueError, match=f"^when=.*{reason}") as caught:
            TableEncoder.fit(frame[["when"]], dates=dates)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "features" not in messages[0]
    frame.to_csv("own.csv", index=False)
    message = refusal(capsys, "fit", "own.csv", "--target", "y")
    assert reason in message
    assert "--dates" not in message
    assert "--drop when" in message


DIGITS = {
    "numbers": DAYS.strftime("%Y%m%d").astype(int),
    "texts": DAYS.strftime("%Y%m%d"),
    "with minutes": DAYS.strftime("%Y%m%d1230").astype(int),
    "with seconds": DAYS.strftime("%Y%m%d123000").astype(float),
    "with a gap": pd.Series([np.nan, *DAYS.strftime("%Y%m%d").astype(float)[1:]]),
}


@pytest.mark.parametrize("case", DIGITS, ids=str)
def test_digits_that_are_dates_are_numbers_with_a_warning_or_features(case):
    frame = pd.DataFrame({"when": DIGITS[case]})
    with pytest.warns(TableWarning, match=r'^when=2020013.*taken as numbers; dates="features"'):
        encoder, numbers = TableEncoder.fit_encode(frame, missing="indicator")
    assert encoder.feature_names[0] == "when"
    assert numbers[1, 0] == float(DIGITS[case][1])
    encoder, found = TableEncoder.fit_encode(frame, dates="features", missing="indicator")
    assert encoder.feature_names[:7] == [f"when_{ending}" for ending in ENDINGS]
    stamps = pd.DataFrame({"when": DAYS})
    expected = TableEncoder.fit_encode(stamps, dates="features")[1]
    elapsed = found[1:, 6] - found[1, 6]
    np.testing.assert_allclose(elapsed, expected[1:, 6] - expected[1, 6], atol=1e-9)
    assert TableEncoder.from_dict(encoder.to_dict()).encode(frame).tobytes() == found.tobytes()


NUMBERS = {
    "few": [20200101, 20200102] * 60,
    "one that is no date": [*DAYS.strftime("%Y%m%d").astype(int)[:-1], 20201332],
    "of another size": np.arange(120) + 2020013,
    "fractions": DAYS.strftime("%Y%m%d").astype(float) + 0.5,
    "far": np.linspace(19000101, 21001231, 120).round(),
}


@pytest.mark.parametrize("case", NUMBERS, ids=str)
def test_numbers_that_are_no_dates_stay_numbers_without_a_word(case):
    frame = pd.DataFrame({"p": NUMBERS[case]})
    for dates in ("error", "features"):
        assert TableEncoder.fit(frame, dates=dates).feature_names == ["p"]


def test_the_command_offers_and_makes_features_of_digits(capsys):
    stamps = pd.date_range("2020-01-30", periods=120, freq="7h13min")
    frame = dated(stamps.strftime("%Y%m%d%H%M").astype(int))
    frame.to_csv("own.csv", index=False)
    err = run(capsys, "fit", "own.csv", "--target", "y", *QUICK)[2]
    assert (
        "when=202001300000, ...: dates without separators, taken as numbers; --dates features"
        in err
    )
    result = fit(capsys, "own.csv", "--target", "y", "--dates", "features")
    assert result["features"] == 8
    model = hbcd.load(result["model"])
    assert run(capsys, "predict", result["model"], "own.csv")[0] == 0
    assert np.isfinite(model.predict(frame)).all()


@pytest.mark.parametrize("cell", [3.5, 20201332, 0, -20200101, True])
def test_a_number_that_is_no_date_is_named(cell):
    encoder = TableEncoder.fit(pd.DataFrame({"when": DIGITS["numbers"]}), dates="features")
    with pytest.raises(ValueError, match=r"^when=.*: must be a date.*\(row label 0\)"):
        encoder.encode(pd.DataFrame({"when": [cell]}))
