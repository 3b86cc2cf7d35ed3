"""Ranks of MPI: the same bits at any number of them, and no hang where one is lost."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hbcd
from support import mpi_fits
from support.sources import ROOT

SCRIPT = str(Path(mpi_fits.__file__))
BESIDE = str(Path(sys.executable).parent)  # where pip puts the mpiexec of PyPI's mpich
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([BESIDE, os.environ.get("PATH", "")]))
pytestmark = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="needs mpi4py and mpiexec: pip install mpi4py mpich",
)


def mpiexec(size, *command, timeout=240, options=(), cwd=None, **environment):
    """The process after it has ended; a hang fails the test."""
    assert MPIEXEC is not None
    paths = [str(ROOT), str(ROOT / "tests")]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        **environment,
    }
    return subprocess.run(
        [MPIEXEC, *options, "-n", str(size), sys.executable, *command],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def running():
    """The commands of all processes."""
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def alone():
    """Of one process with all rows."""
    return mpi_fits.prints(None, slice(None), mpi_fits.ALL)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_any_number_of_ranks_gives_the_bits_of_one_process(alone, size):
    some = mpi_fits.SOME if size > 3 else mpi_fits.ALL  # ranks may be more than processors
    found = mpiexec(size, SCRIPT, "hashes", *some)
    assert found.returncode == 0, found.stderr
    lines = dict(line.split("=") for line in found.stdout.splitlines())
    assert lines == {name: digest for name, digest in alone.items() if name.split()[0] in some}


def test_ranks_that_read_their_parts_have_the_bits_of_one_process_in_memory(tmp_path):
    frame = mpi_fits.frame()
    for k, (begin, end) in enumerate(((0, 300), (300, 3500), (3500, len(frame)))):
        frame[begin:end].to_parquet(tmp_path / f"{k}.parquet", row_group_size=500)

    def whole(target, other):
        return frame.drop(columns=[target, other, "w"]), frame[target], frame["w"]

    expected = mpi_fits.read_fits(whole)
    found = mpiexec(3, SCRIPT, "read", str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert dict(line.split("=") for line in found.stdout.splitlines()) == expected


def written(folder):
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.txt"))


@pytest.mark.parametrize("seconds", [0.5, 1.1])
@pytest.mark.parametrize("kind", ["SIGKILL", "SIGSTOP"])
def test_a_rank_that_is_lost_ends_all_within_the_timeout(kind, seconds, tmp_path):
    started = time.perf_counter()
    command = (SCRIPT, "hurt", kind, str(seconds), str(tmp_path))
    found = mpiexec(3, *command, RANK_TIMEOUT="2", timeout=60)
    assert time.perf_counter() - started < 45
    assert found.returncode != 0
    if kind == "SIGSTOP":  # one that is killed is noticed by mpiexec, which ends the others
        assert re.search(
            r"rank [02]: rank [012] at .+, process \d+ has not answered for 2 s", written(tmp_path)
        )
    while f"{SCRIPT} hurt" in running():  # what is killed may take a moment to be gone
        assert time.perf_counter() - started < 50
        time.sleep(0.2)


@pytest.mark.parametrize("size", [3, 5])
def test_a_rank_that_is_a_round_ahead_names_the_one_that_is_lost(size, tmp_path):
    found = mpiexec(size, SCRIPT, "behind", str(tmp_path), RANK_TIMEOUT="4", timeout=60)
    named = re.findall(
        r"rank (\d): rank (\d) at .+, process \d+ has not answered", written(tmp_path)
    )
    assert sorted(named) == [(str(rank), str(size - 1)) for rank in range(size - 1)], found.stderr


def test_rank_0_alone_hears_ctrl_c():
    found = mpiexec(2, SCRIPT, "interrupted", timeout=60)
    assert found.stdout.split() == ["INTERRUPTED"], found.stderr


def test_the_command_fits_on_ranks(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((500, 3)), columns=list("abc"))
    frame["site"] = np.where(frame.a > 0, "north", "south")
    frame["y"] = np.sin(frame.a) + frame.b
    frame.to_csv(tmp_path / "t.csv", index=False)
    results = []
    for size, more in ((1, []), (3, ["--mpi"])):
        out = tmp_path / str(size)
        found = mpiexec(size, "-m", "hbcd", "fit", str(tmp_path / "t.csv"), "--target", "y",
                        "--hidden", "5", "--out", str(out), "--json", *more)  # fmt: skip
        assert found.returncode == 0, found.stderr
        results.append((json.loads(found.stdout), hbcd.load(out / "model.hbcd").theta_))
    (first, theta), (second, other) = results
    assert np.array_equal(theta, other)
    assert first["test"] == second["test"]
    refused = mpiexec(1, "-m", "hbcd", "fit", "plant", "--mpi", "--cv", "3")
    assert refused.returncode == 2
    assert "mpi: must be given without --cv" in refused.stderr


def test_the_command_fits_many_files_on_ranks_that_read_their_parts(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "plant").mkdir()
    for k, rows in enumerate((900, 100, 1700)):
        frame = pd.DataFrame(rng.standard_normal((rows, 3)), columns=list("abc"))
        frame["site"] = np.where(frame.a + k > 0, "north", "south")
        frame["y"] = np.sin(frame.a) + frame.b
        frame.to_parquet(tmp_path / "plant" / f"{k}.parquet", row_group_size=300)
    results = []
    for size, more in ((1, []), (3, ["--mpi"])):
        out = tmp_path / str(size)
        out.mkdir()
        found = mpiexec(size, "-m", "hbcd", "fit", "../plant/*.parquet", "--target", "y", "--json",
                        "--hidden", "5", "--memory", "20K", "--max-iter", "40",
                        *more, cwd=out)  # fmt: skip
        assert found.returncode == 0, found.stderr
        (model,) = out.iterdir()
        results.append((json.loads(found.stdout), hbcd.load(model).theta_))
    (first, theta), (second, other) = results
    assert np.array_equal(theta, other)
    assert first["test"] == second["test"]
