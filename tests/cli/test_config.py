"""`hbcd fit --config`: a file of the same options; flags win, and every key is looked at."""

import pytest

import hbcd
from support.commands import environment, fit, refusal, run, table


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    table().to_csv("own.csv", index=False)
    return tmp_path


FULL = """
data = "own.csv"
target = ["y"]
drop = "on"
hidden = [4, 2]
activation = ["relu", "tanh"]
strategy = "bcd"
seed = 3
threads = 1
max-time = 20
test_size = 0.25
out = "o"
json = true
quiet = false
cv = 2
"""


def test_a_file_says_what_flags_say(capsys, here):
    (here / "c.toml").write_text(FULL)
    code, by_file, err = run(capsys, "fit", "--config", "c.toml")
    assert (code, err) == (0, "")
    file = hbcd.load("o/model.hbcd")
    flags = ("--target", "y", "--drop", "on", "--hidden", "4,2", "--activation", "relu,tanh",
             "--strategy", "bcd", "--seed", 3, "--threads", 1, "--max-time", 20,
             "--test-size", 0.25, "--out", "p", "--json", "--cv", 2)  # fmt: skip
    run(capsys, "fit", "own.csv", *flags)
    flag = hbcd.load("p/model.hbcd")
    assert file.theta_.tobytes() == flag.theta_.tobytes()
    assert file.about_ == flag.about_
    assert by_file.startswith('{"data": "own.csv"')


def test_flags_and_the_table_on_the_command_line_win(capsys, here):
    (here / "c.toml").write_text('data = "none.csv"\ntarget = "a"\nseed = 3\nhidden = 7\n')
    result = fit(capsys, "own.csv", "--config", "c.toml", "--target", "y")
    assert (result["data"], result["target"], result["hidden"]) == ("own.csv", ["y"], [3])
    assert result["seed"] == 3
    (here / "d.toml").write_text('data = "own.csv"\ntarget = "y"\n')
    assert fit(capsys, "--config=d.toml")["data"] == "own.csv"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hiden = [3]", "hiden: must be one of .*; did you mean 'hidden'"),
        ("config = 'x'", "config: must be one of"),
        ("debug = true", "debug: must be one of"),
        ("seed = 1.5", "seed=1.5: must be a whole number"),
        ("seed = true", "seed=True: must be a whole number"),
        ("seed = -1", "seed=-1: must be at least 0"),
        ("max-time = '5'", "max-time='5': must be a number"),
        ("json = 1", "json=1: must be true or false"),
        ("strategy = 3", "strategy=3: must be a text"),
        ("strategy = 'fsat'", "strategy='fsat': must be one of"),
        ("strategy = ['bcd']", "must be a text"),
        ("hidden = []", "must be an array of names or of whole numbers"),
        ("hidden = [3.5]", "must be an array of names or of whole numbers"),
        ("hidden = [0]", "'0': must be widths"),
        ("data = 3", "data=3: must be a text"),
        ("[fit]\nseed = 1", "fit: must be one of"),
        ("seed = ", "cannot be read as TOML"),
        ("seed = 1\nseed = 2", "cannot be read as TOML"),
    ],
)
def test_every_key_is_checked_and_told_in_one_line(capsys, here, text, message):
    import re

    (here / "c.toml").write_text(text)
    line = refusal(capsys, "fit", "own.csv", "--target", "y", "--config", "c.toml", "--quiet")
    assert re.search(message, line), line


def test_no_file_and_no_name_are_told(capsys):
    assert "config=none.toml: must be a file" in refusal(capsys, "fit", "--config", "none.toml")
    assert "--config: expected one argument" in refusal(capsys, "fit", "--config")


def test_a_value_that_looks_like_a_flag_is_a_value(capsys, here):
    table().rename(columns={"y": "--json"}).to_csv("odd.csv", index=False)
    (here / "c.toml").write_text('target = "--json"\ndata = "odd.csv"\n')
    assert fit(capsys, "--config", "c.toml")["target"] == ["--json"]


@pytest.mark.parametrize("debug", [False, True])
def test_an_instruction_set_that_there_is_not_ends_in_one_line(debug):
    import subprocess
    import sys

    more = ["--debug"] if debug else []
    done = subprocess.run([sys.executable, "-m", "hbcd", "info", *more], text=True, timeout=120,
                          env=environment(HBCD_SIMD="nonsense"), capture_output=True,
                          check=False)  # fmt: skip
    line = "HBCD_SIMD=nonsense: must be one of baseline"
    if debug:
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith(f"ImportError: {line}")
    else:
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith(f"hbcd: error: {line}")
