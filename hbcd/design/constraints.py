"""Limits of linear functions of the inputs and of predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.design.objective import output_place
from hbcd.utils.validation import as_real, check_number

__all__ = ["Constraint", "as_constraints"]

Array = NDArray[np.float64]
RULE = "must be (columns or output, least, greatest), or a scipy.optimize.LinearConstraint"


@dataclass(frozen=True)
class Constraint:
    """``least <= inputs @ features + outputs @ predictions <= most``.

    Attributes
    ----------
    name : str
        As messages have it.
    inputs, outputs : ndarray of shape (features,) and (predictions,)
    least, most : float
        Infinite: there is none; equal: an equation.
    """

    name: str
    inputs: Array
    outputs: Array
    least: float
    most: float


def as_constraints(
    given: Any, columns: list[Any], places: dict[Any, int], features: int, outputs: list[Any]
) -> list[Constraint]:
    """Checked constraints.

    Parameters
    ----------
    given : sequence
        As `optimize_inputs` takes it.
    columns : list
        What all columns are called.
    places : dict
        Which feature each column of numbers is.
    features : int
        How many there are.
    outputs : list
        What predictions are called.

    Raises
    ------
    ValueError, TypeError
        One that is none.
    """
    if given is None:
        return []
    one = hasattr(given, "A") or (
        isinstance(given, tuple) and len(given) == 3 and not isinstance(given[0], tuple)
    )
    found: list[Constraint] = []
    for k, item in enumerate([given] if one else list(given)):
        where = f"constraints[{k}]"
        for of, least, most in _rows(item, where):
            found.append(_constraint(where, of, least, most, columns, places, features, outputs))
    return found


def _rows(item: Any, where: str) -> list[tuple[Any, Any, Any]]:
    """The triples of an item: one, or as many as a LinearConstraint has rows."""
    if hasattr(item, "A") and hasattr(item, "lb") and hasattr(item, "ub"):
        matrix = item.A.toarray() if hasattr(item.A, "toarray") else item.A
        matrix = np.atleast_2d(as_real(f"{where}.A", matrix))
        sides = [np.broadcast_to(side, len(matrix)) for side in (item.lb, item.ub)]
        return list(zip(matrix, *sides, strict=True))
    if not isinstance(item, Sequence) or isinstance(item, str) or len(item) != 3:
        raise ValueError(f"{where}={item!r}: {RULE}")
    return [(item[0], item[1], item[2])]


def _constraint(
    where: str,
    of: Any,
    least: Any,
    most: Any,
    columns: list[Any],
    places: dict[Any, int],
    features: int,
    outputs: list[Any],
) -> Constraint:
    low, high = _limit(where, least, -math.inf), _limit(where, most, math.inf)
    if not low <= high or (math.isinf(low) and math.isinf(high)):
        raise ValueError(f"{where}: has the limits {low:g} and {high:g}, must have one, in order")
    inputs, predictions = np.zeros(features), np.zeros(len(outputs))
    if isinstance(of, (Mapping, np.ndarray, list)):
        named = _by_column(where, of, columns, places)
        for name, coefficient in named.items():
            inputs[places[name]] = coefficient
        text = " ".join(f"{value:+g} {name}" for name, value in named.items()).removeprefix("+")
        return Constraint(text, inputs, predictions, low, high)
    place = output_place(of, outputs, where)
    predictions[place] = 1.0
    return Constraint(str(outputs[place]), inputs, predictions, low, high)


def _limit(where: str, value: Any, none: float) -> float:
    if value is None or (isinstance(value, (float, np.floating)) and math.isinf(value)):
        return none if value is None else float(value)
    number = check_number(where, value)
    assert number is not None
    return float(number)


def _by_column(
    where: str,
    of: Mapping[Any, Any] | ArrayLike,
    columns: list[Any],
    places: dict[Any, int],
) -> dict[Any, float]:
    """Coefficients by column, those that are not 0."""
    if not isinstance(of, Mapping):
        vector = as_real(where, of)
        if vector.shape != (len(columns),):
            raise ValueError(
                f"{where}: has coefficients of shape {vector.shape}, must be ({len(columns)},)"
            )
        of = dict(zip(columns, vector.tolist(), strict=True))
    found = {}
    for name, value in of.items():
        if name not in columns:
            listed = ", ".join(map(str, columns[:10])) + (", ..." if len(columns) > 10 else "")
            raise ValueError(f"{where}: has {name!r}, must have the model's columns: {listed}")
        coefficient = check_number(f"{where}[{name!r}]", value)
        assert coefficient is not None
        if coefficient == 0:
            continue
        if name not in places:
            raise ValueError(f"{where}: {name!r} is not a column of numbers")
        found[name] = float(coefficient)
    if not found:
        raise ValueError(f"{where}: must have a coefficient that is not 0")
    return found
