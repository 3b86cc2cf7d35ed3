"""`hbcd fit --mpi`: every rank trains on its share of the rows, of many files it reads no more."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.distributed.mpi import MPIBackend

__all__ = ["begin_ranks", "rows_of_rank"]


def begin_ranks(args: argparse.Namespace, timeout: float = 300.0) -> MPIBackend | None:
    """The ranks of a fit with ``--mpi``; rank 0 alone says anything.

    timeout : float
        Seconds that a rank waits for another one.
    """
    if not args.mpi:
        return None
    for name in ("tune", "search", "grid", "cv"):
        if getattr(args, name):
            raise ValueError(f"mpi: must be given without --{name}, whose fits are on one machine")
    backend = MPIBackend(timeout=timeout)
    if backend.rank:
        args.quiet = True
        args.notes.silent = True
    return backend


def rows_of_rank(backend: MPIBackend | None, model: Any, rows: NDArray[np.intp]) -> Any:
    """The rows that this rank trains on; the model gets the ranks."""
    if backend is None:
        return rows
    model.set_params(backend=backend)
    return np.array_split(rows, backend.size)[backend.rank]
