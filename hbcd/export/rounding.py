"""How far a computed prediction can be from another one of the same model: a proven bound.

For a value v computed as w the analysis keeps an interval that holds v over the box, and a bound e
of ``|w - v|``; each step of the arithmetic adds its own rounding [1]_.  The constants take a factor
more than theory asks for, so that the rounding of this analysis itself does not matter.

References
----------
.. [1] N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.targets.power_transform import LEAST, LOG, YEO_JOHNSON
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.export.form import ModelForm
from hbcd.networks.affine_layers import AffinePart

__all__ = ["Arithmetic", "rounding_bound"]

Array = NDArray[np.float64]
SAFETY = 1.0 + 1e-6


@dataclass(frozen=True)
class Arithmetic:
    """What is known of the arithmetic that predictions are computed in.

    Attributes
    ----------
    dtype : numpy.dtype
        float64 or float32: rounding to nearest, with or without fused multiply and add.
    ulps : float
        The error of its tanh, exp, log and logistic functions, in units in the last place.
    absolute : bool
        Whether a tanh near 0 has the digits of 1 alone, as one that is made of exp has.
    sums : float
        What a sum of two numbers loses besides, as a share of the larger one: spreadsheets take a
        small difference of large numbers for 0.
    """

    dtype: Any
    ulps: float = 4.0
    absolute: bool = False
    sums: float = 0.0

    @property
    def unit(self) -> float:
        """The unit roundoff."""
        return float(np.finfo(self.dtype).eps) / 2.0

    @property
    def elementary(self) -> float:
        """The relative error of an elementary function."""
        return 2.0 * self.ulps * self.unit


@dataclass
class _Values:
    """Between `low` and `high`, computed with an error of at most `error`; (n,) each."""

    low: Array
    high: Array
    error: Array

    @property
    def size(self) -> Array:
        """The largest magnitude of what is computed."""
        return np.maximum(np.abs(self.low), np.abs(self.high)) + self.error


def rounding_bound(
    form: ModelForm, box: Array, arithmetic: Arithmetic, slack: dict[int, Array] | None = None
) -> Array:
    """A bound of ``|computed - exact|`` for every output, over the whole box.

    Parameters
    ----------
    form : ModelForm
    box : ndarray of shape (2, features)
        The least and the greatest value of each feature.
    arithmetic : Arithmetic
    slack : dict of int to ndarray, optional
        Of some layers, how far their biases may be from those meant.

    Returns
    -------
    ndarray of shape (outputs,)
        Infinite where nothing can be said.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        values = _scaled(form, box, arithmetic)
        for k, layer in enumerate(form.layers):
            extra = None if slack is None else slack.get(k)
            parts = [_affine(part, values, arithmetic, extra) for part in layer.parts]
            sides = zip(*((one.low, one.high, one.error) for one in parts), strict=True)
            values = _Values(*(np.concatenate(side) for side in sides))
        error = _output(form, values, arithmetic)
    return np.where(np.isnan(error), np.inf, error * SAFETY)


def _scaled(form: ModelForm, box: Array, arithmetic: Arithmetic) -> _Values:
    ends = (box - form.shift) * form.factor
    size = np.maximum(np.abs(ends[0]), np.abs(ends[1]))
    sides = np.maximum(np.abs(box).max(axis=0), np.abs(form.shift)) * np.abs(form.factor)
    error = 6.0 * arithmetic.unit * size + arithmetic.sums * sides
    return _Values(ends[0] - error, ends[1] + error, error)


def _affine(
    part: AffinePart, values: _Values, arithmetic: Arithmetic, slack: Array | None
) -> _Values:
    weights, bias = part.weights, part.bias
    low, high = values.low[part.inputs], values.high[part.inputs]
    error, size = values.error[part.inputs], values.size[part.inputs]
    up, down = np.maximum(weights, 0.0), np.minimum(weights, 0.0)
    magnitude = size @ np.abs(weights) + np.abs(bias)
    unit = arithmetic.unit
    terms = (len(weights) + 5) * unit + arithmetic.sums  # products, sums, the weights themselves
    error = error @ np.abs(weights) + terms / (1.0 - terms) * magnitude
    if slack is not None:
        error = error + slack[part.outputs]
    least = low @ up + high @ down + bias - 1e-12 * magnitude
    most = high @ up + low @ down + bias + 1e-12 * magnitude
    return _activated(part, _Values(least, most, error), arithmetic)


def _activated(part: AffinePart, z: _Values, arithmetic: Arithmetic) -> _Values:
    name = part.activation
    if name == "identity":
        return z
    if name in ("relu", "leaky_relu"):
        leak = part.leak if name == "leaky_relu" else 0.0

        def bent(v: Array) -> Array:
            return np.where(v > 0, v, leak * v)

        error = max(1.0, leak) * z.error + 2.0 * arithmetic.unit * leak * z.size
        return _Values(bent(z.low), bent(z.high), error)
    # The slope falls with the distance from 0: its largest value is at the nearest point to it.
    near = np.maximum(np.maximum(z.low - z.error, -(z.high + z.error)), 0.0)
    ends = np.array([np.nextafter(z.low, -np.inf), np.nextafter(z.high, np.inf)])
    if name == "tanh":
        slope, sides = 1.0 - np.tanh(near) ** 2 + 1e-14, np.tanh(ends)
        size = np.ones_like(near) if arithmetic.absolute else np.minimum(1.0, np.abs(z.size))
    else:
        small = np.exp(-near)
        slope, sides = small / (1.0 + small) ** 2 + 1e-14, _logistic(ends)
        size = np.ones_like(near)
    more = 4.0 * arithmetic.unit if arithmetic.absolute else 0.0
    error = slope * z.error + arithmetic.elementary * size + more + arithmetic.sums
    return _Values(sides[0] - 1e-14, sides[1] + 1e-14, error)


def _logistic(z: Array) -> Array:
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z < 0, small, 1.0) / (1.0 + small))


def _output(form: ModelForm, out: _Values, arithmetic: Arithmetic) -> Array:
    """Errors of predictions from those of the outputs of the network."""
    unit, elementary, sums = arithmetic.unit, arithmetic.elementary, arithmetic.sums
    error = out.error
    if form.link == "logistic":
        both = error / 4.0 + elementary + 4.0 * unit + sums
        return np.concatenate([both, both]) if form.classes else both
    if form.link == "softmax":
        worst = float(error.max()) + sums * float(out.size.max())
        found = np.expm1(2.0 * worst) + 2.0 * elementary + (len(error) + 8.0) * unit
        return np.full(len(error), found)
    low, high = out.low, out.high
    if form.link == "exp":
        low, high = np.exp(low), np.exp(high)
        error = high * (np.expm1(error) * (1.0 + elementary) + elementary)
    size = np.maximum(np.abs(low), np.abs(high)) + error
    scale = form.scale
    error = scale * error + (4.0 * unit + sums) * (scale * size + np.abs(form.mean))
    low, high = low * scale + form.mean, high * scale + form.mean
    if form.transform is not None:
        error = _back(form.transform, _Values(low - error, high + error, error), arithmetic)
    return error


def _back(transform: TargetTransform, z: _Values, arithmetic: Arithmetic) -> Array:
    """Errors of targets from those of what the network learned in place of them."""
    found = z.error.copy()
    elementary = arithmetic.elementary
    unit = arithmetic.unit + arithmetic.sums / 4.0
    for k, column in enumerate(transform.columns):
        low, high, error = float(z.low[k]), float(z.high[k]), float(z.error[k])
        if column.name == LOG:
            shift = float(transform.log_factors[k])
            error += 4.0 * unit * (max(abs(low), abs(high)) + abs(shift))
            found[k] = np.exp(high + shift) * (np.expm1(error) * (1.0 + elementary) + elementary)
        elif column.name == YEO_JOHNSON:
            points = transform.residuals
            moves = np.zeros(1) if points is None else points[:, k]
            ends = np.array([low + moves.min(), high + moves.max()])
            power = np.where(ends < 0, max(2.0 - column.power, LEAST), max(column.power, LEAST))
            logs = np.log1p(power * np.abs(ends)) / power
            slope = float(np.exp((1.0 - power) * logs).max(initial=1.0))
            error += 4.0 * unit * (np.abs(ends).max() + np.abs(moves).max())
            value = float(np.exp(logs.max()))
            own = value * np.expm1((2.0 * elementary + 4.0 * unit) * (1.0 + logs.max()))
            total = slope * np.exp(error) * error + own + (len(moves) + 8.0) * unit * value
            found[k] = column.scale * total + 4.0 * unit * (
                abs(column.center) + column.scale * value
            )
    return found
