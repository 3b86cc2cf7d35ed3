"""What is left of the limits of a training: evaluations, iterations, seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hbcd.parts.stopping import Stop, StopReason
from hbcd.utils.ranks import Ranks, decided

__all__ = ["Budget"]

REASONS = {
    "max_evaluations": StopReason.EVALUATIONS,
    "max_iterations": StopReason.ITERATIONS,
    "max_seconds": StopReason.TIME,
}
# A call of the core measures its start whatever is left.
LEAST = {"max_evaluations": 1, "max_iterations": 0, "max_seconds": 0.0}


@dataclass
class Budget:
    """The limits of a training and what of them is used, by one call of the core after another.

    Parameters
    ----------
    limits : Stop
        Its tolerances are handed on as they are.
    started : float, optional
        When the clock of `max_seconds` started, by `time.perf_counter`; by default now.
    n_fev, n_iter : int, default 0
        Evaluations and iterations used.
    ranks : Ranks, optional
        Those of the training: the clock of rank 0 counts.
    """

    limits: Stop
    started: float = field(default_factory=time.perf_counter)
    n_fev: int = 0
    n_iter: int = 0
    ranks: Ranks | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the clock started."""
        return time.perf_counter() - self.started

    def spend(self, n_fev: int, n_iter: int) -> None:
        """Counts evaluations and iterations as used.

        Parameters
        ----------
        n_fev, n_iter : int
        """
        self.n_fev += n_fev
        self.n_iter += n_iter

    def used_up(self, share: float = 1.0) -> StopReason | None:
        """Which limit is used up; None: something is left of all of them.

        Parameters
        ----------
        share : float, default 1.0
            Of the limits.
        """
        rest = self._rest(share)
        reason = next((REASONS[name] for name, value in rest.items() if value <= 0), None)
        return reason if self.limits.max_seconds is None else decided(self.ranks, reason)

    def left(self, share: float = 1.0) -> Stop:
        """The limits less what is used; of a limit that is used up, what measures a start.

        Parameters
        ----------
        share : float, default 1.0
            Of the limits.
        """
        unused = not (self.n_fev or self.n_iter) and self.limits.max_seconds is None
        if share == 1.0 and unused:
            return self.limits
        rest = self._rest(share)
        return replace(self.limits, **{name: max(rest[name], LEAST[name]) for name in rest})

    def parts(self, count: int, rounds: int) -> Callable[[int], Stop]:
        """The limits of several trainings that share what is left.

        Parameters
        ----------
        count : int
            Evaluations and iterations are shared by all; what is left over goes to the first ones.
        rounds : int
            How many of the trainings follow each other; the time is shared by these.

        Returns
        -------
        callable
            ``part(index)``: the limits of one of them.
        """
        rest = self._rest(1.0)

        def part(index: int) -> Stop:
            share = dict(rest)
            for name in ("max_evaluations", "max_iterations"):
                if name in rest:
                    whole, more = divmod(max(rest[name], 0), count)
                    share[name] = max(whole + (index < more), LEAST[name])
            if "max_seconds" in rest:
                share["max_seconds"] = max(rest["max_seconds"], 0.0) / rounds
            return replace(self.limits, **share)

        return part

    def _rest(self, share: float) -> dict[str, Any]:
        """Name of a limit -> what is left of a share of it, negative where it was exceeded."""
        rest: dict[str, Any] = {}
        for name, used in (("max_evaluations", self.n_fev), ("max_iterations", self.n_iter)):
            limit = getattr(self.limits, name)
            if limit is not None:
                rest[name] = int(share * limit) - used
        if self.limits.max_seconds is not None:
            rest["max_seconds"] = share * self.limits.max_seconds - self.seconds
        return rest
