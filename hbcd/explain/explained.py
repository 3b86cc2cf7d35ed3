"""A model, the rows it is explained on, and what it says of many changed copies of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.explain.columns import Column, encoded_columns, plain_columns
from hbcd.explain.member_networks import MemberNetworks
from hbcd.streams.rows import Rows
from hbcd.tables.encoded import EncodedTable
from hbcd.tables.frames import as_frame
from hbcd.utils.validation import as_exact_weights, as_matrix, as_seed, check_integer

__all__ = ["Explained", "seed_of"]

Array = NDArray[Any]
BATCH_BYTES = 2**19  # of the features and outputs of one batch


class Explained:
    """A fitted model and rows of a table, encoded once.

    Parameters
    ----------
    model : fitted estimator
        One of hbcd's, or another with ``predict`` (and ``predict_proba`` for classes) on a table
        of numbers.
    X : array_like or DataFrame of shape (rows, columns)
    sample_weight : array_like of shape (rows,), optional
        A row of weight 0 is as if it were not there.
    max_rows : int or None
        Of more rows so many are drawn.
    seed : int
        Of the draw.

    Attributes
    ----------
    features : ndarray of float64, shape (n, features)
    weight : ndarray of float64, shape (n,), or None
        None: all rows count the same.
    rows : ndarray of int, shape (n,)
        The rows of X that they are.
    n_rows : int
        Of X.
    columns : list of Column
    outputs : list of str
        Names of the targets; of classes those that have a probability of their own: of two the
        second.
    """

    def __init__(
        self,
        model: Any,
        X: Any,
        *,
        sample_weight: ArrayLike | None = None,
        max_rows: Any = None,
        seed: int = 0,
    ) -> None:
        if isinstance(X, Rows):
            raise TypeError("X: must be a table in memory, not hbcd.Rows; some of the rows will do")
        if isinstance(model, HybridEstimator):  # rows that explanations make are meant to leave it
            model = copy(model)
            model.on_extrapolation = "ignore"
        self.model = model
        self._encoder: Any = None
        self._names: list[Any] | None = None
        features = self._read(X)
        self.n_rows = len(features)
        weight = as_exact_weights(sample_weight, len(features))
        rows = np.arange(len(features)) if weight is None else np.flatnonzero(weight)
        check_integer("max_rows", max_rows, 1, none=True)
        if max_rows is not None and rows.size > max_rows:
            chosen = np.random.default_rng([seed, 1]).choice(rows.size, max_rows, replace=False)
            rows = rows[np.sort(chosen)]
        self.rows = rows
        self.features = np.ascontiguousarray(features[rows])
        self.weight = None if weight is None else weight[rows]
        self.outputs = self._output_names()
        self._members: MemberNetworks | None = None

    def _read(self, X: Any) -> NDArray[np.float64]:
        """The features of a table, and what its columns are."""
        if isinstance(self.model, HybridEstimator):
            features = self.model.encode(X)
            self._encoder = self.model.encoder_
            if self._encoder is not None:
                self.columns = encoded_columns(self._encoder)
                return features
        else:
            table = as_frame(X)
            if isinstance(table, pd.DataFrame):
                self._names = list(table.columns)
            features = as_matrix("X", table).astype(np.float64)
        named, labels = as_frame(X), getattr(self.model, "column_labels_", None)
        if isinstance(named, pd.DataFrame) and (labels is None or self._names is not None):
            labels = list(named.columns)
        labels = range(features.shape[1]) if labels is None else labels
        shown = [label if isinstance(label, str) else f"x{label}" for label in labels]
        self.columns = plain_columns(shown)
        return features

    def _output_names(self) -> list[str]:
        if (classes := getattr(self.model, "classes_", None)) is not None:
            names = [str(label) for label in classes]
            return names[1:] if len(names) == 2 else names
        about = getattr(self.model, "about_", {})
        known = about.get("target") or getattr(self.model, "target_names_", None) or []
        n = self.evaluate(self.features[:1]).shape[1]
        if len(known) == n:
            return [str(name) for name in known]
        return ["target"] if n == 1 else [f"target {k + 1}" for k in range(n)]

    # ---- columns

    def column(self, feature: Any) -> Column:
        """The column of a name or a position."""
        names = [column.name for column in self.columns]
        if isinstance(feature, str) and feature in names:
            return self.columns[names.index(feature)]
        if isinstance(feature, (int, np.integer)) and not isinstance(feature, bool):
            place = check_integer("feature", feature, 0, high=len(names) - 1)
            assert place is not None
            return self.columns[place]
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise ValueError(f"feature={feature!r}: must be a position or one of {shown}")

    # ---- outputs

    def evaluate(self, features: Array) -> NDArray[np.float64]:
        """Predictions in the target's units, or probabilities, shape (rows, outputs)."""
        table: Any = features
        if self._encoder is not None:
            table = EncodedTable(self._encoder, features)
        elif self._names is not None:
            table = pd.DataFrame(features, columns=self._names)
        if hasattr(self.model, "classes_"):
            shares = np.asarray(self.model.predict_proba(table), np.float64)
            return shares[:, 1:] if shares.shape[1] == 2 else shares
        return np.asarray(self.model.predict(table), np.float64).reshape(len(features), -1)

    def members(self) -> MemberNetworks | None:
        """The networks that the model is made of; None where it is one network."""
        if self._members is None and isinstance(self.model, HybridEstimator):
            self._members = MemberNetworks.of(self.model, self.features, self.weight)
        return self._members

    def batches(self, copies: int) -> Iterator[tuple[range, slice, Array]]:
        """Copies of all rows, some at once, to be changed and evaluated.

        A batch stays in the cache of a core: batches of 1 MiB and more take 1.6 times as long.

        Yields
        ------
        which : range
            The numbers of the copies.
        part : slice
            Of the rows.
        block : ndarray of shape (copies, rows, features)
            To be written to, in every batch in the same columns: it is used again for the next one.
        """
        n = len(self.features)
        each, rows = max(1, min(copies, self.most // n)), min(n, self.most)
        block = self.features[np.newaxis, :0]
        for first in range(0, copies, each):
            which = range(first, min(first + each, copies))
            for begin in range(0, n, rows):
                part = slice(begin, min(begin + rows, n))
                if first == 0 or rows < n:
                    block = np.repeat(self.features[np.newaxis, part], len(which), axis=0)
                yield which, part, block[: len(which)]

    def evaluate_blocks(self, block: Array) -> NDArray[np.float64]:
        """`evaluate` of copies (copies, rows, features): (copies, rows, outputs)."""
        copies, n, p = block.shape
        return self.evaluate(block.reshape(copies * n, p)).reshape(copies, n, -1)

    def moved(
        self, evaluate: Callable[[Array], Array], rows: Array, to: Mapping[Column, Array]
    ) -> NDArray[np.float64]:
        """Outputs of rows with other values in some columns.

        Parameters
        ----------
        evaluate : callable
            Of features (rows, features): outputs (rows, outputs).
        rows : ndarray of int, shape (moves,)
        to : dict of Column to ndarray of shape (moves, slots)
        """
        block = self.features[rows]
        for column, features in to.items():
            block[:, column.slots] = features
        return self.outputs_at(evaluate, block)

    def outputs_at(
        self, evaluate: Callable[[Array], Array], features: Array
    ) -> NDArray[np.float64]:
        """Outputs of features (rows, features), a batch at a time."""
        if not len(features):
            return evaluate(self.features[:1])[:0]
        parts = [
            evaluate(features[at : at + self.most]) for at in range(0, len(features), self.most)
        ]
        return np.concatenate(parts)

    @property
    def most(self) -> int:
        """Rows of a batch."""
        width = int(self.features.shape[1]) + len(self.outputs)
        return max(1, BATCH_BYTES // (8 * width))


def seed_of(random_state: Any) -> int:
    """The seed of an explanation, fresh for None."""
    return as_seed("random_state", random_state)
