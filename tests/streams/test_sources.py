"""Whatever holds rows that can be read twice gives the same fit."""

import os

import numpy as np
import pandas as pd
import pytest

import hbcd

GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((3000, 3))
Y = np.tanh(X[:, 0]) + 0.1 * X[:, 1]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(power=Y)
SETTINGS = {"max_iter": 10, "random_state": 0, "dtype": "float64"}


def theta(rows, *more):
    return hbcd.HybridRegressor((3,), **SETTINGS).fit(rows, *more).theta_


EXPECTED = theta(FRAME.drop(columns="power"), FRAME["power"])


class Sliced:
    """As little as a dataset of h5py or Zarr has."""

    def __init__(self, table):
        self._table = table
        self.shape = table.shape

    def __len__(self):
        return len(self._table)

    def __getitem__(self, part):
        assert isinstance(part, slice)
        return self._table[part]


def chunks(size=700):
    return (FRAME.iloc[begin : begin + size] for begin in range(0, len(FRAME), size))


def memory_map(folder):
    table = np.memmap(folder / "table.bin", np.float64, "w+", shape=(3000, 4))
    table[:] = FRAME
    return table


def csv_parts(folder):
    FRAME[:1000].to_csv(folder / "a.csv", index=False)
    FRAME[1000:].to_csv(folder / "b.csv.gz", index=False)
    return [folder / "a.csv", folder / "b.csv.gz"]


def arrow(kind, folder):
    import pyarrow

    table = pyarrow.table(FRAME)
    if kind == "table":
        return table
    path = folder / f"rows.{'feather' if kind == 'stream' else 'arrow'}"
    opened = pyarrow.ipc.new_stream if kind == "stream" else pyarrow.ipc.new_file
    with opened(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1100)
    return path


SOURCES = {
    "a frame": lambda _: (FRAME, "power"),
    "a pair of arrays": lambda _: ((X, Y), None),
    "a pair of frame and series": lambda _: ((FRAME.drop(columns="power"), FRAME["power"]), None),
    "slices": lambda _: (Sliced(FRAME.to_numpy()), 3),
    "slices, counted from the end": lambda _: (Sliced(FRAME.to_numpy()), -1),
    "a pair of slices": lambda _: ((Sliced(X), Sliced(Y)), None),
    "a memory map": lambda folder: (memory_map(folder), 3),
    "a function that opens chunks": lambda _: (chunks, "power"),
    "a function that opens pairs": lambda _: (
        lambda: ((c.drop(columns="power"), c["power"]) for c in chunks()), None,
    ),
    "a function that gives an Arrow stream": lambda folder: (
        lambda: arrow("table", folder).to_reader(500), "power",
    ),
    "an Arrow table": lambda folder: (arrow("table", folder), "power"),
    "a file of Arrow": lambda folder: (arrow("file", folder), "power"),
    "a file of an Arrow stream": lambda folder: (arrow("stream", folder), "power"),
    "files of text": lambda folder: (csv_parts(folder), "power"),
    "a folder": lambda folder: (csv_parts(folder)[0].parent, "power"),
    "a pattern": lambda folder: (str(csv_parts(folder)[0].parent / "*.csv*"), "power"),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("memory", ["20K", "1G"])
def test_a_source_gives_the_fit_of_its_table(name, memory, tmp_path):
    source, target = SOURCES[name](tmp_path)
    rows = hbcd.Rows(source, target, memory=memory)
    np.testing.assert_array_equal(theta(rows), EXPECTED)


@pytest.mark.parametrize("name", ["polars", "h5py", "zarr"])
def test_other_libraries_tables_are_read(name, tmp_path):
    library = pytest.importorskip(name, reason=f"{name} is not installed")
    if name == "polars":
        rows = hbcd.Rows(library.from_pandas(FRAME), "power", memory="20K")
    elif name == "h5py":
        file = library.File(tmp_path / "rows.h5", "w")
        rows = hbcd.Rows((file.create_dataset("x", data=X), file.create_dataset("y", data=Y)))
    else:
        table = library.open(str(tmp_path / "rows.zarr"), mode="w", shape=(3000, 4), dtype="f8")
        table[:] = FRAME.to_numpy()
        rows = hbcd.Rows(table, 3, memory="20K")
    np.testing.assert_array_equal(theta(rows), EXPECTED)


def test_several_targets_keep_their_axis():
    rows = hbcd.Rows(FRAME, ["power", "c"], memory="20K")
    model = hbcd.HybridRegressor((3,), **SETTINGS).fit(rows)
    expected = hbcd.HybridRegressor((3,), **SETTINGS).fit(FRAME[["a", "b"]], FRAME[["power", "c"]])
    np.testing.assert_array_equal(model.theta_, expected.theta_)
    assert model.predict(rows).shape == (3000, 2)
    assert model.target_names_ == ["power", "c"]
    score = expected.score(FRAME[["a", "b"]], FRAME[["power", "c"]])
    assert model.score(rows) == pytest.approx(score, rel=1e-14)  # sums over another order in memory


def test_a_model_predicts_for_rows_without_a_target(tmp_path):
    model = hbcd.HybridRegressor((3,), **SETTINGS).fit(hbcd.Rows(FRAME, "power"))
    new = FRAME.drop(columns="power")
    new.to_csv(tmp_path / "new.csv", index=False)
    found = model.predict(hbcd.Rows(tmp_path / "new.csv", "power", memory="20K"))
    np.testing.assert_array_equal(found, model.predict(new))


@pytest.mark.parametrize(
    "stream",
    [chunks(), iter([FRAME]), lambda: None],
    ids=["generator", "iterator", "nothing"],
)
def test_what_is_read_once_is_refused_in_one_line(stream):
    with pytest.raises(TypeError, match=r"^source: .*(function that opens|the function gave)"):
        theta(hbcd.Rows(stream, "power"))


def test_an_open_arrow_stream_is_refused(tmp_path):
    reader = arrow("table", tmp_path).to_reader()
    with pytest.raises(TypeError, match="RecordBatchReader is read only once"):
        hbcd.Rows(reader, "power")


def test_a_function_that_hands_out_the_same_stream_again_is_noticed():
    once = chunks()
    with pytest.raises(ValueError, match="a stream that was read already"):
        theta(hbcd.Rows(lambda: once, "power"))


def test_rows_are_split_by_their_number_alone():
    parts = []
    for size in (300, 1024):
        rows = hbcd.Rows(FRAME, "power", memory="20K")
        rows.piece_rows = size
        pair = rows.split(0.25, seed=3)
        parts.append([np.concatenate([p.table["a"] for p in one.pieces()]) for one in pair])
    np.testing.assert_array_equal(parts[0][0], parts[1][0])
    np.testing.assert_array_equal(parts[0][1], parts[1][1])
    assert 0.22 < len(parts[0][1]) / len(FRAME) < 0.28
    both = np.sort(np.concatenate(parts[0]))
    np.testing.assert_array_equal(both, np.sort(FRAME["a"]))


def test_an_error_in_a_part_names_the_row_of_the_file(tmp_path):
    frame = FRAME.copy()
    frame.loc[1500, "b"] = np.nan
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    for name, place in (("rows.csv", "row 1502 of rows.csv"), ("rows.parquet", "data row 1501")):
        wrong = 0
        for part in hbcd.Rows(tmp_path / name, "power").split(0.5):
            try:
                theta(part)
            except ValueError as error:
                wrong += place in str(error)
        assert wrong == 1  # the other part has no gap


def test_numbers_of_other_types_in_a_later_file_are_numbers(tmp_path):
    short = FRAME.astype(np.float32)
    short[:1000].to_parquet(tmp_path / "a.parquet")
    later = FRAME[1000:].assign(a=np.arange(2000))
    later.to_parquet(tmp_path / "b.parquet")
    whole = pd.concat([short[:1000].astype(float), later])
    rows = hbcd.Rows(tmp_path, "power", memory="20K")
    np.testing.assert_array_equal(theta(rows), theta(whole.drop(columns="power"), whole["power"]))


def test_a_fit_leaves_no_file_open():
    rows = hbcd.Rows(FRAME, "power", memory="20K")
    theta(rows)
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):
        pytest.skip("open files cannot be counted here")
    before = len(os.listdir(folder))
    for _ in range(3):
        theta(rows)
    assert len(os.listdir(folder)) == before


@pytest.mark.parametrize("source", [FRAME, (X, Y), chunks], ids=["frame", "pair", "chunks"])
def test_rows_are_said_in_one_line(source):
    text = repr(hbcd.Rows(source, "power"))
    assert "\n" not in text
    assert len(text) < 100
