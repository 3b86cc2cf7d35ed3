"""What is told of members while they are trained: each stage, what it gave, what is left."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hbcd.callbacks.log_lines import Log
from hbcd.callbacks.terminal import Display

__all__ = ["MemberProgress"]


@dataclass
class MemberProgress:
    """Tells the log and the terminal of arms and their stages.

    Attributes
    ----------
    callbacks : sequence
        Those of the fit; the `Log` among them get lines.
    display : object
        The progress of the fit; a `Display` gets a note.
    title : str
        The arm that is being trained.
    least : float
        Loss of the rows left out of the best stage so far.
    used : float
        Share of the effort, known after the first arm; before it 0.
    """

    callbacks: Sequence[Any]
    display: Any
    title: str = ""
    least: float = field(default=float("inf"))
    used: float = 0.0

    def begin(self, title: str, used: float) -> None:
        """An arm, or a safe member, begins.

        Parameters
        ----------
        title : str
        used : float
            Share of the effort until then.
        """
        self.title, self.used = title, min(used, 1.0)
        self._show("")

    def stage(self, alpha: float, loss: float, seconds: float, *, part: bool = False) -> None:
        """A training of its networks at a penalty is over.

        Parameters
        ----------
        alpha : float
        loss : float
            Of the rows left out.
        seconds : float
            Of the fit.
        part : bool
            Whether of some of its networks only, so that others are not measured by it.
        """
        self.least = self.least if part else min(self.least, loss)
        what = "part of a stage" if part else "stage"
        self._write(f"{what} {self.title}: alpha={alpha:.3g} loss_left_out={loss:.6g} "
                    f"best={self.least:.6g} seconds={seconds:.3f}")  # fmt: skip
        self._show(f", penalty {alpha:.3g}")

    def arm(self, alpha: float, loss: float, used: float, seconds: float) -> None:
        """An arm is over.

        Parameters
        ----------
        alpha, loss, seconds
            Of its best stage, see `stage`.
        used : float
            Share of the effort, this arm with it.
        """
        self.used = min(used, 1.0)
        self._write(f"{self.title}: alpha={alpha:.3g} loss_left_out={loss:.6g} "
                    f"effort_used={self.used:.0%} effort_left={1 - self.used:.0%} "
                    f"seconds={seconds:.3f}")  # fmt: skip

    def again(self, why: str) -> None:
        """What was told of is dropped, and members are trained anew.

        Parameters
        ----------
        why : str
        """
        self.least = float("inf")
        self._write(f"members again, {why}")

    def _write(self, text: str) -> None:
        for callback in self.callbacks:
            if isinstance(callback, Log):
                callback.write(logging.INFO, text)

    def _show(self, more: str) -> None:
        if not isinstance(self.display, Display):
            return
        best = f", best left out {self.least:.4g}" if self.least < float("inf") else ""
        left = f", {1 - self.used:.0%} of the effort left" if self.used else ""
        self.display.note = f"{self.title}{more}{best}{left}"
