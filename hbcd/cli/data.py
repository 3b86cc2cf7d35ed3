"""What a command learns from: a data set by name, or a table of the user's; and `hbcd data`."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.cli.tasks import Classification, Regression, Task
from hbcd.datasets import published as _published
from hbcd.datasets.download import find_data_home
from hbcd.datasets.loaders import Dataset, fetch_ccpp, fetch_siec, make_plant
from hbcd.tables.columns import check_columns, check_names
from hbcd.tables.encoder import read_table, split_target
from hbcd.tables.files import ENGINES
from hbcd.tables.labels import holds_classes, read_labels
from hbcd.training import registry as _names

__all__ = ["Table", "describe", "fetch", "load_table", "read_frame"]

PUBLISHED: dict[str, Callable[..., Dataset]] = {"ccpp": fetch_ccpp, "siec": fetch_siec}


@dataclass(frozen=True)
class Table:
    """What is known, what is to be predicted, and what is known about both.

    Attributes
    ----------
    name : str
        As the user gave it.
    short : str
        For the name of the model file.
    features : DataFrame, shape (rows, columns)
    y : ndarray of shape (rows,) or (rows, targets)
        Numbers, or labels of classes.
    task : Task
        Which of the two.
    targets : list of str
    unit : str
        Of the targets; empty where it is not known.
    best_r2 : float or None
        Highest R2 that any model can be expected to reach.
    """

    name: str
    short: str
    features: pd.DataFrame
    y: NDArray[Any]
    task: Task
    targets: list[str]
    unit: str
    best_r2: float | None


def load_table(
    name: str, target: str | None, drop: str | None, data_home: str | None, task: str = "auto"
) -> Table:
    """The table that the arguments of `hbcd fit` name.

    Raises
    ------
    ValueError, FileNotFoundError
        An unknown name, a file that cannot be read, a column that is not there, or a target that
        cannot be learned.
    OSError
        A published data set that cannot be had.
    """
    dataset = _dataset(name, data_home)
    frame = dataset.frame if dataset else read_table(name)
    if drop:
        dropped = _columns(drop, frame)
        check_columns(frame, "drop", dropped)
        frame = frame.drop(columns=dropped)
    target = target or (dataset.target_name if dataset else "")
    if not target:
        raise ValueError(f"--target: must name a column of {name}: {', '.join(frame.columns)}")
    wanted = _columns(target, frame)
    features, y, targets, found = _split_target(frame, wanted, task)
    usual = dataset is not None and targets == [dataset.target_name]
    return Table(
        name=name,
        short=name if dataset else _stem(name),
        features=features,
        y=y,
        task=found,
        targets=targets,
        unit=dataset.target_unit if usual and dataset else "",
        best_r2=dataset.best_r2 if usual and not drop and dataset else None,
    )


def _split_target(
    frame: pd.DataFrame, wanted: list[str], task: str
) -> tuple[pd.DataFrame, NDArray[Any], list[str], Task]:
    """Inputs, targets, their names, and what is to be done with them.

    A column of text, categories or truth values is of classes unless `task` says otherwise;
    several targets are numbers.
    """
    check_names(frame, "frame")
    check_columns(frame, "target", wanted)
    if task == "classification" and len(wanted) > 1:
        raise ValueError(f"target={','.join(wanted)}: must be one column for classification")
    one = len(wanted) == 1
    if task == "classification" or (task == "auto" and one and holds_classes(frame[wanted[0]])):
        features = frame.drop(columns=wanted)
        if features.columns.empty:
            raise ValueError(f"target={wanted[0]}: must leave a column to predict it from")
        labels = read_labels(frame[wanted[0]])
        return features, labels, wanted, Classification(np.unique(labels))
    features, y, targets = split_target(frame, wanted[0] if one else wanted)
    _refuse_constant(y, targets)
    return features, y, targets, Regression()


def read_frame(name: str, data_home: str | None) -> pd.DataFrame:
    """The whole table of a data set's name or of a file; raises as `load_table` does."""
    dataset = _dataset(name, data_home)
    return dataset.frame if dataset else read_table(name)


def _dataset(name: str, data_home: str | None) -> Dataset | None:
    """The data set of that name, None for a file."""
    if name == "plant":
        return make_plant(as_frame=True)
    if name in PUBLISHED:
        return PUBLISHED[name](data_home, as_frame=True)
    if Path(name).suffix or os.path.lexists(name):
        return None
    near = difflib.get_close_matches(name, ["plant", *PUBLISHED], n=1)
    raise ValueError(
        f"data={name!r}: must be one of plant, {', '.join(PUBLISHED)}, or a file that ends in one "
        f"of {', '.join(ENGINES)}" + (f"; did you mean {near[0]!r}?" if near else "")
    )


def _columns(text: str, frame: pd.DataFrame) -> list[str]:
    """Names separated by commas; a name that has a comma itself is taken as it is."""
    return [text] if text in frame.columns else [word.strip() for word in text.split(",")]


def _refuse_constant(y: NDArray[np.float64], targets: list[str]) -> None:
    for name, column in zip(targets, y.reshape(len(y), -1).T, strict=True):
        if len(column) > 1 and column.min() == column.max():
            raise ValueError(f"target={name}: is {column[0]:g} in every row: must vary")


def _stem(name: str) -> str:
    file = Path(name).name
    for suffix in ENGINES:
        if file.lower().endswith(suffix):
            file = file[: -len(suffix)]
    return file


def fetch(args: argparse.Namespace) -> int:
    """`hbcd data fetch`: has a published table on disk, checked."""
    home = find_data_home(args.data_home)
    dataset: Any = _names.choose("data", args.name, PUBLISHED)(args.data_home)
    rows, columns = dataset.data.shape
    print(
        f"{args.name}: {rows} rows, {columns} inputs, target {dataset.target_name} "
        f"({dataset.target_unit}), in {home}"
    )
    return 0


def describe(args: argparse.Namespace) -> int:
    """`hbcd data describe`: origin, columns, units, license; needs no file."""
    texts = {
        "plant": lambda: make_plant().DESCR,
        "ccpp": lambda: _published.CCPP_DESCR,
        "siec": lambda: _published.SIEC_DESCR,
    }
    print(_names.choose("data", args.name, texts)().strip())
    return 0
