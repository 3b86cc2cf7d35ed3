"""Networks that change their size: what they compute stays, whatever neurons or layers they get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Activation, Identity, ReLU
from hbcd.parts.layers import HiddenLayer, OutputLayer
from hbcd.utils.validation import check_integer

__all__ = ["check_changeable", "passes_through", "with_layer", "with_neuron", "without_neuron"]

Array = NDArray[Any]
N = TypeVar("N", bound=NetworkStructure)


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
        if network.custom_layer(k) is not None or not isinstance(layer, (HiddenLayer, OutputLayer)):
            raise ValueError(
                f"layers[{k}]={layer!r}: must be a HiddenLayer or OutputLayer for {by}"
            )
        if layer.weight_bounds is not None:
            raise ValueError(f"layers[{k}].weight_bounds: must be None for {by}")


def with_neuron(
    network: N, theta: Array, layer: int, incoming: ArrayLike, outgoing: ArrayLike = 0.0
) -> tuple[N, Array]:
    """The network with one neuron more, the last one of a hidden layer.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    layer : int
        Index into `network.layers` of a dense hidden layer.
    incoming : array_like of shape (n_in + 1,)
        Weights and bias of the neuron.
    outgoing : array_like of shape (n_out of the layer above,), default 0
        While it is 0 the network computes what it did, to the last bit.

    Returns
    -------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    """
    _check_hidden(network, layer)
    wider = replace(network.layers[layer], n_neurons=network.widths[layer - 1] + 1)
    grown = _with_layers(network, {layer: wider})
    values = np.asarray(incoming, dtype=np.float64)
    pairs = _pairs(network, theta)
    weights, bias = pairs[layer - 1]
    if values.shape != (weights.shape[0] + 1,):
        raise ValueError(f"incoming: has shape {values.shape}, must be ({weights.shape[0] + 1},)")
    above, bias_above = pairs[layer]
    row = np.broadcast_to(np.asarray(outgoing, dtype=np.float64), (1, above.shape[1]))
    pairs[layer - 1] = np.column_stack([weights, values[:-1]]), np.append(bias, values[-1])
    pairs[layer] = np.concatenate([above, row]), bias_above
    return grown, _joined(pairs, theta.dtype)


def without_neuron(network: N, theta: Array, layer: int, neuron: int) -> tuple[N, Array]:
    """The network without one neuron of a hidden layer, its other parameters as they are.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    layer : int
        Index into `network.layers` of a dense hidden layer that has another neuron.
    neuron : int

    Returns
    -------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    """
    _check_hidden(network, layer)
    width = network.widths[layer - 1]
    if not 0 <= neuron < width or width < 2:
        raise ValueError(f"neuron={neuron}: must be one of several, not of {width}")
    smaller = _with_layers(network, {layer: replace(network.layers[layer], n_neurons=width - 1)})
    pairs = _pairs(network, theta)
    (weights, bias), (above, bias_above) = pairs[layer - 1], pairs[layer]
    pairs[layer - 1] = np.delete(weights, neuron, axis=1), np.delete(bias, neuron)
    pairs[layer] = np.delete(above, neuron, axis=0), bias_above
    return smaller, _joined(pairs, theta.dtype)


def passes_through(below: Activation, activation: Activation) -> bool:
    """Whether a layer can hand on exactly what one with the activation `below` puts out.

    Parameters
    ----------
    below, activation : Activation
    """
    return type(activation) is Identity or (type(below) is ReLU and type(activation) is ReLU)


def with_layer(network: N, theta: Array, below: int, activation: Activation) -> tuple[N, Array]:
    """The network with one hidden layer more, which hands on what the layer below it puts out.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    below : int
        Index into `network.layers` of a dense hidden layer; the new one is above it, as wide.
    activation : Activation
        One that `passes_through`: `Identity`, or `ReLU` above `ReLU`.

    Returns
    -------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    """
    _check_hidden(network, below)
    if not passes_through(network.layers[below].activation, activation):
        raise ValueError(
            f"activation={activation!r}: must be Identity(), or ReLU() above ReLU(), to hand on "
            "what is below"
        )
    width = network.widths[below - 1]
    layers = [*network.layers]
    layers.insert(below + 1, HiddenLayer(width, activation))
    pairs = _pairs(network, theta)
    pairs.insert(below, (np.eye(width), np.zeros(width)))
    deeper = type(network)(layers, network.loss, alpha=network.alpha)
    return deeper, _joined(pairs, theta.dtype)


def _check_hidden(network: NetworkStructure, layer: int) -> None:
    check_integer("layer", layer, 1, high=len(network.layers) - 2)
    for k in (layer, layer + 1):
        if not isinstance(network.layers[k], (HiddenLayer, OutputLayer)):
            raise ValueError(f"layers[{k}]={network.layers[k]!r}: must be dense")


def _with_layers(network: N, changed: dict[int, Any]) -> N:
    layers = [changed.get(k, layer) for k, layer in enumerate(network.layers)]
    return type(network)(layers, network.loss, alpha=network.alpha)


def _pairs(network: NetworkStructure, theta: Array) -> list[tuple[Array, Array]]:
    """Weights and biases of dense layers."""
    found = network.parameters(theta)
    return [(pair.weights, pair.bias) for pair in found if pair.bias is not None]


def _joined(pairs: list[tuple[Array, Array]], dtype: Any) -> Array:
    return np.concatenate([part.reshape(-1) for pair in pairs for part in pair]).astype(dtype)
