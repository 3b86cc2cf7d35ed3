"""Weighted members as one network with the same outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.members.arm import structure_of
from hbcd.members.fit_members import Member
from hbcd.members.pieces import smooth_pieces
from hbcd.networks.block_diagonal import block_diagonal
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Activation
from hbcd.parts.layers import InputLayer, Layer, OutputLayer
from hbcd.parts.losses import Loss

__all__ = ["one_network"]

Array = NDArray[Any]


def one_network(
    members: list[Member], x: Array, n_outputs: int, activation: Activation, loss: Loss
) -> tuple[list[Layer], Array]:
    """The layers after the input, and theta, of a network whose outputs are the weighted sum.

    The networks of a member's folds share its weight.  Linear members are one linear map, carried
    past the hidden layers; a constant is part of the last bias.

    Parameters
    ----------
    members : list of Member
        The first two are the constant and the linear model.
    x : ndarray of shape (rows, inputs)
        The inputs the members were trained on, without pieces: these follow from them.
    n_outputs : int
    activation : Activation
    loss : Loss
    """
    n_inputs = x.shape[1]
    held = [member for member in members if member.weight > 0.0]
    networks = [member for member in held if member.architecture is not None]
    most = max(
        (member.architecture.pieces for member in networks if member.architecture), default=0
    )
    pieces = smooth_pieces(x, most) if most else None
    encoded = n_inputs if pieces is None else pieces.n_out(n_inputs)

    slopes, intercept = np.zeros((n_inputs, n_outputs)), np.zeros(n_outputs)
    for member in held:
        if member.architecture is None:
            share = member.weight / len(member.stage.thetas)
            for theta in member.stage.thetas:
                own = theta.astype(np.float64).reshape(-1, n_outputs)
                intercept += share * own[-1]
                if member.name != "constant":
                    slopes += share * own[:-1]
    if not networks:
        return _linear(slopes, intercept, x.dtype)

    structures, thetas, weights = [], [], []
    for member in networks:
        assert member.architecture is not None
        widths = member.architecture.widths
        wide = structure_of(encoded, widths, n_outputs, activation, loss)
        narrow = structure_of(n_inputs, widths, n_outputs, activation, loss)
        front = [InputLayer(n_inputs)] + ([] if pieces is None else [pieces])
        structure = NetworkStructure([*front, *wide.layers[1:]], loss)
        for theta in member.stage.thetas:
            own = theta if theta.size == wide.n_parameters else _widened(theta, narrow, wide)
            structures.append(structure)
            thetas.append(own)
            weights.append(np.full(n_outputs, member.weight / len(member.stage.thetas)))
    linear = slopes if slopes.any() else None
    layers, theta = block_diagonal(
        structures, thetas, np.array(weights), linear=linear, intercept=intercept
    )
    return layers[1:], theta.astype(x.dtype)


def _widened(theta: Array, narrow: NetworkStructure, wide: NetworkStructure) -> Array:
    """Parameters of a network that reads more inputs and makes nothing of them."""
    n_out = narrow.widths[0]
    rows = np.zeros((wide.n_inputs - narrow.n_inputs) * n_out, theta.dtype)
    split = narrow.n_inputs * n_out
    return np.concatenate([theta[:split], rows, theta[split:]])


def _linear(slopes: Array, intercept: Array, dtype: Any) -> tuple[list[Layer], Array]:
    theta = np.concatenate([slopes.reshape(-1), intercept]).astype(dtype)
    return [OutputLayer(intercept.size)], theta
