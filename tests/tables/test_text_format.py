"""How a file of text is written is found out where it is unambiguous, and asked for elsewhere."""

import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.tables.bad_values import TableWarning
from hbcd.tables.files import TableFile, read_table
from hbcd.tables.text_format import TextFormat
from support.commands import QUICK, fit, read_predictions, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    return tmp_path


def accented():
    return table().rename(columns={"a": "Außentemperatur °C"}).replace("Mon", "März")


WRITTEN = {
    "semicolons": ({"sep": ";"}, "--sep semicolon"),
    "tabs": ({"sep": "\t"}, "--sep tab"),
    "bars": ({"sep": "|"}, "--sep bar"),
    "German": ({"sep": ";", "decimal": ","}, "--sep semicolon --decimal ,"),
    "tabs and decimal commas": ({"sep": "\t", "decimal": ","}, "--sep tab --decimal ,"),
    "quoted decimal commas": ({"decimal": ","}, "--decimal ,"),
    "Latin-1": ({"encoding": "latin-1"}, "--encoding cp1252"),
    "Windows": ({"encoding": "cp1252", "sep": ";"}, "--encoding cp1252 --sep semicolon"),
    "UTF-16": ({"encoding": "utf-16"}, "--encoding utf-16"),
    "UTF-16 without a mark": ({"encoding": "utf-16-le"}, "--encoding utf-16-le"),
    "UTF-16, the other way round": ({"encoding": "utf-16-be"}, "--encoding utf-16-be"),
    "UTF-8 with a mark": ({"encoding": "utf-8-sig"}, ""),
    "usual": ({}, ""),
}


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_what_is_unambiguous_is_found_out_and_said(capsys, case, suffix):
    options, said = WRITTEN[case]
    frame = accented()
    frame.to_csv(f"own{suffix}", index=False, **options)
    frame.to_csv("usual.csv", index=False)
    code, out, err = run(capsys, "fit", f"own{suffix}", "--target", "y", *QUICK, "--json")
    assert code == 0
    words = said.replace(" --", ", ").replace("--", "")
    assert err == (f"hbcd: warning: own{suffix}: read with {words} ({said})\n" if said else "")
    model = hbcd.load(json.loads(out)["model"])
    assert list(model.feature_names_in_) == ["Außentemperatur °C", "b", "day", "on"]
    usual = fit(capsys, "usual.csv", "--target", "y")
    assert model.theta_.tobytes() == hbcd.load(usual["model"]).theta_.tobytes()
    for command in ("predict", "evaluate"):
        code, out, err = run(capsys, command, "hbcd-own.hbcd", f"own{suffix}")
        assert (code, bool(err)) == (0, bool(said))
        assert run(capsys, command, "hbcd-own.hbcd", "usual.csv")[0] == 0


@pytest.mark.parametrize(
    ("case", "flags"),
    [
        ("semicolons", ["--sep", ";"]),
        ("German", ["--sep=semicolon", "--decimal", ","]),
        ("tabs", ["--sep", "\\t"]),
        ("Latin-1", ["--encoding", "latin-1"]),
        ("UTF-8 with a mark", ["--encoding", "utf-8"]),
        ("UTF-16", ["--encoding", "UTF-16"]),
    ],
)
def test_what_the_options_say_is_not_said_again(capsys, case, flags):
    accented().to_csv("own.csv", index=False, **WRITTEN[case][0])
    path = fit(capsys, "own.csv", "--target", "y", *flags)["model"]
    for command in ("predict", "evaluate"):
        assert run(capsys, command, path, "own.csv", *flags)[2] == ""


def test_a_separator_of_any_character(capsys, here):
    table().to_csv("own.csv", index=False, sep="^")
    message = refusal(capsys, "fit", "own.csv", "--target", "y")
    assert "target=y: must be a column" in message
    fit(capsys, "own.csv", "--target", "y", "--sep", "^")


OPEN = {
    "thousands or decimals": (b"a;y\n4,501;1\n2,250;2\n3,125;3\n", "--decimal , or --decimal ."),
    "commas or semicolons": (b"a,1;b,2\n1,5;2,5\n3,5;4,5\n", "--sep"),
    "Cyrillic": ("темп,y\n1,2\n3,4\n".encode("cp1251"), "--encoding"),
    "Japanese": ("温度,y\n1,2\n3,4\n".encode("shift-jis"), "--encoding"),
    "zero bytes": (b"a,y\n1,\x00\n2,3\n4,5\n", "--encoding"),
    "rows of other lengths": (b"a;y\n1;2\n3;4;5\n", "--sep"),
    "lines cut": (b"a,y\n1,2\n3,4,5\n", "--sep and --decimal"),
}


@pytest.mark.parametrize("case", OPEN, ids=str)
def test_what_is_ambiguous_is_asked_for_by_the_option_that_says_it(capsys, here, case):
    content, option = OPEN[case]
    (here / "own.csv").write_bytes(content)
    message = refusal(capsys, "fit", "own.csv", "--target", "y")
    assert "path=own.csv: " in message
    assert "to mend it: " in message
    assert option in message
    with pytest.raises(ValueError, match=r"path=own\.csv") as caught:
        read_table("own.csv")
    assert "--" not in str(caught.value), "who calls Python has no options"


def test_the_model_remembers_what_the_file_leaves_open(capsys, here):
    frame = table(90)[["a", "y"]].assign(a=lambda f: (f.a + 5).round(3))
    frame["a"] = [f"{value:.3f}".replace(".", ",") for value in frame["a"]]
    frame["y"] = (frame["y"] * 1000).round().astype(int)
    frame.to_csv("own.csv", index=False, sep=";")
    assert "--decimal" in refusal(capsys, "fit", "own.csv", "--target", "y")
    code, out, _ = run(
        capsys, "fit", "own.csv", "--target", "y", "--decimal", ",", *QUICK, "--json"
    )
    assert code == 0
    path = json.loads(out)["model"]
    assert hbcd.load(path).about_["table"]["decimal"] == ","
    code, out, _ = run(capsys, "predict", path, "own.csv")
    assert code == 0
    values = frame["a"].str.replace(",", ".").astype(float)
    expected = hbcd.load(path).predict(values.to_frame())
    assert read_predictions(out)["y"].tobytes() == expected.tobytes()
    assert run(capsys, "evaluate", path, "own.csv")[0] == 0
    message = refusal(capsys, "predict", path, "own.csv", "--decimal", ".")
    assert "a=" in message


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--sep", "ab"], "sep='ab': must be one character, or one of"),
        (["--sep", "a"], "sep='a': must be one character"),
        (["--sep", '"'], "must be one character"),
        (["--decimal", ";"], "decimal=';': must be . or ,"),
        (["--thousands", "x"], "thousands='x': must be one character"),
        (["--thousands", ",", "--decimal", ","], "thousands=',': must not be the decimal mark"),
        (["--encoding", "utf-7x"], "encoding='utf-7x': must be an encoding"),
        (["--dates", "yes"], "dates='yes': must be one of error, features"),
        (["--text", "zz"], "text=zz: must be a column"),
    ],
)
def test_options_that_cannot_be_are_told(capsys, flags, message):
    table().to_csv("own.csv", index=False)
    assert message in refusal(capsys, "fit", "own.csv", "--target", "y", *flags)
    if flags[0] in ("--sep", "--decimal", "--encoding", "--thousands"):
        path = fit(capsys, "own.csv", "--target", "y")["model"]
        for command in ("predict", "evaluate"):
            assert message in refusal(capsys, command, path, "own.csv", *flags)


def test_python_is_told_by_a_warning():
    table().to_csv("own.csv", index=False, sep=";")
    with pytest.warns(TableWarning, match=r"own\.csv: read with sep semicolon$"):
        read_table("own.csv")


@pytest.mark.parametrize(
    ("sep", "write", "flags"),
    [
        (",", "{:,.2f}", ["--thousands", ","]),
        (";", "{:,.0f}", ["--thousands", ","]),
        (";", "{:,.3f}", ["--thousands", "."]),
        (";", "{:_.2f}", ["--thousands", "'"]),
    ],
)
def test_separators_of_thousands_are_read_where_they_are_named(capsys, here, sep, write, flags):
    frame = table()[["a", "y"]].assign(a=lambda f: (f.a * 3000 + 9000).round())
    mark = flags[1]
    texts = [write.format(value) for value in frame["a"]]
    if mark == ".":
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    texts = [text.replace("_", mark) for text in texts]
    frame.assign(a=texts, y=(frame.y * 100).round().astype(int)).to_csv("own.csv", index=False,
                                                                        sep=sep)  # fmt: skip
    code, out, err = run(capsys, "fit", "own.csv", "--target", "y", *flags, *QUICK, "--json")
    assert code == 0, err
    path = json.loads(out)["model"]
    code, out, err = run(capsys, "predict", path, "own.csv")
    assert code == 0, err
    expected = hbcd.load(path).predict(frame[["a"]])
    assert read_predictions(out)["y"].tobytes() == expected.tobytes()


# ---- configuration ----------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_config_file_with_a_byte_order_mark_is_read(capsys, here, encoding):
    accented().to_csv("own.csv", index=False)
    text = 'target = "y"\r\ndrop = "Außentemperatur °C"\r\n'
    (here / "c.toml").write_bytes(text.encode(encoding))
    assert fit(capsys, "own.csv", "--config", "c.toml")["features"] == 4


def test_a_config_file_of_latin_1_is_told_how_to_be_saved(capsys, here):
    (here / "c.toml").write_bytes('target = "Größe"'.encode("latin-1"))
    message = refusal(capsys, "fit", "plant", "--config", "c.toml")
    assert "c.toml: must be written in UTF-8" in message
    assert "save it as UTF-8" in message


# ---- evaluate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [["high"], ["high"] * 120, ["1,5"], ["3 MW"]])
def test_evaluate_names_the_row_of_a_target_that_is_no_number(capsys, cells):
    table().to_csv("own.csv", index=False)
    path = fit(capsys, "own.csv", "--target", "y")["model"]
    frame = table().astype({"y": object})
    frame.loc[120 - len(cells) :, "y"] = cells
    frame.to_csv("bad.csv", index=False)
    message = refusal(capsys, "evaluate", path, "bad.csv")
    assert f"y={cells[0]!r}: must be a number" in message
    assert f"row {122 - len(cells)} of bad.csv" in message


@pytest.mark.parametrize("column", ["a", "y"])
def test_stray_text_among_decimal_commas_is_named_and_not_its_neighbours(
    column, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({name: [f"{k / 8:.3f}" for k in range(60)] for name in ("a", "y")})
    frame = frame.apply(lambda cells: cells.str.replace(".", ","))
    frame.to_csv("good.csv", sep=";", index=False)
    path = fit(capsys, "good.csv", "--target", "y", "--sep", "semicolon", "--decimal", ",")["model"]
    frame.loc[7, column] = "Bad Input"
    frame.to_csv("bad.csv", sep=";", index=False)
    for command in (["fit", "bad.csv", "--target", "y"], ["evaluate", path, "bad.csv"]):
        message = refusal(capsys, *command)
        assert f"{column}='Bad Input': must be a number" in message
        assert "row 9 of bad.csv" in message


def test_numbers_as_text_in_a_spreadsheet_are_read_as_the_options_say(
    tmp_path, monkeypatch, capsys
):
    pytest.importorskip("openpyxl")
    monkeypatch.chdir(tmp_path)
    numbers = pd.DataFrame({"a": np.arange(60) * 50.5, "y": np.arange(60) % 7})
    numbers.to_csv("n.csv", index=False)
    german = numbers.a.map(lambda v: f"{v:,.1f}".translate(str.maketrans(",.", ".,")))
    numbers.assign(a=german).to_excel("n.xlsx", index=False)
    options = ("--decimal", ",", "--thousands", ".")
    assert "must be a number" in refusal(capsys, "fit", "n.xlsx", "--target", "y")
    expected = fit(capsys, "n.csv", "--target", "y")["test"]
    made = fit(capsys, "n.xlsx", "--target", "y", *options, "--out", "o")
    assert made["test"] == expected
    assert run(capsys, "evaluate", made["model"], "n.xlsx")[0] == 0  # remembered by the model


@pytest.mark.parametrize(
    ("cell", "option"),
    [
        ("1,234.5", "--thousands , reads"),
        ("1.234,5", "--decimal , --thousands . reads"),
        ("1 234", "--thousands ' ' reads"),
        ("1 234,5", "--decimal , --thousands ' ' reads"),
        ("1,234", "--decimal , or --thousands , says"),
        ("\u22125", "a hyphen (-) as its sign"),
    ],
)
def test_the_option_that_reads_a_number_is_named(cell, option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": [f"{k}.5" for k in range(60)], "y": range(60)})
    frame.loc[3, "a"] = cell
    frame.to_csv("n.csv", index=False)
    assert option in refusal(capsys, "fit", "n.csv", "--target", "y")


@pytest.mark.parametrize("mark", [" ", ":"])
def test_fields_parted_by_something_rare_are_one_clear_line(mark, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [f"{k}{mark}{k % 7}{mark}{k % 3}" for k in range(20)]
    (tmp_path / "n.csv").write_text("\n".join([f"a{mark}b{mark}y", *lines]))
    message = refusal(capsys, "fit", "n.csv", "--target", "y")
    assert f"one column, whose name holds {mark!r}" in message
    assert "--sep" in message


def test_utf_32_is_found_out_and_a_spreadsheet_is_not_called_text(tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2.0], "y": [3, 4]})
    (tmp_path / "n.csv").write_bytes(frame.to_csv(index=False).encode("utf-32"))
    with pytest.warns(TableWarning, match="utf-32"):
        pd.testing.assert_frame_equal(read_table(tmp_path / "n.csv"), frame)
    (tmp_path / "s.csv").write_bytes(b"PK\x03\x04\x14\x00")
    with pytest.raises(ValueError, match=r"holds a spreadsheet.*rename it to end in \.xlsx"):
        read_table(tmp_path / "s.csv")


def test_a_mark_of_thousands_counts_between_groups_of_three_digits_alone(tmp_path):
    file = tmp_path / "marks.csv"
    file.write_text("a;y\n1.000;1\n0.13;2\n2.500;3\n-1.234.567,5;4\n", encoding="utf-8")
    asked = TextFormat(";", ",", thousands=".")
    frame = TableFile.find(file, asked).read()
    assert frame["a"].astype(float).tolist() == [1000.0, 0.13, 2500.0, -1234567.5]
    file.write_text("a;y\n1,000;1\n1,23;2\n2,500;3\n4,000;4\n", encoding="utf-8")
    frame = TableFile.find(file, TextFormat(";", thousands=",")).read()
    with pytest.raises(ValueError, match=r"'1,23'"):
        hbcd.HybridRegressor(max_fun=5).fit(frame[["a"]], frame["y"])
