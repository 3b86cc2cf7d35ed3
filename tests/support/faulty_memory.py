"""Cases with each of their allocations failing once: ``FIRST STEP MOST FOLDER CASE...``.

Prints the number of each allocation before it fails, in a line of its own, so that who reads on
knows which one ended the process; and behind those of a case, in JSON, what came of them.
"""

import gc
import itertools
import json
import os
import sys
import traceback
import types
import warnings
from collections import Counter
from pathlib import Path

from support.fault_cases import CASES
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


#: Not enough memory, as NumPy and Python themselves say it where they forget to say MemoryError.
FORGOTTEN = (
    "error return without exception set",
    "returned NULL without setting an exception",
    "can't allocate lock",
    "can't allocate read lock",
    "PathLike object, not PosixPath",  # whose text it could not ask for
    "os.PathLike, not PosixPath",
    "[digital envelope routines] initialization error",  # OpenSSL
    "[digital envelope routines] not able to copy ctx",
    "NULL object passed to Py_BuildValue",
)


def forgotten(error):
    """Whether an exception is one that NumPy or Python raises in the place of MemoryError."""
    return isinstance(error, (SystemError, RuntimeError, TypeError, ValueError)) and str(
        error
    ).endswith(FORGOTTEN)


class Trials:
    """All failures of one case."""

    def __init__(self, name, folder):
        self.faults = Faults()
        self.name, self.case = name, CASES[name](folder)
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

    def one(self, k):
        """Whether there was an allocation number k."""
        before = self.case.untouched()
        made, error, _, hit = self.faults.memory(k)(self.case.act)
        if not hit:
            return False
        if error is None:
            if self.case.result(made) == self.reference:
                self.found["the right result all the same"] += 1
            else:
                self.say(k, "a wrong result")
        else:
            after = self.case.untouched()
            if after != before:
                changed = (
                    [key for key in {**before, **after} if before.get(key) != after.get(key)]
                    if isinstance(before, dict)
                    else ""
                )
                self.say(k, f"something has changed {changed}", error)
            if isinstance(error, MemoryError):
                self.found["MemoryError"] += 1
            elif forgotten(error):
                self.found[f"{type(error).__name__} of NumPy or Python"] += 1
            elif memory_error(error):
                self.say(k, "another exception because of it", error)
            else:
                self.say(k, "another exception", error)
        del made, error
        if self.case.result(self.case.act()) != self.reference:
            self.say(k, "the next one is another")
        return True

    def run(self, first, step, most):
        """Allocations first, first + step, ..., `most` at most; step 0: spread over all of them."""
        step = step or max(1, self.calls // most)
        bytes_then = tried = 0
        for k in itertools.count(first, step):
            os.write(1, f"{k}\n".encode())
            if tried >= most or not self.one(k):
                break
            tried += 1
            if tried == 5:
                gc.collect()
                bytes_then = self.faults.bytes
        gc.collect()
        lost = (self.faults.bytes - bytes_then) / (tried - 5) if tried > 5 else 0.0
        for what in self.unraisable:
            self.say(0, f"an exception was lost: {what}")
        counts = {"calls": self.calls, "tried": tried, "lost": lost}
        return {"case": self.name, **counts, "found": self.found, "wrong": self.wrong}


def main(first, step, most, folder, *names):
    warnings.simplefilter("ignore")
    for number, name in enumerate(names):
        place = Path(folder, str(number))
        place.mkdir()
        print(json.dumps(Trials(name, place).run(int(first), int(step), int(most))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
