"""Dates are refused, or made into features on request: as given, as text, in files and frames."""

import datetime
import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.dates import ENDINGS
from hbcd.tables.encoder import TableEncoder
from support.commands import QUICK, fit, read_predictions, refusal, run, table

SMALL = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
STAMPS = pd.date_range("2020-01-30 22:10", periods=120, freq="7h13min")
FORMS = {
    "datetimes": STAMPS,
    "ISO": STAMPS.strftime("%Y-%m-%d %H:%M"),
    "ISO with T": STAMPS.strftime("%Y-%m-%dT%H:%M:%S"),
    "German": STAMPS.strftime("%d.%m.%Y %H:%M"),
    "British": STAMPS.strftime("%d/%m/%Y %H:%M"),
    "American": STAMPS.strftime("%m/%d/%Y %I:%M %p"),
    "in words": STAMPS.strftime("%d %b %Y %H:%M"),
    "words first": STAMPS.strftime("%B %d, %Y %H:%M"),
    "with a zone": STAMPS.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
    "universal": STAMPS.strftime("%Y-%m-%dT%H:%MZ"),
    "two digits": STAMPS.strftime("%d.%m.%y %H:%M"),
    "Oracle": STAMPS.strftime("%d-%b-%y %H:%M"),
    "with weekdays": STAMPS.strftime("%a, %d %b %Y %H:%M:%S"),
    "compact": STAMPS.strftime("%Y%m%dT%H%M%S"),
    "compact with a zone": STAMPS.strftime("%Y%m%dT%H%MZ"),
    "compact with a blank": STAMPS.strftime("%Y%m%d %H%M"),
    "compact and colons": STAMPS.strftime("%Y%m%d %H:%M"),
    "UTC": STAMPS.strftime("%Y-%m-%d %H:%M:%S UTC"),
    "as databases write it": STAMPS.strftime("%Y-%m-%d %H:%M:%S+00"),
    "objects": [stamp.to_pydatetime() for stamp in STAMPS],
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    return tmp_path


def dated(form="ISO", n=120):
    return table(n)[["a", "y"]].assign(when=FORMS[form][:n])


def formula(stamps):
    """The features as the docstring of the module writes them."""
    hours = stamps.hour + stamps.minute / 60 + stamps.second / 3600
    turns = [
        hours / 24,
        (stamps.day_of_week + hours / 24) / 7,
        (stamps.day_of_year - 1 + hours / 24) / 365.25,
    ]
    waves = [wave(2 * np.pi * np.asarray(turn)) for turn in turns for wave in (np.sin, np.cos)]
    return np.column_stack([*waves, (stamps - stamps[0]) / pd.Timedelta(days=1)])


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_features_of_dates_are_the_formula_in_every_form(form):
    frame = pd.DataFrame({"when": FORMS[form]})
    encoder, features = TableEncoder.fit_encode(frame, dates="features")
    assert encoder.feature_names == [f"when_{ending}" for ending in ENDINGS]
    np.testing.assert_allclose(features, formula(STAMPS), rtol=0, atol=1e-9)
    again = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    assert again.encode(frame).tobytes() == features.tobytes()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_dates_are_refused_with_the_remedy_unless_asked_for(capsys, form):
    frame = dated(form)
    with pytest.raises(ValueError, match=r'^when=.*dates="features" makes hour') as caught:
        hbcd.HybridRegressor(**SMALL).fit(frame[["a", "when"]], frame.y)
    assert "--" not in str(caught.value)
    frame.to_csv("own.csv", index=False)
    message = refusal(capsys, "fit", "own.csv", "--target", "y")
    assert "--dates features" in message
    assert "--drop when" in message
    frame[:20].to_csv("own.csv", index=False)
    assert "--dates features" in refusal(capsys, "fit", "own.csv", "--target", "y")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_model_of_dates_predicts_from_every_kind_of_file(capsys, kind):
    frame = dated("datetimes")
    name = f"own.{kind}"
    write = {"csv": frame.to_csv, "xlsx": frame.to_excel}
    frame.to_parquet(name) if kind == "parquet" else write[kind](name, index=False)
    result = fit(capsys, name, "--target", "y", "--dates", "features")
    assert (result["features"], result["dates"]) == (8, "features")
    model = hbcd.load(result["model"])
    assert model.dates == "features"
    for command in ("evaluate", "info"):
        assert (
            run(capsys, command, result["model"], *([name] if command == "evaluate" else []))[0]
            == 0
        )
    found = read_predictions(run(capsys, "predict", result["model"], name, "--chunk-rows", 7)[1])
    np.testing.assert_allclose(found["y"], model.predict(frame), rtol=1e-9)


@pytest.mark.parametrize("form", ["German", "datetimes"])
def test_the_report_of_a_fit_shows_the_range_of_dates(capsys, here, form):
    dated(form).assign(n=[str(k % 9) for k in range(120)]).to_parquet("own.parquet")
    fit(capsys, "own.parquet", "--target", "y", "--dates", "features", "--out", "o")
    text = (here / "o/report.html").read_text(encoding="utf-8")
    train = STAMPS[np.random.default_rng(0).permutation(120)[24:]]
    for stamp in (train.min(), train.max()):
        assert stamp.isoformat() in text


def test_the_order_of_day_and_month_is_learned_from_the_whole_column():
    days = pd.date_range("2020-01-01", periods=40)
    for order in ("%d/%m/%Y", "%m/%d/%Y"):
        encoder = TableEncoder.fit(pd.DataFrame({"d": days.strftime(order)}), dates="features")
        new = pd.DataFrame({"d": [datetime.date(2021, 2, 1).strftime(order)]})
        elapsed = encoder.encode(new)[0, -1]
        assert elapsed == (pd.Timestamp(2021, 2, 1) - days[0]).days
    with pytest.raises(ValueError, match=r"d='01/02/2020'.*day or the month.*2020-12-31"):
        TableEncoder.fit(pd.DataFrame({"d": ["01/02/2020", "03/04/2020"]}), dates="features")


@pytest.mark.parametrize("cell", ["soon", "2020-02-30", "2020-13-01", "20-01-2020x", "25:00"])
def test_a_cell_that_is_no_date_is_named(capsys, cell):
    frame = dated()
    frame.loc[8, "when"] = cell
    with pytest.raises(ValueError, match=rf"^when='{cell}': must be a date.*\(row label 8\)"):
        TableEncoder.fit(frame[["when"]], dates="features")
    dated().to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y", "--dates", "features")["model"]
    frame.to_csv("bad.csv", index=False)
    message = refusal(capsys, "predict", path, "bad.csv", "--chunk-rows", 3)
    assert f"when={cell!r}: must be a date" in message
    assert "row 10 of bad.csv" in message


def test_gaps_in_dates_are_refused_or_marked(capsys):
    frame = dated()
    frame.loc[8, "when"] = None
    for values in (frame["when"], pd.to_datetime(frame["when"])):
        gaps = frame.assign(when=values)[["a", "when"]]
        with pytest.raises(ValueError, match=r"^when=.*is missing \(row label 8\)"):
            TableEncoder.fit(gaps, dates="features")
        encoder, features = TableEncoder.fit_encode(gaps, dates="features", missing="indicator")
        assert encoder.feature_names[-1] == "when_missing"
        assert features[8, 1:].tolist() == [0.0] * 7 + [1.0]
        assert TableEncoder.from_dict(encoder.to_dict()) == encoder
    frame.to_csv("own.csv", index=False)
    assert "row 10" in refusal(capsys, "fit", "own.csv", "--target", "y", "--dates", "features")
    fit(capsys, "own.csv", "--target", "y", "--dates", "features", "--missing", "indicator")


def test_zones_count_by_their_own_clock_and_elapsed_time_by_the_instant():
    local = STAMPS.tz_localize("Europe/Berlin")
    encoder, features = TableEncoder.fit_encode(pd.DataFrame({"when": local}), dates="features")
    np.testing.assert_allclose(features[:, :6], formula(STAMPS)[:, :6], atol=1e-9)
    days = (local - local[0]) / pd.Timedelta(days=1)
    np.testing.assert_allclose(features[:, 6], days, atol=1e-9)
    text = pd.DataFrame({"when": [stamp.isoformat() for stamp in local]})
    assert encoder.encode(text).tobytes() == features.tobytes()


def test_times_of_the_day_and_months_are_dates_too():
    hours = pd.DataFrame({"t": [f"{k}:30" for k in range(24)]})
    features = TableEncoder.fit_encode(hours, dates="features")[1]
    np.testing.assert_allclose(features[:, 0], np.sin(2 * np.pi * (np.arange(24) + 0.5) / 24))
    objects = pd.DataFrame({"t": [datetime.time(k, 30) for k in range(24)]})
    assert TableEncoder.fit_encode(objects, dates="features")[1].tobytes() == features.tobytes()
    months = pd.DataFrame({"m": [f"2020-{k:02}" for k in range(1, 13)]})
    elapsed = TableEncoder.fit_encode(months, dates="features")[1][:, -1]
    assert elapsed.tolist() == [(datetime.date(2020, k, 1) - datetime.date(2020, 1, 1)).days
                                for k in range(1, 13)]  # fmt: skip
    for texts in (hours, objects, months):
        with pytest.raises(ValueError, match="dates and times"):
            TableEncoder.fit(texts)


def test_durations_and_a_target_of_dates_are_refused():
    frame = dated("datetimes")
    spans = frame.assign(when=frame["when"] - frame["when"][0])
    for dates in ("error", "features"):
        with pytest.raises(ValueError, match=r"^when"):
            TableEncoder.fit(spans[["when"]], dates=dates)
    for values in (frame["when"], frame["when"].astype(str)):
        with pytest.raises(ValueError, match="when"):
            hbcd.HybridRegressor(**SMALL).fit(frame[["a"]], values)


def test_a_season_is_learned_from_its_dates(capsys):
    stamps = pd.date_range("2019-01-01", periods=700, freq="13h")
    frame = pd.DataFrame({"when": stamps, "y": np.cos(2 * np.pi * stamps.day_of_year / 365.25)})
    frame.to_csv("own.csv", index=False)
    code, out, _ = run(capsys, "fit", "own.csv", "--target", "y", "--dates", "features",
                       *QUICK, "--json")  # fmt: skip
    assert code == 0
    assert json.loads(out)["test"]["r2"] > 0.99
    plain = hbcd.HybridRegressor(**SMALL, dates="features").fit(frame[["when"]], frame.y)
    assert plain.score(frame[["when"]], frame.y) > 0.99


@pytest.mark.parametrize(
    "dates",
    [3, {"T": ["year", "2020-01-01"]}, {"when": 3}, {"when": ["week", "2020-01-01"]},
     {"when": ["year", "never"]}, {"when": ["year", "NaT"]}, {"zz": ["year", "2020-01-01"]}],
)  # fmt: skip
def test_a_description_with_impossible_dates_is_refused(dates):
    frame = dated()[["when"]].assign(T=["x", "y"] * 60)
    described = TableEncoder.fit(frame, dates="features").to_dict()
    with pytest.raises(ValueError, match="must "):
        TableEncoder.from_dict({**described, "dates": dates})
