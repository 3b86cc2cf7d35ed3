"""Encodings that are tried: each is fitted on the rows to train on and gives a function of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from hbcd.core import Data
from hbcd.members.arm import Arm, structure_of
from hbcd.members.pieces import smooth_pieces
from hbcd.networks.checked_rows import CheckedRows
from hbcd.parts.activations import Tanh
from hbcd.parts.layers import Layer
from hbcd.parts.losses import SquaredError

__all__ = [
    "Encode", "Fit", "Periodic", "agop", "ard", "beside_pieces", "pbld", "scaling_pieces",
    "splines", "tanh_pieces",
]  # fmt: skip

Array = NDArray[Any]
Encode = Callable[[Array], Array]
Fit = Callable[[CheckedRows, int, Sequence[Arm]], Encode]
Networks = tuple[Any, list[Array], float]  # structure, parameters, penalty

LEAST_SCALE = 0.05  # of an input, relative to the largest


def tanh_pieces(rows: CheckedRows, pieces: int, arms: Sequence[Arm]) -> Encode:
    """What the default fit tries: x and tanh of it in quantile bins."""
    layer = smooth_pieces(rows.x, pieces)
    if layer is None:
        return lambda x: x

    def encode(x: Array) -> Array:
        out = np.empty((len(x), layer.n_out(x.shape[1])), x.dtype)
        layer.forward(np.zeros(0, x.dtype), np.ascontiguousarray(x), out)
        return out

    return encode


def splines(rows: CheckedRows, pieces: int, arms: Sequence[Arm]) -> Encode:
    """X and cubic B-splines with knots at quantiles; the first is left out, they sum to 1.

    Doubled and centered, so that they vary about as much as tanh pieces do.
    """
    x, parts = rows.x, []
    for column in range(x.shape[1]):
        inner = np.quantile(x[:, column], np.linspace(0.0, 1.0, pieces - 1))
        inner = np.unique(inner)
        if inner.size < 2:
            continue
        knots = np.r_[[inner[0]] * 3, inner, [inner[-1]] * 3]
        parts.append((column, knots.astype(np.float64)))

    def raw(x: Array) -> Array:
        found = [x.astype(np.float64)]
        for column, knots in parts:
            inside = np.clip(x[:, column].astype(np.float64), knots[0], knots[-1])
            found.append(2.0 * BSpline.design_matrix(inside, knots, 3).toarray()[:, 1:])
        return np.hstack(found)

    mean = raw(x).mean(axis=0)
    mean[: x.shape[1]] = 0.0
    return lambda x: (raw(x) - mean).astype(x.dtype)


def pbld(sigma: float) -> Fit:
    """X and cos(2 pi w x + b), w N(0, sigma), b uniform: frequencies are drawn, not trained.

    The matrix behind the cosines is part of the first dense layer.
    """

    def fitted(rows: CheckedRows, pieces: int, arms: Sequence[Arm]) -> Encode:
        rng = np.random.default_rng(0)
        shape = (rows.x.shape[1], pieces)
        w, b = rng.normal(0.0, sigma, shape), rng.uniform(-np.pi, np.pi, shape)

        def encode(x: Array) -> Array:
            waves = np.cos(2 * np.pi * x[:, :, np.newaxis] * w + b)
            return np.hstack([x, waves.reshape(len(x), -1)]).astype(x.dtype)

        return encode

    return fitted


@dataclass(frozen=True)
class Periodic(Layer):
    """X and cos(2 pi w x + b) of every column with frequencies that are trained, in Python."""

    waves: int
    sigma: float = 0.1

    def n_parameters(self, n_in: int) -> int:
        return 2 * n_in * self.waves

    def n_out(self, n_in: int) -> int:
        return n_in * (1 + self.waves)

    def init(self, n_in: int, rng: np.random.Generator) -> Array:
        size = n_in * self.waves
        return np.concatenate([rng.normal(0.0, self.sigma, size), rng.uniform(-np.pi, np.pi, size)])

    def _phase(self, theta: Array, x: Array) -> Array:
        w, b = theta.reshape(2, x.shape[1], self.waves)
        phase: Array = 2 * np.pi * x[:, :, np.newaxis] * w + b
        return phase

    def forward(self, theta: Array, x: Array, out: Array) -> None:
        out[:, : x.shape[1]] = x
        out[:, x.shape[1] :] = np.cos(self._phase(theta, x)).reshape(len(x), -1)

    def backward(
        self, theta: Array, x: Array, out: Array, grad_out: Array, grad_x: Array, grad_theta: Array
    ) -> None:
        slope = -np.sin(self._phase(theta, x))
        slope *= grad_out[:, x.shape[1] :].reshape(slope.shape)
        w = theta.reshape(2, x.shape[1], self.waves)[0]
        grad_x[:] = grad_out[:, : x.shape[1]] + 2 * np.pi * (slope * w).sum(axis=2)
        half = grad_theta.size // 2
        grad_theta[:half] += 2 * np.pi * np.einsum("rd,rdk->dk", x, slope).reshape(-1)
        grad_theta[half:] += slope.sum(axis=0).reshape(-1)


def beside_pieces(fit: Fit) -> Fit:
    """An encoding of x and the smooth pieces of x as it is."""

    def fitted(rows: CheckedRows, pieces: int, arms: Sequence[Arm]) -> Encode:
        own, smooth = fit(rows, pieces, arms), tanh_pieces(rows, pieces, arms)
        return lambda x: np.hstack([own(x), smooth(x)[:, x.shape[1] :]])

    return fitted


def scaling_pieces(fit: Fit) -> Fit:
    """The scale of every input, by an encoding that is one, for its smooth pieces, too."""

    def fitted(rows: CheckedRows, pieces: int, arms: Sequence[Arm]) -> Encode:
        layer, smooth = smooth_pieces(rows.x, pieces), tanh_pieces(rows, pieces, arms)
        n = rows.x.shape[1]
        scale = fit(rows, pieces, arms)(np.ones((1, n), rows.x.dtype))[0]
        every = scale if layer is None else np.concatenate([scale, scale[list(layer.columns)]])
        return lambda x: (smooth(x) * every).astype(x.dtype)

    return fitted


def ard(rows: CheckedRows, pieces: int, arms: Sequence[Arm]) -> Encode:
    """Every input by the root of one over its penalty, as the evidence of the first arm has it.

    ``alpha_g = gamma_g / |w_g|**2``, ``gamma_g = n_g - alpha tr (H^-1)_gg``, w_g the weights that
    leave input g and H the Gauss-Newton matrix in units of the noise (MacKay 1992).
    """
    structure, thetas, alpha = _networks(arms)
    x = rows.x
    data = Data(x.dtype, x, rows.y.astype(x.dtype), penalty=alpha / len(x))
    scales = []
    for theta in thetas:
        net = structure.core_network(x.dtype)
        _, _, matrix = net.normal(data, theta, -1, 1)
        h = matrix.astype(np.float64) * len(x)
        h[np.diag_indices_from(h)] += 1e-9 * np.trace(h) / len(h)
        inverse = np.linalg.inv(h)
        width = structure.widths[0]
        own = [slice(g * width, (g + 1) * width) for g in range(x.shape[1])]
        gamma = np.array([width - alpha * np.trace(inverse[s, s]) for s in own])
        square = np.array([float(theta[s].astype(np.float64) @ theta[s]) for s in own])
        scales.append(square / np.clip(gamma, 0.05, None))
    return _scaled(x, np.sqrt(np.mean(scales, axis=0)))


def agop(rotate: bool) -> Fit:
    """X by the root of the mean outer product of the gradients of the first arm's networks.

    Of recursive feature machines: G / max G, the whole matrix (rotate) or its diagonal.
    """

    def fitted(rows: CheckedRows, pieces: int, arms: Sequence[Arm]) -> Encode:
        x, (structure, thetas, _) = rows.x, _networks(arms)
        some = np.ascontiguousarray(x[:: -(-len(x) // 2000)])
        product = np.zeros((x.shape[1], x.shape[1]))
        for theta in thetas:
            gradient = np.empty_like(some)
            ones = np.ones((len(some), 1), some.dtype)
            net = structure.core_network(some.dtype)
            net.pullback(theta, some, ones, gradient, np.zeros(structure.n_parameters))
            product += gradient.astype(np.float64).T @ gradient.astype(np.float64)
        if not rotate:
            return _scaled(x, np.sqrt(np.sqrt(np.diag(product))))
        values, vectors = np.linalg.eigh(product / product.max())
        root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
        root = root / np.abs(root).max() + LEAST_SCALE * np.eye(len(root))
        root *= np.sqrt(x.shape[1] / float(np.square(x @ root).sum(axis=1).mean()))
        return lambda x: (x @ root).astype(x.dtype)

    return fitted


def _scaled(x: Array, scale: Array) -> Encode:
    """Columns by their scales, so that their total variance stays."""
    scale = np.maximum(scale / scale.max(), LEAST_SCALE)
    scale = scale * np.sqrt(x.shape[1] / float(np.square(x * scale).sum(axis=1).mean()))
    return lambda x: (x * scale).astype(x.dtype)


def _networks(arms: Sequence[Arm]) -> Networks:
    """The networks of the first arm, which reads plain inputs, at its best penalty."""
    arm = arms[0]
    assert not arm.trained.pieces
    stage = min(arm.stages, key=lambda one: one.loss)
    theta = stage.thetas[0]
    n = _inputs_of(theta.size, arm.trained.widths)
    structure = structure_of(n, arm.trained.widths, 1, Tanh(), SquaredError())
    return structure, stage.thetas, stage.alpha


def _inputs_of(size: int, widths: tuple[int, ...]) -> int:
    """The number of inputs of a network with one output and so many parameters."""
    behind = sum((a + 1) * b for a, b in zip(widths, (*widths[1:], 1), strict=True))
    return (size - behind) // widths[0] - 1
