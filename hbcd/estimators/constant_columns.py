"""Features that do not vary in the training rows: said once, and without any influence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.networks.structure import NetworkStructure
from hbcd.parts.structured_layers import SmoothPieces
from hbcd.tables.encoder import TableEncoder
from hbcd.utils.public import public
from hbcd.utils.scaling import Scaler

__all__ = [
    "ConstantFeatures",
    "about_constant_features",
    "constant_features",
    "without_constant_features",
]

Array = NDArray[Any]
NAMED = 10  # features that a message names


@public
class ConstantFeatures(UserWarning):
    """Features that do not vary in the training rows have no influence on predictions."""


def constant_features(scaler: Scaler, encoder: TableEncoder | None) -> list[Any]:
    """Features whose scale is 0, by name, or by number where they have no names."""
    if scaler.scale.all():
        return []
    found = np.flatnonzero(scaler.scale == 0).tolist()
    if encoder is None or not encoder.named:
        return found
    return [encoder.feature_names[k] for k in found]


def about_constant_features(features: Sequence[Any], n_features: int) -> str:
    """The message of the warning."""
    names = ", ".join(str(name) for name in features[:NAMED])
    more = f" and {len(features) - NAMED} more" if len(features) > NAMED else ""
    return (
        f"X: {len(features)} of {n_features} features do not vary in the training rows and have no "
        f"influence on predictions: {names}{more}"
    )


def without_constant_features(network: NetworkStructure, theta: Array, scaler: Scaler) -> Array:
    """Theta whose weights of such features are 0, but for `weight_bounds` that exclude it.

    The network sees 0 for them whatever stands in the table, so no prediction changes, and the
    gradient in those weights is 0 from then on.
    """
    if scaler.scale.all():
        return theta
    theta = np.array(theta)
    # Smooth pieces hand inputs on as they are, and stand for inputs that vary.
    smooth = isinstance(network.layers[1], SmoothPieces)
    constant = np.flatnonzero(scaler.scale == 0)
    for part in network.dense_parts(2 if smooth else 1, theta):
        inside = constant[(part.inputs.start <= constant) & (constant < part.inputs.stop)]
        part.weights[inside - part.inputs.start] = 0.0
    return network.project(theta)
