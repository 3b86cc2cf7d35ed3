"""What each input counts for in networks that are trained: scales for networks to come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure

__all__ = ["input_scales", "with_scales"]

Array = NDArray[Any]
ROWS = 2000  # that gradients are taken at
LEAST = 0.05  # of the largest scale


def input_scales(structure: NetworkStructure, thetas: list[Array], x: Array) -> Array:
    """The root of the mean slope of each input, so that the inputs' total variance stays.

    The mean is that of squares over rows, outputs and networks: the diagonal of the average outer
    product of gradients of recursive feature machines (Radhakrishnan et al. 2024), its fourth root.
    Networks on scaled inputs pay a penalty of their own for the weights of each input.

    Parameters
    ----------
    structure : NetworkStructure
    thetas : list of ndarray of shape (n_parameters,)
    x : ndarray of shape (rows, inputs)
        Standardized.

    Returns
    -------
    ndarray of shape (inputs,)
    """
    some = np.ascontiguousarray(x[:: -(-len(x) // ROWS)])
    net, squares = structure.core_network(x.dtype), np.zeros(x.shape[1])
    unused = np.zeros(structure.n_parameters)
    for theta in thetas:
        for output in range(structure.n_outputs):
            slopes, one = np.empty_like(some), np.zeros((len(some), structure.n_outputs), x.dtype)
            one[:, output] = 1.0
            net.pullback(theta, some, one, slopes, unused)
            squares += np.square(slopes.astype(np.float64)).sum(axis=0)
    if not squares.max() > 0.0:
        return np.ones(x.shape[1], x.dtype)
    scales = np.maximum((squares / squares.max()) ** 0.25, LEAST)
    scales = scales * np.sqrt(len(scales) / np.square(scales).sum())
    return np.asarray(scales, x.dtype)


def with_scales(theta: Array, scales: Array, width: int) -> Array:
    """Parameters for inputs as they are of a network that reads scaled ones.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
    scales : ndarray of shape (inputs,)
    width : int
        Of the first hidden layer.
    """
    own = theta.copy()
    own[: scales.size * width] *= np.repeat(scales, width)
    return own
