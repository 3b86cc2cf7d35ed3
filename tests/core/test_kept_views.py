"""What a part keeps of what it was given stays memory of its own, whatever happens to the run."""

import os
import subprocess
import sys

import pytest

from support import keeping_parts
from support.sources import ROOT


@pytest.mark.parametrize("path", keeping_parts.PATHS)
def test_memory_that_a_part_holds_is_given_to_nobody_else(path):
    # In a process of its own: without the promise it reads and writes memory that was given back.
    folders = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([folders, os.environ.get("PYTHONPATH", "")]),
        # glibc overwrites what is given back, and returns pieces of 4 kB and more to the system
        "MALLOC_PERTURB_": "165",
        "MALLOC_MMAP_THRESHOLD_": "4096",
    }
    done = subprocess.run(
        [sys.executable, "-m", "support.keeping_parts", path],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
