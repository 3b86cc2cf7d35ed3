"""Bounds of weights under which a dense network is monotone in some of its inputs.

Every neuron is given a direction: 1, it does not fall where the constrained inputs go their way;
-1, it does not rise; 0, it depends on free inputs alone.  With nondecreasing activations a weight
between two neurons of directions p and q must have ``p q w >= 0``, one from a constrained neuron
into a free one must be 0, and all others are free [1]_.  Outputs have direction 1.  So the function
is monotone in the constrained inputs whatever the parameters, and not bound at all in the others.

Neurons of direction -1 are for activations that bend one way, such as `ReLU`: without them a
function would be convex in the constrained inputs [2]_.  Of tanh and sigmoid they are the others,
mirrored.

References
----------
.. [1] J. Sill, Monotonic networks, NIPS 1997; H. Daniels and M. Velikova, Monotone and partially
   monotone neural networks, IEEE Trans. Neural Networks 21 (2010).
.. [2] D. Runje and S. M. Shankaranarayana, Constrained monotonic neural networks, ICML 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.parts.activations import Identity, Sigmoid, Tanh

__all__ = ["monotone_layers"]

Directions = NDArray[np.int8]
FREE_SHARE = (
    0.5  # of the neurons of a hidden layer, where there are free inputs and a layer follows
)


def monotone_layers(layers: Sequence[Any], signs: ArrayLike) -> list[Any]:
    """The layers with `weight_bounds` under which their outputs are monotone.

    Parameters
    ----------
    layers : sequence of HiddenLayer and OutputLayer
        Those after the inputs, with nondecreasing activations.
    signs : array_like of shape (n_inputs,)
        1: outputs do not fall where the input rises; -1: they do not rise; 0: free.

    Returns
    -------
    list
    """
    before = np.asarray(signs, np.int8)
    found = []
    for k, layer in enumerate(layers):
        last = k == len(layers) - 1
        if last:
            after = np.ones(layer.n_neurons, np.int8)
        else:
            free = bool((before == 0).any()) and k < len(layers) - 2
            after = _directions(layer.n_neurons, layer.activation, free)
        found.append(replace(layer, weight_bounds=_bounds(before, after)))
        before = after
    return found


def _directions(width: int, activation: Any, free: bool) -> Directions:
    """Of the neurons of a hidden layer: constrained ones first."""
    found = np.zeros(width, np.int8)
    bound = max(width - round(FREE_SHARE * width), 1) if free else width
    found[:bound] = 1
    if type(activation) not in (Identity, Sigmoid, Tanh):
        found[1:bound:2] = -1
    return found


def _bounds(
    before: Directions, after: Directions
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of weights (before, after)."""
    product = before[:, np.newaxis] * after
    lo = np.where(product > 0, 0.0, -np.inf)
    hi = np.where(product < 0, 0.0, np.inf)
    none = (before != 0)[:, np.newaxis] & (after == 0)
    lo[none] = hi[none] = 0.0
    return lo, hi
