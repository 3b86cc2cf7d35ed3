"""Networks that change their size: what they compute stays, whatever neurons or layers they get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.networks.layout import kind_of
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Activation, Identity
from hbcd.parts.layers import HiddenLayer, OutputLayer
from hbcd.parts.structured_layers import BlockDiagonalLayer
from hbcd.utils.validation import check_integer

__all__ = [
    "activations_of",
    "check_changeable",
    "with_layer",
    "with_neuron",
    "without_linear_layers",
    "without_neuron",
]

Array = NDArray[Any]
N = TypeVar("N", bound=NetworkStructure)


@dataclass(frozen=True)
class _Part:
    """Neurons of a layer with one activation: weights (n_in, n_out) and bias (n_out,)."""

    activation: Activation
    weights: Array
    bias: Array


def check_changeable(network: NetworkStructure, by: str) -> None:
    """ValueError where layers of a network cannot get or lose neurons.

    Parameters
    ----------
    network : NetworkStructure
    by : str
        What is going to change it, for the message.
    """
    if len(network.layers) < 3:
        raise ValueError(f"layers: must have a hidden layer for {by}, HiddenLayer(1) is enough")
    for k, layer in enumerate(network.layers[1:], start=1):
        if not _is_changeable(layer):
            raise ValueError(
                f"layers[{k}]={layer!r}: must be a HiddenLayer or OutputLayer for {by}, or parts "
                "that share their inputs"
            )
        if getattr(layer, "weight_bounds", None) is not None:
            raise ValueError(f"layers[{k}].weight_bounds: must be None for {by}")


def activations_of(network: NetworkStructure, layer: int) -> list[Activation]:
    """The activations of the neurons of a hidden layer, each once, in their order.

    Parameters
    ----------
    network : NetworkStructure
    layer : int
        Index into `network.layers`.
    """
    given = network.layers[layer]
    if isinstance(given, BlockDiagonalLayer):
        return list(dict.fromkeys(activation for *_, activation in given.blocks))
    return [given.activation]


def with_neuron(
    network: N,
    theta: Array,
    layer: int,
    incoming: ArrayLike,
    outgoing: ArrayLike = 0.0,
    activation: Activation | None = None,
) -> tuple[N, Array, int]:
    """The network with one neuron more in a hidden layer, the last one of its activation.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    layer : int
        Index into `network.layers`.
    incoming : array_like of shape (n_in + 1,)
        Weights and bias of the neuron.
    outgoing : array_like of shape (n_out of the layer above,), default 0
        While it is 0 the network computes what it did, to the last bit.
    activation : Activation, optional
        Of the neuron; one that the layer has not got makes it a `BlockDiagonalLayer` of parts that
        share their inputs.  None: the first one of the layer.

    Returns
    -------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    number : int
        Of the neuron in its layer.
    """
    parts = _parts(network, theta)
    _check_hidden(network, layer)
    own = parts[layer - 1]
    values = np.asarray(incoming, dtype=np.float64)
    n_in = len(own[0].weights)
    if values.shape != (n_in + 1,):
        raise ValueError(f"incoming: has shape {values.shape}, must be ({n_in + 1},)")
    wanted = own[0].activation if activation is None else activation
    kinds = [part.activation for part in own]
    at = kinds.index(wanted) if wanted in kinds else len(own)
    if at == len(own):
        own.append(_Part(wanted, np.empty((n_in, 0)), np.empty(0)))
    one = own[at]
    number = sum(part.bias.size for part in own[: at + 1])
    own[at] = replace(
        one,
        weights=np.column_stack([one.weights, values[:-1]]),
        bias=np.append(one.bias, values[-1]),
    )
    width = sum(part.bias.size for part in parts[layer])
    row = np.broadcast_to(np.asarray(outgoing, dtype=np.float64), (width,))
    parts[layer] = _with_row(parts[layer], number, row)
    return (*_made(network, parts, theta.dtype), number)


def without_neuron(network: N, theta: Array, layer: int, neuron: int) -> tuple[N, Array]:
    """The network without one neuron of a hidden layer, its other parameters as they are.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    layer : int
        Index into `network.layers` of a hidden layer that has another neuron.
    neuron : int

    Returns
    -------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    """
    parts = _parts(network, theta)
    _check_hidden(network, layer)
    width = network.widths[layer - 1]
    if not 0 <= neuron < width or width < 2:
        raise ValueError(f"neuron={neuron}: must be one of several, not of {width}")
    kept, first = [], 0
    for part in parts[layer - 1]:
        own, first = neuron - first, first + part.bias.size
        if 0 <= own < part.bias.size:
            part = replace(
                part, weights=np.delete(part.weights, own, axis=1), bias=np.delete(part.bias, own)
            )
        if part.bias.size:
            kept.append(part)
    parts[layer - 1] = kept
    parts[layer] = [
        replace(part, weights=np.delete(part.weights, neuron, axis=0)) for part in parts[layer]
    ]
    return _made(network, parts, theta.dtype)


def with_layer(network: N, theta: Array, below: int) -> tuple[N, Array]:
    """The network with one layer of `Identity` neurons more, which computes the same.

    It hands on what the layer below puts out or, where these are less numbers, what enters the
    activations of the layer above, which that layer then takes as it is.  Neurons with other
    activations join it by `with_neuron`: beside them, these are the way past the layer.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    below : int
        Index into `network.layers` of a hidden layer; the new one is above it.

    Returns
    -------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    """
    parts = _parts(network, theta)
    _check_hidden(network, below)
    width, above = network.widths[below - 1], parts[below]
    if width <= network.widths[below]:
        new = _Part(Identity(), np.eye(width), np.zeros(width))
    else:
        weights = np.column_stack([part.weights for part in above])
        new = _Part(Identity(), weights, np.concatenate([part.bias for part in above]))
        ends = np.cumsum([part.bias.size for part in above])[:-1]
        rows = np.split(np.eye(new.bias.size), ends, axis=1)
        parts[below] = [
            replace(part, weights=own, bias=np.zeros(part.bias.size))
            for part, own in zip(above, rows, strict=True)
        ]
    parts.insert(below, [new])
    layers = [*network.layers]
    layers.insert(below + 1, HiddenLayer(1, Identity()))
    return _made(network, parts, theta.dtype, layers)


def without_linear_layers(network: N, theta: Array) -> tuple[N, Array]:
    """The network without hidden layers of `Identity` neurons alone, as weights of those above.

    It computes the same, to rounding.  Layers stay where that takes more parameters, or where no
    hidden layer would be left.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)

    Returns
    -------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    """
    for k in range(len(network.layers) - 2, 0, -1):
        if len(network.layers) < 4 or activations_of(network, k) != [Identity()]:
            continue
        parts, layers = _parts(network, theta), [*network.layers]
        (linear,) = parts[k - 1]
        parts[k] = [
            replace(
                part,
                weights=linear.weights @ part.weights,
                bias=linear.bias @ part.weights + part.bias,
            )
            for part in parts[k]
        ]
        del parts[k - 1], layers[k]
        smaller, merged = _made(network, parts, theta.dtype, layers)
        if smaller.n_parameters < network.n_parameters:
            network, theta = smaller, merged
    return network, theta


def _is_changeable(layer: Any) -> bool:
    kind = kind_of(layer)
    if isinstance(layer, BlockDiagonalLayer):
        return kind is not None and layer.shared_input
    return kind is not None and isinstance(layer, (HiddenLayer, OutputLayer))


def _check_hidden(network: NetworkStructure, layer: int) -> None:
    check_integer("layer", layer, 1, high=len(network.layers) - 2)


def _with_row(parts: list[_Part], at: int, row: Array) -> list[_Part]:
    """Parts of a layer that read one input more, the one of number `at`."""
    ends = np.cumsum([part.bias.size for part in parts])[:-1]
    return [
        replace(part, weights=np.insert(part.weights, at, own, axis=0))
        for part, own in zip(parts, np.split(row, ends), strict=True)
    ]


def _parts(network: NetworkStructure, theta: Array) -> list[list[_Part]]:
    """The parts of every layer after the input."""
    found = []
    for k, layer in enumerate(network.layers[1:], start=1):
        if not _is_changeable(layer):
            raise ValueError(f"layers[{k}]={layer!r}: must be dense, or parts of shared inputs")
        pairs = network.dense_parts(k, theta)
        if isinstance(layer, BlockDiagonalLayer):
            kinds = [activation for *_, activation in layer.blocks]
        else:
            kinds = [layer.activation]
        found.append([_Part(kind, p.weights, p.bias) for kind, p in zip(kinds, pairs, strict=True)])
    return found


def _made(
    network: N, parts: list[list[_Part]], dtype: Any, given: list[Any] | None = None
) -> tuple[N, Array]:
    """A network of the same kinds of layers, or those given, that has these parts; its theta."""
    first, *others = network.layers if given is None else given
    layers = [first]
    for layer, own in zip(others, parts, strict=True):
        if len(own) > 1:
            blocks = [(*part.weights.shape, part.activation) for part in own]
            layers.append(BlockDiagonalLayer(blocks, shared_input=True))
        elif isinstance(layer, BlockDiagonalLayer):
            layers.append(HiddenLayer(own[0].bias.size, own[0].activation))
        else:
            layers.append(replace(layer, n_neurons=own[0].bias.size, activation=own[0].activation))
    flat = [side.reshape(-1) for own in parts for part in own for side in (part.weights, part.bias)]
    changed = type(network)(layers, network.loss, alpha=network.alpha)
    return changed, np.concatenate(flat).astype(dtype)
