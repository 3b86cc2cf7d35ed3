"""A size beyond any memory ends with an exception that says so, never with the process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import huge_sizes

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "support" / "huge_sizes.py"


@pytest.fixture(scope="module")
def outcomes():
    """Case -> how it ended, of a process of its own: a crash would end the tests."""
    path = os.pathsep.join([str(PROGRAM.parents[1]), *(entry for entry in sys.path if entry)])
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    last = done.stdout.splitlines()[-1:]
    assert (done.returncode, last) == (0, ["done"]), f"{last}\n{done.stderr}"
    return dict(line.split(" = ", 1) for line in done.stdout.splitlines()[:-1])


def test_every_case_ends_well_or_with_one_clear_error(outcomes):
    assert list(outcomes) == [name for name, _ in huge_sizes.cases()]
    clear = re.compile(r"no error|MemoryError: .+|ValueError: \w+(=\d+)?: .*must be .+")
    assert {case: text for case, text in outcomes.items() if not clear.fullmatch(text)} == {}


@pytest.mark.parametrize("option", ["history", "abb_memory"])
@pytest.mark.parametrize("what", ["train", "minimize"])
@pytest.mark.parametrize("size", [2**61, 2**62])
def test_a_memory_that_no_address_reaches_is_a_memory_error(outcomes, what, option, size):
    assert outcomes[f"{what} BarzilaiBorwein({option}={size})"].startswith("MemoryError")


def test_limits_that_need_no_memory_may_be_as_large_as_one_likes(outcomes):
    names = "max_line_search|max_failures|max_evaluations|max_iterations|epochs|batch_rows"
    counted = {c: t for c, t in outcomes.items() if re.search(rf"\b(?:{names})=", c)}
    assert len(counted) > 30
    assert {case: text for case, text in counted.items() if text != "no error"} == {}
