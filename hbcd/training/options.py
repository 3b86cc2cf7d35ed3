"""The options of `Network.train`, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hbcd.callbacks.callback_list import as_callbacks
from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.parts.stopping import Stop
from hbcd.training.hybrid import Hybrid
from hbcd.training.monitor import ProgressFunction
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.training.validation_score import as_early_stopping
from hbcd.utils.ranks import Ranks
from hbcd.utils.validation import as_seed, check_number, effective_threads

__all__ = ["TrainingOptions"]


@dataclass(frozen=True)
class TrainingOptions:
    """How to train, with every default filled in; see `Network.train`."""

    strategy: TrainingStrategy
    stop: Stop
    seed: int
    n_threads: int
    hold_out: float
    progress: ProgressFunction | None
    callbacks: list[Any]
    early_stopping: EarlyStopping | None

    @classmethod
    def checked(
        cls,
        strategy: Any,
        stop: Any,
        rng: Any,
        n_threads: Any,
        hold_out: Any,
        progress: Any,
        callbacks: Any,
        early_stopping: Any,
    ) -> TrainingOptions:
        """The options from what a user gave.

        Raises
        ------
        ValueError, TypeError
            An option that is none.
        """
        strategy = Hybrid.fast() if strategy is None else strategy
        stop = Stop() if stop is None else stop
        if not isinstance(strategy, TrainingStrategy):
            raise TypeError(f"strategy={strategy!r}: must be an hbcd.TrainingStrategy")
        if not isinstance(stop, Stop):
            raise TypeError(f"stop={stop!r}: must be an hbcd.Stop")
        if progress is not None and not callable(progress):
            raise TypeError(f"progress={progress!r}: must be callable or None")
        share = check_number("hold_out", hold_out, low=0.0, high=1.0, open_high=True)
        assert share is not None
        return cls(
            strategy,
            stop,
            as_seed("rng", rng),
            effective_threads(n_threads),
            share,
            progress,
            as_callbacks(callbacks),
            as_early_stopping(early_stopping),
        )

    def on_ranks(self, ranks: Ranks | None) -> TrainingOptions:
        """The same with the limits and the seed of rank 0, whose progress and callbacks are called.

        Parameters
        ----------
        ranks : Ranks or None
        """
        if ranks is None:
            return self
        stop, seed = ranks.agree((self.stop, self.seed))
        callbacks = self.callbacks if ranks.rank == 0 else []
        progress = ranks.watched(self.progress)
        return replace(self, stop=stop, seed=seed, progress=progress, callbacks=callbacks)
