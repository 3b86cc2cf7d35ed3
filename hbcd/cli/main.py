"""The command line: how a command is run, and how failures are reported.

What may be asked stands in `hbcd.cli.parser`.  Exit codes: 0; 2 for bad input, with one line on
stderr; 130 after Ctrl-C; 1 for anything else.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Sequence

from hbcd.cli.notes import Notes
from hbcd.cli.parser import parse
from hbcd.tables.bad_values import TableError, TableWarning

__all__ = ["main"]

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

#: What the user can put right; every other failure is the machine's or ours.
USER_ERRORS = (
    ValueError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; None: those of the process.

    Returns
    -------
    int
        The exit code: 0, 2 for bad input, 130 after Ctrl-C, 1 for another failure.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments or os.environ.get("HBCD_DEBUG", "") not in ("", "0")
    if argv is None:
        _never_fail_to_print()
    try:
        return _run(arguments)
    except BrokenPipeError:
        # The reader has gone; Python would complain once more when it flushes at exit.
        _forget_stdout()
        return FAILED
    except KeyboardInterrupt:
        if debug:
            raise
        print("hbcd: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if debug:
            raise
        print(f"hbcd: error: {_one_line(error)}", file=sys.stderr)
        return BAD_INPUT if isinstance(error, USER_ERRORS) else FAILED


def _run(arguments: list[str]) -> int:
    try:
        parsed = parse(arguments)
        with warnings.catch_warnings():
            warnings.simplefilter("always", TableWarning)
            parsed.notes = warnings.showwarning = Notes()
            code: int = parsed.run(parsed)
            parsed.notes.show()
    except SystemExit as end:  # --help and --version
        code = int(end.code or 0)
    sys.stdout.flush()
    return code


def _one_line(error: BaseException) -> str:
    """What went wrong; a failure that is not the user's also says of what kind it is."""
    text = error.for_command() if isinstance(error, TableError) else str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = " ".join(text.split()) or type(error).__name__
    if isinstance(error, (*USER_ERRORS, OSError)):
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)"


def _never_fail_to_print() -> None:
    """Column names that the terminal's encoding lacks are printed as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # a stream that is no file has nothing left to flush
        pass
