"""Predictions of a fitted model and their Jacobian at complex rows, in plain NumPy."""

import numpy as np

import hbcd
from support.complex_step import tangents


def power_inverse(column, z):
    """(inverse, slope) of a transform of one target at complex z."""
    if column.name == "none":
        return z, np.ones_like(z)
    if column.name == "log":
        return np.exp(z), np.exp(z)
    sign = np.where(z.real < 0, -1.0, 1.0)
    p = np.where(z.real < 0, 2.0 - column.power, column.power)
    base = 1 + p * sign * z
    value = sign * (base ** (1 / p) - 1)
    return column.center + column.scale * value, column.scale * base ** (1 / p - 1)


def transformed(transform, z):
    """(backward, slope) of the targets at complex z (rows, outputs)."""
    values, slopes = np.empty_like(z), np.empty_like(z)
    for k, column in enumerate(transform.columns):
        if transform.residuals is None:
            values[:, k], slopes[:, k] = power_inverse(column, z[:, k])
            continue
        found = power_inverse(column, z[:, k, np.newaxis] + transform.residuals[:, k])
        values[:, k], slopes[:, k] = ((one * transform.shares[:, k]).sum(axis=1) for one in found)
    return values, slopes


def of_classes(out, jacobian, factor):
    out, jacobian = factor * out, factor * jacobian
    if out.shape[1] == 1:
        out = np.hstack([np.zeros_like(out), out])
        jacobian = np.concatenate([np.zeros_like(jacobian), jacobian], axis=1)
    p = np.exp(out) / np.exp(out).sum(axis=1, keepdims=True)
    mean = np.einsum("rk,rki->ri", p, jacobian)
    return p, p[:, :, np.newaxis] * (jacobian - mean[:, np.newaxis])


def predictions(model, features):
    """(predictions, Jacobian) at complex features (rows, features) in their units."""
    scaler = model.x_scaler_
    out, jacobian = tangents(
        model.network_, model.theta_, (features - scaler.shift) / scaler.divisor
    )
    jacobian = jacobian / scaler.divisor
    if isinstance(model, hbcd.HybridClassifier):
        made = model._calibrator()
        return of_classes(out, jacobian, 1.0 if made is None else made.factor)
    if isinstance(model.network_.loss, hbcd.Poisson):
        value, slope = np.exp(out), np.exp(out)
    else:
        value, slope = out, np.ones_like(out)
    scale = model.y_scaler_.scale
    value, slope = value * scale + model.y_scaler_.mean, slope * scale
    if model.target_transform_ is not None:
        value, outer = transformed(model.target_transform_, value)
        slope = outer * slope
    if model.output_range_ is not None:
        inside = (value.real >= model.output_range_[0]) & (value.real <= model.output_range_[1])
        value = np.where(inside, value, np.clip(value.real, *model.output_range_))
        slope = slope * inside
    return value, slope[:, :, np.newaxis] * jacobian
