"""Proven bounds of every neuron of a model over a box of inputs, for mixed-integer programs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.propagation import Propagation
from hbcd.export.form import ModelForm

__all__ = ["BENT", "neuron_bounds", "refuse_curved"]

Array = NDArray[Any]
BENT = ("relu", "leaky_relu")


def neuron_bounds(form: ModelForm, ends: Array) -> list[tuple[Array, Array]]:
    """Of every layer the least and the largest values that can enter its activations.

    Parameters
    ----------
    form : ModelForm
    ends : ndarray of shape (2, features)
        Bounds of the inputs, finite, in units.

    Returns
    -------
    list of (ndarray, ndarray)
    """
    box = (ends - form.shift) * form.factor
    lost = 4e-16 * (np.abs(ends) + np.abs(form.shift)) * form.factor  # by these two roundings
    lost = lost + 1e-15 * np.abs(box)
    box = np.array([box[0] - lost[0], box[1] + lost[1]])
    found = Propagation(form.layers, np.float64).crown(box[:1], box[1:])
    return [(one.entering[0][0], one.entering[1][0]) for one in found]


def refuse_curved(form: ModelForm, formulation: str) -> None:
    """ValueError for a model that is not piecewise linear."""
    names = {part.activation for layer in form.layers for part in layer.parts}
    curved = sorted(names & {"tanh", "sigmoid"})
    if form.link != "identity":
        curved.append(form.link)
    if form.transform is not None:
        curved += [name for name in sorted(set(form.transform.names)) if name != "none"]
    if curved:
        raise ValueError(
            f"formulation={formulation!r}: must be piecewise linear, the model has "
            f"{', '.join(curved)}"
        )
