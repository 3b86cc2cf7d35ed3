"""Losses of a worker of a Dask cluster, for `bench.training.losses`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import dask.array as da
from dask.distributed import Client, LocalCluster

from bench.training.losses_network import HUB, Machines
from bench.training.losses_work import GRACE, RANKS, Outcome, digest, settings, table
from hbcd.distributed import DaskHybridRegressor, RankLost

__all__ = ["ITERATIONS", "lose"]

ITERATIONS = 100


def lose(
    kind: str,
    victim: int,
    moment: float | None,
    timeout: float,
    reference: str,
    machines: Machines,
    on_loss: str,
    alone: float,
) -> Outcome:
    """Begins a fit on a cluster, loses a worker some seconds later, and sees what happens.

    Parameters
    ----------
    kind, victim, moment, timeout, reference, machines
        As of `bench.training.losses_mpi.lose`.
    on_loss : "raise", "restart"
    alone : float
        Seconds of the fit without a loss.
    """
    told: dict[str, Any] = {}
    with _cluster(kind, machines) as (client, pids):
        address = sorted(pids)[victim]
        before = client.run(_state, workers=[one for one in pids if one != address])
        fit = threading.Thread(target=_fit, args=(client, on_loss, timeout, told), daemon=True)
        fit.start()
        hit = time.time()
        late = 120.0
        if moment is not None:
            fit.join(moment)
            hit = time.time()
            late = timeout + GRACE + (2 * alone if on_loss == "restart" else 0.0)
            if kind == "cut":
                machines.cut(_machine(address))
            else:
                os.kill(pids[address], signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
        fit.join(late)
        seconds = told.get("at", time.time()) - hit
        left = _left(client, before) if told else ""
        if kind == "cut":
            machines.mend(_machine(address))
        if kind == "stop":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[address], signal.SIGKILL)
    if not told:
        return Outcome("hang", seconds, f"{address} {moment}")
    if "bits" in told:
        same = told["bits"] == reference
        return Outcome("same bits" if same else "other bits", seconds, str(told), left)
    error = told["error"]
    if not isinstance(error, RankLost) or on_loss == "restart":
        return Outcome("another error", seconds, f"{moment}: {error!r}", left)
    what = "error that names it" if error.where == address else "error that names another"
    return Outcome(what, seconds, f"{address} {error}", left)


def _fit(client: Any, on_loss: str, timeout: float, told: dict[str, Any]) -> None:
    x, y = (da.from_array(one, 4096) for one in table())
    limits = {"client": client, "n_workers": RANKS, "timeout": timeout, "on_worker_loss": on_loss}
    try:
        found: dict[str, Any] = {
            "bits": digest(DaskHybridRegressor(**settings(ITERATIONS), **limits).fit(x, y))
        }
    except BaseException as error:
        found = {"error": error}
    told |= found | {"at": time.time()}


def _machine(address: str) -> int:
    return int(address.rpartition(":")[0].rpartition(".")[2]) - 1


@contextlib.contextmanager
def _cluster(kind: str, machines: Machines) -> Iterator[tuple[Any, dict[str, int]]]:
    """A client, and the process numbers of the workers by address."""
    started: list[subprocess.Popen[bytes]] = []
    count = 0 if kind == "cut" else RANKS
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as scratch,
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host=HUB if kind == "cut" else "127.0.0.1",
            dashboard_address=None,
            silence_logs=50,
            local_directory=scratch,
        ) as cluster,
    ):
        try:
            if kind == "cut":
                command = [sys.executable, "-m", "distributed.cli.dask_worker"]
                command += [cluster.scheduler_address, "--no-nanny", "--nthreads", "1"]
                command += ["--no-dashboard", "--death-timeout", "5"]
                command += ["--local-directory", scratch]
                for k, name in enumerate(machines.names):
                    there = [*machines.on(k), *command, "--host", name]
                    started.append(
                        subprocess.Popen(
                            there, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                        )
                    )
            with Client(cluster) as client:
                client.wait_for_workers(RANKS, 60)
                yield client, client.run(os.getpid)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)


def _state(dask_worker: Any) -> tuple[list[str], set[str]]:
    """Of a worker: the runs of hbcd that it is in, and the ports that it listens at."""
    plugin = dask_worker.plugins.get("hbcd-exchange")
    links = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            links.add(os.readlink(f"/proc/self/fd/{number}"))
    found = set()
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}") as lines:
            for fields in map(str.split, list(lines)[1:]):
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in links:
                    found.add(fields[1])
    return list(plugin.runs) if plugin is not None else [], found


def _left(client: Any, before: dict[str, tuple[list[str], set[str]]]) -> str:
    """What a fit has left on workers that were not lost."""
    late = time.time() + 10
    while True:
        there = [one for one in before if one in client.scheduler_info(n_workers=-1)["workers"]]
        after = client.run(_state, workers=there, on_error="return")
        found = [
            f"{one}: {state}"
            for one, state in after.items()
            if not isinstance(state, tuple) or state[0] or state[1] - before[one][1]
        ]
        if not found or time.time() > late:
            return "; ".join(found)
        time.sleep(0.2)
