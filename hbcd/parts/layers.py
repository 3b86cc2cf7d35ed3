"""Layers: input, hidden, output, and the base class of custom ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.parts.activations import Activation, Identity, Tanh
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer

__all__ = ["HiddenLayer", "InputLayer", "Layer", "OutputLayer"]

Array = NDArray[Any]


@public
class Layer:
    """A kind of layer.  Subclass it and write the five methods.

    What `forward` and `backward` get are views on the core's memory, in the run's precision, valid
    during the call only.  They are called with up to 256 rows at a time.
    """

    def n_parameters(self, n_in: int) -> int:
        """Number of parameters.

        Parameters
        ----------
        n_in : int
            Number of inputs.

        Returns
        -------
        int
        """
        raise NotImplementedError(f"{type(self).__name__}.n_parameters: must be written")

    def n_out(self, n_in: int) -> int:
        """Number of outputs.

        Parameters
        ----------
        n_in : int
            Number of inputs.

        Returns
        -------
        int
        """
        raise NotImplementedError(f"{type(self).__name__}.n_out: must be written")

    def init(self, n_in: int, rng: np.random.Generator) -> Array:
        """Initial parameters.

        Parameters
        ----------
        n_in : int
            Number of inputs.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of shape (n_parameters,)
        """
        raise NotImplementedError(f"{type(self).__name__}.init: must be written")

    def forward(self, theta: Array, x: Array, out: Array) -> None:
        """Writes `out`.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
        x : ndarray of shape (rows, n_in)
        out : ndarray of shape (rows, n_out)
        """
        raise NotImplementedError(f"{type(self).__name__}.forward: must be written")

    def backward(
        self,
        theta: Array,
        x: Array,
        out: Array,
        grad_out: Array,
        grad_x: Array,
        grad_theta: Array,
    ) -> None:
        """Writes `grad_x` and adds to `grad_theta`.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
        x : ndarray of shape (rows, n_in)
        out : ndarray of shape (rows, n_out)
            What `forward` wrote.
        grad_out : ndarray of shape (rows, n_out)
            The gradient in `out`.
        grad_x : ndarray of shape (rows, n_in)
        grad_theta : ndarray of shape (n_parameters,)
        """
        raise NotImplementedError(f"{type(self).__name__}.backward: must be written")


@public
@dataclass(frozen=True)
class InputLayer:
    """The inputs of a network.

    Parameters
    ----------
    n_inputs : int
        Number of inputs, at least 1.
    """

    n_inputs: int

    def __post_init__(self) -> None:
        check_integer("n_inputs", self.n_inputs, 1)


class _Native(Layer):
    """A kind of layer of the core: both methods by compiled code, also from a user's subclass."""

    def _net(self, x: Array) -> core.Net:
        """A network of this layer alone, for inputs x; each kind of the core has its own."""
        raise NotImplementedError(f"{type(self).__name__}._net: must be written")

    def forward(self, theta: Array, x: Array, out: Array) -> None:
        """Writes `out` by compiled code."""
        self._net(x).predict(np.ascontiguousarray(theta, dtype=x.dtype), x, out, 1)

    def backward(
        self,
        theta: Array,
        x: Array,
        out: Array,
        grad_out: Array,
        grad_x: Array,
        grad_theta: Array,
    ) -> None:
        """Writes `grad_x` and adds to `grad_theta` by compiled code."""
        gradient = np.zeros(self.n_parameters(x.shape[1]))
        vector = np.ascontiguousarray(theta, dtype=x.dtype)
        self._net(x).pullback(vector, x, grad_out, grad_x, gradient)
        grad_theta += gradient.astype(grad_theta.dtype)


class _Dense(_Native):
    """``out = activation(x @ W + b)``; theta holds W (n_in, n_neurons) row by row, then b."""

    n_neurons: int
    activation: Activation
    weight_bounds: Any

    def _check(self) -> None:
        check_integer("n_neurons", self.n_neurons, 1)
        if isinstance(self.weight_bounds, (tuple, list)):  # comparable, and not the caller's arrays
            sides = tuple(
                np.asarray(side).tolist() if isinstance(side, (np.ndarray, list)) else side
                for side in self.weight_bounds
            )
            object.__setattr__(self, "weight_bounds", sides)
        if not isinstance(self.activation, Activation):
            raise TypeError(f"activation={self.activation!r}: must be an hbcd.Activation")

    def n_parameters(self, n_in: int) -> int:
        """``(n_in + 1) * n_neurons``."""
        return (n_in + 1) * self.n_neurons

    def n_out(self, n_in: int) -> int:
        """The number of neurons."""
        return self.n_neurons

    def init(self, n_in: int, rng: np.random.Generator) -> Array:
        """Weights N(0, 1 / n_in), biases 0."""
        weights = rng.normal(0.0, 1.0 / np.sqrt(n_in), size=n_in * self.n_neurons)
        return np.concatenate([weights, np.zeros(self.n_neurons)])

    def _net(self, x: Array) -> core.Net:
        layer = (None, self.activation, self.n_neurons, 0)
        return core.Net(x.dtype, x.shape[1], [layer], None)


@public
@dataclass(frozen=True)
class HiddenLayer(_Dense):
    """A dense layer with an activation.

    Parameters
    ----------
    n_neurons : int
        Width, at least 1.
    activation : Activation, default Tanh()
        Of this layer alone; layers may differ.
    weight_bounds : None, half-width or (lo, hi), optional
        Bounds of the weights (n_in, n_neurons), not of the bias; each side a number, None, or what
        broadcasts to that shape.  They hold in every phase of a training, besides its box: a
        network whose weights are all at least 0 is nondecreasing in every input.
    """

    n_neurons: int
    activation: Activation = field(default_factory=Tanh)
    weight_bounds: Any = None
    _native = "dense"

    def __post_init__(self) -> None:
        self._check()


@public
@dataclass(frozen=True)
class OutputLayer(_Dense):
    """The last layer, dense; linear by default.

    Parameters
    ----------
    n_neurons : int, default 1
        Number of outputs, at least 1.
    activation : Activation, default Identity()
        Of the outputs.
    weight_bounds : None, half-width or (lo, hi), optional
        As of a `HiddenLayer`.
    """

    n_neurons: int = 1
    activation: Activation = field(default_factory=Identity)
    weight_bounds: Any = None
    _native = "dense"

    def __post_init__(self) -> None:
        self._check()
