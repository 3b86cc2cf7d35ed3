"""Warnings of a command, one line each on standard error.

Bad input is reported in one line, so they wait until it is known that the input is good.
"""

from __future__ import annotations

import sys
from typing import Any

from hbcd.tables.bad_values import TableWarning

__all__ = ["Notes"]


class Notes:
    """Warnings that wait, each once; stands in the place of `warnings.showwarning`."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._told: set[str] = set()
        self._open = False
        self.silent = False  # nothing is printed

    def __call__(self, message: Warning | str, *_: Any, **__: Any) -> None:
        """Takes a warning."""
        text = message.for_command() if isinstance(message, TableWarning) else str(message)
        if text in self._told:
            return
        self._told.add(text)
        self._waiting.append(text)
        if self._open:
            self.show()

    def show(self) -> None:
        """The input is good: prints what waits, and from now on what comes."""
        self._open = True
        if self.silent:
            self._waiting.clear()
        while self._waiting:
            print(f"hbcd: warning: {' '.join(self._waiting.pop(0).split())}", file=sys.stderr)
