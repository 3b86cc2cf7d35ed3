"""What a training may be given in place of tables: rows that are read from somewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from hbcd.utils.ranks import Ranks

__all__ = ["RowSource", "Tables", "read_tables"]

Tables = tuple[Any, Any, Any]  # inputs and targets, arrays or stored; weights, an array or None


class RowSource(ABC):
    """Rows that are read, such as `hbcd.Rows`."""

    @abstractmethod
    def tables(self, ranks: Ranks | None = None) -> Tables:
        """All rows whose columns are numbers: inputs, targets and weights.

        Parameters
        ----------
        ranks : Ranks, optional
            Those whose rows these are, one after another.

        Returns
        -------
        x, y : ndarray or StoredTable, (rows, inputs) and (rows, outputs)
        weight : ndarray of shape (rows,) or None
        """


def read_tables(X: Any, y: Any, weight: Any, ranks: Ranks | None = None) -> Tables:
    """Inputs, targets and weights, read where they are from a `RowSource`."""
    if not isinstance(X, RowSource):
        return X, y, weight
    if y is not None or weight is not None:
        raise ValueError(
            "y, sample_weight: must be None where X is an hbcd.Rows, which has its own"
        )
    return X.tables(ranks)
