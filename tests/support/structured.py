"""Block-diagonal layers and smooth pieces in plain NumPy, and networks to compare them with."""

import numpy as np

import hbcd

TANH, RELU, LEAKY = hbcd.Tanh(), hbcd.ReLU(), hbcd.LeakyReLU(0.3)
PIECES = hbcd.SmoothPieces(
    [0, 2, 2, 1, 0], [0.5, -1.0, 0.25, 0.0, -0.75], [0.5, 1.0, 2.0, 0.3, 0.7]
)
MIXED = [(3, 4, TANH), (3, 1, hbcd.Identity()), (3, 17, hbcd.Sigmoid()), (3, 2, TANH)]
ABOVE = [(2, 3, LEAKY), (20, 5, TANH), (2, 2, RELU)]


def applied(activation, z):
    """activation(z), whatever its shape."""
    out = np.empty_like(z, order="C")
    activation.forward(np.ascontiguousarray(z).reshape(-1), out.reshape(-1))
    return out


def outputs_of(network, theta, X):
    """The network by the definition of its layers, in float64."""
    theta, values = np.asarray(theta, np.float64), np.asarray(X, np.float64)
    for k, layer in enumerate(network.layers[1:], start=1):
        if isinstance(layer, hbcd.SmoothPieces):
            pieces = (values[:, layer.columns] - layer.centers) / layer.widths
            values = np.hstack([values, np.tanh(pieces)])
            continue
        blocks = getattr(layer, "blocks", None) or [(None, None, layer.activation)]
        parts = network.dense_parts(k, theta)
        values = np.hstack(
            [
                applied(activation, values[:, part.inputs] @ part.weights + part.bias)
                for part, (_, _, activation) in zip(parts, blocks, strict=True)
            ]
        )
    return values


def networks():
    """Name -> network of three inputs with every kind of layer at every place."""
    shared = hbcd.BlockDiagonalLayer(MIXED, shared_input=True)
    ranges = hbcd.BlockDiagonalLayer(ABOVE)
    first = hbcd.BlockDiagonalLayer([(1, 3, TANH), (2, 6, RELU)])
    encoded = [(8, 3, TANH)] * 8
    return {
        "shared": hbcd.Network([hbcd.InputLayer(3), shared, ranges, hbcd.OutputLayer(2)]),
        "ranges": hbcd.Network([hbcd.InputLayer(3), first, hbcd.OutputLayer(1)]),
        "shared above": hbcd.Network(
            [
                hbcd.InputLayer(2),
                hbcd.HiddenLayer(3),
                hbcd.BlockDiagonalLayer(MIXED, shared_input=True),
                hbcd.OutputLayer(1),
            ]
        ),
        "pieces": hbcd.Network([hbcd.InputLayer(3), PIECES, hbcd.OutputLayer(2)]),
        "pieces above": hbcd.Network(
            [hbcd.InputLayer(2), hbcd.HiddenLayer(3, LEAKY), PIECES, hbcd.OutputLayer(1)]
        ),
        "pieces twice": hbcd.Network(
            [hbcd.InputLayer(3), PIECES, hbcd.SmoothPieces([7], [0.1], [0.5]), hbcd.OutputLayer()]
        ),
        "members": hbcd.Network(
            [
                hbcd.InputLayer(3),
                PIECES,
                hbcd.BlockDiagonalLayer(encoded, shared_input=True),
                hbcd.BlockDiagonalLayer([(3, 5, TANH)] * 8),
                hbcd.OutputLayer(2),
            ]
        ),
        "at the end": hbcd.Network(
            [hbcd.InputLayer(3), first, hbcd.BlockDiagonalLayer([(9, 2, TANH)])]
        ),
    }


def problem(network, rows, seed=0, dtype=np.float64):
    """theta, X and y; exact in float32, and away from kinks by chance."""
    rng = np.random.default_rng(seed)
    theta = network.init(rng) + 0.1 * rng.normal(size=network.n_parameters)
    X = rng.normal(size=(rows, network.n_inputs))
    y = rng.normal(size=(rows, network.n_outputs))
    return [a.astype(np.float32).astype(dtype) for a in (theta, X, y)]
