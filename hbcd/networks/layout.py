"""How the parameters of layers lie in theta, and what the core is told of a layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from hbcd.parts.activations import Identity
from hbcd.parts.layers import Layer
from hbcd.parts.structured_layers import BlockDiagonalLayer
from hbcd.utils.validation import check_integer

__all__ = [
    "BlockLayout",
    "CoreRow",
    "DensePart",
    "LayerParameters",
    "core_row",
    "dense_parts",
    "kind_of",
    "layout_row",
]

Array = NDArray[Any]
#: (layer unless it is dense, activation of a dense one, n_out, n_parameters)
CoreRow = tuple[Any, Any, int, int]
_KINDS = ("dense", "block_diagonal", "smooth_pieces")  # of the core


class LayerParameters(NamedTuple):
    """Views on the parameters of one layer; `bias` is None for a layer kind without that shape."""

    weights: Array
    bias: Array | None


class DensePart(NamedTuple):
    """Views on one matrix of weights of a layer and its bias.

    Attributes
    ----------
    inputs, outputs : slice
        Which of the layer's inputs and outputs it connects.
    weights : ndarray of shape (inputs, outputs)
    bias : ndarray of shape (outputs,)
    """

    inputs: slice
    outputs: slice
    weights: Array
    bias: Array


class BlockLayout(NamedTuple):
    """Where the parameters of a layer lie: ``theta[start:stop]``.

    Attributes
    ----------
    start, stop : int
    n_in, n_out : int
        Inputs and outputs of the layer; n_out is 1 where its parameters are not one matrix.
    layer : int
        Its index in `NetworkStructure.layers`.
    """

    start: int
    stop: int
    n_in: int
    n_out: int
    layer: int


def kind_of(layer: Layer) -> str | None:
    """The core's kind of a layer; None of a custom one, also where it is a subclass of hbcd's."""
    kind = vars(type(layer)).get("_native")
    return kind if kind in _KINDS else None


def core_row(index: int, layer: Layer, n_in: int) -> CoreRow:
    """What the core is told of a layer with `n_in` inputs."""
    kind = kind_of(layer)
    if kind == "dense":
        return None, layer.activation, layer.n_neurons, 0  # type: ignore[attr-defined]
    n_out = check_integer("n_out", layer.n_out(n_in), 1)
    try:
        n_parameters = check_integer("n_parameters", layer.n_parameters(n_in), 0)
    except ValueError as error:
        if kind is None:
            raise
        raise ValueError(f"layers[{index}]: {error}") from None
    assert n_out is not None
    assert n_parameters is not None
    return layer, None, n_out, n_parameters


def layout_row(row: CoreRow) -> CoreRow:
    """The same without what a layer computes: the layout depends on none of it."""
    layer, _, n_out, n_parameters = row
    if layer is not None and kind_of(layer) is None:
        layer = Layer()
    elif isinstance(layer, BlockDiagonalLayer):
        blocks = [(n_in, width, Identity()) for n_in, width, _ in layer.blocks]
        layer = BlockDiagonalLayer(blocks, layer.shared_input)
    return layer, None, n_out, n_parameters


def dense_parts(layer: Layer, layout: BlockLayout, theta: Array) -> list[DensePart]:
    """The matrices of a layer's weights as views on theta; none of another kind of layer."""
    kind = kind_of(layer)
    if kind == "dense":
        shapes, shared = [(layout.n_in, layout.n_out)], False
    elif isinstance(layer, BlockDiagonalLayer) and kind is not None:
        shapes, shared = [(n_in, n_out) for n_in, n_out, _ in layer.blocks], layer.shared_input
    else:
        return []
    found, at, first_in, first_out = [], layout.start, 0, 0
    for n_in, n_out in shapes:
        middle = at + n_in * n_out
        inputs, outputs = slice(first_in, first_in + n_in), slice(first_out, first_out + n_out)
        weights, bias = theta[at:middle].reshape(n_in, n_out), theta[middle : middle + n_out]
        found.append(DensePart(inputs, outputs, weights, bias))
        at, first_out = middle + n_out, first_out + n_out
        first_in += 0 if shared else n_in
    return found
