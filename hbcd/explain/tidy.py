"""Results as tables of one line for each point and output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["effect_frame"]

Array = NDArray[Any]


def effect_frame(
    features: Sequence[str],
    grid: Sequence[Array],
    outputs: Sequence[str],
    values: Mapping[str, Array],
    spread: Array | None,
) -> pd.DataFrame:
    """Effects over a grid; a column of the table that is called like one of these gets a _2.

    Parameters
    ----------
    features : sequence of str
    grid : sequence of ndarray
        The values of each feature.
    outputs : sequence of str
    values : dict of ndarray of shape (..., outputs)
    spread : ndarray of the same shape, or None
    """
    shape = (*(len(one) for one in grid), len(outputs))
    at = np.indices(shape).reshape(len(shape), -1)
    made: dict[str, Any] = {"output": np.array(outputs, dtype=object)[at[-1]]}
    made |= {name: value.reshape(-1) for name, value in values.items()}
    if spread is not None:
        made["spread"] = spread.reshape(-1)
    first: dict[str, Any] = {}
    for name, one, place in zip(features, grid, at, strict=False):
        first[f"{name}_2" if name in made or name in first else name] = one[place]
    return pd.DataFrame(first | made)
