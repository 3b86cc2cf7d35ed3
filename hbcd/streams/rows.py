"""Rows: a table that is read again and again, whether or not it fits into memory."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from hbcd.networks.row_source import RowSource, Tables
from hbcd.streams.parts import column_choice
from hbcd.streams.pieces import Piece
from hbcd.streams.reading import read_numbers
from hbcd.streams.selected import SomeRows
from hbcd.streams.sources import Source, find_source
from hbcd.utils.memory_size import as_bytes
from hbcd.utils.public import public
from hbcd.utils.ranks import Ranks
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Rows"]

PIECE_NUMBERS = 1 << 20  # of a piece: 8 MB as float64
FEWEST, MOST = 1024, 1 << 16


@public
class Rows(RowSource):
    """Rows of a table that is larger than memory, or lies in many files.

    Parameters
    ----------
    source : path, pattern, list of paths, table, array, pair of them, or callable
        Files of parquet, Arrow IPC or text (csv, tsv), ``"plant/*.parquet"``, or a folder of them;
        anything with a length and slices: `numpy.memmap`, datasets of h5py and Zarr, or a pair
        (X, y) of such; a table in memory; or a function that opens a stream anew, of DataFrames
        (``lambda: pandas.read_csv(..., chunksize=10_000)``), of pairs (X, y), or an Arrow stream
        (anything with ``__arrow_c_stream__``).
    target : str, int, or sequence of them, optional
        The column or columns to predict, by name, or by number where columns have no names; none
        where the source is a pair.
    sample_weight : str, int or array_like of shape (rows,), optional
        The column of the weights, or the weights.
    memory : int or str, optional
        Bytes that the rows may take, such as "200M" or "2G"; None: half of what is free.  Rows that
        need more are kept in a file while a fit runs.  The result does not depend on it.
    folder : str, optional
        Where that file goes: a local disk with room for the numbers; None: TMPDIR, else /var/tmp.

    Raises
    ------
    TypeError
        A stream that can be read only once.
    ValueError, FileNotFoundError, NotADirectoryError
        Files of another kind, or none; no such folder.

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(2000, rng=0, return_X_y=True)
    >>> rows = hbcd.Rows((X, y), memory="100K")
    >>> model = hbcd.HybridRegressor((5,), strategy="fast", random_state=0).fit(rows)
    >>> model.predict(rows).shape
    (2000,)
    """

    def __init__(
        self,
        source: Any,
        target: Any = None,
        sample_weight: Any = None,
        memory: int | str | None = None,
        *,
        folder: str | None = None,
    ) -> None:
        self.source: Source = find_source(source)
        self.target = column_choice("target", target)
        named = np.ndim(sample_weight) == 0  # else the weights themselves
        weight = column_choice("sample_weight", sample_weight) if named else sample_weight
        if named and weight in self.target_names:
            raise ValueError(f"sample_weight={weight!r}: must not be a target, too")
        self.sample_weight = weight
        if folder is not None and not os.path.isdir(folder):
            raise NotADirectoryError(f"folder={folder!r}: must be a folder that is there")
        self.memory, self.folder = memory, folder
        self.memory_bytes = as_bytes("memory", memory)
        self.piece_rows: int | None = None
        self._total: int | None = None  # of rows, once all have been read
        self._some = False  # whether a first look has found any

    @property
    def target_names(self) -> list[Any]:
        """The columns to predict; none where targets come apart."""
        if self.target is None:
            return []
        return self.target if isinstance(self.target, list) else [self.target]

    def pieces(self, source: Source | None = None) -> Iterator[Piece]:
        """The rows in pieces, from the first on.

        Parameters
        ----------
        source : Source, optional
            To read in place of `source`.

        Returns
        -------
        iterator of Piece
        """
        own = self.source if source is None else source
        rows = self.piece_rows
        if rows is None:  # the first piece tells how wide the table is
            first = next(own.pieces(FEWEST), None)
            self._some = first is not None
            width = 1 if first is None else max(first.table.shape[1], 1)
            rows = self.piece_rows = max(min(PIECE_NUMBERS // width, MOST), FEWEST)
        return self._counted(own.pieces(rows))

    def _counted(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The pieces; ValueError where they have other rows than the last time."""
        total = 0
        for piece in pieces:
            total += len(piece)
            yield piece
        emptied = self._total is None and self._some and total == 0
        if emptied or self._total not in (None, total):
            before = "some" if emptied else self._total
            raise ValueError(
                f"source={self.source!r}: had {before} rows when it was read first, and now "
                f"{total}: must be the same every time"
            )
        self._total = total

    def split(self, share: float, seed: int = 0) -> tuple[Rows, Rows]:
        """Two parts of the rows, such as those to train and those to test on.

        A row goes to a part by its number and the seed alone.

        Parameters
        ----------
        share : float
            Of the second part, from 0 to 1.
        seed : int, default 0

        Returns
        -------
        first, second : Rows
        """
        check_number("share", share, low=0.0, high=1.0)
        check_integer("seed", seed, 0)
        first, second = (SomeRows(self.source, share, seed, second=k == 1) for k in (0, 1))
        return self._of(first), self._of(second)

    def part(self, rank: int, size: int) -> Rows:
        """The rows of one of several ranks, see `hbcd.distributed.Backend`.

        Parts follow each other in the order of the table and are about equal: of arrays and tables
        by their rows, of files by their bytes.  Files of parquet and Arrow IPC are cut between
        rows; a file of text, or a stream of Arrow in a file, goes to one rank as a whole, so that
        some ranks may have none.  A rank reads its part alone; `memory` is what it may take.

        Parameters
        ----------
        rank : int
            From 0 on.
        size : int
            How many ranks there are.

        Returns
        -------
        Rows

        Raises
        ------
        ValueError
            The source is a function: let it open the rows of its rank.  Weights that are an array.

        Examples
        --------
        >>> import hbcd
        >>> X, y = hbcd.make_plant(2000, rng=0, return_X_y=True)
        >>> rows = hbcd.Rows((X, y))
        >>> [sum(len(piece) for piece in rows.part(rank, 3).pieces()) for rank in range(3)]
        [666, 667, 667]
        """
        check_integer("size", size, 1)
        check_integer("rank", rank, 0)
        if rank >= size:
            raise ValueError(f"rank={rank}: must be below size={size}")
        return self._of(self.source.part(rank, size))

    def _of(self, source: Source) -> Rows:
        """The same of some of the rows."""
        if np.ndim(self.sample_weight) == 1:
            raise ValueError("sample_weight: must be a column of the source for rows to be divided")
        part = copy.copy(self)
        part.source, part._total, part._some = source, None, False
        return part

    @property
    def flat(self) -> bool:
        """Whether the target is one column, and not a list of one."""
        return self.target is None or isinstance(self.target, (str, int))

    def tables(self, ranks: Ranks | None = None) -> Tables:
        """Inputs, targets and weights of columns that all are numbers, for `Network.train`."""
        return read_numbers(self, ranks)

    def __array__(self, *arguments: Any, **named: Any) -> Any:
        """Raises: NumPy would take it for one thing that is no number."""
        raise TypeError(
            "X: must be a table in memory here, not hbcd.Rows, which fit, predict and score read"
        )

    def __repr__(self) -> str:
        return f"Rows({self.source!r}, target={self.target!r}, memory={self.memory!r})"
