"""Arrays, lists and frames of all ranks, put together in the order of the ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbcd.utils.ranks import Ranks

__all__ = ["gathered", "joined"]


def gathered(name: str, ranks: Ranks, own: Any) -> Any:
    """What all ranks have, one after another; None where every rank has None.

    Parameters
    ----------
    name : str
        For errors.
    ranks : Ranks
    own : ndarray, list, DataFrame, Series or None

    Raises
    ------
    ValueError
        Some ranks have None, others do not; numbers of columns differ.
    """
    return joined(name, ranks.gather(own))


def joined(name: str, parts: list[Any]) -> Any:
    """The parts of all ranks as one; parts without rows count only where all are."""
    missing = [rank for rank, part in enumerate(parts) if part is None]
    if missing:
        if len(missing) == len(parts):
            return None
        raise ValueError(
            f"{name}: is None on rank {missing[0]}, must be given on all ranks or none"
        )
    some = [part for part in parts if len(part)] or parts[:1]
    if any(hasattr(part, "iloc") for part in some):
        return _frames(name, some)
    if all(isinstance(part, (list, tuple)) for part in some):
        return [value for part in some for value in part]
    arrays = [np.asarray(part) for part in some]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1:
        raise ValueError(f"{name}: has rows of shapes {sorted(shapes)}, must be alike on all ranks")
    return np.concatenate(arrays)


def _frames(name: str, parts: list[Any]) -> Any:
    """Frames or series one after another; levels of categories are those of all."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    kinds = {type(part).__name__ for part in parts}
    if len(kinds) > 1:
        raise ValueError(f"{name}: is {' and '.join(sorted(kinds))}, must be one on all ranks")
    if isinstance(parts[0], pd.Series):
        if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            return pd.Series(union_categoricals(parts), name=parts[0].name)
        return pd.concat(parts, ignore_index=True)
    columns = parts[0].columns.tolist()
    for part in parts:
        if part.columns.tolist() != columns:
            raise ValueError(
                f"{name}: has the columns {part.columns.tolist()} on one rank, {columns} on another"
            )
    found = pd.concat(parts, ignore_index=True)
    for k, column in enumerate(columns):
        if columns.count(column) == 1 and isinstance(parts[0].dtypes.iloc[k], pd.CategoricalDtype):
            found[column] = _frames(name, [part[column] for part in parts])
    return found
