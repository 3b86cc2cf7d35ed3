"""Importing hbcd, training, predicting and minimizing leave the process as it was.

Looked at are the processors allowed to its threads and to child processes, rounding, signal
handlers, the environment, random states, print options and more (`support.process_state`).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[1] / "support" / "process_state.py"


def changes(environment, *arguments):
    """The lines of the program: what changed, then `done`."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OMP_THREAD_LIMIT": "1"},
        {"OMP_THREAD_LIMIT": "2", "OMP_DYNAMIC": "true"},
        {"OMP_WAIT_POLICY": "passive"},
    ],
    ids=lambda environment: ",".join(f"{k}={v}" for k, v in environment.items()) or "plain",
)
def test_import_and_use_change_nothing_of_the_process(environment):
    assert changes(environment) == ["done"]


def test_a_process_on_one_processor_stays_there():
    assert changes({}, "one_processor") == ["done"]
