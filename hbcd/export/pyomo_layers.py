"""The layers of a network as variables and constraints of Pyomo."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.propagation import Propagation
from hbcd.export.form import ModelForm
from hbcd.export.packages import needed
from hbcd.networks.affine_layers import AffinePart

__all__ = ["FORMULATIONS", "add_layers"]

Array = NDArray[Any]
FORMULATIONS = ("full_space", "reduced_space", "relu_bigm")


def add_layers(
    pyo: Any, block: Any, form: ModelForm, x: list[Any], scaled: list[Any], formulation: str
) -> list[Any]:
    """Adds what the layers need; expressions of the outputs of the network.

    Parameters
    ----------
    pyo : module
        ``pyomo.environ``.
    block : pyomo.environ.Block
    form : ModelForm
    x, scaled : list
        The inputs, and expressions of them as the first layer takes them.
    formulation : str
    """
    if formulation == "reduced_space":
        values = scaled
        for layer in form.layers:
            values = [
                _activated(pyo, part, z) for part in layer.parts for z in _entering(part, values)
            ]
        return values
    names = [
        (k, j)
        for k, layer in enumerate(form.layers)
        for part in layer.parts
        for j in range(part.outputs.start, part.outputs.stop)
    ]
    block.z = pyo.Var(names, initialize=0.0)  # what enters each activation
    block.a = pyo.Var(names, initialize=0.0)  # what leaves it
    block.affine = pyo.Constraint(names)
    block.activation = pyo.Constraint(names)
    bounds = _bounds(form, x) if formulation == "relu_bigm" else None
    if bounds is not None:
        _prepare_bigm(pyo, block, form, bounds)
    values = scaled
    for k, layer in enumerate(form.layers):
        for part in layer.parts:
            places = range(part.outputs.start, part.outputs.stop)
            for j, entering in zip(places, _entering(part, values), strict=True):
                z, a = block.z[k, j], block.a[k, j]
                block.affine.add((k, j), z == entering)
                if bounds is not None and part.activation in ("relu", "leaky_relu"):
                    _bigm(block, (k, j), part, bounds[k][0][j], bounds[k][1][j])
                else:
                    block.activation.add((k, j), a == _activated(pyo, part, z))
        values = [block.a[k, j] for j in range(layer.n_out)]
    return values


def _entering(part: AffinePart, values: list[Any]) -> list[Any]:
    own = values[part.inputs]
    found = []
    for weights, bias in zip(part.weights.T.tolist(), part.bias.tolist(), strict=True):
        pairs = zip(weights, own, strict=True)
        found.append(sum((w * v for w, v in pairs if w != 0.0), start=bias))
    return found


def _activated(pyo: Any, part: AffinePart, z: Any) -> Any:
    if part.activation == "tanh":
        return pyo.tanh(z)
    if part.activation == "sigmoid":
        return 0.5 * (1.0 + pyo.tanh(0.5 * z))
    if part.activation == "relu":
        return 0.5 * (z + abs(z))
    if part.activation == "leaky_relu":
        return 0.5 * ((1.0 + part.leak) * z + (1.0 - part.leak) * abs(z))
    return z


# ---- ReLU with binary variables


def _bounds(form: ModelForm, x: list[Any]) -> list[tuple[Array, Array]]:
    """Proven bounds of what enters every activation, over the bounds of the inputs."""
    ends = [_ends(one, column.name) for one, column in zip(x, form.columns, strict=True)]
    box = (np.array(ends).T - form.shift) * form.factor
    lost = 1e-15 * np.abs(box)  # by these two roundings
    box = np.array([box[0] - lost[0], box[1] + lost[1]])
    found = Propagation(form.layers, np.float64).crown(box[:1], box[1:])
    return [(one.entering[0][0], one.entering[1][0]) for one in found]


def _ends(variable: Any, name: str) -> tuple[float, float]:
    low, high = needed("pyomo.contrib.fbbt.fbbt", "pyomo").compute_bounds_on_expr(variable)
    if low is None or high is None or not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"inputs: {name} has no bounds, must have both for 'relu_bigm'")
    return float(low), float(high)


def _open(form: ModelForm, bounds: list[tuple[Array, Array]]) -> list[tuple[int, int]]:
    """Neurons whose sign is not the same all over the box."""
    return [
        (k, j)
        for k, layer in enumerate(form.layers)
        for part in layer.parts
        if part.activation in ("relu", "leaky_relu")
        for j in range(part.outputs.start, part.outputs.stop)
        if bounds[k][0][j] < 0.0 < bounds[k][1][j]
    ]


def _prepare_bigm(pyo: Any, block: Any, form: ModelForm, bounds: list[tuple[Array, Array]]) -> None:
    names = _open(form, bounds)
    block.positive = pyo.Var(names, domain=pyo.Binary, initialize=0)
    block.below = pyo.Var(names, bounds=(0.0, None), initialize=0.0)  # max(-z, 0)
    block.above = pyo.Var(names, bounds=(0.0, None), initialize=0.0)  # max(z, 0)
    block.parted = pyo.Constraint(names)
    block.above_limit = pyo.Constraint(names)
    block.below_limit = pyo.Constraint(names)
    for (k, j), z in block.z.items():
        z.setlb(float(bounds[k][0][j]))
        z.setub(float(bounds[k][1][j]))


def _bigm(block: Any, place: tuple[int, int], part: AffinePart, low: float, high: float) -> None:
    """``a = above - leak below``, where one of the two is 0 by a binary variable."""
    z, a = block.z[place], block.a[place]
    leak = part.leak if part.activation == "leaky_relu" else 0.0
    if low >= 0.0:
        block.activation.add(place, a == z)
        return
    if high <= 0.0:
        block.activation.add(place, a == leak * z)
        return
    above, below, positive = block.above[place], block.below[place], block.positive[place]
    block.parted.add(place, z == above - below)
    block.above_limit.add(place, above <= float(high) * positive)
    block.below_limit.add(place, below <= float(-low) * (1 - positive))
    block.activation.add(place, a == above - leak * below)
