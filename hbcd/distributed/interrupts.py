"""Ctrl-C while several ranks fit: rank 0 hears it, and ends the fit of all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """Takes Ctrl-C in the place of Python while a session lasts.

    On rank 0 the first one is kept until the core asks, so that it never comes between the messages
    of a round; the second one is raised.  Other ranks hear of it from rank 0.

    Parameters
    ----------
    rank : int
    """

    def __init__(self, rank: int) -> None:
        self.rank, self.pending = rank, False
        self._before: Any = None

    def __enter__(self) -> None:
        self.pending = False
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._heard)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
        if self.pending and kind is None:
            self.pending = False
            raise KeyboardInterrupt

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.rank == 0:
            if self.pending:
                raise KeyboardInterrupt
            self.pending = True

    def watched(self, progress: Callable[..., object] | None) -> Callable[..., object]:
        """Progress that raises KeyboardInterrupt in the core when there was one."""

        def watch(*state: Any) -> None:
            if self.pending:
                self.pending = False
                raise KeyboardInterrupt
            if progress is not None:
                progress(*state)

        return watch
