"""The loss of held-out rows over a fit: what it cost, and when it is hopeless."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hbcd.callbacks.callback import Callback, Event

__all__ = ["Curve", "FitWatch"]

#: Evaluations of all training rows so far, and the least loss of held-out rows until then.
Curve = list[tuple[float, float]]
BEHIND = 1.5  # times the loss that would go on: one that far behind does not catch up


class FitWatch(Callback):
    """Counts the work of a fit by rows, and ends one that is far behind others.

    Parameters
    ----------
    rows : int
        Training rows.
    others : sequence of Curve
        Of earlier fits on the same rows.
    keep : int
        As many of the candidates go on; 0: nothing is ended.

    Attributes
    ----------
    curve : Curve
        Of the first start.
    pruned : bool
        Whether it has ended the fit.
    """

    def __init__(self, rows: int, others: Sequence[Curve], keep: int) -> None:
        self.rows, self.keep = rows, keep
        self.others = others if keep else ()
        self.curve: Curve = []
        self.pruned = False
        self._counted: dict[int, int] = {}  # start -> evaluations of any rows
        self._passes: dict[int, float] = {}

    @property
    def n_fev(self) -> int:
        """Evaluations that were counted, on any rows."""
        return sum(self._counted.values())

    @property
    def passes(self) -> float:
        """What they come to in evaluations of all training rows."""
        return sum(self._passes.values())

    def on_sweep_end(self, event: Event) -> bool:
        """Counts, and compares with the others."""
        before = self._counted.get(event.start, 0)
        share = event.rows / self.rows
        passes = self._passes.get(event.start, 0.0) + (event.n_fev - before) * share
        self._counted[event.start], self._passes[event.start] = event.n_fev, passes
        if event.start or not math.isfinite(event.validation_loss):
            return False
        least = min(event.validation_loss, self.curve[-1][1] if self.curve else math.inf)
        self.curve.append((passes, least))
        self.pruned |= least > BEHIND * self._last_to_go_on(passes)
        return self.pruned

    def _last_to_go_on(self, passes: float) -> float:
        """The loss after so much work of the last of those that go on; infinite if unknown."""
        losses = sorted(_loss_at(curve, passes) for curve in self.others)
        return losses[self.keep - 1] if 0 < self.keep <= len(losses) else math.inf


def _loss_at(curve: Curve, passes: float) -> float:
    """The least loss of a curve until then; infinite before its first point."""
    return next((loss for work, loss in reversed(curve) if work <= passes), math.inf)
