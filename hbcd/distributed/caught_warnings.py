"""Warnings of ranks, kept to be told by the client, also of workers that are threads."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["caught_warnings"]

_LOCK = threading.Lock()
_within = 0  # ranks of this process that are in a fit
_catcher: warnings.catch_warnings[list[warnings.WarningMessage]] | None = None
_caught: list[warnings.WarningMessage] = []


@contextmanager
def caught_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """A list of what is warned of in this process meanwhile.

    `warnings.catch_warnings` changes the whole process, and two that do not lie one within the
    other leave it changed.  Ranks that are threads therefore share one, and its list.
    """
    global _within, _catcher, _caught
    with _LOCK:
        if _within == 0:
            _catcher = warnings.catch_warnings(record=True)
            _caught = _catcher.__enter__() or []
            warnings.simplefilter("always")
        _within += 1
        caught = _caught
    try:
        yield caught
    finally:
        with _LOCK:
            _within -= 1
            if _within == 0 and _catcher is not None:
                _catcher.__exit__(None, None, None)
