"""The equations of a Pyomo block, evaluated by Pyomo, beside the model that they stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.form import ModelForm
from hbcd.export.inputs import POINTS
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, record_of

__all__ = ["checked"]

Array = NDArray[Any]
EVEN, CORNERS = 24, 8  # points that are evaluated: Pyomo takes milliseconds for each
TOLERANCE = 1e-7  # of a constraint at values that fulfil the ones before it


def checked(
    pyo: Any, block: Any, form: ModelForm, model: Any, formulation: str, left_out: list[str]
) -> ExportRecord:
    """The record of a block with variables of its own; ValueError where it is not the model.

    Variables are set one after another from the equations that define them, as far as these go, so
    that nothing but the equations is used.
    """
    arithmetic = Arithmetic(np.dtype(np.float64), 16.0)
    agreed = agreement(form, arithmetic, ends=False)
    places = [*range(0, POINTS, POINTS // EVEN), *range(POINTS, len(agreed.points))]
    places = places[: EVEN + CORNERS]
    few = replace(agreed, points=agreed.points[places], predicted=agreed.predicted[places])
    found = np.array([_evaluated(pyo, block, point) for point in few.points])
    record = record_of(form, few, found, arithmetic, "pyomo", left_out)
    return replace(record, points=EVEN, corners=len(places) - EVEN)


def _evaluated(pyo: Any, block: Any, point: Array) -> list[float]:
    for variable, value in zip(block.inputs.values(), point.tolist(), strict=True):
        variable.set_value(value, skip_validation=True)
    if hasattr(block, "z"):
        for place in block.z:
            z, a = block.z[place], block.a[place]
            z.set_value(_right(pyo, block.affine[place], z), skip_validation=True)
            if hasattr(block, "above") and place in block.above:
                _set_signs(pyo, block, place)
            a.set_value(_right(pyo, block.activation[place], a), skip_validation=True)
    return [_right(pyo, block.prediction[k], one) for k, one in enumerate(block.outputs.values())]


def _right(pyo: Any, constraint: Any, variable: Any) -> float:
    """What a variable must be so that an equation, linear in it with coefficient 1, holds."""
    variable.set_value(0.0, skip_validation=True)
    at_0 = float(pyo.value(constraint.body)) - float(pyo.value(constraint.upper))
    variable.set_value(1.0, skip_validation=True)
    at_1 = float(pyo.value(constraint.body)) - float(pyo.value(constraint.upper))
    return -at_0 / round(at_1 - at_0)


def _set_signs(pyo: Any, block: Any, place: Any) -> None:
    """Splits a value into its parts of either sign, and looks whether the limits take that."""
    z = pyo.value(block.z[place])
    block.above[place].set_value(max(z, 0.0), skip_validation=True)
    block.below[place].set_value(max(-z, 0.0), skip_validation=True)
    limits = [block.parted[place]]
    if hasattr(block, "positive"):
        block.positive[place].set_value(int(z > 0), skip_validation=True)
        limits += [block.above_limit[place], block.below_limit[place]]
    else:
        pair = [id(one) for one in block.one_side[place].get_variables()]
        if pair != [id(block.above[place]), id(block.below[place])]:
            raise ValueError(f"pyomo: the set of {place} has other variables")
    allowed = TOLERANCE * (1.0 + abs(z))
    for limit in limits:
        off = float(pyo.value(limit.body)) - float(pyo.value(limit.upper))
        if off > allowed:
            raise ValueError(f"pyomo: a constraint excludes the model at {place}")
    for side in (block.above[place], block.below[place]):
        if side.ub is not None and pyo.value(side) > side.ub + allowed:
            raise ValueError(f"pyomo: a bound excludes the model at {place}")
