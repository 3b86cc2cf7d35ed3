"""What is to be best: an output, several targets, or a function of the predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.validation import check_number

__all__ = ["Objective", "as_objective", "output_place"]

Array = NDArray[np.float64]
SIDES = ("max", "min")
RULE = "must be 'max', 'min', a number, a dict of output to one of these, or callable"


@dataclass(frozen=True)
class Objective:
    """A function of the predictions of a row that is minimized.

    Attributes
    ----------
    function : callable
        ``function(prediction) -> (f, gradient)`` of a prediction (outputs,).
    sign : float
        What makes the value that users are shown of f.
    outputs : tuple of int
        The outputs that it depends on; none: all of them.
    """

    function: Callable[[Array], tuple[float, Array]]
    sign: float
    outputs: tuple[int, ...]


def output_place(name: Any, names: list[Any], where: str) -> int:
    """The number of an output by its name, or by its number where the names are others."""
    if name in names:
        return names.index(name)
    number = isinstance(name, (int, np.integer)) and not isinstance(name, (bool, np.bool_))
    if number and 0 <= name < len(names) and all(isinstance(one, str) for one in names):
        return int(name)
    listed = ", ".join(repr(one) for one in names[:10]) + (", ..." if len(names) > 10 else "")
    raise ValueError(f"{where}: has no output {name!r}, the outputs are {listed}")


def as_objective(value: Any, names: list[Any], spreads: Array) -> Objective:
    """A checked objective.

    Parameters
    ----------
    value : str, number, dict or callable
        As `optimize_inputs` takes it.
    names : list
        Of the outputs.
    spreads : ndarray of shape (outputs,)
        How far predictions lie apart, which the distances from several targets are divided by.

    Raises
    ------
    ValueError, TypeError
        It is none of these.
    """
    if callable(value):
        return Objective(_checked(value, len(names)), 1.0, ())
    if not isinstance(value, Mapping):
        if len(names) > 1:
            raise ValueError(f"objective={value!r}: must be a dict of output to it, or callable")
        value = {names[0]: value}
    wanted = {output_place(name, names, "objective"): one for name, one in value.items()}
    if not wanted:
        raise ValueError("objective={}: must have an output")
    sides = [one for one in wanted.values() if isinstance(one, str)]
    if sides and (len(wanted) > 1 or sides[0] not in SIDES):
        more = "; of several outputs all must be numbers" if len(wanted) > 1 else ""
        raise ValueError(f"objective={value!r}: {RULE}{more}")
    if sides:
        ((place, side),) = wanted.items()
        return _one_side(place, 1.0 if side == "min" else -1.0, len(names))
    targets = {k: _target(one, value) for k, one in wanted.items()}
    return _nearest(targets, spreads)


def _target(value: Any, given: Any) -> float:
    try:
        number = check_number("objective", value)
    except (TypeError, ValueError):
        raise ValueError(f"objective={given!r}: {RULE}") from None
    assert number is not None
    return float(number)


def _one_side(place: int, sign: float, outputs: int) -> Objective:
    gradient = np.zeros(outputs)
    gradient[place] = sign
    return Objective(lambda p: (sign * float(p[place]), gradient), sign, (place,))


def _nearest(targets: dict[int, float], spreads: Array) -> Objective:
    """``sum_k ((p_k - t_k) / spread_k)**2``."""
    places, wanted = list(targets), np.array(list(targets.values()))
    divisors = np.where(spreads[places] > 0, spreads[places], 1.0)

    def function(p: Array) -> tuple[float, Array]:
        apart = (p[places] - wanted) / divisors
        gradient = np.zeros(p.size)
        gradient[places] = 2 * apart / divisors
        return float(apart @ apart), gradient

    return Objective(function, 1.0, tuple(places))


def _checked(function: Callable[..., Any], outputs: int) -> Callable[[Array], tuple[float, Array]]:
    def call(p: Array) -> tuple[float, Array]:
        found = function(p.copy())
        try:
            value, gradient = float(found[0]), np.asarray(found[1], np.float64)
        except (TypeError, ValueError, IndexError, KeyError):
            value, gradient = np.nan, np.empty(0)
        if gradient.shape != (outputs,) or len(found) != 2:
            raise ValueError(
                f"objective: returned {found!r}, must return a number and its gradient ({outputs},)"
            )
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            raise ValueError(f"objective: returned {value} for {p.tolist()}: must be finite")
        return value, gradient

    return call
