"""Tables on their way into a training: checked, copied into the core, split by the seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.networks.structure import NetworkStructure
from hbcd.utils.scaling import Scaled
from hbcd.utils.validation import as_matrix, as_weights, check_fits

__all__ = ["Held", "as_data", "as_held", "as_table", "split_data"]

Array = NDArray[Any]
Held = tuple[ArrayLike | Scaled, ArrayLike | Scaled, ArrayLike | None]  # X, y, weight


def as_table(
    name: str, values: ArrayLike | Scaled, columns: int, rows: int | None, dtype: Any
) -> tuple[Array, Any]:
    """A checked table, and the (mean, scale) to standardize it with on its way to the core."""
    if isinstance(values, Scaled):
        largest = values.largest()
        if not largest <= float(np.finfo(dtype).max):
            raise ValueError(
                f"{name}: standardized magnitude {largest:g}: must fit into {np.dtype(dtype)}"
            )
        return values.table, values.columns
    table = as_matrix(name, values, columns=columns, rows=rows)
    check_fits(name, table, dtype)
    return table, None


def as_data(
    network: NetworkStructure,
    X: ArrayLike | Scaled,
    y: ArrayLike | Scaled,
    sample_weight: ArrayLike | None,
    dtype: Any,
    *,
    of: str = "",
    alpha: float = 0.0,
) -> core.Data:
    """Rows of a network in the core; `of` names them in errors, alpha is the penalty on them."""
    x, x_columns = as_table(f"{of}X", X, network.n_inputs, None, dtype)
    targets, y_columns = as_table(f"{of}y", y, network.n_outputs, x.shape[0], dtype)
    network.loss._check_target(f"{of}y", targets)
    weight = as_weights(sample_weight, x.shape[0])
    penalty = 0.0
    if alpha:
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            total = x.shape[0] if weight is None else np.sum(np.asarray(sample_weight, float))
            penalty = float(alpha / total)
    return core.Data(dtype, x, targets, weight, x_columns, y_columns, penalty)


def as_held(eval_set: Any) -> Held:
    """Held-out rows, their targets and, where they come with any, their weights."""
    try:
        x, y, *rest = eval_set
        (weight,) = rest or [None]
    except (TypeError, ValueError):
        raise ValueError("eval_set: must be a pair (X, y), or (X, y, sample_weight)") from None
    return x, y, weight


def split_data(
    network: NetworkStructure,
    X: ArrayLike | Scaled,
    y: ArrayLike | Scaled,
    sample_weight: ArrayLike | None,
    share: float,
    seed: int,
    dtype: Any,
) -> tuple[core.Data, core.Data, Held]:
    """Rows to train on, and a share of the rows held out, drawn by the seed.

    The held-out ones carry no penalty; they come in the core and as they were.
    """
    n = np.shape(X.table if isinstance(X, Scaled) else X)[0]
    order = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0]).permutation(n)
    held = round(share * n)
    as_weights(sample_weight, n)  # checks them; the penalty depends on their unit
    weight = None if sample_weight is None else np.asarray(sample_weight)

    def rows(table: ArrayLike | Scaled, index: Array) -> ArrayLike | Scaled:
        if isinstance(table, Scaled):
            return Scaled(table.table[index], table.scaler)
        return np.asarray(table)[index]

    def part(index: Array) -> Held:
        chosen = None if weight is None or not weight[index].any() else weight[index]
        return rows(X, index), rows(y, index), chosen

    kept, apart = part(np.sort(order[held:])), part(np.sort(order[:held]))
    data = as_data(network, *kept, dtype, alpha=network.alpha)
    return data, as_data(network, *apart, dtype), apart
