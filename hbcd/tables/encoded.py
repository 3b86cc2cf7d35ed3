"""A table that is encoded already, for who uses its rows more than once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.columns import median
from hbcd.tables.encoder import TableEncoder

__all__ = ["EncodedTable"]


@dataclass(frozen=True, eq=False)
class EncodedTable:
    """Features and the encoder that made them; an estimator takes it in place of a DataFrame.

    Attributes
    ----------
    encoder : TableEncoder
    features : ndarray of float64, shape (rows, features)
    """

    encoder: TableEncoder
    features: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.features)

    @classmethod
    def of(cls, frame: pd.DataFrame, **options: Any) -> EncodedTable:
        """Learn from a table and encode it; options and errors of `TableEncoder.fit_encode`."""
        return cls(*TableEncoder.fit_encode(frame, **options))

    def rows(self, part: NDArray[np.intp]) -> EncodedTable:
        """Some rows, in the order of `part`."""
        return replace(self, features=self.features[part])

    def filled_from(self, part: NDArray[np.intp]) -> EncodedTable:
        """The same table with its gaps filled by the medians of some rows alone.

        Parameters
        ----------
        part : ndarray of int
            The rows to train on: what is learned from a table is learned from these.
        """
        fills = dict(self.encoder.fills)
        features = self.features.copy() if fills else self.features
        for name, place in self.encoder.places.items():
            if fills.get(name) is None:
                continue
            column, gap = features[:, place], features[:, place + 1] > 0
            known = column[part][~gap[part]]
            fills[name] = median(known)
            features[gap, place] = fills[name]
        return EncodedTable(replace(self.encoder, fills=fills), features)
