"""What all starts of a training share: network, rows, monitor, clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hbcd import core
from hbcd.networks.structure import NetworkStructure
from hbcd.training.monitor import Monitor

__all__ = ["Training"]


@dataclass(frozen=True)
class Training:
    """What all starts of a training share.

    Attributes
    ----------
    network : NetworkStructure
    data : hbcd.core.Data
        Training rows.
    held_out : hbcd.core.Data or None
    monitor : Monitor
    started : float
        When it began, by `time.perf_counter`.
    """

    network: NetworkStructure
    data: core.Data
    held_out: core.Data | None = None
    monitor: Monitor = field(default_factory=Monitor)
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.started
