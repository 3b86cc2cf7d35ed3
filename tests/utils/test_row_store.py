"""Rows that were stored are read as they were written, and leave nothing behind."""

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from hbcd.utils.memory_size import as_bytes, free_memory
from hbcd.utils.row_store import RowStore
from hbcd.utils.scaling import Scaler
from hbcd.utils.stored_table import StoredTable

TABLE = np.random.default_rng(0).standard_normal((100_000, 6))


def stored(table, folder=None, memory=1000, sizes=(1, 70_001, 17, 29_981)):
    store = RowStore(table.shape[1], table.dtype, memory, folder)
    begin = 0
    for size in sizes:
        store.append(table[begin : begin + size])
        begin += size
    store.finish()
    return store


@pytest.mark.parametrize("memory", [1000, 10**9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_read_as_they_were_appended(memory, dtype):
    table = TABLE.astype(dtype)
    store = stored(table, memory=memory)
    assert store.in_memory == (memory == 10**9)
    assert store.rows == len(table)
    np.testing.assert_array_equal(np.concatenate([block for _, block in store.blocks()]), table)
    np.testing.assert_array_equal(store.read(39_999, 70_003), table[39_999:70_003])
    generator = np.random.default_rng(1)
    for index in (
        generator.permutation(len(table))[:500],
        np.sort(generator.permutation(len(table))[:80_000]),
        np.r_[5, 6, 7, 99_999, 40, 40],
        np.empty(0, np.intp),
    ):
        np.testing.assert_array_equal(store.take(index), table[index])


def test_short_writes_lose_nothing(monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: max(len(data) // 3, 1)]))
    store = stored(TABLE)
    np.testing.assert_array_equal(store.read(0, len(TABLE)), TABLE)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_that_says_what_to_do(monkeypatch, code, tmp_path):
    real, written = os.write, []

    def write(file, data):
        written.append(len(data))
        if sum(written) > 3_000_000:
            raise OSError(code, os.strerror(code))
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match=r"the disk is full after \d MB of rows .*memory=") as error:
        stored(TABLE, str(tmp_path))
    assert error.value.errno == code
    assert error.value.filename == str(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("at", [0, 3_000_001, 4_799_999])
def test_a_byte_that_has_changed_is_noticed(at):
    store = stored(TABLE)
    byte = os.pread(store.file._file, 1, at)
    os.pwrite(store.file._file, bytes([byte[0] ^ 1]), at)
    with pytest.raises(OSError, match="the file of rows is damaged: bytes from"):
        list(store.blocks())


def test_a_file_that_was_cut_is_noticed():
    store = stored(TABLE)
    os.ftruncate(store.file._file, 4_000_000)
    with pytest.raises(OSError, match=r"damaged: bytes from .* are missing"):
        store.read(0, len(TABLE))


def test_the_file_is_gone_with_the_store(tmp_path):
    store = stored(TABLE, str(tmp_path))
    opened = store.file._file
    assert not store.in_memory
    if os.name == "posix":
        assert os.listdir(tmp_path) == []  # it has no name
    del store
    with pytest.raises(OSError, match=r"[Bb]ad file descriptor"):
        os.fstat(opened)
    assert os.listdir(tmp_path) == []


CRASH = """
import os, signal, sys, numpy as np
from hbcd.utils.row_store import RowStore
store = RowStore(6, np.float64, 1000, sys.argv[1])
store.append(np.ones((100_000, 6)))
print(store.in_memory, flush=True)
os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
"""


def test_a_process_that_is_killed_leaves_no_file(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "False"
    assert done.returncode == -signal.SIGKILL if os.name == "posix" else done.returncode
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        stored(TABLE, str(tmp_path / "nowhere"))


def test_a_stored_table_is_indexed_as_an_array():
    store, part = stored(TABLE), TABLE[:, 1:4]
    table = StoredTable(store, 1, 3, np.float32)
    assert table.shape == (len(TABLE), 3)
    np.testing.assert_array_equal(table[7], part[7].astype(np.float32))
    np.testing.assert_array_equal(table[9::1000], part[9::1000].astype(np.float32))
    np.testing.assert_array_equal(table.max(axis=0), part.max(axis=0).astype(np.float32))
    np.testing.assert_array_equal(table.min(axis=0), part.min(axis=0).astype(np.float32))
    index = np.random.default_rng(0).permutation(len(TABLE))[:1000]
    some = table.select(index)
    np.testing.assert_array_equal(some[:], part[index].astype(np.float32))
    np.testing.assert_array_equal(some.select(np.arange(5))[:], part[index[:5]].astype("f4"))
    scaler = Scaler.fit(part)
    np.testing.assert_array_equal(
        some.standardized(scaler, np.float32)[:], scaler.forward(part[index], np.float32)
    )
    np.testing.assert_array_equal(some.zeros()[:], np.zeros((1000, 1), np.float32))


def test_gaps_are_filled_when_they_are_read():
    gaps = TABLE.copy()
    gaps[::3, 2] = np.nan
    filled = StoredTable(stored(gaps), 0, 6, np.float64).filled(np.full(6, 0.25))
    np.testing.assert_array_equal(filled[:], np.where(np.isnan(gaps), 0.25, gaps))


@pytest.mark.parametrize(
    ("text", "size"),
    [("200M", 2 * 10**8), ("2G", 2 * 10**9), (" 1.5 gb ", 15 * 10**8), ("7", 7), (10**6, 10**6)],
)
def test_sizes_are_read_as_they_are_written(text, size):
    assert as_bytes("memory", text) == size


@pytest.mark.parametrize("wrong", ["much", "-1G", "2 apples", 0, -5, float("nan"), "0"])
def test_other_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match="memory="):
        as_bytes("memory", wrong)


def test_no_limit_is_half_of_what_is_free():
    assert 0.2 * free_memory() < as_bytes("memory", None) < 0.8 * free_memory()
