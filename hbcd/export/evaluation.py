"""The form of a model computed by NumPy, for complex numbers too: exact slopes without a formula.

For a function f that NumPy computes for complex numbers, ``imag(f(x + i h)) / h`` is its slope to
rounding, since nothing is subtracted [1]_.

References
----------
.. [1] W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions,
   SIAM Review 40 (1998).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.targets.power_transform import LEAST, LOG, YEO_JOHNSON
from hbcd.export.form import ModelForm
from hbcd.export.inputs import features_of
from hbcd.networks.affine_layers import AffinePart

__all__ = ["form_outputs", "jacobian_of"]

Array = NDArray[Any]
STEP = 1e-100  # of the imaginary part, for standardized features: its square is 0


def form_outputs(form: ModelForm, standardized: Array) -> Array:
    """Predictions, (rows, outputs), from standardized features (rows, features), real or complex.

    The range that predictions are kept within counts by the real part.
    """
    a = standardized
    for layer in form.layers:
        a = np.hstack([_activated(part, a[:, part.inputs]) for part in layer.parts])
    if form.link == "softmax":
        powers = np.exp(a - np.real(a).max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    if form.link == "logistic":
        a = np.hstack([_logistic(-a), _logistic(a)]) if form.classes else _logistic(a)
    if form.classes is not None:
        return a
    y = (np.exp(a) if form.link == "exp" else a) * form.scale + form.mean
    y = _back(form, y)
    if form.ends is not None:
        y = np.where(np.real(y) < form.ends[0], form.ends[0], y)
        y = np.where(np.real(y) > form.ends[1], form.ends[1], y)
    return y


def jacobian_of(form: ModelForm, points: Array) -> Array:
    """Slopes of predictions with respect to the columns, (points, outputs, columns).

    Those of levels and of gaps are 0.
    """
    z = (features_of(form.columns, points) - form.shift) * form.factor
    found = np.zeros((len(points), len(form.outputs), len(form.columns)))
    for k, column in enumerate(form.columns):
        if column.levels is not None:
            continue
        moved = z.astype(np.complex128)
        moved[:, column.place] += 1j * STEP
        slope = np.imag(form_outputs(form, moved)) / STEP * form.factor[column.place]
        found[:, :, k] = np.where(np.isnan(points[:, k, np.newaxis]), 0.0, slope)
    return found


def _activated(part: AffinePart, x: Array) -> Array:
    z = x @ part.weights + part.bias
    if part.activation == "tanh":
        return np.asarray(np.tanh(z))
    if part.activation == "sigmoid":
        return _logistic(z)
    if part.activation == "identity":
        return z
    leak = part.leak if part.activation == "leaky_relu" else 0.0
    return np.where(np.real(z) > 0, z, leak * z)


def _logistic(z: Array) -> Array:
    positive = np.real(z) >= 0
    small = np.exp(np.where(positive, -z, z))
    return np.asarray(np.where(positive, 1.0, small) / (1.0 + small))


def _back(form: ModelForm, y: Array) -> Array:
    """From what the network learned in place of targets to these."""
    if form.transform is None:
        return y
    found = np.array(y)
    for k, column in enumerate(form.transform.columns):
        z = y[:, k]
        if column.name == LOG:
            found[:, k] = np.exp(z + form.transform.log_factors[k])
        elif column.name == YEO_JOHNSON:
            residuals, shares = form.transform.residuals, form.transform.shares
            moves = np.zeros(1) if residuals is None else residuals[:, k]
            weights = np.ones(1) if shares is None or residuals is None else shares[:, k]
            values = z[:, np.newaxis] + moves
            sign = np.where(values.real < 0, -1.0, 1.0)
            power = np.where(values.real < 0, 2.0 - column.power, column.power)
            power = np.maximum(power, LEAST)
            back = sign * np.expm1(_log1p(power * sign * values) / power)
            found[:, k] = column.center + column.scale * (back @ weights)
    return found


def _log1p(w: Array) -> Array:
    """``log(1 + w)`` with all digits of a small w, which NumPy's own lacks for complex numbers."""
    u = 1.0 + w
    step = u - 1.0
    small = step.real == 0
    return np.where(small, w, np.log(u) * (w / np.where(small, 1.0, step)))
