"""What the loaders of data sets give: a table to learn from, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table to learn from, and what is known about it.

    Attributes
    ----------
    data : ndarray of float64 or DataFrame, shape (rows, features)
        The inputs.
    target : ndarray of float64 or Series, shape (rows,)
        What is to be predicted, in `target_unit`.
    feature_names : tuple of str
        Names of the inputs.
    target_name, target_unit : str
        Name and unit of the target.
    frame : DataFrame or None
        Inputs and target in one, where asked for with ``as_frame=True``.
    DESCR : str
        What the table is, in prose.
    license, citation : str
        The terms of use, and what to cite.
    best_r2 : float or None
        Highest R2 that any model can be expected to reach; None where nobody knows.
    """

    data: Any
    target: Any
    feature_names: tuple[str, ...]
    target_name: str
    target_unit: str
    frame: Any
    DESCR: str
    license: str
    citation: str
    best_r2: float | None = None

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def keys(self) -> list[str]:
        """Names of the attributes; with ``dataset[name]`` this makes ``dict(dataset)`` work."""
        return [field.name for field in fields(self)]


def dataset_from(frame: pd.DataFrame, as_frame: bool, **about: Any) -> Dataset:
    """Make a `Dataset` of a table of float64 whose last column is the target."""
    inputs, target = frame.iloc[:, :-1], frame.iloc[:, -1]
    return Dataset(
        data=inputs if as_frame else np.ascontiguousarray(inputs.to_numpy(np.float64)),
        target=target if as_frame else np.ascontiguousarray(target.to_numpy(np.float64)),
        feature_names=tuple(inputs.columns),
        target_name=str(target.name),
        frame=frame if as_frame else None,
        **about,
    )
