"""Progress of a fit on a terminal: tqdm where it is installed, else a plain line, else nothing."""

from __future__ import annotations

import math
import sys
from typing import Any, TextIO

__all__ = ["Display"]


class Display:
    """Shows how far a fit is while it runs; silent where `stream` is not a terminal.

    Use it as a context manager around the fit and pass it as its `progress`.

    Parameters
    ----------
    stream : file, optional
        Of text; None: standard error.

    Attributes
    ----------
    note : str
        What is shown in place of phase, pass and step, where that says more.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.shown = bool(getattr(self.stream, "isatty", lambda: False)())
        self.bar: Any = None
        self.note = ""

    def __enter__(self) -> Display:
        if self.shown:
            try:
                from tqdm import tqdm
            except ImportError:
                pass
            else:
                layout = "{desc} {elapsed}{postfix}"
                self.bar = tqdm(desc="hbcd", bar_format=layout, file=self.stream, leave=False)
        return self

    def __call__(
        self,
        phase: int,
        epoch: int,
        step: int,
        block: int,
        loss: float,
        best: float,
        seconds: float,
        n_fev: int,
    ) -> None:
        """One state of the run."""
        if not self.shown:
            return
        text = self.note or f"phase {phase + 1}, pass {epoch + 1}, step {step}"
        for name, value in (("loss", loss), ("best", math.nan if self.note else best)):
            if math.isfinite(value):
                text += f", {name} {value:.6g}"
        if self.bar is not None:
            self.bar.set_postfix_str(text)
        else:
            self.stream.write(f"\rhbcd {seconds:6.1f} s  {text}\x1b[K")
            self.stream.flush()

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()
        elif self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
