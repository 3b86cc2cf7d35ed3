"""Training that goes on: parameters in the scaling of new data, boxes that hold them, one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.raw_coefficients import link
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.report import FitReport
from hbcd.training.network import Network
from hbcd.training.phase import Phase, default_box
from hbcd.training.strategies import MultiStart
from hbcd.training.strategy_base import About, TrainingStrategy, drives_itself
from hbcd.utils.scaling import Scaler

__all__ = ["check_same", "one_pass", "onward", "refolded", "settled"]

Array = NDArray[Any]
Scalers = tuple[Scaler, Scaler]
SHORT = 50  # iterations on a batch where a strategy would work on one until it is solved


# ---- parameters -------------------------------------------------------------------------------


def refolded(network: Network, theta: Array, old: Scalers, new: Scalers) -> tuple[Array, Scalers]:
    """Theta for the scalers of new data, so that predictions are what they were.

    A side that cannot be refolded (a layer or a link of one's own) keeps its old scaler.

    Parameters
    ----------
    network : Network
    theta : ndarray of shape (n_parameters,)
        For the old scalers; it is not changed.
    old, new : (Scaler, Scaler)
        Of inputs and of targets.

    Returns
    -------
    theta : ndarray of float64, shape (n_parameters,)
    scalers : (Scaler, Scaler)
        Those that theta is for now.
    """
    moved = theta.astype(np.float64)
    dense = [vars(type(layer)).get("_native") == "dense" for layer in network.layers[1:]]
    x_scaler, y_scaler = old
    if dense[0]:
        weights, bias = network.parameters(moved)[0]
        assert bias is not None
        shift = (new[0].mean - x_scaler.mean) / x_scaler.divisor
        bias += shift @ weights
        weights *= (new[0].divisor / x_scaler.divisor)[:, np.newaxis]
        x_scaler = new[0]
    kind = link(network.loss)
    if dense[-1] and kind in ("identity", "exp"):
        weights, bias = network.parameters(moved)[-1]
        assert bias is not None
        if kind == "exp":  # of Poisson only the scale is not 1
            bias += np.log(y_scaler.scale / new[1].scale)
        else:
            weights *= y_scaler.scale / new[1].divisor
            bias *= y_scaler.scale / new[1].divisor
            bias += (y_scaler.mean - new[1].mean) / new[1].divisor
        y_scaler = new[1]
    return moved, (x_scaler, y_scaler)


def settled(old: Scaler, new: Scaler) -> Scaler:
    """The old scaler; that of new rows for columns that have not varied so far.

    The scale of such a column is 0: no prediction would ever leave the mean of such a target.
    """
    still = old.scale == 0
    if not (still & (new.scale > 0)).any():
        return old
    return Scaler(np.where(still, new.mean, old.mean), np.where(still, new.scale, old.scale))


def check_same(old: Network, new: Network) -> None:
    """ValueError unless parameters of the old network have the same meaning in the new one."""
    widths = [one.widths[:-1] for one in (old, new)]
    if old.n_inputs != new.n_inputs:
        raise ValueError(f"X: has {new.n_inputs} features, must have {old.n_inputs} to go on")
    if old.n_outputs != new.n_outputs:
        raise ValueError(f"y: has {new.n_outputs} outputs, must have {old.n_outputs} to go on")
    if widths[0] != widths[1]:
        raise ValueError(f"hidden_layer_sizes={widths[1]}: must be {widths[0]} to go on")
    own = link(old.loss) is None and type(old.loss) is not type(new.loss)
    if own or link(old.loss) != link(new.loss):
        raise ValueError(f"loss={new.loss!r}: must have the link of {old.loss!r} to go on")
    for pair in zip(old.layers[1:], new.layers[1:], strict=True):
        one, other = (getattr(layer, "activation", layer) for layer in pair)
        if type(one) is not type(other) or (is_dataclass(one) and one != other):
            raise ValueError(f"activation={other!r}: must be {one!r} to go on")


# ---- strategies -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Adapted(TrainingStrategy):
    """The phases of a strategy, with boxes that hold theta, and short on request."""

    inner: TrainingStrategy
    theta: Array | None
    short: bool

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        return [self.adapt(phase) for phase in self.inner.phases(network, n_rows)]

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        return self.inner.hold_out_share(network, n_rows)

    def adapt(self, phase: Phase) -> Phase:
        if self.theta is not None and phase.box is None:
            # The box of a start would move what is trained; with room on both sides it does not.
            side = np.maximum(default_box(phase.optimizer), 2.0 * np.abs(self.theta))
            phase = replace(phase, box=(-side, side))
        if not self.short:
            return phase
        if phase.optimizer.value_only:  # a search has its budget
            return replace(phase, epochs=None if phase.epochs is None else 1)
        inner = phase.inner_iterations
        if phase.epochs is None or inner is not None:
            inner = SHORT if inner is None else min(inner, SHORT)
        return replace(phase, epochs=1, inner_iterations=inner)


class _AdaptedDriver(_Adapted):
    """The same of a strategy that runs its phases itself."""

    def run(self, run_phase: Callable[[Phase], FitReport], about: About) -> None:
        self.inner.run(lambda phase: run_phase(self.adapt(phase)), about)


def onward(strategy: TrainingStrategy, theta: Array) -> TrainingStrategy:
    """The strategy that goes on from theta: no search at its beginning, boxes around theta."""
    return _adapted(strategy.onward(), theta, short=False)


def one_pass(strategy: TrainingStrategy, theta: Array | None) -> TrainingStrategy:
    """One pass of every phase of the strategy; theta is what it goes on from, if from something."""
    if theta is not None:
        return _adapted(strategy.onward(), theta, short=True)
    one = strategy.strategy if isinstance(strategy, MultiStart) else strategy
    return _adapted(one, None, short=True)


def _adapted(strategy: TrainingStrategy, theta: Array | None, *, short: bool) -> TrainingStrategy:
    kind = _AdaptedDriver if drives_itself(strategy) else _Adapted
    return kind(strategy, theta, short)
