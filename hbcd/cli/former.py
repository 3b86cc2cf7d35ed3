"""A model file is never written over: the one that was there is kept under another name."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from hbcd.utils.atomic_files import called, take_away

__all__ = ["keep_former"]


@contextlib.contextmanager
def keep_former(path: Path) -> Iterator[Path | None]:
    """Copies the file that is about to be replaced to ``NAME.1.hbcd``, or the next free number.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path or None
        The copy; None where there was no file.  It is gone again where writing fails.
    """
    if not path.exists():
        yield None
        return
    former = _copy(path)
    try:
        yield former
    except BaseException:
        take_away(former)
        raise


def _copy(path: Path) -> Path:
    """A copy under the first number that is free, also where two processes look for one."""
    number = 1
    while True:
        former = path.with_name(f"{path.stem}.{number}{path.suffix}")
        try:
            with open(former, "xb") as target, open(path, "rb") as source:
                shutil.copyfileobj(source, target)
            return former
        except FileExistsError:
            number += 1
        except OSError as error:
            take_away(former)
            raise called(error, error.filename or str(former)) from error
        except BaseException:
            take_away(former)
            raise
