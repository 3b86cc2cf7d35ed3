"""Checks that several optimizers share."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbcd.utils.validation import check_integer, check_number

__all__ = ["check_box", "check_flag", "check_line_search"]


def check_flag(name: str, value: Any) -> None:
    """TypeError where an option is neither True nor False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={value!r}: must be True or False")


def check_line_search(armijo: Any, wolfe: Any, max_line_search: Any) -> None:
    """ValueError where the conditions of a line search contradict each other."""
    check_number("armijo", armijo, low=0.0, high=1.0, open_low=True, open_high=True)
    check_number("wolfe", wolfe, low=armijo, high=1.0, open_low=True, open_high=True)
    check_integer("max_line_search", max_line_search, 1)


def check_box(n: int, lo: Any, hi: Any) -> None:
    """ValueError where a random search has nowhere to draw from."""
    lo = np.full(n, -np.inf) if lo is None else lo
    hi = np.full(n, np.inf) if hi is None else hi
    with np.errstate(over="ignore"):
        endless = ~np.isfinite(hi - lo)
    if endless.any():
        at = int(np.argmax(endless))
        raise ValueError(
            f"bounds: lo={lo[at]:g}, hi={hi[at]:g} at variable {at}: ICRS needs finite bounds on "
            "every variable, whose distance is finite too"
        )
