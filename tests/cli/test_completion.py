"""`hbcd completion`: shells complete what the parser knows, all of it and nothing else."""

import os
import re
import shutil
import subprocess

import pytest

from hbcd.cli.completion import NAMES, describe
from hbcd.cli.parser import _parser
from support.commands import refusal, run

WORDS = dict(describe(_parser()[0]))


def script(capsys, shell):
    code, out, err = run(capsys, "completion", shell)
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_option_and_name_is_in_the_script(capsys, shell):
    text = script(capsys, shell)
    assert ("data", "fetch") in WORDS
    for path, words in WORDS.items():
        assert " ".join(path) in text or all(name in text for name in path)
        for word in words:
            for name in word.names:
                flag = (
                    name
                    if shell != "fish"
                    else re.sub("^--", "-l ", re.sub("^-(?=[^-])", "-s ", name))
                )
                assert flag in text
            assert " ".join(word.values) in text


def test_names_that_are_offered_belong_to_options_that_there_are(capsys):
    known = {action.dest for action in _parser()[1].choices["fit"]._actions}
    assert set(NAMES) <= known


BASH = """\
{script}
COMP_WORDS=({line} "{word}")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_hbcd
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
CASES = [
    ("hbcd", "ev", {"evaluate"}),
    ("hbcd", "", {"fit", "predict", "evaluate", "explain", "info", "export", "data", "bench",
                  "completion",
                  "-h", "--help", "--version", "--debug"}),
    ("hbcd fit plant", "--cl", {"--class-weight"}),
    ("hbcd fit --strategy", "m", {"multi_start", "mini_batch"}),
    ("hbcd data", "f", {"fetch"}),
    ("hbcd data fetch", "c", {"ccpp"}),
    ("hbcd predict m.hbcd new.csv", "--p", {"--proba"}),
    ("hbcd fit --out", "x", {""}),
]  # fmt: skip


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(("line", "word", "expected"), CASES)
def test_bash_completes_words_as_they_are_typed(capsys, line, word, expected):
    text = BASH.format(script=script(capsys, "bash"), line=line, word=word)
    done = subprocess.run(
        ["bash", "-c", text], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert set(done.stdout.split("\n")[:-1]) == expected


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes_words_as_they_are_typed(capsys, tmp_path):
    (tmp_path / "hbcd.fish").write_text(script(capsys, "fish"))
    for line, word, expected in CASES[2:-1]:
        command = f"source hbcd.fish; complete -C '{line} {word}'"
        done = subprocess.run(["fish", "-c", command], capture_output=True, text=True, timeout=60,
                              cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)},
                              check=True)  # fmt: skip
        assert {found.split("\t")[0] for found in done.stdout.splitlines()} == expected


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_takes_the_script(capsys):
    text = "autoload -U compinit && compinit -u -D\n" + script(capsys, "zsh") + "whence -w _hbcd"
    done = subprocess.run(["zsh", "-f", "-c", text], capture_output=True, text=True, timeout=60,
                          check=True)  # fmt: skip
    assert (done.stdout, done.stderr) == ("_hbcd: function\n", "")


def test_a_shell_that_is_not_known_is_told(capsys):
    message = refusal(capsys, "completion", "bsh")
    assert "shell='bsh': must be one of bash, zsh, fish; did you mean 'bash'?" in message
