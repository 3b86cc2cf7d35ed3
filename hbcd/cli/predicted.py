"""What `hbcd predict` writes for a row: predictions, probabilities, intervals, novelty."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from hbcd.cli.data import target_names
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.dataframes import told_by_label
from hbcd.estimators.intervals.interval_methods import as_level
from hbcd.tables.encoded import EncodedTable
from hbcd.tables.levels import level_text
from hbcd.utils.overflow import RowOverflow

__all__ = ["Lines", "Predicted", "names_of_targets"]

Lines = list[list[Any]]
ENDS = ("lower", "upper")


def names_of_targets(model: HybridEstimator) -> list[str]:
    """Names of the columns of predictions.

    Parameters
    ----------
    model : HybridEstimator
    """
    n = 1 if isinstance(model, HybridClassifier) else model.n_outputs_
    names = target_names(model)
    if len(names) == n:
        return names
    return ["prediction"] if n == 1 else [f"prediction_{k}" for k in range(1, n + 1)]


class Predicted:
    """The columns that the options ask for, piece by piece.

    Parameters
    ----------
    model : HybridEstimator
    args : argparse.Namespace
        `proba`, `interval` and `novelty` of the command.

    Attributes
    ----------
    names : list of str
    rows, beyond : int
        Rows so far, and those of them that leave the range of a column in training.
    """

    def __init__(self, model: Any, args: argparse.Namespace) -> None:
        classes = isinstance(model, HybridClassifier)
        if args.proba and not classes:
            raise ValueError("proba: must be left out, the model predicts numbers")
        if args.interval is not None and classes:
            raise ValueError("interval: must be left out, the model predicts classes")
        self.level = None if args.interval is None else as_level(args.interval, "interval")
        self.model: Any = model
        self.proba, self.novelty = args.proba, args.novelty
        self.names = names_of_targets(model)
        if args.proba:
            self.names += [f"probability_{level_text(one)}" for one in model.classes_.tolist()]
        if self.level is not None:
            self.names += [f"{n}_{end}" for n in names_of_targets(model) for end in ENDS]
        if args.novelty:
            self.names.append("novelty")
        self.rows = self.beyond = 0
        self._first = ""

    def lines(self, frame: Any) -> Lines:
        """A list for each row.

        Parameters
        ----------
        frame : DataFrame
        """
        model = self.model
        features = model.encode(frame)
        encoder = model.encoder_
        table: Any = features if encoder is None else EncodedTable(encoder, features)
        self._count(features)
        try:
            return self._lines(table, len(frame))
        except RowOverflow as error:
            raise told_by_label(error, frame) from None

    def _lines(self, table: Any, rows: int) -> Lines:
        model = self.model
        if self.proba:
            labels, shares = model.predict_with_proba(table)
            lines = [[one, *row] for one, row in zip(labels.tolist(), shares.tolist(), strict=True)]
        else:
            lines = np.asarray(model.predict(table)).reshape(rows, -1).tolist()
        more = []
        if self.level is not None:
            more.append(model.predict_interval(table, self.level).reshape(rows, -1))
        if self.novelty:
            more.append(model.novelty(table)[:, np.newaxis])
        if not more:
            return list(lines)
        return [[*a, *b] for a, b in zip(lines, np.hstack(more).tolist(), strict=True)]

    def _count(self, features: Any) -> None:
        """Counts rows that leave the training range, and remembers the first."""
        beyond = self.model.beyond_training(features)
        rows = beyond.any(axis=1)
        if not self._first and rows.any():
            column = int(beyond[int(rows.argmax())].argmax())
            names = getattr(self.model, "feature_names_in_", None)
            name = f"column {column + 1}" if names is None else repr(str(names[column]))
            low, high = self.model.feature_range_[:, column]
            self._first = (
                f"of row {self.rows + int(rows.argmax()) + 1} {name} ({low:g} to {high:g})"
            )
        self.rows += len(features)
        self.beyond += int(rows.sum())

    @property
    def warning(self) -> str:
        """What to tell of rows beyond the range of training, after the last piece; "" of none."""
        if not self.beyond:
            return ""
        return (
            f"{self.beyond} of {self.rows} rows leave the range of a column in training, first "
            f"{self._first}: predictions there are guesses"
        )
