"""Parts of rows, for ranks: each row is in one of them, in the order of the table."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import hbcd

ROWS = 3000
X = np.random.default_rng(0).standard_normal((ROWS, 3))
FRAME = pd.DataFrame(X, columns=list("abc")).assign(number=np.arange(ROWS), power=np.tanh(X[:, 0]))
ENDS = (0, 100, 1700, 1701, ROWS)  # of files
SIZES = (1, 3, 8)


def files(folder, *kinds):
    for k, (begin, end) in enumerate(pairwise(ENDS)):
        kind, frame = kinds[k % len(kinds)], FRAME[begin:end]
        if kind == "csv":
            frame.to_csv(folder / f"{k}.csv", index=False)
        else:
            frame.to_parquet(folder / f"{k}.parquet", row_group_size=300)
    return folder


def arrow(folder, *, stream):
    import pyarrow

    table = pyarrow.table(FRAME)
    opened = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
    with opened(str(folder / "rows.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=700)
    return folder / "rows.arrow"


def arrow_table(_):
    return pytest.importorskip("pyarrow").table(FRAME)


def polars_table(_):
    return pytest.importorskip("polars", reason="needs polars").from_pandas(FRAME)


def memory_map(folder):
    table = np.memmap(folder / "table.bin", np.float64, "w+", shape=FRAME.shape)
    table[:] = FRAME
    return table


SOURCES = {
    "a frame": lambda _: FRAME,
    "a pair of frames": lambda _: (FRAME.drop(columns="power"), FRAME["power"]),
    "a memory map": memory_map,
    "a table of Arrow": arrow_table,
    "a table of polars": polars_table,
    "files of parquet": lambda folder: files(folder, "parquet"),
    "files of text": lambda folder: files(folder, "csv"),
    "files of both": lambda folder: sorted(files(folder, "parquet", "csv").iterdir()),
    "a file of Arrow": lambda folder: arrow(folder, stream=False),
    "a stream of Arrow in a file": lambda folder: arrow(folder, stream=True),
}


def rows_of(name, folder):
    source = SOURCES[name](folder)
    target = None if isinstance(source, tuple) else 4 if isinstance(source, np.memmap) else "power"
    return hbcd.Rows(source, target, memory="20K")


def numbers(rows):
    """The numbers of the rows that are read, in small pieces."""
    rows.piece_rows = 400
    column = [
        piece.table["number"] if piece.names else piece.table[:, 3] for piece in rows.pieces()
    ]
    return np.concatenate([*column, []]).astype(int)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("size", SIZES)
def test_parts_follow_each_other_and_have_every_row_once(name, size, tmp_path):
    rows, above = rows_of(name, tmp_path), 0
    for rank in range(size):
        part = rows.part(rank, size)
        own = numbers(part)
        np.testing.assert_array_equal(own, np.arange(above, above + len(own)))
        assert part.source.rows_above == above
        if not name.startswith(("files", "a stream")):  # those are about equal in bytes
            assert abs(len(own) - ROWS / size) < 2
        above += len(own)
    assert above == ROWS


@pytest.mark.parametrize("name", SOURCES)
def test_a_split_of_parts_is_that_of_the_whole(name, tmp_path):
    rows, size = rows_of(name, tmp_path), 3
    for k, whole in enumerate(rows.split(0.3, seed=5)):
        of_parts = [rows.part(rank, size).split(0.3, seed=5)[k] for rank in range(size)]
        parts_of = [whole.part(rank, size) for rank in range(size)]
        deeper = [whole.split(0.5)[1].part(rank, size) for rank in range(size)]
        expected = numbers(whole)
        for parts in (of_parts, parts_of):
            np.testing.assert_array_equal(np.concatenate([numbers(p) for p in parts]), expected)
        np.testing.assert_array_equal(
            np.concatenate([numbers(p) for p in deeper]), numbers(whole.split(0.5)[1])
        )


@pytest.mark.parametrize("name", ["a frame", "files of parquet", "files of text"])
def test_a_part_of_a_part_is_one_of_more(name, tmp_path):
    rows = rows_of(name, tmp_path)
    for rank in range(6):
        own = rows.part(rank // 2, 3).part(rank % 2, 2)
        np.testing.assert_array_equal(numbers(own), numbers(rows.part(rank, 6)))


def test_of_a_file_of_parquet_no_more_is_read_than_the_groups_of_a_part(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    read, original = [], parquet.ParquetFile.iter_batches

    def seen(self, *more, row_groups=None, **options):
        read.append(list(row_groups))
        return original(self, *more, row_groups=row_groups, **options)

    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", seen)
    FRAME.to_parquet(tmp_path / "rows.parquet", row_group_size=300)
    part = hbcd.Rows(tmp_path, "power").part(1, 3)
    part.piece_rows = 1000
    assert len(numbers(part)) == 1000
    assert read == [[3, 4, 5, 6]]  # rows 900 to 2099


def test_an_error_in_a_part_names_the_row_of_the_whole(tmp_path):
    frame = FRAME.copy()
    frame.loc[2500, "b"] = np.nan
    frame.to_parquet(tmp_path / "rows.parquet", row_group_size=300)
    arrow = pytest.importorskip("pyarrow").table(frame)
    pair = tuple(np.split(frame.to_numpy(), [4], 1))
    for source in (frame, arrow, tmp_path / "rows.parquet", pair):
        rows = hbcd.Rows(source, "power" if not isinstance(source, tuple) else None)
        with pytest.raises(ValueError, match="data row 2501"):
            hbcd.HybridRegressor((3,), max_iter=2).fit(rows.part(1, 2))


@pytest.mark.parametrize("name", ["files of text", "a stream of Arrow in a file"])
def test_a_part_may_be_empty(name, tmp_path):
    source = SOURCES[name](tmp_path)
    counts = [len(numbers(hbcd.Rows(source, "power").part(rank, 7))) for rank in range(7)]
    assert sum(counts) == ROWS
    assert 0 in counts


def test_what_has_no_length_is_refused_in_one_line():
    opened = hbcd.Rows(lambda: iter([FRAME]), "power")
    with pytest.raises(ValueError, match=r"^source=.*: has no length.*let each rank open its own"):
        opened.part(0, 2)


def test_bad_arguments_are_named():
    rows = hbcd.Rows(FRAME, "power")
    for rank, size, match in (
        (2, 2, "rank=2: must be below size=2"),
        (-1, 2, "rank=-1: must be at least 0"),
        (0, 0, "size=0: must be at least 1"),
    ):
        with pytest.raises(ValueError, match=match):
            rows.part(rank, size)
    with pytest.raises(TypeError, match=r"rank=0.5: must be an integer"):
        rows.part(0.5, 2)
    weighted = hbcd.Rows(FRAME, "power", np.ones(ROWS))
    with pytest.raises(ValueError, match="sample_weight: must be a column of the source"):
        weighted.part(0, 2)
