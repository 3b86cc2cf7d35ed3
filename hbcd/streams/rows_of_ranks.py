"""Rows that several ranks have read, each its own: all of them on every rank, or a part on each."""

from __future__ import annotations

import copy
import platform
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.streams.parts import Readable
from hbcd.streams.storing import FEW, Stored
from hbcd.utils.ranks import Ranks
from hbcd.utils.row_store import RowStore
from hbcd.utils.shared_store import SharedStore

__all__ = ["beside", "shared"]

Array = NDArray[Any]
WHOLE = 1 << 25  # numbers of a table: up to there, where memory allows it, every rank has all rows


def beside(rows: Readable, ranks: Ranks) -> Readable:
    """The rows, whose memory is shared with the other ranks of the machine where none is given."""
    neighbors = ranks.gather(platform.node()).count(platform.node())
    if rows.memory is None:
        rows = copy.copy(rows)
        rows.memory_bytes //= neighbors
    return rows


def shared(ranks: Ranks, rows: Readable, own: Stored, *, short: bool) -> Stored:
    """The rows that all ranks have read, in their order: all of them here, or a part on each."""
    own_rows = 0 if own.store is None else own.store.rows
    facts = own_rows, own.widths, own.dtypes, own.types, rows.memory_bytes // 2
    met = ranks.gather(facts)
    counts, widths, dtypes, types, memory = zip(*met, strict=True)
    some = [rank for rank, count in enumerate(counts) if count]
    if not some:
        raise ValueError(f"source={rows.source!r}: must have at least one row")
    p, o = widths[some[0]]
    for rank in some:
        if widths[rank] != (p, o):
            raise ValueError(
                f"source: has {widths[rank][0]} inputs and {widths[rank][1]} targets on rank "
                f"{rank}, must have {p} and {o} as on rank {some[0]}"
            )
    known = types[some[0]]
    for other in (types[rank] for rank in some[1:]):
        for name in known.keys() & other.keys():
            known[name].join(other[name])
    kinds = tuple(np.result_type(*(dtypes[rank][k] for rank in some)) for k in (0, 1))
    dtype = np.dtype(np.float32 if short else np.float64)
    store = own.store
    if store is None:
        store = RowStore(p + o, dtype, rows.memory_bytes // 2, rows.folder)
        store.finish()
    n = sum(counts)
    numbers = n * (p + o)
    held = n <= FEW or (numbers <= WHOLE and numbers * dtype.itemsize <= min(memory))
    if held:
        everything = RowStore(p + o, dtype, numbers * dtype.itemsize, rows.folder)
        everything.append(np.concatenate(ranks.gather(store.read(0, store.rows))))
        everything.finish()
        store = everything
    else:
        store = SharedStore.of(store, ranks, rows.memory_bytes // 2)
    return Stored(
        store, (p, o), (kinds[0], kinds[1]), _weights_of_ranks(ranks, own, counts), known, held
    )


def _weights_of_ranks(ranks: Ranks, own: Stored, counts: tuple[int, ...]) -> Array | None:
    met = ranks.gather(own.weight)
    given = [rank for rank, count in enumerate(counts) if count and met[rank] is not None]
    if not given:
        return None
    for rank, count in enumerate(counts):
        if count and rank not in given:
            raise ValueError(
                f"sample_weight: is None on rank {rank}, must be given on all ranks or none"
            )
    return np.concatenate([met[rank] for rank in given])
