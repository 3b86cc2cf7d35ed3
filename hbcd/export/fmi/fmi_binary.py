"""The binary of an FMU: compiled where there is a compiler, and run at points."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd.export.fmi.fmi_driver

__all__ = ["binary_path", "compiled", "driven"]

Array = NDArray[np.float64]
SYSTEMS = {"linux": ("linux", ".so"), "windows": ("win", ".dll"), "darwin": ("darwin", ".dylib")}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
LONGEST = 600.0  # seconds of a compiler


def binary_path(version: str, name: str) -> str:
    """Where an FMU has its binary for this platform."""
    system = platform.system().lower()
    short, suffix = SYSTEMS.get(system, (system, ".so"))
    wide = sys.maxsize > 2**32
    machine = platform.machine().lower()
    machine = MACHINES.get(machine, machine)
    if not wide and machine in ("x86_64", "i386", "i686"):
        machine = "x86"
    folder = f"{short}{64 if wide else 32}" if version == "2.0" else f"{machine}-{system}"
    return f"binaries/{folder}/{name}{suffix}"


def _compiler() -> list[str] | None:
    """The command of a compiler that takes the options of GCC."""
    if os.environ.get("CC"):
        return shlex.split(os.environ["CC"])
    found = (shutil.which(name) for name in ("cc", "gcc", "clang"))
    return next(([path] for path in found if path is not None), None)


def compiled(sources: dict[str, bytes]) -> bytes | str:
    """A shared library of C files, or why there is none.

    Parameters
    ----------
    sources : dict of str to bytes
        Of files that include each other by name.

    Returns
    -------
    bytes or str
    """
    command = _compiler()
    if command is None:
        return "there is no C compiler"
    options = ["-std=c99", "-O2", "-shared", "-fvisibility=hidden"]
    options += [] if os.name == "nt" else ["-fPIC"]
    options += ["-Wl,-s"] if sys.platform == "linux" else []
    with tempfile.TemporaryDirectory() as folder:
        for name, content in sources.items():
            Path(folder, name).write_bytes(content)
        files = [name for name in sources if name.endswith(".c")]
        command = [*command, *options, *files, "-o", "library"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                                  errors="replace", timeout=LONGEST, check=False)  # fmt: skip
            if done.returncode == 0:
                return Path(folder, "library").read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            return f"the C compiler fails: {error}"
    lines = [line for line in done.stderr.splitlines() if "error" in line] or ["it gives no reason"]
    return f"the C compiler fails: {lines[0].strip()}"


def driven(binary: bytes, task: dict[str, Any]) -> dict[str, Array] | str:
    """What a library computes, called as an FMU by another process; or why it cannot be loaded.

    Parameters
    ----------
    binary : bytes
    task : dict
        "version", "token", "levels" of every input, "points", "outputs", "class", and "slopes":
        the number of points for which slopes are wanted.

    Returns
    -------
    dict of str to ndarray
        "y" (points, outputs), "classes" (points,), "slopes" (points, outputs, inputs).

    Raises
    ------
    ValueError
        It was loaded and fails.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return "it cannot be checked without an interpreter"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "library" + SYSTEMS.get(platform.system().lower(), ("", ".so"))[1])
        library.write_bytes(binary)
        library.chmod(0o755)
        driver = str(hbcd.export.fmi.fmi_driver.__file__)
        done = subprocess.run([sys.executable, "-I", driver], capture_output=True, text=True,
                              input=json.dumps({"library": str(library), **task}),
                              check=False)  # fmt: skip
    if done.returncode == 2:
        return f"it cannot be loaded: {done.stderr.strip()}"
    if done.returncode != 0:
        raise ValueError(f"fmi: its binary fails ({done.stderr.strip() or done.returncode})")
    return {name: np.array(values, np.float64) for name, values in json.loads(done.stdout).items()}
