"""A file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["called", "check_replaceable", "replace_file", "take_away", "write_through"]


def replace_file(target: Path, content: Iterable[bytes], name: str | None = None) -> None:
    """Writes beside the target, then puts it in place in one step; no trace of a failure.

    Parameters
    ----------
    target : Path
    content : iterable of bytes
        Written one after the other.
    name : str, optional
        What errors call the file; None: the target.

    Raises
    ------
    OSError
        It cannot be written; a file that was there is as it was.
    """
    check_replaceable(target, name or str(target))
    temporary = target.with_name(f".hbcd-{secrets.token_hex(8)}.tmp")
    failed = []

    def given() -> Iterator[bytes]:
        try:
            yield from content
        except BaseException as error:
            failed.append(error)
            raise

    try:
        write_through(temporary, given())
        os.replace(temporary, target)
    except OSError as error:
        take_away(temporary)
        if failed:  # what was to be written is missing: its error is no concern of this file
            raise
        raise called(error, name or str(target)) from error
    except BaseException:
        take_away(temporary)
        raise


def check_replaceable(target: Path, name: str) -> None:
    """OSError where a folder, a device or a pipe stands, which no file may take the place of.

    Parameters
    ----------
    target : Path
    name : str
        What the error calls it.
    """
    try:
        mode = target.stat().st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Is a device or a pipe, must be a file", name)


def write_through(path: Path, content: Iterable[bytes]) -> None:
    """Writes a new file, through to the disk.

    Parameters
    ----------
    path : Path
        Where nothing is.
    content : iterable of bytes
    """
    with open(path, "xb") as file:
        file.writelines(content)
        file.flush()
        os.fsync(file.fileno())


def called(error: OSError, name: str) -> OSError:
    """The error with the name that the user knows the file by.

    Parameters
    ----------
    error : OSError
    name : str

    Returns
    -------
    OSError
        Of the same class.
    """
    if error.errno is None:
        return error
    return OSError(error.errno, error.strerror or str(error), name)


def take_away(path: Path) -> None:
    """Deletes a file where there is one and that is possible.

    Parameters
    ----------
    path : Path
    """
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
