"""What a network is: layers, a loss, the layout of its parameters, their bounds and start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.networks.layout import (
    BlockLayout,
    CoreRow,
    DensePart,
    LayerParameters,
    core_row,
    dense_parts,
    kind_of,
    layout_row,
)
from hbcd.parts.layers import InputLayer, Layer, OutputLayer
from hbcd.parts.losses import CrossEntropy, Loss, SquaredError
from hbcd.utils.public import public
from hbcd.utils.validation import as_real, as_seed, box_vectors, check_number

__all__ = ["NetworkStructure"]

Array = NDArray[Any]


@public
class NetworkStructure:
    """The layers of a network, its loss, and the layout, bounds and start of its parameters.

    The parameters themselves, theta, are one flat vector that the network does not keep.

    Parameters
    ----------
    layers : sequence
        An `InputLayer`, then layers; with no hidden layer the network is linear in its outputs'
        activation.
    loss : Loss, default SquaredError()
    alpha : float, default 0.0
        L2 penalty: ``alpha ||W||**2 / (2 n)`` is added to the loss on training rows, W the weights
        of all layers of hbcd's without their biases and n the number of training rows whose
        `sample_weight` is not 0.  That is the scale of scikit-learn's MLP on all rows at once; on a
        batch n is that of all training rows, so that batches agree on what they minimize.

    Attributes
    ----------
    n_inputs, n_outputs, n_parameters : int
    widths : tuple of int
        Outputs of every layer after the input.
    blocks : list of slice
        The slice of theta of every layer that has parameters: its weights (n_in, n_out) row by
        row, then its bias; of a `BlockDiagonalLayer` this of every part.
    block_layouts : list of BlockLayout
        The same with the shapes of the layers.
    bounds : (lo, hi) or None
        Bounds of theta from the `weight_bounds` of the layers, two ndarrays of float64 and shape
        (n_parameters,); None where no layer has any.

    Raises
    ------
    TypeError, ValueError
        Something that is not a layer, or no layer after the input; `CrossEntropy` on one output.
    """

    def __init__(
        self, layers: Sequence[Any], loss: Loss | None = None, *, alpha: float = 0.0
    ) -> None:
        if not isinstance(layers, Iterable):
            raise TypeError(f"layers={layers!r}: must be a sequence of layers")
        self.layers = list(layers)
        self.loss = SquaredError() if loss is None else loss
        if not isinstance(self.loss, Loss) or type(self.loss).evaluate is Loss.evaluate:
            raise TypeError(
                f"loss={loss!r}: must be an hbcd.Loss, such as SquaredError(), with an `evaluate`"
            )
        self.alpha = float(check_number("alpha", alpha, low=0.0) or 0.0)
        if len(self.layers) < 2 or not isinstance(self.layers[0], InputLayer):
            raise ValueError("layers: must be an InputLayer and at least one layer after it")
        for k, layer in enumerate(self.layers[1:], start=1):
            if not isinstance(layer, Layer):
                raise TypeError(f"layers[{k}]={layer!r}: must be an hbcd.Layer")
            if isinstance(layer, OutputLayer) and k < len(self.layers) - 1:
                raise ValueError(
                    f"layers[{k}]={layer!r}: an OutputLayer must be the last layer; a HiddenLayer "
                    "stands between"
                )
        self.n_inputs: int = self.layers[0].n_inputs
        self._rows: list[CoreRow] = []
        width = self.n_inputs
        for k, layer in enumerate(self.layers[1:], start=1):
            self._rows.append(core_row(k, layer, width))
            width = self._rows[-1][2]
        self.n_outputs: int = width
        if isinstance(self.loss, CrossEntropy) and width < 2:
            raise ValueError(f"loss={self.loss!r}: must have at least 2 outputs, not {width}")
        self.widths: tuple[int, ...] = tuple(row[2] for row in self._rows)
        # The layout depends neither on the precision nor on what the parts compute.
        net = core.Net(np.float64, self.n_inputs, [layout_row(row) for row in self._rows], None)
        self.n_parameters: int = net.n_params
        self.block_layouts = [BlockLayout(*block[:-1], block[-1] + 1) for block in net.blocks()]
        self.blocks = [slice(block.start, block.stop) for block in self.block_layouts]
        self.bounds = self._weight_bounds()
        self._nets: dict[Any, core.Net] = {}

    def __repr__(self) -> str:
        widths = "-".join(str(n) for n in [self.n_inputs, *self.widths])
        return f"<{type(self).__name__} {widths}, {self.n_parameters} parameters>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_nets": {}}

    def custom_layer(self, index: int) -> Layer | None:
        """The layer of an index into `layers` where its class is not one of hbcd's, else None.

        Parameters
        ----------
        index : int
            At least 1.

        Returns
        -------
        Layer or None
        """
        layer: Layer = self.layers[index]
        return layer if kind_of(layer) is None else None

    def core_network(self, dtype: Any) -> core.Net:
        """The core's network for a precision.

        A network with parts written in Python belongs to one call: it carries the exception of
        that call.  Any other is made once.

        Parameters
        ----------
        dtype : numpy.float64 or numpy.float32

        Returns
        -------
        hbcd.core.Net
        """
        kind = np.dtype(dtype)
        net = self._nets.get(kind)
        if net is None:
            net = core.Net(dtype, self.n_inputs, self._rows, self.loss)
            if not net.calls_python:
                self._nets[kind] = net
        return net

    def _weight_bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        bounded = [
            block
            for block in self.block_layouts
            if getattr(self.layers[block.layer], "weight_bounds", None) is not None
            and self.custom_layer(block.layer) is None
        ]
        if not bounded:  # nothing of that size is made for most networks
            return None
        lo, hi = np.full(self.n_parameters, -np.inf), np.full(self.n_parameters, np.inf)
        for start, _, n_in, n_out, layer in bounded:
            sides = self.layers[layer].weight_bounds
            try:
                own = box_vectors("weight_bounds", sides, n_in * n_out, np.float64, (n_in, n_out))
            except (TypeError, ValueError) as error:
                raise type(error)(f"layers[{layer}]: {error}") from None
            for side, to in zip(own, (lo, hi), strict=True):
                if side is not None:
                    to[start : start + n_in * n_out] = side
        return lo, hi

    def project(self, theta: Array) -> Array:
        """Theta, moved inside the bounds.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)

        Returns
        -------
        ndarray of shape (n_parameters,)
            `theta` itself where there are no bounds.
        """
        if self.bounds is None:
            return theta
        return np.clip(theta, *self.bounds).astype(theta.dtype)

    def init(self, rng: Any = None, dtype: Any = np.float64) -> Array:
        """Initial parameters: each layer's own; weights of dense ones are N(0, 1 / n_in).

        Parameters
        ----------
        rng : None, int, Generator or SeedSequence
            The seed.
        dtype : numpy.float64 or numpy.float32

        Returns
        -------
        ndarray of shape (n_parameters,)
        """
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise TypeError(f"dtype={dtype}: must be float32 or float64")
        generator = np.random.default_rng(as_seed("rng", rng))
        parts = [
            np.asarray(layer.init(n_in, generator), dtype=np.float64).reshape(-1)
            for layer, n_in in zip(self.layers[1:], [self.n_inputs, *self.widths[:-1]], strict=True)
        ]
        theta = np.concatenate(parts)
        if theta.shape != (self.n_parameters,):
            raise ValueError(
                f"init: layers gave {theta.size} parameters, must be {self.n_parameters}"
            )
        if self.bounds is not None:
            # A weight beyond its bound is mirrored at it: a sign constraint leaves its size.
            lo, hi = self.bounds
            theta = np.where(theta < lo, 2 * lo - theta, theta)
            theta = np.where(theta > hi, 2 * hi - theta, theta)
        return self.project(theta.astype(dtype))

    def parameters(self, theta: Array) -> list[LayerParameters]:
        """Views on theta by layers.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)

        Returns
        -------
        list of (weights, bias)
            Of shapes (n_in, n_out) and (n_out,), one pair per block; of a layer that is not dense
            all of its parameters, and None.
        """
        theta = self._real_theta(theta)
        found = []
        for start, stop, n_in, n_out, layer in self.block_layouts:
            if kind_of(self.layers[layer]) != "dense":
                found.append(LayerParameters(theta[start:stop], None))
                continue
            middle = start + n_in * n_out
            found.append(
                LayerParameters(theta[start:middle].reshape(n_in, n_out), theta[middle:stop])
            )
        return found

    def dense_parts(self, index: int, theta: Array) -> list[DensePart]:
        """Views on the weights and biases of one layer.

        Parameters
        ----------
        index : int
            Of a layer in `layers`, at least 1.
        theta : ndarray of shape (n_parameters,)

        Returns
        -------
        list of (inputs, outputs, weights, bias)
            One of a dense layer, one per part of a `BlockDiagonalLayer`, none of other kinds;
            `inputs` and `outputs` are slices of those of the layer.
        """
        theta = self._real_theta(theta)
        return [
            part
            for layout in self.block_layouts
            if layout.layer == index
            for part in dense_parts(self.layers[index], layout, theta)
        ]

    def check_theta(self, theta: ArrayLike, *, copy: bool = False) -> Array:
        """Theta as a contiguous array of float32 or float64.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        copy : bool, default False
            False: `theta` itself where it is such an array.

        Returns
        -------
        ndarray of shape (n_parameters,)

        Raises
        ------
        ValueError, TypeError
            Another shape, or values that are no finite numbers.
        """
        array = self._real_theta(theta)
        return np.array(array, order="C", copy=True) if copy else np.ascontiguousarray(array)

    def _real_theta(self, theta: ArrayLike) -> Array:
        """The same theta, of any stride, where it is an array of float32 or float64."""
        array = as_real("theta", theta)
        if array.shape != (self.n_parameters,):
            raise ValueError(f"theta: has shape {array.shape}, must be ({self.n_parameters},)")
        if not np.isfinite(array).all():
            raise ValueError("theta: must be finite")
        return array
