"""Derivatives by complex step: a network in plain NumPy at complex inputs, ``f(x + i h) / h``.

Nothing is subtracted, so that with h = 1e-30 the result has all digits (Squire and Trapp 1998).
"""

import numpy as np

import hbcd

STEP = 1e-30


def by_real(z, above, below):
    return np.where(z.real > 0, above, below)


#: name of a class -> (function, slope) of a complex number.
FUNCTIONS = {
    "Identity": (lambda z, _: z, lambda z, _: np.ones_like(z)),
    "Sigmoid": (lambda z, _: 1 / (1 + np.exp(-z)), lambda z, _: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "Tanh": (lambda z, _: np.tanh(z), lambda z, _: 1 / np.cosh(z) ** 2),
    "ReLU": (lambda z, _: by_real(z, z, 0), lambda z, _: by_real(z, 1, 0)),
    "LeakyReLU": (
        lambda z, one: by_real(z, z, one.leak * z),
        lambda z, one: by_real(z, 1, one.leak),
    ),
}  # fmt: skip


def activated(activation, z):
    """(a, slope) at z; of one that is not in the table, its own methods `value` and `slope`."""
    name = type(activation).__name__
    if name not in FUNCTIONS:
        return activation.value(z), activation.slope(z)
    function, slope = FUNCTIONS[name]
    return function(z, activation), slope(z, activation)


def tangents(network, theta, x):
    """Outputs (rows, n_out) and Jacobian (rows, n_out, n_in) at complex x (rows, n_in)."""
    a, t = x, np.broadcast_to(np.eye(x.shape[1], dtype=x.dtype), (len(x), x.shape[1], x.shape[1]))
    theta = np.asarray(theta, np.float64)
    for k, layer in enumerate(network.layers[1:], start=1):
        if isinstance(layer, hbcd.SmoothPieces):
            columns, widths = list(layer.columns), np.array(layer.widths)
            z = (a[:, columns] - np.array(layer.centers)) / widths
            bend = t[:, columns] / widths[:, np.newaxis] / np.cosh(z)[:, :, np.newaxis] ** 2
            a, t = np.hstack([a, np.tanh(z)]), np.concatenate([t, bend], axis=1)
            continue
        blocks = getattr(layer, "blocks", None)
        outs, slopes = [], []
        for j, part in enumerate(network.dense_parts(k, theta)):
            activation = layer.activation if blocks is None else blocks[j][2]
            value, slope = activated(activation, a[:, part.inputs] @ part.weights + part.bias)
            outs.append(value)
            inner = np.einsum("io,rin->ron", part.weights, t[:, part.inputs])
            slopes.append(slope[:, :, np.newaxis] * inner)
        a, t = np.hstack(outs), np.concatenate(slopes, axis=1)
    return a, t


def stepped(function, x):
    """d function(x) / d x (rows, ..., n_in) of a function of complex rows (rows, n_in)."""
    columns = []
    for i in range(x.shape[1]):
        moved = x.astype(complex)
        moved[:, i] += 1j * STEP
        columns.append(function(moved).imag / STEP)
    return np.stack(columns, axis=-1)


def jacobian(network, theta, x):
    """(rows, n_out, n_in) by complex step of the forward pass."""
    return stepped(lambda z: tangents(network, theta, z)[0], x)


def hessian(network, theta, x):
    """(rows, n_out, n_in, n_in) by complex step of the tangents."""
    return stepped(lambda z: tangents(network, theta, z)[1], x)


def apart(found, wanted):
    """The largest difference in units of the largest number of its row."""
    axes = tuple(range(1, wanted.ndim))
    largest = np.abs(wanted).max(axis=axes, keepdims=True)
    return float((np.abs(found - wanted) / np.where(largest > 0, largest, 1)).max())
