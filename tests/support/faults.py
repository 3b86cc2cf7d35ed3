"""Calls of the C library that fail, in a process of their own (`faults.c`).

It takes glibc and a C compiler.
"""

import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
KINDS = {"full": 1, "short": 2, "read-only": 3, "interrupted": 4, "broken": 5}

missing = (
    "needs glibc"
    if platform.libc_ver()[0] != "glibc"
    else "needs a C compiler, cc"
    if shutil.which("cc") is None
    else "a Python without its lock takes memory by its own allocator alone"
    if sysconfig.get_config_var("Py_GIL_DISABLED")
    else ""
)


def build(folder: Path) -> Path:
    """The library that is loaded before all others."""
    made = folder / "faults.so"
    flags = ["-std=gnu11", "-O1", "-Wall", "-Werror", "-shared", "-fPIC"]
    sources = [HERE / "faults.c", HERE / "faults_forks.c"]
    subprocess.run(["cc", *flags, *sources, "-o", made, "-ldl"], check=True)
    return made


def command(library: Path, module: str, *arguments: object) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a process where calls can fail, and that runs a module of here.

    One thread: the runtime of OpenMP ends the process where it gets no memory.
    """
    roots = [str(HERE.parent), str(HERE.parents[1]), *(path for path in sys.path if path)]
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(roots),
        "PYTHONMALLOC": "malloc",  # every object of Python by a call of its own
        "PYTHONHASHSEED": "0",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=16777216"
        ":glibc.malloc.mmap_threshold=100000000",  # a process of few pages, to be forked fast
        "PYTHONFAULTHANDLER": "1",
    }
    words = [sys.executable, "-u", "-m", f"support.{module}", *map(str, arguments)]
    return words, environment


class Faults:
    """The switches, inside of such a process."""

    def __init__(self):
        self.c = ctypes.CDLL(None)
        self.c.faults_memory.argtypes = [ctypes.c_long]
        self.c.faults_memory.restype = None
        self.c.faults_files.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_long]
        self.c.faults_files.restype = None
        self.c.faults_forks.argtypes = [ctypes.c_long, ctypes.c_long, *[ctypes.c_char_p] * 2]
        self.c.faults_forks.restype = None
        self.c.faults_end.restype = self.c.faults_hit.restype = ctypes.c_long
        self.c.faults_bytes.restype = ctypes.c_size_t

    def memory(self, k):
        """Runs `act` with its k-th allocation failing; see `run`."""
        return lambda act: self.run(lambda: self.c.faults_memory(k), act)

    def forks(self, first, step, folder, log):
        """Runs `act`, and a child from each allocation on, which fails there; see `run`.

        That ends in children, too, which have the number of their allocation.
        """

        places = str(folder).encode(), str(log).encode()

        def begin():
            self.c.faults_forks(first, step, *places)
            self.c.faults_memory(0)

        return lambda act: self.run(begin, act)

    def files(self, folder, kind, k):
        """Runs `act` with its k-th call on a file below `folder` going wrong; see `run`."""
        begin = (str(folder).encode(), KINDS[kind], k)
        return lambda act: self.run(lambda: self.c.faults_files(*begin), act)

    def clock(self, how):
        """The wall clock "jumps", or the monotonic one "stands"; ""; as they were."""
        self.c.faults_clock({"": 0, "jumps": 1, "stands": 2}[how])

    def run(self, begin, act):
        """(result, exception or None, calls counted, 0 or the number of the one that failed).

        Of calls on files 1 stands for the number.
        """
        result = error = None
        begin()
        try:
            result = act()
        except BaseException as raised:
            error = raised
        calls = self.c.faults_end()
        return result, error, calls, self.c.faults_hit()

    @property
    def bytes(self):
        """Allocated in this process."""
        return self.c.faults_bytes()


def run(words, environment):
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def results(library, module, *arguments):
    """The JSON lines that a module prints, of each case the last."""
    words, environment = command(library, module, *arguments)
    ended = run(words, environment)
    if ended.returncode:
        raise RuntimeError(
            f"status {ended.returncode}: {ended.stdout[-300:]}{ended.stderr[-3000:]}"
        )
    found = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    return list({one.get("case", k): one for k, one in enumerate(found)}.values())
