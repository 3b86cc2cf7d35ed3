"""Rows of several ranks on their way into `Network.train`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hbcd import core
from hbcd.networks.data import as_held
from hbcd.networks.row_source import RowSource, read_tables
from hbcd.networks.shared_table import SharedTable, on_ranks
from hbcd.utils.gathered import gathered
from hbcd.utils.ranks import Ranks, check_alike
from hbcd.utils.scaling import Scaled
from hbcd.utils.validation import as_matrix
from hbcd.utils.version import __version__

__all__ = ["check_build", "rows_of_ranks"]


def check_build(ranks: Ranks) -> None:
    """ValueError, on every rank, where one runs another version or instruction set.

    Bits would differ.  ``HBCD_SIMD`` in the environment chooses the instruction set.

    Parameters
    ----------
    ranks : Ranks
    """
    facts = {"version of hbcd": __version__, "instruction set": core.config()["simd"]}
    check_alike(ranks, facts)


def rows_of_ranks(
    ranks: Ranks, X: Any, y: Any, sample_weight: ArrayLike | None, eval_set: Any
) -> tuple[Any, Any, Any, Any]:
    """Inputs as a shared table; targets, weights and held-out rows of all ranks.

    Parameters
    ----------
    ranks : Ranks
    X, y, sample_weight, eval_set
        Of this rank, see `Network.train`.
    """
    check_build(ranks)
    for name, value in (("X", X), ("eval_set", eval_set)):
        known = "an hbcd.Rows" if isinstance(value, RowSource) else "a table in memory"
        check_alike(ranks, {name: known})
    if isinstance(eval_set, RowSource):
        held: Any = eval_set.tables(ranks)
    else:
        held = _held(ranks, eval_set)
    if isinstance(X, RowSource):
        x, *others = read_tables(X, y, sample_weight, ranks)
        return on_ranks(x, ranks), *others, held
    inputs, scaler = (X.table, X.scaler) if isinstance(X, Scaled) else (X, None)
    inputs = np.asarray(inputs)
    if inputs.shape[0]:
        inputs = as_matrix("X", inputs)
    check_alike(ranks, {"number of features": inputs.shape[1]})
    same = inputs.dtype.name if inputs.shape[0] else None
    kinds = [kind for kind in ranks.gather(same) if kind is not None]
    if len(set(kinds)) > 1:
        raise ValueError(f"dtype of X: is {' and '.join(sorted(set(kinds)))}, must be one")
    if kinds:
        inputs = inputs.astype(kinds[0], copy=False)
    table = SharedTable.of(inputs, ranks)
    targets = y.table if isinstance(y, Scaled) else y
    targets = gathered("y", ranks, np.asarray(targets))
    weight = None if sample_weight is None else np.asarray(sample_weight)
    weight = gathered("sample_weight", ranks, weight)
    return (
        table if scaler is None else Scaled(table, scaler, _ends(ranks, X)),
        replace(y, table=targets, ends=None) if isinstance(y, Scaled) else targets,
        weight,
        held,
    )


def _held(ranks: Ranks, eval_set: Any) -> Any:
    """The held-out rows of all ranks."""
    held = None if eval_set is None else as_held(eval_set)
    if len({one is None for one in ranks.gather(held and True)}) > 1:
        raise ValueError("eval_set: must be given on all ranks or none")
    if held is not None:
        held = tuple(
            _gathered(f"eval_set: {n}", ranks, v) for n, v in zip("Xyw", held, strict=True)
        )
    return held


def _gathered(name: str, ranks: Ranks, value: Any) -> Any:
    if isinstance(value, Scaled):
        return replace(value, table=gathered(name, ranks, value.table), ends=None)
    return gathered(name, ranks, None if value is None else np.asarray(value))


def _ends(ranks: Ranks, table: Scaled) -> Any:
    """The ends of all columns, (2, columns)."""
    own = None
    if table.shape[0]:
        own = np.array([table.table.min(axis=0), table.table.max(axis=0)])
    found = [ends for ends in ranks.gather(own) if ends is not None]
    return np.array([np.min([e[0] for e in found], axis=0), np.max([e[1] for e in found], axis=0)])
