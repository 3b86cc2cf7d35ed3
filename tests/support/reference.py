"""The whole network in plain NumPy float64, by the textbook: what the core is compared with.

A network is described by its widths and its activations, one per layer after the input; theta holds
every layer's weights (n_in, n_out) row by row, then its bias.
"""

from dataclasses import dataclass

import numpy as np

import hbcd

# Name -> (the class's instance, activation, slope as a function of z).  A slope at a kink is that
# of the left side, as hbcd documents it.
ACTIVATIONS = {
    "identity": (hbcd.Identity(), lambda z: z, np.ones_like),
    "sigmoid": (
        hbcd.Sigmoid(),
        lambda z: sigmoid(z),
        lambda z: sigmoid(z) * sigmoid(-z),
    ),
    "tanh": (hbcd.Tanh(), np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "relu": (hbcd.ReLU(), lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (
        hbcd.LeakyReLU(0.1),
        lambda z: np.where(z > 0, z, 0.1 * z),
        lambda z: np.where(z > 0, 1.0, 0.1),
    ),
}
KINKED = ("relu", "leaky_relu")


def sigmoid(z):
    """1 / (1 + e^-z) without overflow, in the precision of z, long double included."""
    small = np.exp(-np.abs(z))
    return np.where(z < 0, small, 1) / (1 + small)


@dataclass(frozen=True)
class Reference:
    """Widths (n_in, .., n_out) and the names of the activations, one fewer."""

    widths: tuple
    activations: tuple

    def __str__(self):
        return "-".join(map(str, self.widths)) + " " + ",".join(self.activations)

    @property
    def network(self):
        """The same network as the library sees it."""
        layers = [hbcd.InputLayer(self.widths[0])]
        for width, name in zip(self.widths[1:-1], self.activations[:-1], strict=True):
            layers.append(hbcd.HiddenLayer(width, ACTIVATIONS[name][0]))
        layers.append(hbcd.OutputLayer(self.widths[-1], ACTIVATIONS[self.activations[-1]][0]))
        return hbcd.Network(layers)

    @property
    def blocks(self):
        """The slice of theta of every layer."""
        found, start = [], 0
        for n_in, n_out in zip(self.widths, self.widths[1:], strict=False):
            found.append(slice(start, start + (n_in + 1) * n_out))
            start = found[-1].stop
        return found

    @property
    def n_parameters(self):
        return self.blocks[-1].stop

    def weights(self, theta):
        """(W, b) of every layer."""
        shapes = zip(self.widths, self.widths[1:], self.blocks, strict=False)
        for n_in, n_out, block in shapes:
            own = np.asarray(theta, dtype=np.float64)[block]
            yield own[: n_in * n_out].reshape(n_in, n_out), own[n_in * n_out :]

    def forward(self, theta, X):
        """(z of every layer, a of every layer with X first)."""
        zs, outputs = [], [np.asarray(X, dtype=np.float64)]
        for (w, b), name in zip(self.weights(theta), self.activations, strict=True):
            zs.append(outputs[-1] @ w + b)
            outputs.append(ACTIVATIONS[name][1](zs[-1]))
        return zs, outputs

    def predict(self, theta, X):
        return self.forward(theta, X)[1][-1]

    def loss_and_gradient(self, theta, X, y, weight=None):
        """F = sum_r w_r sum_k (out - y)^2 / 2 / (n_outputs sum_r w_r), and dF/dtheta."""
        zs, outputs = self.forward(theta, X)
        error = outputs[-1] - np.asarray(y, dtype=np.float64).reshape(outputs[-1].shape)
        weight = np.ones(len(error)) if weight is None else np.asarray(weight, dtype=np.float64)
        share = weight[:, np.newaxis] / (weight.sum() * self.widths[-1])
        delta = share * error
        gradient = np.empty(self.n_parameters)
        layers = list(self.weights(theta))
        for k in reversed(range(len(layers))):
            delta = delta * ACTIVATIONS[self.activations[k]][2](zs[k])
            own = np.vstack([outputs[k].T @ delta, delta.sum(axis=0)])
            gradient[self.blocks[k]] = own.ravel()
            delta = delta @ layers[k][0].T
        return 0.5 * float((share * error**2).sum()), gradient

    def away_from_kinks(self, theta, X, margin):
        """Which rows have every |z| in front of a kink above the margin."""
        away = np.ones(len(X), dtype=bool)
        for z, name in zip(self.forward(theta, X)[0], self.activations, strict=True):
            if name in KINKED:
                away &= (np.abs(z) > margin).all(axis=1)
        return away


def random_network(rng, depth, width, n_outputs=1, activation="tanh", *, n_inputs=3, output=None):
    """A Reference with `depth` hidden layers; activation: a name, or one per hidden layer."""
    hidden = (activation,) * depth if isinstance(activation, str) else tuple(activation)
    widths = (width,) * depth if isinstance(width, int) else tuple(width)
    # Without a hidden layer the activation asked for is that of the outputs, or it would not run.
    last = output or ("identity" if depth else activation)
    net = Reference((n_inputs, *widths, n_outputs), (*hidden, last))
    return net, random_theta(rng, net)


def random_theta(rng, net):
    """Weights N(0, 1 / n_in), biases N(0, 0.3^2), exact in float32 so that precisions compare."""
    parts = []
    for n_in, n_out in zip(net.widths, net.widths[1:], strict=False):
        parts.append(rng.normal(0.0, n_in**-0.5, n_in * n_out))
        parts.append(rng.normal(0.0, 0.3, n_out))
    return np.concatenate(parts).astype(np.float32).astype(np.float64)


def random_rows(rng, net, theta, rows, margin=1e-3):
    """X, y with every pre-activation farther than `margin` from a kink, exact in float32."""
    found = np.empty((0, net.widths[0]))
    for _ in range(200):
        X = rng.normal(size=(2 * rows, net.widths[0])).astype(np.float32).astype(np.float64)
        found = np.vstack([found, X[net.away_from_kinks(theta, X, margin)]])
        if len(found) >= rows:
            y = rng.normal(1.0, 1.0, size=(rows, net.widths[-1]))
            return found[:rows], y.astype(np.float32).astype(np.float64)
    raise AssertionError(f"{net}: every row is within {margin} of a kink")


def worst(found, expected):
    """Largest difference, relative to the largest of the expected."""
    return np.abs(np.asarray(found, dtype=np.float64) - expected).max() / np.abs(expected).max()
