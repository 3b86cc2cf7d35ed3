"""`hbcd export`, and `hbcd info` on what it wrote."""

import json
import zipfile

import pytest

from hbcd.export.targets import Target
from support.commands import refusal, run
from support.exportable import regressor


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    regressor().save("m.hbcd")
    return "m.hbcd"


def test_an_export_says_how_far_it_is_from_the_model(capsys, model):
    code, out, err = run(capsys, "export", model, "--to", "c")
    assert (code, err) == (0, "")
    assert "m.c: " in out
    assert "largest difference measured" in out
    assert "proven bound" in out


def test_json_has_the_record_and_info_reads_it_again(capsys, model):
    _, out, _ = run(capsys, "export", model, "--to", "c", "a.c", "--dtype", "float32",
                    "--jacobian", "--json")  # fmt: skip
    written = json.loads(out)
    assert (written["path"], written["dtype"], written["target"]) == ("a.c", "float32", "c")
    _, out, _ = run(capsys, "info", "a.c", "--json")
    read = json.loads(out)
    assert {name: written[name] for name in read if name != "export"} == {
        name: value for name, value in read.items() if name != "export"
    }
    code, out, _ = run(capsys, "info", "a.c")
    assert code == 0
    assert "whole: nothing has changed" in out


def test_info_refuses_a_file_that_was_changed(capsys, model):
    run(capsys, "export", model, "--to", "c")
    with open("m.c", "r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace("FACTOR[3] = {\n    0.1", "FACTOR[3] = {\n    0.2"))
    assert "m.c: was changed after it was written: its seal is broken" in refusal(
        capsys, "info", "m.c"
    )


def test_the_list_names_every_target(capsys):
    code, out, _ = run(capsys, "export", "--list")
    assert code == 0
    assert out.startswith("c ")
    _, out, _ = run(capsys, "export", "--list", "--json")
    assert json.loads(out)["c"]["suffix"] == ".c"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("m.hbcd",), "model, to: must be given"),
        (("m.hbcd", "--to", "cc"), "to='cc': must be one of c"),
        (("m.hbcd", "--to", "c", "m.hbcd"), "must not be the model itself"),
        (("m.hbcd", "--to", "c", "--dialect", "omlt"), "dialect: is no option of c"),
        (("m.hbcd", "--to", "c", "--dtype", "half"), "dtype='half': must be one of"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(capsys, model, arguments, text):
    assert text in refusal(capsys, "export", *arguments)


def test_a_target_that_needs_what_is_not_there_says_what_to_install(capsys, model, monkeypatch):
    monkeypatch.setattr(Target, "missing", property(lambda self: list(self.needs)))
    text = refusal(capsys, "export", model, "--to", "onnx")
    assert "onnx: must be installed: pip install 'hbcd[onnx]'" in text
    _, out, _ = run(capsys, "export", "--list")
    assert "(needs onnx: pip install 'hbcd[onnx]')" in out


def test_a_unit_of_fmi_has_its_version_and_says_that_it_has_no_binary(capsys, model):
    code, out, err = run(capsys, "export", model, "--to", "fmi", "--fmi-version", "2.0",
                         "--no-binary", "--jacobian")  # fmt: skip
    assert (code, err) == (0, "")
    assert "not in the file: a binary: none was asked for" in out
    _, out, _ = run(capsys, "info", "m.fmu")
    assert "m.fmu" in out
    assert "not in the file: a binary" in out
    with zipfile.ZipFile("m.fmu") as file:
        assert b'fmiVersion="2.0"' in file.read("modelDescription.xml")
    assert "version='1': must be one of 2.0, 3.0" in refusal(
        capsys, "export", model, "--to", "fmi", "--fmi-version", "1"
    )
    assert "version: is no option of c" in refusal(
        capsys, "export", model, "--to", "c", "--fmi-version", "2.0"
    )
