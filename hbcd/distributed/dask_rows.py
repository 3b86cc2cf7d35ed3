"""Rows of Dask collections as ranks take them: in order, each from where a lane begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dask.base import is_dask_collection
from numpy.typing import NDArray

from hbcd import core

__all__ = [
    "Counted",
    "Rows",
    "Table",
    "check_lengths",
    "cut_rows",
    "is_table",
    "pieces_of",
    "rows_between",
]

Rows = tuple[Any, ...]  # X, y and, where there are any, weights
NAMES = "X", "y", "sample_weight"


def is_table(value: Any) -> bool:
    """Whether a value is a dask array, dataframe or series.

    Parameters
    ----------
    value : object
    """
    if not is_dask_collection(value):
        return False
    kind = type(value)  # a Delayed has every attribute
    return hasattr(kind, "chunks") or (hasattr(kind, "_meta") and hasattr(value._meta, "iloc"))


@dataclass(frozen=True)
class Table:
    """Rows, targets and, where there are any, weights, still to be computed.

    Attributes
    ----------
    name : str
        In errors, such as "eval_set: ".
    columns : tuple of collections
        X, y and, where there are any, weights.

    Raises
    ------
    TypeError
        Something that is not a collection of Dask.
    """

    name: str
    columns: tuple[Any, ...]

    def __post_init__(self) -> None:
        for what, one in zip(NAMES, self.columns, strict=False):
            if not is_table(one):
                raise TypeError(
                    f"{self.name}{what}: is of type {type(one).__name__}, must be a dask array or "
                    "dataframe; HybridRegressor and HybridClassifier take tables in memory"
                )


@dataclass(frozen=True)
class Counted:
    """A collection on the cluster.

    Attributes
    ----------
    futures : list of Future
        Its pieces, in the order of the rows.
    starts : ndarray of shape (pieces + 1,)
        The row that each begins with, and the number of rows.
    empty : ndarray, DataFrame or Series
        One without rows.
    """

    futures: list[Any]
    starts: NDArray[np.int64]
    empty: Any

    @classmethod
    def of(cls, futures: list[Any], empty: Any, lengths: Iterator[int]) -> Counted:
        """A collection whose pieces have the next ones of these numbers of rows.

        Parameters
        ----------
        futures : list of Future
        empty : ndarray, DataFrame or Series
        lengths : iterator of int
        """
        counts = [next(lengths) for _ in futures]
        return cls(futures, np.cumsum([0, *counts], dtype=np.int64), empty)

    @property
    def rows(self) -> int:
        """Rows of all pieces."""
        return int(self.starts[-1])

    def part(self, first: int, last: int) -> tuple[list[Any], int, int, Any]:
        """What `rows_between` takes to give the rows first .. last - 1.

        Parameters
        ----------
        first, last : int
        """
        if first >= last:
            return [], 0, 0, self.empty
        low = int(np.searchsorted(self.starts, first, "right")) - 1
        high = int(np.searchsorted(self.starts, last, "left"))
        begin = int(self.starts[low])
        return self.futures[low:high], first - begin, last - begin, self.empty


def pieces_of(client: Any, table: Table) -> list[tuple[list[Any], Any]]:
    """For each column of a table its pieces by rows, on the cluster, and one without rows.

    Parameters
    ----------
    client : Client
    table : Table
    """
    given = [_delayed(one) for one in table.columns]
    futures = iter(client.compute([one for delayed, _ in given for one in delayed]))
    return [([next(futures) for _ in delayed], empty) for delayed, empty in given]


def _delayed(collection: Any) -> tuple[list[Any], Any]:
    if not hasattr(collection, "chunks"):
        return list(collection.to_delayed()), collection._meta.iloc[:0]
    if collection.ndim > 1:
        collection = collection.rechunk({axis: -1 for axis in range(1, collection.ndim)})
    empty = np.empty((0, *collection.shape[1:]), collection.dtype)
    return list(collection.to_delayed().ravel()), empty


def check_lengths(table: Table, columns: Sequence[Counted]) -> None:
    """ValueError where a table has no rows, or other numbers of targets or weights.

    Parameters
    ----------
    table : Table
    columns : sequence of Counted
    """
    rows = columns[0].rows
    if rows == 0:
        raise ValueError(f"{table.name}X: has no rows, must have at least one")
    for what, one in zip(NAMES, columns, strict=False):
        if one.rows != rows:
            raise ValueError(f"{table.name}{what}: has {one.rows} rows, must have {rows}")


def cut_rows(rows: int, size: int | None = None) -> NDArray[np.int64]:
    """First rows of so many ranks, by default of one for each lane, and the number of rows.

    Parameters
    ----------
    rows : int
    size : int, optional
    """
    starts: NDArray[np.int64] = core.lane_rows(rows)
    return starts if size is None else starts[np.arange(size + 1) * (len(starts) - 1) // size]


def rows_between(pieces: Sequence[Any], first: int, last: int, empty: Any) -> Any:
    """The rows first .. last - 1 of pieces put together; runs on a worker.

    Parameters
    ----------
    pieces : sequence of ndarray, DataFrame or Series
    first, last : int
    empty : ndarray, DataFrame or Series
        What there is of no rows.
    """
    if first >= last:
        return empty
    if isinstance(empty, np.ndarray):
        arrays = [one if np.ma.isMaskedArray(one) else np.asarray(one) for one in pieces]
        masked: Any = np.ma  # where masks are kept, which a fit refuses
        whole = masked if any(map(np.ma.isMaskedArray, arrays)) else np
        return whole.concatenate(arrays)[first:last]
    from dask.dataframe.dispatch import concat

    table = pieces[0] if len(pieces) == 1 else concat(list(pieces))
    return table.iloc[first:last]
