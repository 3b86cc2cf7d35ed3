"""The networks that a model is made of, each by itself, computed in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.explain.member_biases import matching_bias
from hbcd.parts.activations import Identity
from hbcd.parts.structured_layers import BlockDiagonalLayer
from hbcd.training.network import Network
from hbcd.uncertainty.distance import member_parts
from hbcd.utils.scaling import Scaled

__all__ = ["MemberNetworks", "spread_of_members"]

Array = NDArray[Any]
MOST_ROWS = 4096  # that the networks have the mean of the model on


@dataclass(frozen=True, eq=False)
class MemberNetworks:
    """The networks of a model by members, side by side in place of their weighted sum.

    The model keeps one bias of all of them, so each gets the one with which its mean prediction
    (of a transformed target that of the transformed one) over the rows that are explained, of many
    some, is that of the model: what is left is the shape of its function.

    Attributes
    ----------
    weights : ndarray of float64, shape (networks,)
        What each counts for; they sum to 1.
    """

    weights: NDArray[np.float64]
    _model: Any
    _network: Network
    _theta: Array
    _bias: NDArray[np.float64]

    @classmethod
    def of(cls, model: HybridEstimator, features: Array, weight: Array | None) -> Self | None:
        """Those of a model; None where it was not made of several.

        Parameters
        ----------
        model : HybridEstimator
        features : ndarray of shape (rows, features)
            Rows on which the networks have the mean of the model.
        weight : ndarray of shape (rows,) or None
        """
        members = getattr(model, "_members", [])
        layers = model.network_.layers
        held = [one for one in members if one["weight"] > 0.0]
        last = layers[-2]
        if not held or not isinstance(last, BlockDiagonalLayer):
            return None
        shares = [part.share for part in member_parts(members)]
        straight = sum(one["weight"] for one in held if one["name"] == "linear")
        flat = sum(one["weight"] for one in held if one["name"] == "constant")
        if straight and len(last.blocks) == len(shares) + 1:
            shares.append(straight)
        if len(shares) != len(last.blocks) or len(shares) + (flat > 0) < 2:
            return None
        network, theta = _side_by_side(model, last, np.array(shares), flat > 0.0)
        weights = np.array([*shares, *([flat] if flat else [])])
        zero = np.zeros((weights.size, model.network_.n_outputs))
        found = cls(weights / weights.sum(), model, network, theta, zero)
        some = np.unique(np.linspace(0, len(features) - 1, MOST_ROWS).astype(np.intp))
        rows = features[some]
        share = np.ones(some.size) if weight is None else weight[some]
        whole = model.network_.predict(
            model.theta_, Scaled(rows, model.x_scaler_), n_threads=model.n_threads
        ).astype(np.float64)
        center = np.array(
            [
                matching_bias(model.network_.loss, raw, whole, share / share.sum())
                for raw in found._raw(rows).swapaxes(0, 1)
            ]
        )
        return cls(found.weights, model, network, theta, center)

    def _raw(self, features: Array) -> NDArray[np.float64]:
        """Outputs before they become what is predicted, (rows, networks, outputs)."""
        rows = Scaled(features, self._model.x_scaler_)
        out = self._network.predict(self._theta, rows, n_threads=self._model.n_threads)
        wide = out.astype(np.float64).reshape(len(features), -1, self._bias.shape[1])
        if wide.shape[1] < self.weights.size:  # the constant
            wide = np.concatenate([wide, np.zeros_like(wide[:, :1])], axis=1)
        return wide + self._bias

    def evaluate(self, features: Array) -> NDArray[np.float64]:
        """Predictions of each network in the target's units, or probabilities.

        Parameters
        ----------
        features : ndarray of shape (rows, features)

        Returns
        -------
        ndarray of float64, shape (rows, networks, outputs)
        """
        raw = self._raw(features)
        flat = raw.reshape(-1, raw.shape[2])
        model = self._model
        if isinstance(model, HybridClassifier):
            made = model._calibrated(flat)
            made = made[:, 1:] if made.shape[1] == 2 else made
        else:
            made = model._in_units(flat, model.network_.loss, model.y_scaler_)
        return np.asarray(made, np.float64).reshape(*raw.shape[:2], -1)


def _side_by_side(
    model: HybridEstimator, last: BlockDiagonalLayer, shares: Array, constant: bool
) -> tuple[Network, Array]:
    """The network whose outputs are those of every network, without their biases."""
    network = model.network_
    (part,) = network.dense_parts(len(network.layers) - 1, model.theta_)
    n_outputs = network.n_outputs
    blocks, thetas, at = [], [], 0
    for share, (_, width, _) in zip(shares, last.blocks, strict=True):
        own = part.weights[at : at + width].astype(np.float64) / share
        blocks.append((width, n_outputs, Identity()))
        thetas += [own.ravel(), np.zeros(n_outputs)]
        at += width
    hidden = model.theta_[: network.blocks[-1].start]
    head = np.concatenate(thetas).astype(model.theta_.dtype)
    layers = [*network.layers[:-1], BlockDiagonalLayer(blocks)]
    return Network(layers), np.concatenate([hidden, head])


def spread_of_members(effects: Array, weights: Array, whole: Array) -> NDArray[np.float64]:
    """How far networks are from the model: the weighted root mean square difference.

    Parameters
    ----------
    effects : ndarray of shape (networks, ...)
    weights : ndarray of shape (networks,)
    whole : ndarray of shape (...)
    """
    square = np.square(effects - whole)
    return np.asarray(np.sqrt(np.einsum("k,k...->...", weights, square)))
