"""Bounds of the outputs of affine layers over boxes of inputs: by intervals, and by lines backward.

Intervals go forward, layer by layer.  CROWN [1]_ replaces every activation by a line below and one
above it and goes backward from a neuron to the inputs, where a linear function has its extremes in
the corners; each layer's lines come from the bounds of the layer before.  What comes out is met
with the intervals, so it is never wider.

With M bounds of ``|x|`` and V = ``|W|'M + |b|``, the disturbance of a neuron is ``e = (gamma(p) +
gamma(64)) V``: what rounding does to it in the precision p of `predict`, and what the rounding of
these bounds themselves can hide; an activation's own is a share of its size
(`hbcd.bounds.rounding`).

References
----------
.. [1] H. Zhang et al., Efficient neural network robustness certification with general activation
   functions, NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.relaxations import Lines, lines, values
from hbcd.bounds.rounding import ACTIVATION, SLACK, TINY, gamma, outward, roundoff
from hbcd.networks.affine_layers import AffineLayer

__all__ = ["Bounds", "Propagation"]

Array = NDArray[np.float64]
DENSE = 40_000  # elements of a matrix below which zeros between parts are cheaper than loops
LOST = 1e-30  # what underflow in float32 can lose of a sum


@dataclass(frozen=True)
class Bounds:
    """Bounds of one layer over boxes.

    Attributes
    ----------
    entering : tuple of ndarray (boxes, neurons)
        Least and largest values of what enters the activations.
    leaving : tuple of ndarray (boxes, neurons)
        The same of what leaves them.
    """

    entering: tuple[Array, Array]
    leaving: tuple[Array, Array]


@dataclass(frozen=True)
class Block:
    """A matrix of a layer: `inputs` and `outputs` are slices."""

    inputs: slice
    outputs: slice
    weights: Array
    size: Array  # their magnitudes


class Layer:
    """An affine layer as it is computed with here: few matrices, runs of equal activations."""

    def __init__(self, layer: AffineLayer, dtype: Any) -> None:
        self.n_in, self.n_out = layer.n_in, layer.n_out
        weights, self.bias = layer.matrix()
        parts: list[tuple[slice, slice, Array]]
        parts = [(part.inputs, part.outputs, part.weights) for part in layer.parts]
        if len(parts) > 1 and weights.size <= DENSE and _shared(layer):
            parts = [(slice(0, self.n_in), slice(0, self.n_out), weights)]
        self.blocks = [Block(i, o, np.ascontiguousarray(w), np.abs(w)) for i, o, w in parts]
        self.runs: list[tuple[slice, str, float]] = []
        at = 0
        for key, run in groupby(layer.parts, key=lambda part: (part.activation, part.leak)):
            width = sum(part.outputs.stop - part.outputs.start for part in run)
            self.runs.append((slice(at, at + width), *key))
            at += width
        fan = max(part.weights.shape[0] for part in layer.parts)
        wide = max(block.weights.shape[1] for block in self.blocks)
        own = gamma(fan + 8, dtype)
        self.share = own + gamma(2 * (self.n_in if len(self.blocks) == 1 else fan) + wide + 24)
        self.lost = LOST * (fan + 1) if np.dtype(dtype) == np.float32 else TINY
        self.activation_share = ACTIVATION * roundoff(dtype)

    def times(self, x: Array, side: str = "weights") -> Array:
        """``x @ W``, (boxes, n_out)."""
        out = np.empty((x.shape[0], self.n_out))
        for block in self.blocks:
            out[:, block.outputs] = x[:, block.inputs] @ getattr(block, side)
        return out

    def disturbance(self, size: Array) -> Array:
        """What rounding can do to what enters the activations, for inputs up to `size`."""
        return SLACK * self.share * (self.times(size, "size") + np.abs(self.bias)) + self.lost

    def activated(self, entering: tuple[Array, Array]) -> tuple[Array, Array]:
        """Bounds of what leaves the activations, all nondecreasing, rounding included."""
        found = []
        for z, sign in zip(entering, (-1.0, 1.0), strict=True):
            a = np.empty_like(z)
            for place, name, leak in self.runs:
                own = values(name, leak, z[:, place])
                exact = name in ("identity", "relu")
                off = 0.0 if exact else self.activation_share * np.abs(own) + self.lost
                a[:, place] = own + sign * off
            found.append(a)
        return found[0], found[1]

    def lines(self, entering: tuple[Array, Array]) -> Lines:
        """Of all neurons, (boxes, n_out) each."""
        lo, hi = entering
        made = Lines(*(np.empty_like(lo) for _ in range(4)))
        for place, name, leak in self.runs:
            for side, own in zip(made, lines(name, leak, lo[:, place], hi[:, place]), strict=True):
                side[:, place] = own
        return made


def _shared(layer: AffineLayer) -> bool:
    """Whether parts are not blocks of a block-diagonal matrix that is worth keeping apart."""
    return all(part.inputs == layer.parts[0].inputs for part in layer.parts) or all(
        part.weights.shape[0] == 1 for part in layer.parts
    )


class Propagation:
    """Bounds of a network over boxes.

    Parameters
    ----------
    layers : sequence of AffineLayer
    dtype : numpy.float64 or numpy.float32
        The precision of the predictions that are to stay within the bounds.
    then : sequence of AffineLayer
        Further layers, which are computed in float64.
    """

    def __init__(
        self, layers: Sequence[AffineLayer], dtype: Any, then: Sequence[AffineLayer] = ()
    ) -> None:
        self.layers = [Layer(layer, dtype) for layer in layers]
        self.layers += [Layer(layer, np.float64) for layer in then]

    def interval(self, lo: Array, hi: Array) -> list[Bounds]:
        """Bounds of every layer by intervals.

        Parameters
        ----------
        lo, hi : ndarray of shape (boxes, inputs)
        """
        found: list[Bounds] = []
        for layer in self.layers:
            entering = _through(layer, lo, hi)
            lo, hi = layer.activated(entering)
            found.append(Bounds(entering, (lo, hi)))
        return found

    def crown(self, lo: Array, hi: Array) -> list[Bounds]:
        """Bounds of every layer by lines, met with intervals.

        Parameters
        ----------
        lo, hi : ndarray of shape (boxes, inputs)
        """
        found: list[Bounds] = []
        back: list[_Backward] = []
        box = lo, hi
        for k, layer in enumerate(self.layers):
            entering = _through(layer, lo, hi)
            if k > 0:
                own = self._backward(k, back, box)
                entering = np.maximum(entering[0], own[0]), np.minimum(entering[1], own[1])
            back.append(_Backward(layer, entering, lo, hi))
            lo, hi = layer.activated(entering)
            found.append(Bounds(entering, (lo, hi)))
        return found

    def _backward(
        self, k: int, back: list[_Backward], box: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Bounds of what enters the activations of layer k, from lines of the layers before."""
        layer = self.layers[k]
        boxes = box[0].shape[0]
        size = np.maximum(np.abs(back[-1].out[0]), np.abs(back[-1].out[1]))
        own = layer.disturbance(size)
        lo, hi = np.empty((boxes, layer.n_out)), np.empty((boxes, layer.n_out))
        for block in layer.blocks:
            matrix = np.concatenate([block.weights.T, -block.weights.T])
            bias = layer.bias[block.outputs]
            constant = np.broadcast_to(np.concatenate([bias, -bias]), (boxes, matrix.shape[0]))
            both = _to_inputs(matrix, block.inputs, constant, back, box)
            n = bias.size
            hi[:, block.outputs] = both[:, :n] + own[:, block.outputs]
            lo[:, block.outputs] = -both[:, n:] - own[:, block.outputs]
        return outward(lo, hi)


class _Backward:
    """What going backward through a layer needs: its lines, and its disturbances.

    Attributes
    ----------
    out : tuple of ndarray
        Bounds of what leaves the layer.
    """

    def __init__(self, layer: Layer, entering: tuple[Array, Array], lo: Array, hi: Array) -> None:
        self.layer = layer
        self.lines = layer.lines(entering)
        self.out = layer.activated(entering)
        self.noise = layer.disturbance(np.maximum(np.abs(lo), np.abs(hi)))
        largest = np.maximum(np.abs(self.out[0]), np.abs(self.out[1]))
        heights = np.maximum(np.abs(self.lines.low), np.abs(self.lines.high))
        count = gamma(layer.n_out + 16)  # of sums of heights, biases and disturbances
        self.own = layer.activation_share * largest + layer.lost + count * (heights + largest)


def _to_inputs(
    matrix: Array,
    active: slice,
    constant: Array,
    back: list[_Backward],
    box: tuple[Array, Array],
) -> Array:
    """Upper bounds (boxes, rows) of ``matrix @ a[active] + constant``, a from the last layer.

    Rounding of the coefficients is part of the disturbance of each neuron, which is a share of all
    that can enter it.
    """
    a = np.broadcast_to(matrix, (box[0].shape[0], *matrix.shape))
    total = constant
    sizes = np.abs(constant)
    for step in reversed(back):
        lines, layer = step.lines, step.layer
        up, down = np.maximum(a, 0.0), np.minimum(a, 0.0)
        heights = _dot(up, lines.high[:, active]) + _dot(down, lines.low[:, active])
        own = _dot(up - down, step.own[:, active])
        a = up * lines.high_slope[:, np.newaxis, active]
        a += down * lines.low_slope[:, np.newaxis, active]
        shift = a @ layer.bias[active]
        noise = _dot(np.abs(a), step.noise[:, active])
        total = total + (heights + own + shift + noise)
        sizes = sizes + np.abs(heights) + np.abs(shift)
        a, active = _through_weights(a, active, layer)
    lo, hi = box[0][:, active], box[1][:, active]
    at = _dot(np.maximum(a, 0.0), hi) + _dot(np.minimum(a, 0.0), lo)
    reach = _dot(np.abs(a), np.maximum(np.abs(lo), np.abs(hi)))
    off = gamma(6 * len(back) + 24) * (sizes + np.abs(at) + np.abs(total))
    return np.asarray(total + at + off + gamma(a.shape[-1] + 8) * reach)


def _dot(a: Array, v: Array) -> Array:
    """``a[box] @ v[box]`` for every box: (boxes, rows)."""
    return np.asarray(np.matmul(a, v[:, :, np.newaxis])[..., 0])


def _through_weights(a: Array, active: slice, layer: Layer) -> tuple[Array, slice]:
    """Coefficients of what leaves the layer below, and which of its neurons they are of."""
    touched = [
        block
        for block in layer.blocks
        if block.outputs.start < active.stop and active.start < block.outputs.stop
    ]
    first = min(block.inputs.start for block in touched)
    last = max(block.inputs.stop for block in touched)
    if len(touched) == 1:
        (block,) = touched
        start, stop = max(active.start, block.outputs.start), min(active.stop, block.outputs.stop)
        own = block.weights[:, start - block.outputs.start : stop - block.outputs.start]
        return a[..., start - active.start : stop - active.start] @ own.T, block.inputs
    below = np.zeros((*a.shape[:-1], last - first))
    for block in touched:
        start, stop = max(active.start, block.outputs.start), min(active.stop, block.outputs.stop)
        own = block.weights[:, start - block.outputs.start : stop - block.outputs.start]
        part = a[..., start - active.start : stop - active.start] @ own.T
        below[..., block.inputs.start - first : block.inputs.stop - first] += part
    return below, slice(first, last)


def _through(layer: Layer, lo: Array, hi: Array) -> tuple[Array, Array]:
    """Interval bounds of what enters the activations."""
    middle = 0.5 * lo + 0.5 * hi
    radius = np.nextafter(np.maximum(hi - middle, middle - lo), np.inf)
    center = layer.times(middle) + layer.bias
    reach = layer.times(radius, "size")
    off = layer.disturbance(np.maximum(np.abs(lo), np.abs(hi)))
    return outward(center - reach - off, center + reach + off)
