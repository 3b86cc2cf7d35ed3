"""Some columns or rows of a source, chosen while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.streams.pieces import Piece
from hbcd.streams.sources import Source
from hbcd.tables.names import check_columns

__all__ = ["SomeRows", "WithoutColumns", "chances"]

ODD = np.uint64(0x9E3779B97F4A7C15)  # of the golden ratio
MANY = 1 << 20  # rows that are counted at a time


@dataclass(frozen=True, repr=False)
class WithoutColumns(Source):
    """A source without some of its columns."""

    source: Source
    names: tuple[str, ...]

    def __repr__(self) -> str:
        return repr(self.source)

    @property
    def typed(self) -> bool:  # type: ignore[override]
        """As of the source."""
        return self.source.typed

    @property
    def written(self) -> bool:  # type: ignore[override]
        """As of the source."""
        return self.source.written

    @property
    def rows_above(self) -> int:
        """As of the source."""
        return self.source.rows_above

    def part(self, rank: int, size: int) -> Source:
        """Of a part of the source."""
        return replace(self, source=self.source.part(rank, size))

    def pieces(self, rows: int) -> Iterator[Piece]:
        """Pieces without them."""
        for piece in self.source.pieces(rows):
            check_columns(piece.table, "drop", self.names)
            yield replace(piece, table=piece.table.drop(columns=list(self.names)))

    def as_text(self, names: frozenset[str]) -> Source:
        """With more columns as text."""
        return replace(self, source=self.source.as_text(names))


@dataclass(frozen=True, repr=False)
class SomeRows(Source):
    """The rows of a source that chance gives to one of two parts.

    Attributes
    ----------
    source : Source
    share : float
        Of the second part.
    seed : int
    second : bool
        Whether this is the second part.
    """

    source: Source
    share: float
    seed: int
    second: bool

    def __repr__(self) -> str:
        return f"a part of {self.source!r}"

    @property
    def typed(self) -> bool:  # type: ignore[override]
        """As of the source."""
        return self.source.typed

    @property
    def written(self) -> bool:  # type: ignore[override]
        """As of the source."""
        return self.source.written

    @property
    def rows_above(self) -> int:
        """How many of the rows above those of the source this part has."""
        above = self.source.rows_above
        starts = range(0, above, MANY)
        return sum(int(self._some(k, min(above - k, MANY)).sum()) for k in starts)

    def part(self, rank: int, size: int) -> Source:
        """What chance gives of a part of the source: the same rows as of the whole."""
        return replace(self, source=self.source.part(rank, size))

    def _some(self, first: int, rows: int) -> NDArray[np.bool_]:
        """Which of so many rows are of this part."""
        second = chances(first, rows, self.seed) < self.share
        return second if self.second else ~second

    def pieces(self, rows: int) -> Iterator[Piece]:
        """What is left of the pieces; none is empty."""
        begin = self.source.rows_above
        for piece in self.source.pieces(rows):
            index = np.flatnonzero(self._some(begin, len(piece)))
            begin += len(piece)
            if index.size == len(piece):
                yield piece
            elif index.size:
                target = None if piece.target is None else _rows(piece.target, index)
                numbers = index if piece.numbers is None else piece.numbers[index]
                table = _rows(piece.table, index)
                yield replace(piece, table=table, target=target, numbers=numbers)

    def as_text(self, names: frozenset[str]) -> Source:
        """With more columns as text."""
        return replace(self, source=self.source.as_text(names))


def _rows(table: Any, index: NDArray[np.intp]) -> Any:
    if isinstance(table, (pd.DataFrame, pd.Series)):
        return table.iloc[index].reset_index(drop=True)
    return table[index]


def chances(first: int, rows: int, seed: int) -> NDArray[np.float64]:
    """A number from 0 to 1 for every row, by seed and row number alone.

    The generator is SplitMix64, at the place of each row: G. L. Steele, D. Lea, C. H. Flood, "Fast
    splittable pseudorandom number generators" (2014).
    """
    with np.errstate(over="ignore"):
        at = np.arange(first + 1, first + rows + 1, dtype=np.uint64)
        start = np.uint64(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
        z = start + at * ODD
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))).astype(np.float64) * 2.0**-64
