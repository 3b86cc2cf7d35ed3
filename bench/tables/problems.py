"""What the methods of tables.py are measured on: training and test rows of named problems.

The twelve tables below `uci` in HBCD_DATA are a file of numbers each, the target last, and a mask
of ten columns: a 1 marks the test rows of that 90/10 split.  CCPP is split 90/10 by a seed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.tables.data_sets import HELD_BACK, TEN

__all__ = ["Parts", "Problem", "Refused", "class_tables", "data_home", "uci_tables"]

Array = NDArray[Any]
SMALL = 1000  # rows below which five splits are looked at instead of three
CCPP = "CCPP"


class Refused(Exception):
    """What was asked for cannot be run; the message says why in one line."""


@dataclass(frozen=True)
class Parts:
    """Rows to train on and to test on."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array


@dataclass(frozen=True)
class Problem:
    """A named table; `parts` gives the rows of split 0 to `splits` - 1."""

    name: str
    classes: bool
    splits: int
    parts: Callable[[int], Parts]


def splits_of(rows: int) -> int:
    return 5 if rows < SMALL else 3


def apart(table: Array, test: Array) -> Parts:
    """A table whose last column is the target, by a mask of the test rows."""
    x, y = table[:, :-1], table[:, -1]
    return Parts(x[~test], y[~test], x[test], y[test])


def uci_tables(home: Path | None) -> list[Problem]:
    """The tables below `home`/uci by name, then CCPP; those that are there."""
    if home is None:
        return []
    folders = sorted(file.parent for file in home.glob("uci/*/data.csv.gz"))
    found = [_masked(folder) for folder in folders]
    return found + [problem for problem in [_ccpp(home)] if problem is not None]


def data_home() -> Path | None:
    """The folder that HBCD_DATA names."""
    name = os.environ.get("HBCD_DATA")
    return Path(name).expanduser() if name else None


def _masked(folder: Path) -> Problem:
    table = np.loadtxt(folder / "data.csv.gz", delimiter=",", ndmin=2)
    mask = np.loadtxt(folder / "test_mask.csv.gz", delimiter=",", ndmin=2)
    if len(mask) != len(table) or not np.isin(mask, (0, 1)).all():
        raise Refused(
            f"{folder / 'test_mask.csv.gz'}: must hold 0 or 1 in each of the {len(table)} rows of "
            f"data.csv.gz, has {len(mask)} rows"
        )
    return Problem(
        folder.name, False, splits_of(len(table)), lambda k: apart(table, mask[:, k] == 1)
    )


def _ccpp(home: Path) -> Problem | None:
    import hbcd

    try:
        x, y = hbcd.fetch_ccpp(data_home=home, download_if_missing=False, return_X_y=True)
    except OSError:
        return None
    table = np.column_stack([x, y])

    def parts(split: int) -> Parts:
        test = np.zeros(len(table), bool)
        test[np.random.default_rng(split).permutation(len(table))[: len(table) // 10]] = True
        return apart(table, test)

    return Problem(CCPP, False, splits_of(len(table)), parts)


def class_tables(folds: int = 5, seed: int = 0) -> list[Problem]:
    """The ten tables of classes of data_sets.py, in stratified folds."""
    return [_folded(data, folds, seed) for data in (*TEN, *HELD_BACK) if data.classes]


def _folded(data: Any, folds: int, seed: int) -> Problem:
    def parts(split: int) -> Parts:
        from bench.tables.race import folds as folds_of

        x, y = data.make()
        train, test = folds_of(data, x, y, folds, seed)[split]
        return Parts(x[train], y[train], x[test], y[test])

    return Problem(data.name, True, folds, parts)
