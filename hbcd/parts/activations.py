"""Activation functions: built-in ones run compiled code, a custom one is a class of two methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.utils.public import public
from hbcd.utils.validation import check_number

__all__ = [
    "Activation",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "has_curvature",
]

Array = NDArray[Any]


@public
class Activation:
    """An elementwise activation function.

    Subclass it and write `forward` and `backward`, and `curvature` where second derivatives of the
    network in its inputs are wanted (`Network.input_hessian`).  They receive contiguous vectors of
    the run's precision (float32 or float64): views on the core's memory that are valid during the
    call only.
    """

    def forward(self, z: Array, out: Array) -> None:
        """Writes ``out = activation(z)``.

        Parameters
        ----------
        z, out : ndarray of shape (n,)
        """
        raise NotImplementedError(f"{type(self).__name__}.forward: must be written")

    def backward(self, z: Array, a: Array, grad: Array) -> None:
        """Multiplies `grad` in place by the slope at `z`.

        Parameters
        ----------
        z, a, grad : ndarray of shape (n,)
            Where ``a = activation(z)``.
        """
        raise NotImplementedError(f"{type(self).__name__}.backward: must be written")

    def curvature(self, z: Array, a: Array, grad: Array) -> None:
        """Multiplies `grad` in place by the second derivative at `z`; training does not ask for it.

        Parameters
        ----------
        z, a, grad : ndarray of shape (n,)
            Where ``a = activation(z)``.
        """
        raise NotImplementedError(f"{type(self).__name__}.curvature: must be written")


def has_curvature(activation: Activation) -> bool:
    """Whether an activation has a second derivative of its own.

    One that a class inherits while it overrides `forward` or `backward` is that of another
    function.

    Parameters
    ----------
    activation : Activation
    """
    optional = getattr(activation, "curvature_function", activation)
    if optional is None:  # of a CompiledActivation
        return False
    order = type(activation).__mro__

    def place(name: str) -> int:
        return next(k for k, kind in enumerate(order) if name in vars(kind))

    own = place("curvature")
    return order[own] is not Activation and own <= min(place("forward"), place("backward"))


class _Compiled(Activation):
    """Shared by the built-in ones: the methods run the compiled function of the class's `_row`."""

    _row: ClassVar[str]

    def forward(self, z: Array, out: Array) -> None:
        _forward(self._row, getattr(self, "leak", 0.0), z, out)

    def backward(self, z: Array, a: Array, grad: Array) -> None:
        _backward(self._row, getattr(self, "leak", 0.0), z, a, grad)

    def curvature(self, z: Array, a: Array, grad: Array) -> None:
        _curvature(self._row, getattr(self, "leak", 0.0), a, grad)


def _forward(row: str, parameter: float, z: Array, out: Array) -> None:
    _same(z, out)
    if z.flags.c_contiguous and out.flags.c_contiguous:
        core.activation_forward(row, parameter, z, out)
    else:
        result = np.empty(z.shape, z.dtype)
        core.activation_forward(row, parameter, np.ascontiguousarray(z), result)
        out[...] = result


def _backward(row: str, parameter: float, z: Array, a: Array, grad: Array) -> None:
    _same(a, grad)
    if a.flags.c_contiguous and grad.flags.c_contiguous:
        core.activation_backward(row, parameter, None, a, grad)
    else:
        result = np.array(grad, order="C")
        core.activation_backward(row, parameter, None, np.ascontiguousarray(a), result)
        grad[...] = result


def _curvature(row: str, parameter: float, a: Array, grad: Array) -> None:
    _same(a, grad)
    result = np.array(grad, order="C")
    core.activation_curvature(row, parameter, np.ascontiguousarray(a), result)
    grad[...] = result


def _same(first: Array, second: Array) -> None:
    if first.shape != second.shape or first.dtype != second.dtype:
        raise ValueError(
            f"shapes {first.shape} {first.dtype} and {second.shape} {second.dtype}: must be equal"
        )


@public
@dataclass(frozen=True)
class Identity(_Compiled):
    """``a = z``."""

    _native = "identity"
    _row: ClassVar[str] = "identity"


@public
@dataclass(frozen=True)
class Sigmoid(_Compiled):
    """``a = 1 / (1 + exp(-z))``, slope ``a (1 - a)``."""

    _native = "sigmoid"
    _row: ClassVar[str] = "sigmoid"


@public
@dataclass(frozen=True)
class Tanh(_Compiled):
    """``a = tanh(z)``, slope ``1 - a**2``."""

    _native = "tanh"
    _row: ClassVar[str] = "tanh"


@public
@dataclass(frozen=True)
class ReLU(_Compiled):
    """``a = max(z, 0)``, slope 1 where z > 0, else 0."""

    _native = "relu"
    _row: ClassVar[str] = "relu"


@public
@dataclass(frozen=True)
class LeakyReLU(_Compiled):
    """``a = z`` where z > 0, else ``leak * z``.

    Parameters
    ----------
    leak : float, default 0.01
        Slope for negative z, at least 0 (the sign of `a` must tell the sign of z).
    """

    leak: float = 0.01
    _native = "leaky_relu"
    _row: ClassVar[str] = "leaky_relu"

    def __post_init__(self) -> None:
        check_number("leak", self.leak, low=0.0)
