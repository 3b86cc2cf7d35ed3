"""The fitted network under the names of scikit-learn's MLP: weights and biases in raw units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.targets.power_transform import LOG
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.networks.layout import DensePart
from hbcd.parts.activations import Identity
from hbcd.parts.losses import CrossEntropy, Logistic, Loss, Poisson

__all__ = ["RawUnits", "link"]

Array = NDArray[Any]
Layers = list[tuple[NDArray[np.float64], NDArray[np.float64]]]

_LINKS: dict[type[Loss], str] = {Poisson: "exp", Logistic: "logistic", CrossEntropy: "softmax"}


def link(loss: Loss) -> str | None:
    """The function from outputs to predictions by scikit-learn's name; None for a custom one."""
    if type(loss).mean is Loss.mean:
        return "identity"
    return _LINKS.get(type(loss))


def _dense(
    parts: list[DensePart], n_in: int, n_out: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and biases of one layer; of a layer in parts with zeros between them."""
    weights, bias = np.zeros((n_in, n_out)), np.empty(n_out)
    for part in parts:
        weights[part.inputs, part.outputs] = part.weights
        bias[part.outputs] = part.bias
    return weights, bias


class RawUnits(EstimatorParameters):
    """Adds `coefs_` and its companions, which are computed when they are asked for."""

    @property
    def n_layers_(self) -> int:
        """Number of layers, inputs and outputs among them."""
        self._check_fitted()
        return len(self.network_.layers)

    @property
    def out_activation_(self) -> str:
        """What turns outputs into predictions: "identity", "exp", "logistic" or "softmax".

        "target_transform": ``target_transform_.backward``, which is not one of these.
        """
        self._check_fitted()
        link_name, transform = self._link("out_activation_"), self._transform()
        if transform is None:
            return link_name
        return "exp" if set(transform.names) == {LOG} else "target_transform"

    @property
    def coefs_(self) -> list[NDArray[np.float64]]:
        """Weights of every layer, (n_in, n_out), for features in their own units."""
        return [weights for weights, _ in self._folded("coefs_")]

    @property
    def intercepts_(self) -> list[NDArray[np.float64]]:
        """Biases of every layer, (n_out,), for features in their own units."""
        return [bias for _, bias in self._folded("intercepts_")]

    def _link(self, asked: str) -> str:
        name = link(self.network_.loss)
        if name is None:
            raise AttributeError(
                f"{asked}: is not known for loss={self.network_.loss!r}; use predict"
            )
        output = self.network_.layers[-1]
        if type(getattr(output, "activation", None)) is not Identity:
            raise AttributeError(f"{asked}: is not known for {output!r}; use predict")
        return name

    def _folded(self, asked: str) -> Layers:
        """Weights and biases with the scalers in the first and the last of them."""
        self._check_fitted()
        name = self._link(asked)
        widths = [self.network_.n_inputs, *self.network_.widths]
        found: Layers = []
        for k, layer in enumerate(self.network_.layers[1:], start=1):
            parts = self.network_.dense_parts(k, self.theta_)
            if not parts:
                kind = type(layer).__name__
                remedy = "use predict"
                if kind == "SmoothPieces":
                    remedy = f"encoding=None or members=1 trains without it, or {remedy}"
                raise AttributeError(
                    f"{asked}: must be dense layers, network_.layers[{k}] is a {kind}; {remedy}"
                )
            activations = [block[2] for block in getattr(layer, "blocks", ())]
            if any(one != activations[0] for one in activations):
                raise AttributeError(
                    f"{asked}: must have one activation in a layer, parts of network_.layers[{k}] "
                    "have several; network_.dense_parts gives the weights of each part, members=1 "
                    "or hidden_layer_sizes= trains one network, or use predict"
                )
            found.append(_dense(parts, widths[k - 1], widths[k]))
        mean, divisor = self.x_scaler_.mean, self.x_scaler_.divisor
        weights, bias = found[0]
        found[0] = weights / divisor[:, np.newaxis], bias - (mean / divisor) @ weights
        weights, bias = found[-1]
        if name == "exp":  # of Poisson the mean is 0
            found[-1] = weights, bias + np.log(self.y_scaler_.scale)
        else:
            found[-1] = weights * self.y_scaler_.scale, self.y_scaler_.backward(bias)
        transform = self._transform()
        if transform is not None and self.out_activation_ == "exp":
            found[-1] = found[-1][0], found[-1][1] + transform.log_factors
        return found

    def _transform(self) -> TargetTransform | None:
        return getattr(self, "target_transform_", None)
