"""`monotonic_cst`: in which columns predictions are to rise or to fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.tables.encoder import TableEncoder

__all__ = ["feature_signs", "monotonic_signs"]

Signs = NDArray[np.int8]
NAME = "monotonic_cst"


def monotonic_signs(value: Any, names: Sequence[Any]) -> Signs | None:
    """1, -1 or 0 for every column, from an array or a mapping by name; None where all are 0.

    Parameters
    ----------
    value : None, array_like or mapping
    names : sequence
        Of the columns.

    Raises
    ------
    ValueError, TypeError
        It is none: another number, another length, a column that is not there.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        for name in value:
            if name not in names:
                there = ", ".join(str(one) for one in names[:10])
                raise ValueError(f"{NAME}: has {name!r}, must have columns of X: {there}")
        given = [value.get(name, 0) for name in names]
    elif isinstance(value, (str, bytes)) or np.ndim(value) != 1:
        raise ValueError(f"{NAME}={value!r}: must be an array of 1, -1 and 0, or a dict by column")
    else:
        given = list(value)
        if len(given) != len(names):
            raise ValueError(
                f"{NAME}: has {len(given)} numbers, must have {len(names)}, one for each column"
            )
    for name, sign in zip(names, given, strict=True):
        known = isinstance(sign, (int, float, np.integer, np.floating)) and sign in (-1, 0, 1)
        if not known or isinstance(sign, (bool, np.bool_)):
            raise ValueError(f"{NAME}: {name!r} has {sign!r}, must be 1, -1 or 0")
    signs = np.array([int(sign) for sign in given], np.int8)
    return signs if signs.any() else None


def feature_signs(signs: Signs, encoder: TableEncoder | None) -> Signs:
    """The same for every feature of the network.

    Raises
    ------
    ValueError
        A column that is not of numbers.
    """
    if encoder is None:
        return signs
    found, places = np.zeros(len(encoder.feature_names), np.int8), encoder.places
    for sign, (name, levels) in zip(signs, encoder.columns, strict=True):
        if not sign:
            continue
        if levels is not None or name in encoder.dates:
            kind = "dates" if levels is None else "levels"
            raise ValueError(f"{NAME}: {name!r} is a column of {kind}, must be one of numbers")
        found[places[name]] = sign
    return found
