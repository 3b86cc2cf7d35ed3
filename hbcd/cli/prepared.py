"""The table of `hbcd fit` as numbers, made once: encoded, and split to train and to test on."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.cli.baselines import split_rows
from hbcd.cli.data import Table
from hbcd.cli.tasks import Classification
from hbcd.tables.cells import told_by_file
from hbcd.tables.encoded import EncodedTable
from hbcd.tables.encoder import TableEncoder

__all__ = ["Prepared", "prepare"]

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table as a network takes it.

    Attributes
    ----------
    table : Table
    rows : EncodedTable
        All rows, in the order of the file; what fills a gap is learned from the rows to train on.
    parts : pair of ndarray of int
        The rows to train on, and those to test on.
    """

    table: Table
    rows: EncodedTable
    parts: tuple[Rows, Rows]


def prepare(table: Table, args: argparse.Namespace) -> Prepared:
    """Encodes a table and parts it; ValueError naming the first cell that cannot be taken."""
    with told_by_file(table.file):
        rows = EncodedTable.of(table.features, missing=args.missing, dates=args.dates)
    parts = _split(table, rows.encoder, args)
    return Prepared(table, rows.filled_from(parts[0]), parts)


def _split(table: Table, encoder: TableEncoder, args: argparse.Namespace) -> tuple[Rows, Rows]:
    """`split_rows`, but the first row of a level that no training row has goes to training.

    Otherwise the model could say nothing about the rows of that level; nor about rows with a gap
    in a column without gaps in training, so a gap counts as a level; nor about a class.
    """
    features = table.features
    train, test = split_rows(len(features), args.test_size, args.seed)
    columns = [
        features[name] if levels is not None else features[name].isna()
        for name, levels in encoder.columns
        if levels is not None or name in encoder.fills
    ]
    if isinstance(table.task, Classification):
        columns.append(pd.Series(table.y, name=table.targets[0]))
    for column in columns:
        codes = pd.factorize(column)[0]
        unseen = ~np.isin(codes[test], codes[train])
        first = np.unique(codes[test][unseen], return_index=True)[1]
        moved = np.flatnonzero(unseen)[first]
        train, test = np.append(train, test[moved]), np.delete(test, moved)
        if not len(test):
            raise ValueError(
                f"rows={len(features)}: too few to hold one out for every level of text; "
                f"{column.name} has {len(np.unique(codes))}"
            )
    return train, test
