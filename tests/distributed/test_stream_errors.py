"""What ranks that read `Rows` say where they cannot fit, and what they leave and take."""

import gc
import os
import tracemalloc

import numpy as np
import pytest

import hbcd
from hbcd.utils import block_file
from support.plant_table import SMALL, table
from support.thread_backend import on_threads, parts


def errors(work, size=3):
    """What a fit says on every rank."""
    return [f"{type(one).__name__}: {one}" for one in on_threads(size, work)]


def fit_of(frames, **options):
    def fit(backend):
        rows = hbcd.Rows(frames[backend.rank], "power", memory=SMALL)
        hbcd.HybridRegressor((3,), max_iter=2, backend=backend, **options).fit(rows)

    return fit


@pytest.mark.usefixtures("apart")
def test_an_error_in_a_cell_of_one_rank_is_told_by_all():
    frame = table()[:3000]
    wrong = frame.copy()
    wrong.loc[17, "b"] = np.nan
    first, second, third = errors(fit_of([frame, wrong, frame]))
    assert "data row 18 is missing" in second or "missing (data row 18" in second, second
    for told in (first, third):
        assert told.startswith("RankLost: rank 1"), told
        assert "missing" in told


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda frame: frame.drop(columns="c"), "lacks the column 'c'"),
        (lambda frame: frame.assign(b=frame.b.astype(str)), "b: holds text"),
        (lambda frame: frame.assign(b="x"), "b='x': must be a number"),
    ],
)
def test_ranks_whose_columns_differ(change, match):
    frame = table()[:3000]
    told = errors(fit_of([frame, frame, change(frame)]))
    assert all(match in one for one in told), told


def test_ranks_without_any_rows():
    told = errors(fit_of([table()[:0]] * 3))
    assert all("must have at least one row" in one for one in told), told


def test_rows_on_one_rank_and_a_table_on_another():
    frame = table()[:300]

    def fit(backend):
        model = hbcd.HybridRegressor((3,), max_iter=2, backend=backend)
        if backend.rank == 1:
            model.fit(hbcd.Rows(frame, "power"))
        else:
            model.fit(frame.drop(columns="power"), frame["power"])

    told = errors(fit)
    assert all("X: is an hbcd.Rows on rank 1, must be a table in memory" in one for one in told)


def test_what_rows_say_of_columns_must_be_alike(tmp_path):
    frame = table()[:300]
    frame.to_csv(tmp_path / "t.csv", index=False)
    sources = [(frame, "power"), (frame, "a"), (tmp_path / "t.csv", "power")]

    def fit(backend, other):
        source, target = sources[other if backend.rank == 1 else 0]
        model = hbcd.HybridRegressor((3,), max_iter=2, backend=backend)
        model.fit(hbcd.Rows(source, target))

    for other, match in ((1, "target: is ['a'] on rank 1"), (2, "types of columns: is from the c")):
        told = errors(lambda backend, other=other: fit(backend, other))
        assert all(match in one for one in told), told


@pytest.mark.parametrize("read", [True, False])
def test_rows_to_hold_out_must_be_alike(read):
    frame, cut = table()[:3000], parts(3000, 3)

    def fit(backend):
        kept = np.delete(np.arange(2000), 1000 + (backend.rank == 2))
        model = hbcd.HybridRegressor((3,), max_iter=2, backend=backend)
        model.set_params(validation_fraction=(kept, np.arange(2500, 3000)))
        own = frame.iloc[cut[backend.rank]]
        given = (hbcd.Rows(own, "power"),) if read else (own.drop(columns="power"), own["power"])
        model.fit(*given)

    told = errors(fit)
    assert all("validation_fraction" in one and "on rank 2" in one for one in told), told


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("what", ["callback", "disk"])
def test_a_rank_that_fails_leaves_nothing_behind(what, tmp_path, monkeypatch):
    gc.collect()
    written = block_file.BlockFile.append
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None

    def full(self, data):
        if self.folder == str(tmp_path / "1"):
            raise OSError(28, "No space left on device")
        written(self, data)

    class Wrong(hbcd.Callback):
        def on_block_end(self, event):
            raise RuntimeError("wrong")

    if what == "disk":
        monkeypatch.setattr(block_file.BlockFile, "append", full)
    frame = table()

    def fit(backend):
        folder = tmp_path / str(backend.rank)
        folder.mkdir()
        rows = hbcd.Rows(frame, "power", memory=SMALL, folder=str(folder)).part(backend.rank, 3)
        callbacks = [Wrong()] if what == "callback" else None
        hbcd.HybridRegressor((3,), max_iter=9, backend=backend, callbacks=callbacks).fit(rows)

    told = [str(one) for one in on_threads(3, fit)]
    said = "wrong" if what == "callback" else "No space left on device"
    assert all(said in one and "\n" not in one for one in told), told
    assert [list(folder.iterdir()) for folder in tmp_path.iterdir()] == [[]] * 3
    gc.collect()
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.usefixtures("apart")
def test_memory_does_not_grow_with_the_rows_of_a_rank(tmp_path):
    rows, columns, size = 1 << 20, 16, 2
    table = np.memmap(tmp_path / "table.bin", np.float32, "w+", shape=(rows, columns))
    for begin in range(0, rows, 1 << 16):
        table[begin : begin + (1 << 16)] = np.random.default_rng(begin).random((1 << 16, columns))

    def peak(own):
        """Bytes that a fit of two ranks takes at most."""

        def fit(backend):
            part = hbcd.Rows(own, -1, memory="4M").part(backend.rank, size)
            hbcd.HybridRegressor((2,), max_iter=2, random_state=0, backend=backend).fit(part)

        tracemalloc.start()
        assert on_threads(size, fit) == [None] * size
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    half = rows // 2
    small, large = peak(table[:half]), peak(table)
    # The numbers of a row are 64 bytes.  Buffers take 62 to 71 MB, as two threads happen to run.
    assert large - small < 16 * (rows - half)
