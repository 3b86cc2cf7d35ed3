"""From derivatives of a network's outputs to those of predictions: links, transforms, ranges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.raw_coefficients import link
from hbcd.estimators.targets.power_transform import LOG, NONE, ColumnTransform
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.parts.compiled import CompiledLoss
from hbcd.parts.losses import Loss
from hbcd.utils.scaling import Scaler

__all__ = ["Elementwise", "LinkDerivatives", "Softmax", "of_regression"]

Array = NDArray[np.float64]
#: value, first and second derivative of a function of numbers
Curve = tuple[Array, Array, Array]


def _squares(jacobian: Any) -> Array:
    """Products of derivatives (rows, outputs, n, n), symmetric to the bit."""
    return np.asarray(jacobian[:, :, :, np.newaxis] * jacobian[:, :, np.newaxis])


class LinkDerivatives(ABC):
    """How predictions follow from outputs, to second order, at the outputs of some rows.

    Attributes
    ----------
    value : ndarray of shape (rows, predictions)
    """

    value: Array

    @abstractmethod
    def jacobian(self, jacobian: Any) -> Array:
        """Of predictions (rows, predictions, n), from that of the outputs (rows, outputs, n).

        It may be written into the latter.
        """

    @abstractmethod
    def hessian(self, jacobian: Any, hessian: Any) -> Array:
        """Of predictions (rows, predictions, n, n), from both of the outputs."""

    @abstractmethod
    def multipliers(self, multipliers: Array) -> Array:
        """Of the outputs' Hessians, (rows, outputs), from those of the predictions'."""

    @abstractmethod
    def bent(self, multipliers: Array, jacobian: Any) -> Array:
        """What the link itself adds to the sum of the predictions' Hessians, (rows, n, n)."""


@dataclass(frozen=True)
class Elementwise(LinkDerivatives):
    """Every prediction is a function of one output.

    Attributes
    ----------
    value : ndarray of shape (rows, outputs)
    slope, bend : ndarray of shape (rows, outputs)
        Its first and second derivative.
    """

    value: Array
    slope: Array
    bend: Array

    def jacobian(self, jacobian: Any) -> Array:
        """Slope times that of the output."""
        return np.asarray(np.multiply(jacobian, self.slope[:, :, np.newaxis], out=jacobian))

    def hessian(self, jacobian: Any, hessian: Any) -> Array:
        """Slope times that of the output, and what the bend adds."""
        found = hessian * self.slope[:, :, np.newaxis, np.newaxis]
        if self.bend.any():
            found += self._bend(jacobian)[:, :, np.newaxis, np.newaxis] * _squares(jacobian)
        return np.asarray(found)

    def multipliers(self, multipliers: Array) -> Array:
        """Times the slope."""
        return multipliers * self.slope

    def bent(self, multipliers: Array, jacobian: Any) -> Array:
        """Of the bend."""
        factors = multipliers * self._bend(jacobian)
        return np.asarray(np.einsum("rk,rkij->rij", factors, _squares(jacobian)))

    def _bend(self, jacobian: Any) -> Array:
        return np.broadcast_to(self.bend, jacobian.shape[:2])


@dataclass(frozen=True)
class Softmax(LinkDerivatives):
    """Probabilities of classes; with one output those of two, whose log-odds it is.

    Attributes
    ----------
    value : ndarray of shape (rows, classes)
    outputs : int
        1, or the number of classes.
    factor : float
        What outputs are multiplied by first.
    """

    value: Array
    outputs: int
    factor: float = 1.0

    def _all(self, values: Any) -> Array:
        """Of every class, times the factor, where the first of two has the output 0."""
        scaled: Array = self.factor * np.asarray(values, np.float64)
        if self.outputs > 1:
            return scaled
        return np.concatenate([np.zeros_like(scaled), scaled], axis=1)

    def _apart(self, values: Array) -> Array:
        """Less their mean by the probabilities of the row."""
        mean = np.einsum("rk,rk...->r...", self.value, values)
        return np.asarray(values - mean[:, np.newaxis])

    def jacobian(self, jacobian: Any) -> Array:
        """``p_c (J_c - mean of J)``."""
        apart = self._apart(self._all(jacobian))
        return np.asarray(self.value[:, :, np.newaxis] * apart)

    def hessian(self, jacobian: Any, hessian: Any) -> Array:
        """``p_c`` times the second derivative of its logarithm and the square of the first."""
        apart = self._apart(self._all(jacobian))
        squares = _squares(apart)
        found = self._apart(self._all(hessian)) + self._apart(squares)
        return np.asarray(self.value[:, :, np.newaxis, np.newaxis] * found)

    def multipliers(self, multipliers: Array) -> Array:
        """``p_k (m_k - mean of m)``."""
        found = self.factor * self.value * self._apart(multipliers)
        return found[:, -self.outputs :]

    def bent(self, multipliers: Array, jacobian: Any) -> Array:
        """Of the squares of the first derivatives of the logarithms."""
        apart = self._apart(self._all(jacobian))
        factors = self.value * self._apart(multipliers)
        return np.asarray(np.einsum("rk,rkij->rij", factors, _squares(apart)))


def of_regression(
    out: Array,
    loss: Loss,
    scaler: Scaler,
    transform: TargetTransform | None,
    ends: Array | None,
) -> Elementwise:
    """How predictions follow from outputs (rows, outputs).

    Parameters
    ----------
    out : ndarray of float64, shape (rows, outputs)
    loss : Loss
        Its `mean` is the link.
    scaler : Scaler
        Of the targets.
    transform : TargetTransform or None
    ends : ndarray of shape (2, outputs) or None
        What predictions are kept within; at the ends they do not change.

    Raises
    ------
    ValueError
        A link that is not known.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        value, slope, bend = _link(out, loss)
        value, slope, bend = scaler.backward(value), slope * scaler.scale, bend * scaler.scale
        if transform is not None:
            for k in range(out.shape[1]):
                outer = _backward(transform, k, value[:, k])
                bend[:, k] = outer[2] * slope[:, k] ** 2 + outer[1] * bend[:, k]
                value[:, k], slope[:, k] = outer[0], outer[1] * slope[:, k]
    if ends is not None:
        inside = (value >= ends[0]) & (value <= ends[1])
        slope, bend = np.where(inside, slope, 0.0), np.where(inside, bend, 0.0)
        value = np.clip(value, *ends)
    return Elementwise(value, slope, bend)


def _link(out: Array, loss: Loss) -> Curve:
    """`Loss.mean`, as arrays of the shape of the outputs."""
    name = link(loss)
    if isinstance(loss, CompiledLoss) and loss.mean_function is None:
        name = "identity"
    if name == "identity":
        return out, np.ones_like(out), np.zeros_like(out)
    value = loss.mean(out)
    if name == "exp":
        return value, value.copy(), value.copy()
    if name == "logistic":
        slope = value * (1 - value)
        return value, slope, slope * (1 - 2 * value)
    raise ValueError(f"loss={loss!r}: derivatives of predictions are not known for its `mean`")


def _backward(transform: TargetTransform, k: int, z: Array) -> Curve:
    """`TargetTransform.backward` of output k, for numbers (rows,)."""
    column = transform.columns[k]
    if column.name == NONE:
        return z, np.ones_like(z), np.zeros_like(z)
    if column.name == LOG:
        value = np.exp(z + transform.log_factors[k])
        return value, value, value
    if transform.residuals is None or transform.shares is None:
        return _inverse(column, z)
    points = _inverse(column, z[:, np.newaxis] + transform.residuals[:, k])
    shares = transform.shares[:, k]
    value, slope, bend = ((one * shares).sum(axis=1) for one in points)
    return value, slope, bend


def _inverse(column: ColumnTransform, z: Array) -> Curve:
    """The inverse of a Yeo-Johnson power: ``v = sign(z) ((1 + p |z|)**(1/p) - 1)``.

    With p the power for z >= 0 and 2 less the power below; then ``v' = (1 + p |z|)**(1/p - 1)``.
    """
    p = np.where(z < 0, 2.0 - column.power, column.power)
    base = np.log1p(p * np.abs(z))  # log(1 + p |z|)
    with np.errstate(divide="ignore", invalid="ignore"):
        over_p = np.where(p > 0, base / p, np.abs(z))
    slope = np.exp(over_p - base)
    bend = np.where(z < 0, -(1 - p), 1 - p) * np.exp(over_p - 2 * base)
    return column.inverse(z), column.scale * slope, column.scale * bend
