"""The help of the command needs nothing heavy; a command loads what it needs."""

import subprocess
import sys

import pytest

from support.commands import environment

HEAVY = ("pandas", "scipy", "sklearn", "matplotlib", "polars", "pyarrow", "openpyxl", "tqdm")
PROBE = """
import sys
from hbcd.cli.main import main
code = main({words!r})
heavy = [name for name in {heavy!r} if name in sys.modules]
assert code == 0, code
assert heavy == [], heavy
"""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["fit", "--help"],
                                   ["predict", "--help"], ["data", "--help"],
                                   ["completion", "bash"], ["completion", "zsh"],
                                   ["completion", "fish"]])  # fmt: skip
def test_help_loads_nothing_heavy(words):
    code = PROBE.format(words=words, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True,
                          text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
