"""Bounds of the derivatives of a network over boxes: interval products, backward.

With s_l the slopes of the activations of layer l, each between those of `slope_range`, the Jacobian
is ``diag(s_L) W_L' ... diag(s_1) W_1'``; from the outputs down, every product of intervals takes
the signs of weights into account.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.propagation import Bounds, Layer, Propagation
from hbcd.bounds.relaxations import slope_range
from hbcd.bounds.rounding import ACTIVATION, SLACK, TINY, gamma, roundoff

__all__ = ["jacobian_bounds"]

Array = NDArray[np.float64]


def jacobian_bounds(
    propagation: Propagation, bounds: Sequence[Bounds], dtype: Any = None
) -> tuple[Array, Array]:
    """The least and the greatest derivatives over boxes, (boxes, outputs, inputs) each.

    Signs are exact: where no path from an input to an output can have a negative derivative, the
    lower bound is at least 0.

    Parameters
    ----------
    propagation : Propagation
    bounds : sequence of Bounds
        Those of its layers over the boxes.
    dtype : numpy.float64 or numpy.float32, optional
        The precision of computed derivatives that are to lie within; None: the exact ones.
    """
    lo: Array | None = None
    hi: Array | None = None
    for layer, own in zip(reversed(propagation.layers), reversed(bounds), strict=True):
        least, most = slopes(layer, own, dtype)
        if lo is None or hi is None:
            eye = np.eye(layer.n_out)
            lo, hi = eye * least[:, np.newaxis], eye * most[:, np.newaxis]
        else:
            lo, hi = _times_slopes(lo, hi, least[:, np.newaxis], most[:, np.newaxis])
        lo, hi = _times_weights(lo, hi, layer, dtype)
    assert lo is not None
    assert hi is not None
    return lo, hi


def slopes(layer: Layer, own: Bounds, dtype: Any) -> tuple[Array, Array]:
    """The least and the greatest slope of every activation, (boxes, n_out) each."""
    lo, hi = own.entering
    least, most = np.empty_like(lo), np.empty_like(hi)
    for place, name, leak in layer.runs:
        one = slope_range(name, leak, lo[:, place], hi[:, place])
        if dtype is not None and name in ("tanh", "sigmoid"):  # computed from the rounded value
            off = 2 * ACTIVATION * roundoff(dtype)
            one = np.maximum(one[0] - off, 0.0), one[1] + off
        least[:, place], most[:, place] = one
    return least, most


def _times_slopes(lo: Array, hi: Array, least: Array, most: Array) -> tuple[Array, Array]:
    """Intervals times slopes, which are at least 0; rounding is that of the next product."""
    return np.where(lo >= 0, lo * least, lo * most), np.where(hi >= 0, hi * most, hi * least)


def _times_weights(lo: Array, hi: Array, layer: Layer, dtype: Any) -> tuple[Array, Array]:
    """Intervals (boxes, outputs, n_out) times the transposed weights of a layer."""
    shape = (*lo.shape[:2], layer.n_in)
    low, high, sizes = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for block in layer.blocks:
        up, down = np.maximum(block.weights, 0.0).T, np.minimum(block.weights, 0.0).T
        a, b = lo[..., block.outputs], hi[..., block.outputs]
        count = 2 * block.weights.shape[1] + 8
        share = gamma(count) + (0.0 if dtype is None else gamma(count, dtype))
        reach = np.maximum(np.abs(a), np.abs(b)) @ block.size.T
        off = SLACK * share * reach + TINY
        least, most = a @ up + b @ down - off, b @ up + a @ down + off
        least = np.where(_none_below(a, b, up, down), np.maximum(least, 0.0), least)
        most = np.where(_none_below(-b, -a, up, down), np.minimum(most, 0.0), most)
        low[..., block.inputs] += least
        high[..., block.inputs] += most
        sizes[..., block.inputs] += np.maximum(np.abs(least), np.abs(most))
    if len(layer.blocks) > 1:  # inputs that several parts share
        off = gamma(2 * len(layer.blocks), dtype or np.float64) * sizes
        signs = low >= 0, high <= 0
        low = np.where(signs[0], np.maximum(low - off, 0.0), low - off)
        high = np.where(signs[1], np.minimum(high + off, 0.0), high + off)
    return low, high


def _none_below(a: Array, b: Array, up: Array, down: Array) -> NDArray[np.bool_]:
    """Where no term of a lower bound is negative, whatever its size."""
    negative = (a < 0).astype(np.float64) @ (up > 0) + (b > 0).astype(np.float64) @ (down < 0)
    return np.asarray(negative == 0)
