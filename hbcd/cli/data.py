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
from hbcd.cli.text_options import text_format
from hbcd.datasets import published
from hbcd.datasets.download import find_data_home
from hbcd.datasets.loaders import Dataset, fetch_ccpp, fetch_siec, make_plant
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.tables.cells import told_by_file
from hbcd.tables.files import ENGINES, TableFile
from hbcd.tables.labels import holds_classes, read_labels
from hbcd.tables.names import check_columns, check_names
from hbcd.tables.targets import split_target
from hbcd.tables.text_format import TextFormat
from hbcd.training import registry

__all__ = [
    "Table",
    "describe",
    "fetch",
    "load_table",
    "open_table",
    "read_known",
    "read_notes",
    "target_names",
]

REMEMBERED = ("sep", "decimal", "encoding", "thousands")  # of how a table was read
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
    file : TableFile or None
        Where it is from; None for a data set.
    """

    name: str
    short: str
    features: pd.DataFrame
    y: NDArray[Any]
    task: Task
    targets: list[str]
    unit: str
    best_r2: float | None
    file: TableFile | None = None


def load_table(args: argparse.Namespace) -> Table:
    """The table that the arguments of `hbcd fit` name.

    Raises
    ------
    ValueError, FileNotFoundError
        An unknown name, a file that cannot be read, a column that is not there, or a target that
        cannot be learned.
    OSError
        A published data set that cannot be had.
    """
    name = args.data or "plant"
    dataset = _dataset(name, args.data_home)
    file = None if dataset else open_table(name, args)
    frame = dataset.frame if dataset else file.read()  # type: ignore[union-attr]
    if args.drop:
        dropped = _columns(args.drop, frame)
        check_columns(frame, "drop", dropped)
        frame = frame.drop(columns=dropped)
    target = args.target or (dataset.target_name if dataset else "")
    if not target:
        raise ValueError(f"--target: must name a column of {name}: {', '.join(frame.columns)}")
    wanted = _columns(target, frame)
    for column in _columns(args.text, frame) if args.text else []:
        check_columns(frame, "text", [column])
        frame[column] = frame[column].astype("category")
    with told_by_file(file):
        features, y, targets, found = _split_target(frame, wanted, args.task)
    usual = dataset is not None and targets == [dataset.target_name]
    return Table(
        name=name,
        short=name if dataset else _stem(name),
        features=features,
        y=y,
        task=found,
        targets=targets,
        unit=dataset.target_unit if usual and dataset else "",
        best_r2=dataset.best_r2 if usual and not args.drop and dataset else None,
        file=file,
    )


def open_table(
    name: str, args: argparse.Namespace, model: HybridEstimator | None = None
) -> TableFile:
    """The file of that name and how it is read: as the options say, or as the model remembers."""
    known: dict[str, Any] = {}
    texts = [word.strip() for word in (getattr(args, "text", None) or "").split(",")]
    if model is not None:
        known = getattr(model, "about_", {}).get("table") or {}
        encoder = model.encoder_
        if encoder is not None and encoder.named:
            texts += [column for column, levels in encoder.columns if levels is not None]
        if isinstance(model, HybridClassifier):
            texts += target_names(model)
    elif getattr(args, "text", None):
        texts.append(args.text)
    return TableFile.find(
        name,
        text_format(args),
        TextFormat(**{name: known.get(name) for name in REMEMBERED}),
        [*(args.na or ()), *known.get("na", ())],
        texts,
    )


def read_notes(file: TableFile | None) -> dict[str, Any] | None:
    """What a model remembers of how its table was read."""
    if file is None:
        return None
    text = file.text
    return {**{name: getattr(text, name) for name in REMEMBERED}, "na": list(file.na)}


def target_names(model: HybridEstimator) -> list[str]:
    """Names of the targets as far as a model knows them."""
    known = getattr(model, "about_", {}).get("target") or model.target_names_
    return [str(name) for name in known]


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


def read_known(
    name: str, args: argparse.Namespace, model: HybridEstimator
) -> tuple[pd.DataFrame, TableFile | None]:
    """The table of a data set or a file for a model, and the file; raises as `load_table` does."""
    dataset = _dataset(name, args.data_home)
    if dataset:
        return dataset.frame, None
    file = open_table(name, args, model)
    return file.read(), file


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
    dataset: Any = registry.choose("data", args.name, PUBLISHED)(args.data_home)
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
        "ccpp": lambda: published.CCPP_DESCR,
        "siec": lambda: published.SIEC_DESCR,
    }
    print(registry.choose("data", args.name, texts)().strip())
    return 0
