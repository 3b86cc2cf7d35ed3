"""A file that is written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(target: Path, content: Iterable[bytes]) -> None:
    """Writes beside the target, then puts it in place in one step; no trace of a failure.

    Parameters
    ----------
    target : Path
    content : iterable of bytes
        Written one after the other.

    Raises
    ------
    OSError
        It cannot be written; a file that was there is as it was.
    """
    temporary = target.with_name(f".hbcd-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
