"""Cases with their allocations failing once: ``HOW FOLDER CASE...``.

HOW is "every:FIRST:STEP"; "few:N", spread over all; numbers with commas between them; or
"forks:STEP" or "forks:STEP:LAST", which is one run from whose allocations, or from whose last
ones, children go on, for runs that take long.

Prints the number of each allocation before it fails, in a line of its own, so that who reads on
knows which one ended the process; and what came of all so far, in JSON.
"""

import errno
import fcntl
import gc
import itertools
import json
import os
import sys
import tempfile
import traceback
import types
import warnings
from collections import Counter
from pathlib import Path

from support.fault_cases import CASES
from support.fault_objects import OBJECTS
from support.faults import Faults


def memory_error(error):
    """Whether an exception is one of memory, or was raised because of one."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def place(error):
    """The line of Python that an exception came from."""
    if not isinstance(error, BaseException) or error.__traceback__ is None:
        return ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f" in {frame.filename}:{frame.lineno}: {frame.line}"


def package(error):
    """Of an exception that is none of hbcd: the package or module that it came from; or ""."""
    own = type(error).__module__.partition(".")[0]
    if own not in ("builtins", "hbcd"):
        return own
    path = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    if not path.is_absolute():  # of Cython, as it was compiled
        return path.parts[1] if len(path.parts) > 1 else str(path)
    return path.name if path.is_relative_to(LIBRARY) and memory_error(error) else ""


#: Not enough memory, as NumPy and Python themselves say it where they forget to say MemoryError.
FORGOTTEN = (
    "error return without exception set",
    "returned a result with an exception set",
    "returned NULL without setting an exception",
    "can't allocate lock",
    "can't allocate read lock",
    "PathLike object, not PosixPath",  # whose text it could not ask for
    "os.PathLike, not PosixPath",
    "or integer, not PosixPath",
    "[digital envelope routines] initialization error",  # OpenSSL
    "[digital envelope routines] not able to copy ctx",
    "NULL object passed to Py_BuildValue",
)


def forgotten(error):
    """Whether an exception is one that NumPy or Python raises in the place of MemoryError."""
    return isinstance(error, (SystemError, RuntimeError, TypeError, ValueError)) and str(
        error
    ).endswith(FORGOTTEN)


PLAIN = MemoryError.__name__
DEEP = 17  # of so many children one looks at all that may not change
OUT = 300  # the descriptor that children write to: `faults_forks.c` leaves it alone
LIBRARY = Path(os.__file__).parent  # of Python
UNTRIED = -1  # a status in the log of `Faults.forks`


class Trials:
    """All failures of one case."""

    def __init__(self, name, folder):
        self.faults = Faults()
        self.name, self.case = name, (CASES | OBJECTS)[name](folder)
        self.found = Counter()
        self.wrong = []
        self.unraisable = []
        sys.unraisablehook = self.hear
        for _ in range(3):  # what is imported or kept the first time is so before
            self.reference = self.case.result(self.case.act())
        self.calls = self.faults.memory(0)(self.case.act)[2]

    def hear(self, what):
        """An exception that nobody got; those of closing a generator and of __del__ never are."""
        closing = isinstance(what.object, types.GeneratorType)
        if not closing and getattr(what.object, "__name__", "") != "__del__":
            self.unraisable.append(f"{what.exc_value!r} {what.err_msg} {what.object!r}")

    def say(self, k, what, error=None):
        self.found[what] += 1
        if len(self.wrong) < 50:
            self.wrong.append(
                f"{k}: {what}" + (f": {error!r}{place(error)}" if error is not None else "")
            )

    def judge(self, k, before, made, error):
        """What came of the failure of allocation k."""
        if error is None:
            left_over = self.case.left_over()
            if self.case.result(made) != self.reference:
                self.say(k, "a wrong result")
            elif left_over:
                self.say(k, "something is left over")
            else:
                self.found["the right result all the same"] += 1
            return
        after = self.case.untouched()
        if after != before:
            changed = [
                key for key in {**before, **after} if before.get(key) != after.get(key)
            ] if isinstance(before, dict) else ""  # fmt: skip
            self.say(k, f"something has changed {changed}", error)
        if isinstance(error, MemoryError):
            self.found[PLAIN] += 1
        elif forgotten(error):
            self.found[f"{type(error).__name__} of NumPy or Python"] += 1
        elif isinstance(error, OSError) and error.errno == errno.ENOMEM:
            self.found["OSError, cannot allocate memory"] += 1
        elif isinstance(error, ValueError) and str(error).endswith("nothing is written"):
            self.found["refused by the check of the file"] += 1
        elif package(error):
            self.found[f"{type(error).__name__} of {package(error)}"] += 1
        elif memory_error(error):
            self.say(k, "another exception because of it", error)
        else:
            self.say(k, "another exception", error)

    def one(self, k):
        """Whether there was an allocation number k."""
        self.case.reset()
        before = self.case.untouched()
        made, error, _, hit = self.faults.memory(k)(self.case.act)
        if not hit:
            return False
        self.judge(k, before, made, error)
        del made, error
        if self.case.result(self.case.act()) != self.reference:
            self.say(k, "the next one is another")
        return True

    def listed(self, numbers):
        """Allocations of these numbers, each in a run of its own, up to the last there is."""
        bytes_then = tried = 0
        for k in numbers:
            os.write(1, f"{k}\n".encode())
            if not self.one(k):
                break
            tried += 1
            if tried == 5:
                gc.collect()
                bytes_then = self.faults.bytes
            print(json.dumps(self.told(tried)), flush=True)
        gc.collect()
        lost = (self.faults.bytes - bytes_then) / (tried - 5) if tried > 5 else 0.0
        return self.told(tried) | {"lost": lost}

    def told(self, tried):
        for what in self.unraisable:
            self.say(0, f"an exception was lost: {what}")
        counts = {"calls": self.calls, "tried": tried}
        return {"case": self.name, **counts, "found": self.found, "wrong": self.wrong}

    def forks(self, folder, step, last=None):
        """Allocations 1, 1 + step, ... of one run, or of its `last`, each in a child from there on.

        A child looks at all that may not change where `judge` says more than MemoryError, and else
        once in `DEEP`.  "untried" are allocations at which a child would disturb another process,
        "ended" those whose child was ended, with the status of `waitpid` and the standard error.
        """
        log, said = Path(f"{folder}.log"), Path(f"{folder}.said")
        first = 1
        file = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        out = fcntl.fcntl(file, fcntl.F_DUPFD, OUT)
        os.close(file)
        self.case.reset()
        before, glance = self.case.untouched(), self.case.glance()
        gc.collect()
        gc.freeze()  # a child copies what it touches
        gc.disable()
        if last is not None:
            first = self.faults.memory(0)(self.case.act)[2] - last + 1
            self.case.reset()
            gc.collect()
        made, error, calls, k = self.faults.forks(first, step, folder, log)(self.case.act)
        if k:  # a child
            if not (type(error) is MemoryError and k % DEEP and self.case.glance() == glance):
                self.judge(k, before, made, error)
                os.write(out, json.dumps(self.told(1)).encode() + b"\n")
            elif self.unraisable:
                os.write(out, json.dumps(self.told(1) | {"found": {PLAIN: 1}}).encode() + b"\n")
            else:
                os.write(out, b"\n")
            os._exit(0)
        if error is not None:
            raise error
        self.calls = calls
        if self.case.result(made) != self.reference:
            self.say(0, "the parent has another result")
        children = lines(said)
        self.found[PLAIN] += children.count("")
        for one in map(json.loads, filter(None, children)):
            self.found.update(one["found"])
            self.wrong += one["wrong"]
        logged = [tuple(map(int, line.split())) for line in lines(log)]
        return self.told(len(children)) | {
            "untried": [k for k, status in logged if status == UNTRIED],
            "ended": [
                (k, status, Path(f"{log}.{k}").read_text(errors="replace"))
                for k, status in logged
                if status != UNTRIED
            ],
        }


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def main(how, folder, *names):
    warnings.simplefilter("ignore")
    for number, name in enumerate(names):
        place = Path(folder, str(number))
        place.mkdir()
        tempfile.tempdir = str(place)  # files that a failure leaves there are seen, too
        trials = Trials(name, place)
        kind, _, about = how.partition(":")
        if kind == "forks":
            found = trials.forks(place, *map(int, about.split(":")))
        elif kind == "every":
            found = trials.listed(itertools.count(*map(int, about.split(":"))))
        elif kind == "few":
            found = trials.listed(range(3, trials.calls + 1, max(1, trials.calls // int(about))))
        else:
            found = trials.listed(map(int, how.split(",")))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
