"""Tiles of stored rows are those of the same rows in memory, wherever they are read from."""

import errno
import os

import numpy as np
import pytest

from hbcd import core
from hbcd.networks import stored_data as module
from hbcd.networks.stored_data import StoredTiles
from hbcd.utils.row_store import RowStore
from hbcd.utils.scaling import Scaler
from hbcd.utils.stored_table import StoredTable

ROWS = 5000
TABLE = np.random.default_rng(0).standard_normal((ROWS, 4))
WEIGHT = np.random.default_rng(1).uniform(0.5, 2.0, ROWS)
SCALER = Scaler.fit(TABLE[:, :3])
COLUMNS = SCALER.shift, SCALER.divisor


def tiles(monkeypatch, weight=WEIGHT, index=None):
    """Tiles in blocks of two."""
    monkeypatch.setattr("hbcd.utils.row_store.BLOCK", 4 * 8 * 512)
    store = RowStore(4, np.float64, 100)
    store.append(TABLE)
    store.finish()
    x, y = StoredTable(store, 0, 3, np.float64), StoredTable(store, 3, 1, np.float64)
    if index is not None:
        x, y = x.select(index), y.select(index)
    return StoredTiles(np.float32, x, y, weight, COLUMNS, None)


def expected(first, last, weight=WEIGHT, table=TABLE):
    part = slice(first * 256, min(last * 256, len(table)))
    own = None if weight is None else weight[part]
    return core.pack_tiles(np.float32, table[part, :3], table[part, 3:], own, COLUMNS, None)


def same(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        if other is None:
            assert one is None
        else:
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_any_tiles_at_any_time(monkeypatch, weight):
    made = tiles(monkeypatch, weight)
    assert made.most == 2
    for _ in range(3):  # the first pass packs, later ones read a file
        for first, last in ((3, 4), (0, 2), (2, 4), (3, 5), (4, 9), (9, 20), (19, 20), (0, 20)):
            same(made.load(first, last), expected(first, last, weight))
    assert made._tiles.complete


def test_rows_that_are_chosen(monkeypatch):
    index = np.sort(np.random.default_rng(2).permutation(ROWS)[:3001])
    made = tiles(monkeypatch, WEIGHT[index], index)
    for _ in range(2):
        for first in range(0, 12, 2):
            found = made.load(first, min(first + 2, 12))
            same(found, expected(first, first + 2, WEIGHT[index], TABLE[index]))


def test_a_disk_without_room_for_tiles_is_no_error(monkeypatch):
    made, real = tiles(monkeypatch), os.write
    written = []

    def write(file, data):
        written.append(len(data))
        if sum(written) > 30_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
    for _ in range(2):
        for first in range(0, 20, 2):
            same(made.load(first, first + 2), expected(first, first + 2))
    assert not made._tiles.complete


def test_a_disk_that_fails_ends_a_training_with_its_error(monkeypatch):
    made = tiles(monkeypatch, None)
    monkeypatch.setattr(module, "fits", lambda _: False)

    def fail(first, last):
        raise OSError(errno.EIO, "Input/output error")

    data = core.Data.streamed(np.float32, ROWS, 3, 1, made)
    layers = [(None, None, 1, 4)]
    net = core.Net(np.float32, 3, layers, None)
    assert np.isfinite(net.loss(data, np.zeros(4, np.float32), None, 1))
    monkeypatch.setattr(made, "load", fail)
    with pytest.raises(OSError, match="Input/output error"):
        net.loss(data, np.zeros(4, np.float32), None, 1)
