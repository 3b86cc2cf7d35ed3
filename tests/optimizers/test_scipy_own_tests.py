"""SciPy's own tests of L-BFGS-B and BFGS, with `.scipy` of hbcd's optimizers in their place."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import scipy.optimize

from support.sources import ROOT

SCIPYS = Path(scipy.optimize.__file__).parent / "tests" / "test_optimize.py"
LIST = Path(__file__).with_name("scipy_tests_that_fail.toml")
# Measured with SciPy 1.17: 66 and 49 tests ask for the method, of which 1 and 7 fail.
MOST_FAILURES = {"L-BFGS-B": 6, "BFGS": 10}
LEAST_TESTS = {"L-BFGS-B": 50, "BFGS": 35}


def outcomes(method, path):
    """Runs them in a process of its own, which `minimize` is patched in."""
    folders = [str(ROOT / "tests"), *(folder for folder in sys.path if folder)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(folders),
        "HBCD_METHOD": method,
        "HBCD_OUTCOMES": str(path),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "support.scipy_patch"]
    # Not with the settings of this project, which turn a warning into an error: pytest would find
    # them above SciPy's files where the environment lies in the checkout.
    settings = path.with_name("pytest.ini")
    settings.write_text("[pytest]\n", encoding="utf-8")
    command += ["-p", "no:cacheprovider", "-c", str(settings)]
    command += ["--rootdir", str(SCIPYS.parent), str(SCIPYS)]
    done = subprocess.run(
        command,
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert path.exists(), done.stdout + done.stderr
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.skipif(not SCIPYS.exists(), reason="this SciPy was installed without its tests")
@pytest.mark.parametrize("method", MOST_FAILURES)
def test_scipys_tests_pass_but_for_those_listed_with_a_reason(method, tmp_path):
    found = outcomes(method, tmp_path / "outcomes.json")
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))[method]
    failed = {name: line for name, (outcome, line) in found.items() if outcome == "failed"}
    assert len(found) >= LEAST_TESTS[method]
    assert {name: line for name, line in failed.items() if name not in listed} == {}
    assert [name for name in listed if name in found and name not in failed] == []
    assert len(failed) <= MOST_FAILURES[method]
    assert all(listed.values())
