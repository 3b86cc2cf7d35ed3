"""A network as a list of affine layers with named activations: what proofs start from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.networks.layout import kind_of
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Activation, Identity, LeakyReLU, ReLU, Sigmoid, Tanh
from hbcd.parts.structured_layers import SmoothPieces

__all__ = ["AffineLayer", "AffinePart", "affine_layers"]

Array = NDArray[np.float64]
NAMES: dict[type[Activation], str] = {
    Identity: "identity",
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    ReLU: "relu",
    LeakyReLU: "leaky_relu",
}


@dataclass(frozen=True)
class AffinePart:
    """``activation(x[inputs] @ weights + bias)``, the outputs `outputs` of a layer.

    Attributes
    ----------
    inputs, outputs : slice
        Of those of the layer; the outputs of its parts follow each other without gaps.
    weights : ndarray of float64, shape (inputs, outputs)
    bias : ndarray of float64, shape (outputs,)
    activation : str
        "identity", "sigmoid", "tanh", "relu" or "leaky_relu".
    leak : float
        Slope of "leaky_relu" below 0.
    """

    inputs: slice
    outputs: slice
    weights: Array
    bias: Array
    activation: str
    leak: float = 0.0


@dataclass(frozen=True)
class AffineLayer:
    """Parts side by side; weights between one part and another's inputs are 0.

    Attributes
    ----------
    n_in, n_out : int
    parts : tuple of AffinePart
    """

    n_in: int
    n_out: int
    parts: tuple[AffinePart, ...]

    def matrix(self) -> tuple[Array, Array]:
        """Weights (n_in, n_out), with the zeros between parts, and biases (n_out,).

        Returns
        -------
        weights, bias : ndarray of float64
        """
        weights, bias = np.zeros((self.n_in, self.n_out)), np.zeros(self.n_out)
        for part in self.parts:
            weights[part.inputs, part.outputs] = part.weights
            bias[part.outputs] = part.bias
        return weights, bias


def affine_layers(network: NetworkStructure, theta: NDArray[Any]) -> list[AffineLayer]:
    """The layers of a network after its inputs.

    Smooth pieces become parts of one input each: ``tanh(x / width - center / width)``, beside the
    inputs themselves.  All of it is exact but for these two quotients, which are rounded.

    Parameters
    ----------
    network : NetworkStructure
        Of dense, block-diagonal and smooth-pieces layers, with built-in activations.
    theta : ndarray of shape (n_parameters,)

    Returns
    -------
    list of AffineLayer

    Raises
    ------
    ValueError
        A layer or an activation that is not one of hbcd's.
    """
    theta = network.check_theta(theta)
    widths = [network.n_inputs, *network.widths]
    found = []
    for k, layer in enumerate(network.layers[1:], start=1):
        n_in, n_out = widths[k - 1 : k + 1]
        if isinstance(layer, SmoothPieces) and kind_of(layer) is not None:
            parts = _pieces(layer, n_in)
        else:
            parts = _dense(network, k, theta)
        found.append(AffineLayer(n_in, n_out, tuple(parts)))
    return found


def _dense(network: NetworkStructure, k: int, theta: NDArray[Any]) -> list[AffinePart]:
    layer = network.layers[k]
    dense = network.dense_parts(k, theta)
    if not dense:
        raise ValueError(f"layers[{k}]={layer!r}: must be a layer whose function is known")
    blocks = getattr(layer, "blocks", None)
    activations = [layer.activation] if blocks is None else [block[2] for block in blocks]
    found = []
    for part, activation in zip(dense, activations, strict=True):
        name = NAMES.get(type(activation))
        if name is None:
            raise ValueError(
                f"layers[{k}]: activation={activation!r}: must be one of hbcd's own, whose "
                "function is known"
            )
        sides = part.weights.astype(np.float64), part.bias.astype(np.float64)
        leak = float(getattr(activation, "leak", 0.0))
        found.append(AffinePart(part.inputs, part.outputs, *sides, name, leak))
    return found


def _pieces(layer: SmoothPieces, n_in: int) -> list[AffinePart]:
    one, none = np.ones((1, 1)), np.zeros(1)
    found = [
        AffinePart(slice(k, k + 1), slice(k, k + 1), one, none, "identity") for k in range(n_in)
    ]
    at = n_in
    numbers = zip(layer.columns, layer.centers, layer.widths, strict=True)
    for column, run in groupby(numbers, key=lambda number: number[0]):
        sides = np.array([number[1:] for number in run])
        scale = 1.0 / sides[:, 1]
        place = slice(column, column + 1), slice(at, at + len(sides))
        found.append(AffinePart(*place, scale[np.newaxis], -sides[:, 0] / sides[:, 1], "tanh"))
        at += len(sides)
    return found
