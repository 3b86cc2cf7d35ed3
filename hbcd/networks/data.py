"""Tables on their way into a training: checked, split by the seed, copied into the core."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.networks.checked_rows import CheckedRows, split_by_share
from hbcd.networks.shared_table import SharedTable, ranks_with, shared, whole
from hbcd.networks.stored_data import stored_data
from hbcd.networks.structure import NetworkStructure
from hbcd.utils.ranks import Ranks
from hbcd.utils.scaling import Scaled
from hbcd.utils.shared_store import lane_starts
from hbcd.utils.stored_table import StoredTable, own_blocks
from hbcd.utils.validation import as_exact_weights, as_matrix, as_weights, check_fits

__all__ = ["Held", "TrainingData", "as_data", "as_held", "as_table", "as_training_data", "plain"]

Array = NDArray[Any]
Held = tuple[ArrayLike | Scaled, ArrayLike | Scaled, ArrayLike | None]  # X, y, weight


@dataclass(frozen=True)
class TrainingData:
    """The rows of one training.

    Attributes
    ----------
    train : core.Data
        The rows to train on, in the core, with the penalty of the network.
    held_out : core.Data or None
        The rows held out, in the core, without a penalty.
    held : callable or None
        Gives the same rows (X, y, weight) as they were given, for metrics in the units of the
        table; rows drawn by the seed are copied then.
    """

    train: core.Data
    held_out: core.Data | None = None
    held: Callable[[], Held] | None = None


def as_table(name: str, values: Any, columns: int, rows: int | None, dtype: Any) -> Any:
    """A checked table, which fits into the precision `dtype` once it is standardized."""
    if isinstance(values, Scaled):
        largest = values.largest()
        if not math.isfinite(largest):
            raise ValueError(
                f"{name}: values less their mean, over their spread, are beyond float64: must be "
                "finite; divide the column by a constant, or leave out rows that are far out"
            )
        if not largest <= float(np.finfo(dtype).max):
            raise ValueError(
                f"{name}: standardized magnitude {largest:g}: must fit into {np.dtype(dtype)}"
            )
        return values
    if isinstance(values, SharedTable):
        if values.own.size:
            check_fits(name, values.own, dtype)
        return values
    if isinstance(values, StoredTable):
        return values
    table = as_matrix(name, values, columns=columns, rows=rows)
    check_fits(name, table, dtype)
    return table


def as_rows(
    network: NetworkStructure,
    X: ArrayLike | Scaled,
    y: ArrayLike | Scaled,
    sample_weight: ArrayLike | None,
    dtype: Any,
    of: str = "",
) -> CheckedRows:
    """Checked rows of a network; `of` names them in errors."""
    x = as_table(f"{of}X", X, network.n_inputs, None, dtype)
    targets = as_table(f"{of}y", y, network.n_outputs, x.shape[0], dtype)
    for _, block in own_blocks(plain(targets)[0]):
        network.loss._check_target(f"{of}y", block)
    return CheckedRows(x, targets, as_exact_weights(sample_weight, x.shape[0]))


def plain(table: Any) -> tuple[Any, Any]:
    """The table as it is, and the (mean, scale) to standardize it with on its way to the core."""
    if isinstance(table, StoredTable) and table.scaler is not None:
        return table, (table.scaler.shift, table.scaler.divisor)
    return (table.table, table.columns) if isinstance(table, Scaled) else (table, None)


def into_core(
    rows: CheckedRows,
    dtype: Any,
    n_threads: int,
    alpha: float = 0.0,
    index: NDArray[np.integer[Any]] | None = None,
    ranks: Ranks | None = None,
) -> core.Data:
    """Rows copied into the core: all, or those of `index`, in that order; by up to so many threads.

    The penalty alpha is divided by the number of rows whose weight is not 0.  Of several ranks, on
    which all rows are unless the table of inputs is shared, each copies the rows of its lanes.
    """
    (x, x_columns), (y, y_columns) = plain(rows.x), plain(rows.y)
    n = len(rows) if index is None else index.size
    weight = rows.weight if rows.weight is None or index is None else rows.weight[index]
    weight = as_weights(weight, n)
    penalty = alpha / (n if weight is None else np.count_nonzero(weight))
    if isinstance(x, StoredTable):
        return stored_data(dtype, x, y, weight, x_columns, y_columns, penalty, index, n_threads)
    table = shared(rows.x)
    ranks = table.ranks if table is not None else ranks
    if ranks is None:
        return core.Data(dtype, x, y, weight, x_columns, y_columns, penalty, index, n_threads)
    first = lane_starts(n, ranks.size)
    own = slice(first[ranks.rank], first[ranks.rank + 1])
    numbers = np.arange(own.start, own.stop) if index is None else index[own]
    if table is not None and table.first is not None:
        x = (table if index is None else table[index]).from_rows(first).own
    else:
        x = (x if table is None else table.own)[numbers]
    mine = None if weight is None else weight[own]
    y = y[numbers]
    return core.Data(
        dtype, x, y, mine, x_columns, y_columns, penalty, None, n_threads, ranks, first
    )


def as_data(
    network: NetworkStructure,
    X: ArrayLike | Scaled,
    y: ArrayLike | Scaled,
    sample_weight: ArrayLike | None,
    dtype: Any,
    n_threads: int,
    *,
    of: str = "",
    alpha: float = 0.0,
    ranks: Ranks | None = None,
) -> core.Data:
    """Rows of a network in the core; `of` names them in errors, alpha is the penalty on them."""
    rows = as_rows(network, X, y, sample_weight, dtype, of)
    return into_core(rows, dtype, n_threads, alpha, ranks=ranks)


def as_training_data(
    network: NetworkStructure,
    X: ArrayLike | Scaled,
    y: ArrayLike | Scaled,
    sample_weight: ArrayLike | None,
    eval_set: Any,
    hold_out: float,
    seed: int,
    dtype: Any,
    n_threads: int,
) -> TrainingData:
    """Rows to train on and rows held out: those of `eval_set`, else a share drawn by the seed."""
    rows = as_rows(network, X, y, sample_weight, dtype)
    if eval_set is not None:
        held = as_held(eval_set)
        ranks = ranks_with(X)
        held_out = as_data(network, *held, dtype, n_threads, of="eval_set: ", ranks=ranks)
        return TrainingData(
            into_core(rows, dtype, n_threads, network.alpha), held_out, lambda: held
        )
    parts = split_by_share(rows.weight, len(rows), hold_out, seed)
    if parts is None:
        return TrainingData(into_core(rows, dtype, n_threads, network.alpha))
    train, apart = parts
    return TrainingData(
        into_core(rows, dtype, n_threads, network.alpha, train),
        into_core(rows, dtype, n_threads, index=apart),
        lambda: _held(rows.take(apart)),
    )


def _held(rows: CheckedRows) -> Held:
    """Held-out rows, all of them on every rank."""
    return whole(rows.x), rows.y, rows.weight


def as_held(eval_set: Any) -> Held:
    """Held-out rows, their targets and, where they come with any, their weights."""
    try:
        x, y, *rest = eval_set
        (weight,) = rest or [None]
    except (TypeError, ValueError):
        raise ValueError("eval_set: must be a pair (X, y), or (X, y, sample_weight)") from None
    return x, y, weight
