"""Ranks that hold nothing in common; and what workers need to import what tests send them."""

import sys
from pathlib import Path

import pytest

from hbcd.networks import stored_data
from hbcd.streams import rows_of_ranks

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:  # worker processes import by module, from the folder above `tests`
    sys.path.append(ROOT)


@pytest.fixture
def apart(monkeypatch):
    """Nothing is held by all ranks."""
    monkeypatch.setattr(rows_of_ranks, "WHOLE", 0)
    monkeypatch.setattr(stored_data, "SMALL", 1 << 10)
