"""Bounds on variables in SciPy's forms as two vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.validation import as_real

__all__ = ["all_fixed", "read_bounds"]

Array = NDArray[np.float64]


def read_bounds(bounds: Any, n: int) -> tuple[Array | None, Array | None]:
    """(lo, hi) of n variables, or (None, None), from SciPy's Bounds or pairs.

    Raises
    ------
    ValueError, TypeError
        They are no bounds, not those of n variables, or leave no room.
    """
    if bounds is None:
        return None, None
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        lo, hi = _of_all("lb", bounds.lb, n), _of_all("ub", bounds.ub, n)
    else:
        lo, hi = _of_pairs(bounds, n)
    for wrong, rule in (
        (np.isnan(lo) | np.isnan(hi), "NaN: must be numbers or infinities"),
        (lo > hi, "An upper bound is less than the corresponding lower bound: must be lo <= hi"),
        ((lo == np.inf) | (hi == -np.inf), "must leave a finite number between lo and hi"),
    ):
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ValueError(f"bounds: lo={lo[at]:g}, hi={hi[at]:g} at variable {at}: {rule}")
    return lo, hi


def all_fixed(bounds: Any, n: int) -> bool:
    """Whether bounds leave no variable any room."""
    lo, hi = read_bounds(bounds, n)
    return lo is not None and hi is not None and bool((lo == hi).all())


def _of_all(name: str, side: Any, n: int) -> Array:
    """One side of `scipy.optimize.Bounds`, which holds numbers or vectors."""
    values = as_real(f"bounds.{name}", side).astype(np.float64)
    if values.ndim > 1 or values.size not in (1, n):
        raise ValueError(
            "bounds: The number of bounds is not compatible with the length of `x0`: "
            f"{name} has shape {values.shape}, must be a number or ({n},)"
        )
    return np.array(np.broadcast_to(values, (n,)))


def _of_pairs(bounds: Any, n: int) -> tuple[Array, Array]:
    try:
        pairs = list(bounds)
    except TypeError:
        raise TypeError(
            f"bounds={bounds!r}: must be scipy.optimize.Bounds or {n} pairs (lo, hi)"
        ) from None
    if len(pairs) != n or any(np.size(pair) != 2 for pair in pairs):
        raise ValueError(f"bounds: must be {n} pairs (lo, hi), one for each variable")
    sides = [
        [no_bound if pair[side] is None else pair[side] for pair in pairs]
        for side, no_bound in ((0, -np.inf), (1, np.inf))
    ]
    lo, hi = (
        as_real(f"bounds: {name}", side) for name, side in zip(("lo", "hi"), sides, strict=True)
    )
    return lo.astype(np.float64), hi.astype(np.float64)
