"""Lines about a training, one form for every solver: through `logging`, or printed."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable

from hbcd.callbacks.callback import Callback, Event

__all__ = ["LOGGER", "Log", "logged", "printed"]

LOGGER = logging.getLogger("hbcd")

_NUMBERS = ("loss", "validation_loss", "validation_score", "best")


def line(event: Event) -> str:
    """One line of text: what happened, then name=value; what is not known is left out."""
    parts = [event.what]
    if event.what == "end":
        reason = event.stop_reason
        parts.append(f"reason={'exception' if reason is None else reason.name.lower()}")
    if event.what in ("begin", "end"):
        parts.append(f"rows={event.rows}")
    else:
        parts += [
            f"start={event.start}",
            f"phase={event.phase}",
            f"optimizer={event.optimizer}",
            f"epoch={event.epoch}",
            f"step={event.step}",
            f"block={event.block}",
            f"rows={event.rows}",
        ]
    for name in _NUMBERS:
        value = getattr(event, name)
        if not math.isnan(value):
            parts.append(f"{name}={value:.6g}")
    return " ".join(
        [*parts, f"n_fev={event.n_fev}", f"n_iter={event.n_iter}", f"seconds={event.seconds:.3f}"]
    )


class Log(Callback):
    """Hands lines about begin, sweeps and end to a function.

    Parameters
    ----------
    write : callable
        ``write(level, line)``, the level one of `logging`.
    """

    def __init__(self, write: Callable[[int, str], object]) -> None:
        self.write = write

    def on_begin(self, event: Event) -> None:
        """Writes a line."""
        self.write(logging.INFO, line(event))

    def on_sweep_end(self, event: Event) -> None:
        """Writes a line."""
        self.write(logging.INFO, line(event))

    def on_end(self, event: Event) -> None:
        """Writes a line."""
        self.write(logging.INFO, line(event))

    def of_members(self) -> Log:
        """The same for many small trainings, of which their sum says more than every pass.

        Returns
        -------
        Log
        """
        return _MembersOnly(self.write)


class _MembersOnly(Log):
    def on_sweep_end(self, event: Event) -> None:
        self.write(logging.DEBUG, line(event))


class _VisitsToo(Log):
    def on_block_end(self, event: Event) -> None:
        self.write(logging.DEBUG, line(event))

    def of_members(self) -> Log:
        return self


def logged() -> list[Callback]:
    """What feeds the logger "hbcd" where that wants it.

    Returns
    -------
    list of Callback
        One, which also tells about visits at the level DEBUG; none where nobody wants lines.
    """
    if not LOGGER.isEnabledFor(logging.INFO):
        return []
    return [(_VisitsToo if LOGGER.isEnabledFor(logging.DEBUG) else Log)(LOGGER.log)]


def _shows(handler: logging.Handler) -> bool:
    return handler.level <= logging.INFO and not isinstance(handler, logging.NullHandler)


def printed() -> list[Callback]:
    """What prints lines on standard error.

    Returns
    -------
    list of Callback
        One; none where a handler of the logger shows them.
    """
    if LOGGER.isEnabledFor(logging.INFO):
        logger: logging.Logger | None = LOGGER
        while logger is not None:
            if any(_shows(handler) for handler in logger.handlers):
                return []
            logger = logger.parent if logger.propagate else None

    def write(level: int, text: str) -> None:
        if level >= logging.INFO:
            print(f"hbcd: {text}", file=sys.stderr)

    return [Log(write)]
