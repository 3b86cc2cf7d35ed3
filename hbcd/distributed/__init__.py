"""Fits on several machines: every rank calls the same fit with its own rows.

What the extras bring, mpi4py and Dask, is imported when a name that needs it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hbcd.distributed.backend import Backend as Backend
    from hbcd.distributed.dask_estimators import DaskHybridClassifier as DaskHybridClassifier
    from hbcd.distributed.dask_estimators import DaskHybridRegressor as DaskHybridRegressor
    from hbcd.distributed.lost import RankLost as RankLost
    from hbcd.distributed.mpi import MPIBackend as MPIBackend

__all__ = ["Backend", "DaskHybridClassifier", "DaskHybridRegressor", "MPIBackend", "RankLost"]

_HOME = {
    "Backend": "hbcd.distributed.backend",
    "DaskHybridClassifier": "hbcd.distributed.dask_estimators",
    "DaskHybridRegressor": "hbcd.distributed.dask_estimators",
    "MPIBackend": "hbcd.distributed.mpi",
    "RankLost": "hbcd.distributed.lost",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hbcd.distributed' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
