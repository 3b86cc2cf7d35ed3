"""Machines of `bench.training.losses`: network namespaces on one bridge, and what is left in them.

The benchmark runs in namespaces of its own, so that all processes and all open ports that are there
belong to it, and all of them end with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["HUB", "Machines", "enter", "files", "ports", "processes"]

NET = "10.77.0"
HUB = f"{NET}.254"  # where the benchmark itself is
INSIDE = "HBCD_BENCH_INSIDE"
LISTENS = "0A"


def enter() -> int | None:
    """Runs this command again in namespaces of its own; None where it runs there already.

    Returns
    -------
    int or None
        The exit code; 2 where the system has no namespaces to give.
    """
    if os.environ.get(INSIDE):
        subprocess.check_call(["ip", "link", "set", "lo", "up"])
        return None
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    unshare = ["unshare", *user, "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if not shutil.which("unshare") or not shutil.which("ip"):
        print("bench.training.losses: needs unshare (util-linux) and ip (iproute2)")
        return 2
    tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        print(f"bench.training.losses: no namespaces here: {tried.stderr.strip()}")
        return 2
    command = [*unshare, sys.executable, "-m", "bench.training.losses", *sys.argv[1:]]
    return subprocess.call(command, env={**os.environ, INSIDE: "1"})


class Machines:
    """Some machines: each has one link, which can be cut.

    Parameters
    ----------
    count : int
    """

    def __init__(self, count: int) -> None:
        self.names = [f"{NET}.{k + 1}" for k in range(count)]
        self.holders = [subprocess.Popen(["unshare", "--net", "sleep", "inf"]) for _ in self.names]
        time.sleep(0.3)  # until they are in their namespaces
        _ip("link add hub type bridge", f"addr add {HUB}/24 dev hub", "link set hub up")
        for k, (name, holder) in enumerate(zip(self.names, self.holders, strict=True)):
            _ip(
                f"link add port{k} type veth peer name eth0 netns {holder.pid}",
                f"link set port{k} master hub up",
            )
            for line in ("link set lo up", f"addr add {name}/24 dev eth0", "link set eth0 up"):
                subprocess.check_call([*self.on(k), "ip", *line.split()])

    def on(self, k: int) -> list[str]:
        """What a command that runs on machine k begins with."""
        return ["nsenter", f"--target={self.holders[k].pid}", "--net"]

    def cut(self, k: int) -> None:
        """Takes its link down."""
        _ip(f"link set port{k} down")

    def mend(self, k: int) -> None:
        """Takes its link up again."""
        _ip(f"link set port{k} up")

    def launcher(self, folder: Path) -> Path:
        """A script that starts a command on a machine, as mpiexec calls it in the place of ssh."""
        places = "\n".join(
            f'{name}) exec {" ".join(self.on(k))} sh -c "$*" ;;'
            for k, name in enumerate(self.names)
        )
        path = folder / "launcher"
        skip = 'while [ "${1#-}" != "$1" ]; do shift; done\nhost=$1; shift'
        path.write_text(f'#!/bin/sh\n{skip}\ncase "$host" in\n{places}\nesac\n')
        path.chmod(0o755)
        return path

    def close(self) -> None:
        """Ends them."""
        for holder in self.holders:
            holder.kill()
            holder.wait()
        for k in range(len(self.holders)):  # a namespace takes a moment to go, and its link with it
            subprocess.run(["ip", "link", "del", f"port{k}"], capture_output=True, check=False)
        _ip("link del hub")


def _ip(*lines: str) -> None:
    for line in lines:
        subprocess.check_call(["ip", *line.split()])


def processes(but: set[int]) -> dict[int, str]:
    """All processes that run here, but some: number and command."""
    found = {}
    for one in Path("/proc").iterdir():
        try:
            if one.name.isdecimal() and int(one.name) not in but:
                state = (one / "stat").read_text().rpartition(")")[2].split()[0]
                command = (one / "cmdline").read_text().replace("\0", " ").strip()
                if state not in "ZX":
                    found[int(one.name)] = f"{state} {command[:120]}"
        except OSError:  # it has ended
            continue
    return found


def ports() -> set[str]:
    """Addresses in this network namespace that somebody listens at."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path("/proc/net", name).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS:
                found.add(fields[1])
    return found


def files(folder: Path) -> set[str]:
    """All files below a folder."""
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if not one.is_dir()}
