"""What all starts of a training share: network, rows, monitor, clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

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

    def with_network(self, network: NetworkStructure) -> Training:
        """The same training of another network, with as many inputs and outputs.

        Parameters
        ----------
        network : NetworkStructure
        """
        self.data.draw_to(None)  # weights of the network as it was
        scorer = self.monitor.scorer
        if scorer is not None:
            scorer = scorer.of(network)
        return replace(self, network=network, monitor=replace(self.monitor, scorer=scorer))

    @property
    def all_here(self) -> bool:
        """Whether all rows are in memory here, so that several runs may use them at once."""
        return self.data.all_here and (self.held_out is None or self.held_out.all_here)

    def score(self, theta: NDArray[np.floating], loss: float, n_threads: int) -> float:
        """What the best parameters have least of, at theta, where the training loss is known.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
        loss : float
        n_threads : int
        """
        score = loss
        if self.held_out is not None:
            net = self.network.core_network(theta.dtype)
            score = net.loss(self.held_out, theta, None, n_threads)
        if self.monitor.scorer is not None:
            score = self.monitor.scorer(theta, score)
        return score

    def held_by_bounds(
        self,
        theta: NDArray[np.floating],
        lo: NDArray[np.floating] | None,
        hi: NDArray[np.floating] | None,
        n_threads: int,
    ) -> int:
        """How many parameters lie on a bound that keeps the training loss from falling.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
        lo, hi : ndarray of shape (n_parameters,) or None
        n_threads : int
        """
        if lo is None and hi is None:
            return 0
        gradient = np.empty_like(theta)
        self.network.core_network(theta.dtype).loss(self.data, theta, gradient, n_threads)
        low = False if lo is None else (theta == lo) & (gradient > 0)
        high = False if hi is None else (theta == hi) & (gradient < 0)
        return int(np.count_nonzero(low | high))
