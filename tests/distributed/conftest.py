"""Ranks that hold nothing in common; workers that can import what tests send, and start quickly."""

import multiprocessing
import sys
from pathlib import Path

import pytest

from hbcd.networks import stored_data
from hbcd.streams import rows_of_ranks

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:  # worker processes import by module, from the folder above `tests`
    sys.path.append(ROOT)


@pytest.fixture(scope="session")
def quick_workers():
    """Workers of Dask are copies of one process that has imported what they all need."""
    import dask

    quick = "forkserver" in multiprocessing.get_all_start_methods()
    method = "forkserver" if quick else "spawn"
    with dask.config.set({"distributed.worker.multiprocessing-method": method}):
        yield


@pytest.fixture
def apart(monkeypatch):
    """Nothing is held by all ranks."""
    monkeypatch.setattr(rows_of_ranks, "WHOLE", 0)
    monkeypatch.setattr(stored_data, "SMALL", 1 << 10)
