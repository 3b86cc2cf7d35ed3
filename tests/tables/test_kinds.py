"""What a column is: numbers, levels or times; stray text in numbers is named, never a level."""

import datetime
import fractions

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.encoder import TableEncoder
from hbcd.tables.kinds import kind_of
from support.commands import fit, refusal, table

QUICK = {"hidden_layer_sizes": (3,), "strategy": "bcd", "random_state": 0, "n_threads": 1}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    return tmp_path


def cycled(*values, n=60):
    return [values[k % len(values)] for k in range(n)]


KINDS = {
    "numbers": ([1.5, 2.0], "numbers"),
    "numbers as text": (["1.5", "2", "-3e-5"], "numbers"),
    "one bad cell": ([*map(str, range(50)), "Bad Input"], "numbers"),
    "numbers and objects": ([1, "2.5", 3.0, "x"], "numbers"),
    "thousands": (["1,234", "4,501", "12,000.5"], "numbers"),
    "blanks between thousands": (["1 234", "4 501"], "numbers"),
    "decimal commas": (["1000,0", "2,5", "-0,1"], "numbers"),
    "German": (["1.234,5", "2.000,0"], "numbers"),
    "units": ([f"{k} mbar" for k in range(20)], "numbers"),
    "percent": (["50%", "12 %", "7.5%", "1"], "numbers"),
    "mostly bad, but hundreds of numbers": (["Bad"] * 500 + [str(k / 8) for k in range(400)],
                                            "numbers"),
    "limits": ([f"<{k}" for k in range(20)], "numbers"),
    "money": ([f"$ {k}.50" for k in range(20)], "numbers"),
    "marked": ([f"{k}*" for k in range(20)], "numbers"),
    "brackets": ([f"({k})" for k in range(20)], "numbers"),
    "units without a blank": ([f"{k}mbar" for k in range(20)], "numbers"),
    "one unit without a blank": ([1.5, "20MW", 3], "numbers"),
    "ranges": (cycled("<5", "5-10", ">10"), "levels"),
    "rooms": (cycled(*[f"{k}{letter}" for k in range(1, 6) for letter in "ABCD"]), "levels"),
    "times of the day": (["10:30", "23:15:02"], "times"),
    "months": (["2020-01", "2020-12"], "times"),
    "levels": (cycled("Mon", "Tue"), "levels"),
    "truth words": (cycled("TRUE", "FALSE", "Bad"), "levels"),
    "codes": (cycled("01", "02", "A1"), "levels"),
    "codes of digits": (cycled("007", "123", "456"), "levels"),
    "identifiers with few numbers": (cycled("A17", "17", "B2", "C99", "x"), "levels"),
    "few levels with units": (cycled("5 bar", "10 bar"), "levels"),
    "letters after digits": (cycled("1A", "2B", "3C"), "levels"),
    "category of numbers": (pd.Categorical([1, 2, 1]), "levels"),
    "truth values": ([True, False], "levels"),
    "dates": (["2020-01-31", "2020-02-01"], "times"),
    "German dates": (["31.01.2020 10:00", "01.02.2020 11:30"], "times"),
    "American dates": (["1/31/2020", "2/1/2020"], "times"),
    "dates in words": (["3 Feb 2020", "4 Mar 2020"], "times"),
    "date objects": ([datetime.date(2020, 1, 1), None], "times"),
    "fixed width": (["001.5", "012.25", "100.00"], "numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS, ids=str)
def test_the_kind_of_a_column_is_what_most_of_its_cells_are(case):
    values, kind = KINDS[case]
    assert kind_of(pd.Series(values, name="c")) == kind


def rounded(n=300):
    """A table whose columns have few different numbers, as plant data rounded to a step have."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"p": rng.integers(0, 40, n) * 25 + 4000, "t": rng.normal(size=n)})
    return frame.round(2).assign(y=lambda f: (f.p / 1000 + f.t).round(1))


STRAY = {
    "status": "Bad Input",
    "thousands": "4,501",
    "decimal comma": "1000,0",
    "unit": "1000 mbar",
    "limit": "<0.5",
    "dashes": "---",
    "error of a spreadsheet": "#DIV/0!",
    "range": "10 - 20",
    "unit without a blank": "1000mbar",
    "money": "$450",
    "mark": "450*",
    "question mark": "?",
}


@pytest.mark.parametrize("row", [0, 150])
@pytest.mark.parametrize("column", ["p", "y"])
@pytest.mark.parametrize("case", STRAY, ids=str)
def test_stray_text_in_numbers_is_named_in_files_and_frames(capsys, here, case, column, row):
    cell = STRAY[case]
    frame = rounded().astype({column: object})
    frame.loc[row, column] = cell
    frame.to_csv("own.csv", index=False)
    message = refusal(capsys, "fit", "own.csv", "--target", "y")
    assert f"{column}={cell!r}: must be a number" in message
    assert f"row {row + 2} of own.csv" in message
    assert "299 of 300 cells" in message
    assert "to mend it" in message
    labeled = frame.set_axis([f"r{k}" for k in range(300)])
    for model in (hbcd.HybridRegressor(**QUICK), hbcd.HybridClassifier(**QUICK)):
        with pytest.raises(ValueError, match=f"must be a number.*row label r{row}\\)") as caught:
            model.fit(labeled.drop(columns="y"), labeled["y"])
        assert "--" not in str(caught.value).replace("---", "")
        assert str(caught.value).startswith(f"{column}={cell!r}")


def test_a_row_of_units_is_named_with_what_to_do(capsys, here):
    lines = rounded().to_csv(index=False).splitlines()
    (here / "own.csv").write_text("\n".join([lines[0], "mbar,degC,MW", *lines[1:]]))
    for more in ([], ["--task", "regression"], ["--drop", "p"]):
        message = refusal(capsys, "fit", "own.csv", "--target", "y", *more)
        assert "row 2 of own.csv" in message
        assert "delete the row where it holds the units" in message


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_stray_text_is_named_in_every_kind_of_file(capsys, kind):
    frame = rounded().astype({"p": object})
    frame.loc[7, "p"] = "Bad Input"
    if kind == "xlsx":
        frame.to_excel("own.xlsx", index=False)
        where = "row 9 of own.xlsx"
    else:
        frame.astype({"p": str}).to_parquet("own.parquet")
        where = "data row 8 of own.parquet"
    message = refusal(capsys, "fit", f"own.{kind}", "--target", "y")
    assert "p='Bad Input': must be a number" in message
    assert where in message


def test_what_the_remedies_name_mends_it(capsys):
    frame = rounded().astype({"p": object})
    frame.loc[[7, 90], "p"] = "Bad Input"
    frame.to_csv("own.csv", index=False)
    options = ("--na", "Bad Input", "--missing", "indicator")
    result = fit(capsys, "own.csv", "--target", "y", *options)
    assert result["features"] == 3
    fit(capsys, "own.csv", "--target", "y", "--text", "p")
    assert hbcd.load("hbcd-own.hbcd").encoder_.columns[0][1][-1] == "Bad Input"
    fit(capsys, "own.csv", "--target", "y", "--drop", "p")


def test_few_rows_name_the_cell_and_not_the_number_of_rows(capsys):
    frame = table(45).assign(b=[*range(44), "Bad Input"])
    frame.to_csv("own.csv", index=False)
    message = refusal(capsys, "fit", "own.csv", "--target", "y")
    assert "b='Bad Input': must be a number, as 44 of 45 cells" in message
    assert "row 46 of own.csv" in message


def test_text_columns_of_numbers_are_numbers_in_python():
    frame = rounded()
    texts = frame.assign(p=frame.p.astype(str))
    plain = hbcd.HybridRegressor(**QUICK).fit(frame[["p", "t"]], frame.y)
    model = hbcd.HybridRegressor(**QUICK).fit(texts[["p", "t"]], frame.y.astype(str))
    assert model.theta_.tobytes() == plain.theta_.tobytes()
    assert model.predict(texts).tobytes() == plain.predict(frame).tobytes()


def test_levels_stay_levels():
    frame = pd.DataFrame({"code": cycled("01", "02", "A1"), "id": cycled("A17", "17", "B2", "C9")})
    encoder = TableEncoder.fit(frame)
    assert dict(encoder.columns)["code"] == ("01", "02", "A1")
    assert dict(encoder.columns)["id"] == ("17", "A17", "B2", "C9")


def test_classes_of_few_numbers_and_a_word_are_classes_where_they_are_asked_for(capsys):
    frame = table().drop(columns="y")
    frame["grade"] = cycled("0", "1", "unknown", n=120)
    frame.to_csv("own.csv", index=False)
    assert "--task classification" in refusal(capsys, "fit", "own.csv", "--target", "grade")
    result = fit(capsys, "own.csv", "--target", "grade", "--task", "classification")
    assert result["classes"] == ["0", "1", "unknown"]
    model = hbcd.HybridClassifier(**QUICK).fit(frame[["a", "b"]], frame["grade"])
    assert model.classes_.tolist() == ["0", "1", "unknown"]


def test_numbers_of_a_list_or_an_array_with_one_text_are_named():
    X = np.arange(60.0).reshape(-1, 1)
    y = [*map(float, range(59)), "Bad"]
    for targets in (y, np.array(y, dtype=object), np.array(list(map(str, y)))):
        with pytest.raises(ValueError, match=r"y='Bad': must be a number.*row label 59"):
            hbcd.HybridRegressor(**QUICK).fit(X, targets)
        with pytest.raises(ValueError, match=r"y='Bad': must be a number.*row label 59"):
            hbcd.HybridClassifier(**QUICK).fit(X, targets)


@pytest.mark.parametrize("codes", [40, 12], ids=["many codes", "few codes"])
@pytest.mark.parametrize("column", ["p", "y"], ids=["input", "target"])
def test_stray_text_among_padded_numbers_is_named(codes, column, capsys):
    frame = rounded().assign(**{column: [f"{k % codes:04d}" for k in range(300)]})
    frame.to_csv("clean.csv", index=False)
    clean = fit(capsys, "clean.csv", "--target", "y")
    assert (clean["task"], clean["features"]) == ("regression", 2)
    frame.loc[7, column] = "Bad Input"
    frame.to_csv("stray.csv", index=False)
    message = refusal(capsys, "fit", "stray.csv", "--target", "y")
    assert f"{column}='Bad Input': must be a number, as 299 of 300 cells" in message
    assert "row 9 of stray.csv" in message


def test_targets_that_are_nearly_all_different_texts_are_not_to_be_left_out(capsys):
    rounded().assign(y=[f"id{k}" for k in range(300)]).to_csv("ids.csv", index=False)
    message = refusal(capsys, "fit", "ids.csv", "--target", "y")
    assert "are identifiers, not classes" in message
    assert "--drop" not in message


def test_fractions_are_numbers():
    fractions_ = [fractions.Fraction(k, 7) for k in range(60)]
    frame = pd.DataFrame({"q": fractions_})
    assert kind_of(frame.q) == "numbers"
    encoded = TableEncoder.fit(frame).encode(frame)
    np.testing.assert_array_equal(encoded[:, 0], np.arange(60) / 7)


def test_dates_as_a_target_and_durations_are_not_advised_to_become_features():
    times = pd.Series(pd.date_range("2020-01-01", periods=60), name="t")
    X = pd.DataFrame({"a": range(60)})
    with pytest.raises(ValueError, match=r"target=t.*holds dates or times: must hold numbers$"):
        hbcd.HybridRegressor(**QUICK).fit(X, times)
    with pytest.raises(ValueError, match="holds durations: must be numbers") as caught:
        hbcd.HybridRegressor(**QUICK).fit(X.assign(t=times - times[0]), range(60))
    assert "dates=" not in str(caught.value)


@pytest.mark.parametrize("bad", ["Bad", 10**400, None], ids=["text", "huge", "none"])
def test_what_is_no_number_in_an_array_of_objects_is_named(bad):
    table = np.array([[1.0, k] for k in range(60)], dtype=object)
    table[7, 1] = bad
    with pytest.raises((TypeError, ValueError), match="row 7, column 1 is"):
        hbcd.HybridRegressor(**QUICK).fit(table, range(60))
    with pytest.raises((TypeError, ValueError), match="row 7, column 1 is"):
        hbcd.HybridRegressor(**QUICK).fit(np.eye(60, 2), table)
