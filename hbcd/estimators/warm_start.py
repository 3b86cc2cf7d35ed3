"""Training that goes on: parameters in the scaling of new data."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.raw_coefficients import link
from hbcd.training.network import Network
from hbcd.utils.scaling import Scaler

__all__ = ["check_same", "refolded", "settled"]

Array = NDArray[Any]
Scalers = tuple[Scaler, Scaler]


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
