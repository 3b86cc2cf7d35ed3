"""Every loss in plain NumPy float64, by its definition: what the core is compared with."""

import numpy as np

import hbcd
from support.reference import random_network, sigmoid


def softmax(out):
    powers = np.exp(out - out.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _quantile(q, s):
    def value(z, y):
        return ((y - z) ** 2 + s**2) ** 0.5 / 2 + (q - 0.5) * (y - z) - s * (q * (1 - q)) ** 0.5

    def slope(z, y):
        return 0.5 * (z - y) / ((y - z) ** 2 + s**2) ** 0.5 - (q - 0.5)

    return value, slope, lambda z, y: 0.5 / ((y - z) ** 2 + s**2) ** 0.5


def _xlogy(y):
    return np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0)), 0.0)


# Name -> (the class's instance, value, slope, Gauss-Newton weight) of one output and its target.
ONE = {
    "squared_error": (
        hbcd.SquaredError(),
        lambda z, y: (z - y) ** 2 / 2,
        lambda z, y: z - y,
        lambda z, y: np.ones_like(z),
    ),
    "absolute": (
        hbcd.AbsoluteError(0.3),
        lambda z, y: ((z - y) ** 2 + 0.09) ** 0.5 - 0.3,
        lambda z, y: (z - y) / ((z - y) ** 2 + 0.09) ** 0.5,
        lambda z, y: 1 / ((z - y) ** 2 + 0.09) ** 0.5,
    ),
    "huber": (
        hbcd.Huber(0.7),
        lambda z, y: np.where(abs(z - y) < 0.7, (z - y) ** 2 / 2, 0.7 * (abs(z - y) - 0.35)),
        lambda z, y: np.clip(z - y, -0.7, 0.7),
        lambda z, y: np.minimum(1.0, 0.7 / np.maximum(abs(z - y), 1e-300)),
    ),
    "log_cosh": (
        hbcd.LogCosh(),
        lambda z, y: np.logaddexp(z - y, y - z) - np.log(2.0),
        lambda z, y: np.tanh(z - y),
        lambda z, y: np.where(z == y, 1.0, np.tanh(z - y) / np.where(z == y, 1.0, z - y)),
    ),
    "quantile": (hbcd.Quantile(0.9, 0.2), *_quantile(0.9, 0.2)),
    "poisson": (
        hbcd.Poisson(),
        lambda z, y: np.exp(z) - y - y * z + _xlogy(y),
        lambda z, y: np.exp(z) - y,
        lambda z, y: np.exp(z),
    ),
    "logistic": (
        hbcd.Logistic(),
        lambda z, y: np.logaddexp(0.0, z) - y * z,
        lambda z, y: sigmoid(z) - y,
        lambda z, y: sigmoid(z) * sigmoid(-z),
    ),
}
NAMES = (*ONE, "cross_entropy")
LOSSES = {name: row[0] for name, row in ONE.items()} | {"cross_entropy": hbcd.CrossEntropy()}


def targets(name, rng, rows, outputs):
    """Targets that the loss takes, exact in float32."""
    if name == "cross_entropy":
        shares = np.eye(outputs)[rng.integers(outputs, size=rows)]
        shares[::3] = rng.dirichlet(np.ones(outputs), len(shares[::3]))
        return shares.astype(np.float32).astype(np.float64)
    if name == "poisson":
        return rng.poisson(2.0, (rows, outputs)).astype(float)
    if name == "logistic":
        return rng.integers(0, 2, (rows, outputs)).astype(float)
    return rng.normal(1.0, 1.0, (rows, outputs)).astype(np.float32).astype(np.float64)


def evaluate(name, out, y, weight=None):
    """(F, dF/d out, Hessians (rows, outputs, outputs)): means over rows as hbcd documents them."""
    rows, outputs = out.shape
    weight = np.ones(rows) if weight is None else np.asarray(weight, dtype=np.float64)
    share = weight / weight.sum()
    if name == "cross_entropy":
        p, all_ = softmax(out), y.sum(axis=1, keepdims=True)
        lse = np.logaddexp.reduce(out, axis=1, keepdims=True)
        value = (y * (lse - out)).sum(axis=1)
        slope = all_ * p - y
        matrix = all_[:, :, None] * (p[:, :, None] * np.eye(outputs) - p[:, :, None] * p[:, None])
    else:
        _, value_of, slope_of, weight_of = ONE[name]
        share = share / outputs
        value, slope = value_of(out, y).sum(axis=1), slope_of(out, y)
        matrix = weight_of(out, y)[:, :, None] * np.eye(outputs)
    return float(share @ value), share[:, None] * slope, share[:, None, None] * matrix


def problem(name, rows=40, outputs=3, seed=0, **options):
    """(reference network, network, theta, x, targets) of a loss."""
    rng = np.random.default_rng(seed)
    net, theta = random_network(rng, 1, 5, outputs, "tanh")
    network = hbcd.Network(net.network.layers, LOSSES[name], **options)
    x = rng.normal(size=(rows, 3)).astype(np.float32).astype(np.float64)
    return net, network, theta, x, targets(name, rng, rows, outputs)
