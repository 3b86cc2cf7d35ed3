"""Losses of a rank of MPI, for `bench.training.losses`; this file is also what a rank runs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import hbcd
from bench.training.losses_network import HUB, Machines
from bench.training.losses_work import GRACE, RANKS, Outcome, digest, settings, table

__all__ = ["ITERATIONS", "lose"]

ITERATIONS = 4000


def mpiexec() -> str | None:
    """Of PyPI's mpich beside this Python, or of the system."""
    beside = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    return beside or shutil.which("mpiexec")


def lose(
    kind: str, victim: int, moment: float | None, timeout: float, reference: str, machines: Machines
) -> Outcome:
    """Starts ranks, loses one of them some seconds after all have begun, and sees what happens.

    Parameters
    ----------
    kind : "kill", "stop", "cut"
    victim : int
        Its rank.
    moment : float or None
        Seconds; None: nothing happens.
    timeout : float
    reference : str
        What a fit that ends has to give.
    machines : Machines
        The ranks are on them for "cut", else all on this one.
    """
    folder = Path(os.environ["TMPDIR"])
    command = [str(mpiexec())]
    if kind == "cut":  # else messages go through memory
        launcher = str(machines.launcher(folder))
        command += ["-localhost", HUB, "-launcher", "ssh", "-launcher-exec", launcher]
        command += ["-hosts", ",".join(machines.names)]
        command += ["-genv", "UCX_TLS", "tcp,self", "-genv", "UCX_NET_DEVICES", "eth0"]
    command += ["-n", str(RANKS), sys.executable, "-m", "bench.training.losses_mpi", str(timeout)]
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        pids = _begun(folder)
        hit, late = time.time(), time.time() + 120
        if moment is not None:
            time.sleep(moment)
            hit, late = time.time(), time.time() + timeout + GRACE
            if kind == "cut":
                machines.cut(victim)
            else:
                _send(pids[victim], kind)
        while process.poll() is None and time.time() < late:
            time.sleep(0.02)
        ended = process.poll()
        _wait_for_the_lost(pids, victim, late)
    finally:
        if process.poll() is None:
            process.kill()
        if kind == "cut":
            machines.mend(victim)
    return _outcome(folder, kind, victim, ended, hit, reference)


def _begun(folder: Path) -> list[int]:
    """Process numbers of all ranks, once MPI has brought them together."""
    late = time.time() + 60
    paths = [folder / f"begun.{rank}" for rank in range(RANKS)]
    while not all(path.exists() and path.read_text() for path in paths):
        if time.time() > late:
            raise TimeoutError((folder / "output").read_text())
        time.sleep(0.005)
    return [int(path.read_text()) for path in paths]


def _send(pid: int, kind: str) -> None:
    with contextlib.suppress(ProcessLookupError):  # the fit was over
        os.kill(pid, signal.SIGKILL if kind == "kill" else signal.SIGSTOP)


def _wait_for_the_lost(pids: list[int], victim: int, late: float) -> None:
    """One that was cut off has to see for itself that the others are gone."""
    while Path(f"/proc/{pids[victim]}").exists() and time.time() < late:
        time.sleep(0.02)


def _outcome(
    folder: Path, kind: str, victim: int, ended: int | None, hit: float, reference: str
) -> Outcome:
    told = {}
    for rank in range(RANKS):
        path = folder / f"outcome.{rank}"
        if path.exists() and path.read_text():
            told[rank] = json.loads(path.read_text())
    for path in (*folder.glob("begun.*"), *folder.glob("outcome.*")):
        path.unlink()
    output = (folder / "output").read_text()
    for name in ("output", "launcher"):
        (folder / name).unlink(missing_ok=True)
    errors = {rank: one for rank, one in told.items() if "error" in one}
    seconds = max((one["at"] for one in told.values()), default=time.time()) - hit
    detail = f"{told} {output[-1500:]}"
    others = {rank: one for rank, one in errors.items() if rank != victim}
    if ended is None and len(told) < RANKS:  # else MPI_Finalize waits for it: the fit was over
        return Outcome("hang", seconds, detail)
    if any(one.get("bits", reference) != reference for one in told.values()):
        return Outcome("other bits", seconds, detail)
    if any(one["type"] != "RankLost" for one in errors.values()):
        return Outcome("another error", seconds, detail)
    if others:
        right = all(one["rank"] == victim for one in others.values())
        return Outcome(
            "error that names it" if right else "error that names another", seconds, detail
        )
    if any(rank != victim for rank in told):
        return Outcome("same bits", seconds, detail)
    if kind == "kill" and ended != 0:
        return Outcome("ended by mpiexec", time.time() - hit, detail)
    return Outcome("no word", seconds, detail)


def main() -> None:
    """On every rank: the fit, and what came of it to a file."""
    from mpi4py import MPI

    from hbcd.distributed import MPIBackend, RankLost

    folder, rank = Path(os.environ["TMPDIR"]), MPI.COMM_WORLD.Get_rank()
    (folder / f"begun.{rank}").write_text(str(os.getpid()))
    told: dict[str, Any]
    started = time.time()
    try:
        backend = MPIBackend(timeout=float(sys.argv[1]))
        x, y = table()
        model = hbcd.HybridRegressor(**settings(ITERATIONS), backend=backend)
        own = slice(len(x) * rank // RANKS, len(x) * (rank + 1) // RANKS)
        told = {"bits": digest(model.fit(x[own], y[own]))}
    except RankLost as error:
        told = {"error": str(error), "type": "RankLost", "rank": error.rank}
    except BaseException as error:
        told = {"error": str(error), "type": type(error).__name__, "rank": None}
    told |= {"at": time.time(), "seconds": time.time() - started}
    (folder / f"outcome.{rank}").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
