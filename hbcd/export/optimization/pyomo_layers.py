"""The layers of a network as variables and constraints of Pyomo."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.algebra import Functions, activated, entering
from hbcd.export.form import ModelForm
from hbcd.export.neuron_bounds import BENT, neuron_bounds
from hbcd.export.packages import needed
from hbcd.networks.affine_layers import AffinePart

__all__ = ["FORMULATIONS", "PIECEWISE_LINEAR", "add_layers"]

Array = NDArray[Any]
PIECEWISE_LINEAR = ("relu_bigm", "relu_sos")
FORMULATIONS = ("full_space", "reduced_space", *PIECEWISE_LINEAR)


def add_layers(
    pyo: Any,
    functions: Functions,
    block: Any,
    form: ModelForm,
    x: list[Any],
    scaled: list[Any],
    formulation: str,
) -> list[Any]:
    """Adds what the layers need; expressions of the outputs of the network.

    Parameters
    ----------
    pyo : module
        ``pyomo.environ``.
    functions : Functions
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
                activated(functions, part, z)
                for part in layer.parts
                for z in entering(part, values)
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
    bounds = _bounds(form, x, formulation) if formulation in PIECEWISE_LINEAR else None
    if bounds is not None:
        _prepare_signs(pyo, block, form, bounds, formulation == "relu_sos")
    values = scaled
    for k, layer in enumerate(form.layers):
        for part in layer.parts:
            places = range(part.outputs.start, part.outputs.stop)
            for j, one in zip(places, entering(part, values), strict=True):
                z, a = block.z[k, j], block.a[k, j]
                block.affine.add((k, j), z == one)
                if bounds is not None and part.activation in BENT:
                    _split(block, (k, j), part, bounds[k][0][j], bounds[k][1][j])
                else:
                    block.activation.add((k, j), a == activated(functions, part, z))
        values = [block.a[k, j] for j in range(layer.n_out)]
    return values


# ---- ReLU with a binary variable, or a special ordered set


def _bounds(form: ModelForm, x: list[Any], formulation: str) -> list[tuple[Array, Array]]:
    """Proven bounds of what enters every activation, over the bounds of the inputs."""
    ends = [_ends(v, c.name, formulation) for v, c in zip(x, form.columns, strict=True)]
    return neuron_bounds(form, np.array(ends).T)


def _ends(variable: Any, name: str, formulation: str) -> tuple[float, float]:
    low, high = needed("pyomo.contrib.fbbt.fbbt", "pyomo").compute_bounds_on_expr(variable)
    if low is None or high is None or not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"inputs: {name} has no bounds, must have both for {formulation!r}")
    return float(low), float(high)


def _open(form: ModelForm, bounds: list[tuple[Array, Array]]) -> list[tuple[int, int]]:
    """Neurons whose sign is not the same all over the box."""
    return [
        (k, j)
        for k, layer in enumerate(form.layers)
        for part in layer.parts
        if part.activation in BENT
        for j in range(part.outputs.start, part.outputs.stop)
        if bounds[k][0][j] < 0.0 < bounds[k][1][j]
    ]


def _prepare_signs(
    pyo: Any, block: Any, form: ModelForm, bounds: list[tuple[Array, Array]], sets: bool
) -> None:
    names = _open(form, bounds)
    block.above = pyo.Var(names, bounds=(0.0, None), initialize=0.0)  # max(z, 0)
    block.below = pyo.Var(names, bounds=(0.0, None), initialize=0.0)  # max(-z, 0)
    block.parted = pyo.Constraint(names)
    if sets:
        pairs = {place: [block.above[place], block.below[place]] for place in names}
        block.one_side = pyo.SOSConstraint(names, rule=lambda _, k, j: pairs[k, j], sos=1)
    else:
        block.positive = pyo.Var(names, domain=pyo.Binary, initialize=0)
        block.above_limit = pyo.Constraint(names)
        block.below_limit = pyo.Constraint(names)
    for (k, j), z in block.z.items():
        z.setlb(float(bounds[k][0][j]))
        z.setub(float(bounds[k][1][j]))


def _split(block: Any, place: tuple[int, int], part: AffinePart, low: float, high: float) -> None:
    """``a = above - leak below``, where one of the two is 0."""
    z, a = block.z[place], block.a[place]
    leak = part.leak if part.activation == "leaky_relu" else 0.0
    if low >= 0.0:
        block.activation.add(place, a == z)
        return
    if high <= 0.0:
        block.activation.add(place, a == leak * z)
        return
    above, below = block.above[place], block.below[place]
    block.parted.add(place, z == above - below)
    block.activation.add(place, a == above - leak * below)
    if hasattr(block, "positive"):
        positive = block.positive[place]
        block.above_limit.add(place, above <= float(high) * positive)
        block.below_limit.add(place, below <= float(-low) * (1 - positive))
    else:
        above.setub(float(high))
        below.setub(float(-low))
