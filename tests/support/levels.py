"""Runs a test file on another instruction set: HBCD_SIMD is read when hbcd is imported."""

import os
import subprocess
import sys

import hbcd

CONFIG = hbcd.show_config()
OTHERS = [level for level in CONFIG["simd_available"] if level != CONFIG["simd"]]
# In the child nothing of this kind runs again.
ASKED = os.environ.get("HBCD_TEST_INSIDE_LEVEL")
INSIDE = ASKED is not None


def python(*arguments, timeout=120, **variables):
    """Runs this interpreter with the same modules in reach; returns the finished process."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        **variables,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_on(level, path, *options):
    """Fails unless the tests of a file pass on that level."""
    done = python(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *options,
        str(path),
        HBCD_SIMD=level,
        HBCD_TEST_INSIDE_LEVEL=level,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
