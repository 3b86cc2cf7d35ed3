"""How far rows lie from training rows, as a trained network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.networks.evaluation import NetworkEvaluation
from hbcd.parts.activations import Identity
from hbcd.parts.structured_layers import BlockDiagonalLayer
from hbcd.uncertainty.leverage import fresh, own_leverage, whitener

__all__ = ["Distance", "MemberPart", "fit_distance", "member_parts"]

Array = NDArray[Any]
PIECE = 4096  # rows at a time: what is computed of them stays in the cache


@dataclass(frozen=True)
class MemberPart:
    """A network of a member as a part of the last hidden layer.

    Attributes
    ----------
    share : float
        What it counts for in the prediction.
    alpha : float
        Its penalty.
    group : int
        That of the networks trained on the same parts of the rows, as far as that is known.
    fold : int
        Which of these parts its own is.
    folds : int
        How many there are.
    """

    share: float
    alpha: float
    group: int = 0
    fold: int = 0
    folds: int = 1


def member_parts(members: Sequence[dict[str, Any]]) -> list[MemberPart]:
    """The networks of weighted members in the order of the layers; empty where there are none.

    Parameters
    ----------
    members : sequence of dict
        Name, networks, alpha and weight of each.
    """
    parts, groups = list[MemberPart](), dict[tuple[str, int], int]()
    for one in members:
        if one["weight"] > 0.0 and one["name"] not in ("constant", "linear"):
            n = one["networks"]
            group = groups.setdefault((one["name"], n), len(groups))
            share = one["weight"] / n
            parts += [MemberPart(share, one["alpha"], group, k, n) for k in range(n)]
    return parts


class Distance:
    """Leverage of rows, and the spread of the members' predictions for them.

    The leverage is the mean of that in the networks' last hidden layers, which is the Gauss-Newton
    form of their output layers, plus that in the inputs, which is that of a linear model.

    Parameters
    ----------
    network : NetworkEvaluation
    theta : ndarray of shape (n_parameters,)
    linear : ndarray of shape (n_inputs + 1, n_inputs + 1)
        `whitener` of the standardized inputs.
    roots : list of ndarray of shape (width + 1, width + 1)
        Those of every network's last hidden layer; none: only the inputs count.
    shares : ndarray of shape (networks,)
        What each network counts for, sum 1.
    centers : ndarray of shape (networks, n_outputs)
        The mean of each network's predictions, without their biases.
    """

    def __init__(
        self,
        network: NetworkEvaluation,
        theta: Array,
        linear: Array,
        roots: list[Array],
        shares: Array,
        centers: Array,
    ) -> None:
        self.linear = np.ascontiguousarray(linear, np.float64)
        self.roots, self.shares, self.centers = roots, shares, centers
        self._slopes = self.linear[:-1].astype(theta.dtype)
        self._offset = self.linear[-1].astype(theta.dtype)
        self.network: NetworkEvaluation | None = None
        self.spreads = len(roots) > 1
        if roots:
            self._extend(network, theta)

    def _extend(self, network: NetworkEvaluation, theta: Array) -> None:
        """The network whose last layer gives each network's prediction and whitened features."""
        q, count = network.n_outputs, len(self.roots)
        (last,) = network.dense_parts(len(network.layers) - 1, theta)
        blocks, parameters = [], []
        begin, at = 0, 0
        total = sum(len(root) - 1 + 1 + q for root in self.roots)
        rest = last.weights.shape[0] - sum(len(root) - 1 for root in self.roots)
        squares = np.zeros((total + (rest > 0), 1 + q))
        mean = np.zeros((total + (rest > 0), q))
        for k, root in enumerate(self.roots):
            width = len(root) - 1
            own = last.weights[begin : begin + width].astype(np.float64) / self.shares[k]
            weights = np.hstack([own, root[:-1]])
            parameters += [weights.ravel(), np.concatenate([-self.centers[k], root[-1]])]
            blocks.append((width, q + width + 1, Identity()))
            for j in range(q):
                squares[at + j, 1 + j] = mean[at + j, j] = self.shares[k]
            squares[at + q : at + q + width + 1, 0] = 1.0 / count
            begin, at = begin + width, at + q + width + 1
        if rest:
            blocks.append((rest, 1, Identity()))
            parameters.append(np.zeros(rest + 1))
        layers = [*network.layers[:-1], BlockDiagonalLayer(blocks)]
        self.network = NetworkEvaluation(layers, network.loss)
        kept = theta[: theta.size - last.weights.size - last.bias.size]
        self.theta = np.concatenate([kept, *parameters]).astype(theta.dtype)
        self._squares, self._mean = squares.astype(theta.dtype), mean.astype(theta.dtype)

    def of_rows(self, x: Array, n_threads: int | None) -> tuple[Array, Array | None]:
        """Leverage (rows,) and spread (rows, n_outputs) of rows; no spread of one network.

        Parameters
        ----------
        x : ndarray of shape (rows, n_inputs)
            Standardized, in the precision of theta.
        n_threads : int or None
        """
        if len(x) <= PIECE:
            return self._of_few(x, n_threads)
        leverage, spread = np.empty(len(x)), list[Array]()
        for begin in range(0, len(x), PIECE):
            piece = slice(begin, begin + PIECE)
            leverage[piece], own = self._of_few(x[piece], n_threads)
            if own is not None:
                spread.append(own)
        return leverage, np.concatenate(spread) if spread else None

    def _of_few(self, x: Array, n_threads: int | None) -> tuple[Array, Array | None]:
        white = x @ self._slopes
        white += self._offset
        leverage: Array = np.einsum("rk,rk->r", white, white)
        if self.network is None:
            return leverage, None
        out = self.network.predict(self.theta, x, n_threads=n_threads)
        mean = out @ self._mean if self.spreads else None
        squares = np.square(out, out=out) @ self._squares
        leverage += squares[:, 0]
        if mean is None:
            return leverage, None
        return leverage, np.maximum(squares[:, 1:] - np.square(mean), 0.0)

    def averaged(self, x: Array, parts: list[MemberPart], n_threads: int | None) -> Array:
        """What averaging over folds takes from the mean squared error, (n_outputs,).

        A row left out was predicted by one network of each group, a new one is by the mean of
        them: the error of a mean is less by the variance of what it is of [1]_.  Training rows have
        less variance than new ones, so that this is a lower bound.

        Parameters
        ----------
        x : ndarray of shape (rows, n_inputs)
            As for `of_rows`.
        parts : list of MemberPart
            Those that `fit_distance` got.
        n_threads : int or None

        References
        ----------
        .. [1] A. Krogh and J. Vedelsby, Neural network ensembles, cross validation, and active
           learning, NIPS 7 (1995).
        """
        q = self.centers.shape[1]
        if self.network is None or not parts:
            return np.zeros(q)
        out = self.network.predict(self.theta, x, n_threads=n_threads)
        found = {part.group: np.zeros((part.folds, len(x), q)) for part in parts}
        begin = 0
        for part, root in zip(parts, self.roots, strict=True):
            own = out[:, begin : begin + q]
            found[part.group][part.fold] += part.share * part.folds * own
            begin += q + len(root)
        each = [one.var(axis=0).mean(axis=0) for one in found.values()]
        return np.asarray(np.sum(each, axis=0))


def fit_distance(
    network: NetworkEvaluation,
    theta: Array,
    x: Array,
    weight: Array | None,
    parts: list[MemberPart],
    copies: float,
    n_threads: int | None,
) -> tuple[Distance, NDArray[np.float64]]:
    """The distance from these rows, and the leverage that each of them would have without itself.

    Parameters
    ----------
    network : NetworkEvaluation
    theta : ndarray of shape (n_parameters,)
    x : ndarray of shape (rows, n_inputs)
        Standardized training rows, in the precision of theta.
    weight : ndarray of shape (rows,) or None
        1 in the mean.
    parts : list of MemberPart
        Of one network none.
    copies : float
        How many training rows each of these stands for.
    n_threads : int or None
    """
    linear = whitener(x, 1.0, weight, copies)
    found = fresh(own_leverage(x, linear, weight))
    roots: list[Array] = []
    shares, centers = np.ones(1), np.zeros((1, network.n_outputs))
    layers = network.layers
    last = network.dense_parts(len(layers) - 1, theta) if len(layers) > 2 else []
    if len(last) == 1 and last[0].weights.size:
        hidden = _hidden(network, theta, last[0], x, n_threads)
        known = parts or [MemberPart(1.0, network.alpha)]
        blocks = network.dense_parts(len(layers) - 2, theta)
        slices = [b.outputs for b in blocks[: len(parts)]] if parts else [slice(0, None)]
        shares = np.array([part.share for part in known])
        shares = shares / shares.sum()
        centers = np.empty((len(known), network.n_outputs))
        own = np.zeros(len(x))
        for k, (columns, part) in enumerate(zip(slices, known, strict=True)):
            features = hidden[:, columns]
            root = whitener(features, part.alpha, weight, copies)
            own += fresh(own_leverage(features, root, weight)) / len(known)
            weights = last[0].weights[columns].astype(np.float64) / shares[k]
            centers[k] = np.average(features @ weights, axis=0, weights=weight)
            roots.append(root)
        found = found + own
    return Distance(network, theta, linear, roots, shares, centers), found


def _hidden(
    network: NetworkEvaluation, theta: Array, last: Any, x: Array, n_threads: int | None
) -> NDArray[np.float64]:
    """Outputs of the last hidden layer, (rows, width)."""
    cut = NetworkEvaluation(network.layers[:-1], network.loss)
    kept = np.ascontiguousarray(theta[: theta.size - last.weights.size - last.bias.size])
    return cut.predict(kept, x, n_threads=n_threads).astype(np.float64)
