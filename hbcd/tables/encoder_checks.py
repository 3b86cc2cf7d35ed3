"""Checks of an encoder's description, which comes from a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hbcd.tables.dates import ORDERS

__all__ = ["checked_description"]


def checked_description(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `TableEncoder` from what its `to_dict` gave; ValueError where it is not that.

    Parameters
    ----------
    data : dict
        Files of builds before 0.1.0 know no dates, the first ones no fills either.

    Returns
    -------
    dict
    """
    try:
        columns = tuple((entry["name"], entry["levels"]) for entry in data["columns"])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"encoder={data!r:.200}: must be what to_dict gave") from error
    names = [name for name, _ in columns]
    if not _are_texts(names) or len(set(names)) < len(names):
        raise ValueError(f"encoder={data!r:.200}: must name each column once")
    for name, levels in columns:
        if levels is None:
            continue
        if not isinstance(levels, list) or not levels or not _are_texts(levels):
            raise ValueError(f"levels={levels!r:.200}: must be a list of texts ({name})")
        if levels != sorted(set(levels)):
            raise ValueError(f"levels={levels!r:.200}: must be sorted, each once ({name})")
    dates = _checked_dates(data.get("dates", {}), dict(columns))
    fills, named = data.get("fills", {}), data.get("named", True)
    _check_fills(fills, dict(columns), dates)
    if not isinstance(named, bool):
        raise ValueError(f"named={named!r:.200}: must be true or false")
    kept = tuple((name, None if ls is None else tuple(ls)) for name, ls in columns)
    return {"columns": kept, "fills": dict(fills), "named": named, "dates": dates}


def _checked_dates(dates: Any, columns: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Columns of dates, each with an order and a time."""
    if not isinstance(dates, dict):
        raise ValueError(f"dates={dates!r:.200}: must be an object")
    for name, known in dates.items():
        if columns.get(name, "") is not None:
            raise ValueError(f"dates={name!r:.200}: must be a column without levels")
        if not isinstance(known, list) or len(known) != 2 or known[0] not in ORDERS:
            raise ValueError(f"dates={known!r:.200}: must be an order and a time ({name})")
        try:
            wrong = np.isnat(np.datetime64(known[1], "us"))
        except (TypeError, ValueError):
            wrong = True
        if wrong:
            raise ValueError(f"dates={known!r:.200}: must have a time ({name})")
    return {name: (known[0], known[1]) for name, known in dates.items()}


def _check_fills(fills: Any, columns: Mapping[str, Any], dates: Mapping[str, Any]) -> None:
    """ValueError unless each fill is a finite number for numbers, and None for levels and dates."""
    if not isinstance(fills, dict):
        raise ValueError(f"fills={fills!r:.200}: must be an object")
    for name, fill in fills.items():
        if name not in columns:
            raise ValueError(f"fills={name!r:.200}: must be a column")
        number = isinstance(fill, float) and math.isfinite(fill)
        other = columns[name] is not None or name in dates
        if fill is not None if other else not number:
            raise ValueError(f"fills={name!r:.200}: must be a number for numbers, null for others")


def _are_texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
