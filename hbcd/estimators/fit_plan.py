"""A fit that is checked through and about to begin: what there is to train, and the training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.callbacks.callback import EarlyStopping
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop
from hbcd.training.monitor import ProgressFunction
from hbcd.training.network import Network
from hbcd.training.penalty_path import PenaltyChoice, choose_penalty
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.scaling import Scaled

__all__ = ["Work"]

Array = NDArray[Any]


@dataclass
class Work:
    """Everything a training needs; nothing of the estimator has changed yet.

    Attributes
    ----------
    make : callable
        The network with a penalty: ``make(alpha)``.
    network : Network
        With the penalty it is trained with, once that is known.
    alpha : float or None
        The penalty; None: rows left out choose it.
    path : ndarray of shape (penalties, 2)
        Penalties tried, and the loss of the rows left out.
    inputs, outputs, weight, held_out
        Rows to train on, and those apart, (X, y, weight), or None.
    hold_out : float
        Share of the rows that the training itself keeps apart.
    theta : ndarray or None
        Where training goes on; None: new parameters.
    """

    make: Callable[[float], Network]
    network: Network
    alpha: float | None
    path: Array
    inputs: Scaled
    outputs: Scaled
    weight: Array | None
    held_out: tuple[Any, ...] | None
    hold_out: float
    theta: Array | None
    strategy: TrainingStrategy
    stop: Stop
    rule: EarlyStopping | None
    generator: np.random.Generator
    dtype: Any

    def train(
        self, n_threads: int | None, progress: ProgressFunction | None, callbacks: list[Any]
    ) -> FitReport:
        """Chooses the penalty where that is asked for, and trains."""
        choice = self._choose(n_threads, progress) if self.alpha is None else None
        start = self.theta
        report = self.network.train(
            self.network.init(self.generator, self.dtype) if start is None else start,
            self.inputs,
            self.outputs,
            self.weight,
            self.held_out,
            self.strategy,
            self.stop,
            self.generator,
            n_threads,
            hold_out=self.hold_out,
            progress=progress,
            callbacks=callbacks,
            early_stopping=self.rule,
        )
        return report if choice is None else choice.counted(report)

    def _choose(self, n_threads: int | None, progress: ProgressFunction | None) -> PenaltyChoice:
        """The penalty, and with it network, start, strategy and what is left of the limits."""
        choice = choose_penalty(
            self.make,
            (self.inputs, self.outputs, self.weight),
            self.held_out,
            self.stop,
            self.generator,
            self.dtype,
            n_threads,
            progress,
        )
        self.network, self.path = self.make(choice.alpha), choice.path
        self.theta, self.strategy = choice.start(self.strategy, self.hold_out)
        self.stop = choice.limits()
        return choice
