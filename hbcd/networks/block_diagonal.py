"""Several networks of equal depth on equal inputs as one: a weighted sum of their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.networks.layout import kind_of
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Activation, Identity
from hbcd.parts.layers import HiddenLayer, InputLayer, OutputLayer
from hbcd.parts.structured_layers import BlockDiagonalLayer, SmoothPieces

__all__ = ["block_diagonal"]

Array = NDArray[Any]


def block_diagonal(
    networks: Sequence[NetworkStructure],
    thetas: Sequence[Array],
    weights: ArrayLike,
    *,
    linear: ArrayLike | None = None,
    intercept: ArrayLike | None = None,
) -> tuple[list[Any], NDArray[np.float64]]:
    """The network whose output is ``sum_k weights[k] * f_k(x) + x @ linear + intercept``.

    Members stand side by side in block-diagonal layers, and their weights in the output layer.
    The linear part is carried through the hidden layers by an `Identity` part.

    Parameters
    ----------
    networks : sequence of K NetworkStructure
        Dense networks of equal inputs, outputs and number of hidden layers, with an output layer
        without activation.  They may begin with one `SmoothPieces`, the same for all, which is kept
        in front.  Their widths and activations may differ.
    thetas : sequence of K ndarray
        Their parameters.
    weights : array_like of shape (K,) or (K, n_outputs)
        Of each member, or of each of its outputs.
    linear : array_like of shape (n_inputs,) or (n_inputs, n_outputs), optional
        Coefficients of a linear part; of the inputs themselves, not of pieces of them.
    intercept : float or array_like of shape (n_outputs,), optional

    Returns
    -------
    layers : list
        An `InputLayer`, the layers in front that all members share, one `BlockDiagonalLayer` for
        each hidden layer, an `OutputLayer`.
    theta : ndarray of float64
        The parameters of a network of these layers.

    Raises
    ------
    TypeError, ValueError
        Networks that differ in what must be equal, or have other layers; arrays of other shapes.
    """
    members = list(networks)
    front, depth = _check_members(members, list(thetas))
    n_inputs, n_outputs = members[0].n_inputs, members[0].n_outputs
    factors = np.asarray(weights, np.float64)
    if factors.shape == (len(members),):
        factors = np.repeat(factors[:, np.newaxis], n_outputs, axis=1)
    factors = _array("weights", factors, (len(members), n_outputs))
    skip = None
    if linear is not None:
        given = np.asarray(linear, np.float64)
        given = given[:, np.newaxis] if given.ndim == 1 and n_outputs == 1 else given
        skip = _array("linear", given, (n_inputs, n_outputs))
    offset = np.zeros(n_outputs)
    if intercept is not None:
        offset += _array("intercept", np.atleast_1d(np.asarray(intercept)), (n_outputs,))

    layers: list[Any] = [InputLayer(n_inputs), *front]
    parameters: list[Array] = []
    first = 1 + len(front)
    width = n_inputs if first == 1 else members[0].widths[first - 2]
    for level in range(depth):
        found = [
            _dense(one, theta, first + level) for one, theta in zip(members, thetas, strict=True)
        ]
        if skip is not None:
            found.append(_carried(skip, width) if level == 0 else _carried(np.eye(n_outputs)))
        layers.append(
            BlockDiagonalLayer(
                [(*own.shape, activation) for own, _, activation in found], shared_input=level == 0
            )
        )
        parameters += [side.ravel() for own, bias, _ in found for side in (own, bias)]
    last = [_dense(one, theta, first + depth) for one, theta in zip(members, thetas, strict=True)]
    scaled = [own * factor for (own, _, _), factor in zip(last, factors, strict=True)]
    for (_, bias, _), factor in zip(last, factors, strict=True):
        offset += bias * factor
    if depth == 0:  # of linear members the weights themselves add up
        scaled = [np.sum(scaled, axis=0)]
        if skip is not None:
            scaled[0] = scaled[0] + _padded(skip, width)
    elif skip is not None:
        scaled.append(np.eye(n_outputs))
    layers.append(OutputLayer(n_outputs))
    return layers, np.concatenate([*parameters, *(side.ravel() for side in scaled), offset])


def _dense(network: NetworkStructure, theta: Array, index: int) -> tuple[Array, Array, Activation]:
    """Weights, bias and activation of a dense layer, in float64."""
    (part,) = network.dense_parts(index, theta)
    activation: Activation = network.layers[index].activation
    return part.weights.astype(np.float64), part.bias.astype(np.float64), activation


def _padded(coefficients: Array, width: int) -> Array:
    """Coefficients of inputs as those of a layer's inputs, of which these are the first."""
    padded = np.zeros((width, coefficients.shape[1]))
    padded[: len(coefficients)] = coefficients
    return padded


def _carried(coefficients: Array, width: int | None = None) -> tuple[Array, Array, Activation]:
    """The part of a hidden layer that a linear part goes through."""
    weights = _padded(coefficients, len(coefficients) if width is None else width)
    return weights, np.zeros(weights.shape[1]), Identity()


def _array(name: str, value: Array, shape: tuple[int, ...]) -> NDArray[np.float64]:
    made = np.asarray(value, np.float64)
    if made.shape != shape:
        raise ValueError(f"{name}: has shape {made.shape}, must be {shape}")
    if not np.isfinite(made).all():
        raise ValueError(f"{name}: must be finite")
    return made


def _check_members(
    members: list[NetworkStructure], thetas: list[Array]
) -> tuple[list[SmoothPieces], int]:
    """The layers that all share in front, and the number of hidden layers behind them."""
    if not members:
        raise ValueError("networks: must have at least one network")
    if len(thetas) != len(members):
        raise ValueError(f"thetas: has {len(thetas)} vectors, must be {len(members)}")
    pieces = members[0].layers[1]
    front = [pieces] if kind_of(pieces) == "smooth_pieces" else []
    for k, one in enumerate(members):
        for what in ("n_inputs", "n_outputs"):
            if getattr(one, what) != getattr(members[0], what):
                raise ValueError(f"networks[{k}]: must have the {what} of networks[0]")
        if len(one.layers) != len(members[0].layers):
            raise ValueError(f"networks[{k}]: must have as many layers as networks[0]")
        own = one.layers[1 : 1 + len(front)]
        if own != front:
            raise ValueError(f"networks[{k}]: must begin with the {front[0]!r} of networks[0]")
        for layer in one.layers[1 + len(front) :]:
            if kind_of(layer) != "dense":
                raise ValueError(f"networks[{k}]: must have dense layers, not {layer!r}")
        output = one.layers[-1]
        if not isinstance(output, (OutputLayer, HiddenLayer)) or output.activation != Identity():
            raise ValueError(f"networks[{k}]: must end without an activation, not with {output!r}")
    return front, len(members[0].layers) - 2 - len(front)
