"""The equations of a Pyomo block, computed by NumPy, beside the model that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.form import ModelForm
from hbcd.export.optimization.pyomo_values import Values
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, record_of

__all__ = ["checked"]

Array = NDArray[Any]
TOLERANCE = 1e-7  # of a constraint at values that fulfil the ones before it


def checked(block: Any, form: ModelForm, left_out: list[str]) -> ExportRecord:
    """The record of a block with variables of its own; ValueError where it is not the model.

    Variables are computed one after another from the equations that define them, as far as these
    go, so that nothing but the equations is used.
    """
    arithmetic = Arithmetic(np.dtype(np.float64), 16.0)
    agreed = agreement(form, arithmetic, ends=False)
    with np.errstate(over="ignore"):  # an infinite power is the probability 0 of a class
        found = _evaluated(block, agreed.points)
    return record_of(form, agreed, found, arithmetic, "pyomo", left_out)


def _evaluated(block: Any, points: Array) -> Array:
    values = Values()
    for variable, column in zip(block.inputs.values(), points.T, strict=True):
        values.set(variable, column)
    if hasattr(block, "z"):
        for place in block.z:
            values.defined(block.affine[place], block.z[place])
            if hasattr(block, "above") and place in block.above:
                _set_signs(values, block, place)
            values.defined(block.activation[place], block.a[place])
    outputs = enumerate(block.outputs.values())
    found = [values.defined(block.prediction[k], one) for k, one in outputs]
    return np.column_stack([np.broadcast_to(one, len(points)) for one in found])


def _set_signs(values: Values, block: Any, place: Any) -> None:
    """Splits values into their parts of either sign, and looks whether the limits take that."""
    z = values.get(block.z[place])
    above, below = block.above[place], block.below[place]
    values.set(above, np.maximum(z, 0.0))
    values.set(below, np.maximum(-z, 0.0))
    limits = [block.parted[place]]
    if hasattr(block, "positive"):
        values.set(block.positive[place], (z > 0).astype(np.float64))
        limits += [block.above_limit[place], block.below_limit[place]]
    else:
        pair = [id(one) for one in block.one_side[place].get_variables()]
        if pair != [id(above), id(below)]:
            raise ValueError(f"pyomo: the set of {place} has other variables")
    allowed = TOLERANCE * (1.0 + np.abs(z))
    for limit in limits:
        off = values.of(limit.body) - float(limit.upper)
        if ((np.abs(off) if limit.equality else off) > allowed).any():
            raise ValueError(f"pyomo: a constraint excludes the model at {place}")
    for side in (above, below):
        if side.ub is not None and (values.get(side) > side.ub + allowed).any():
            raise ValueError(f"pyomo: a bound excludes the model at {place}")
