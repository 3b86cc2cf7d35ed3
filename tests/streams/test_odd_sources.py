"""Sources and choices of columns that are not what they should be are told, not just taken."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.streams.rows import Rows
from support.thread_backend import on_threads

ROWS = 300


@pytest.fixture
def frame():
    return hbcd.make_plant(ROWS, rng=0, as_frame=True).frame


def regressor(**options):
    options = {"hidden_layer_sizes": (3,), "random_state": 0, "max_iter": 5, **options}
    return hbcd.HybridRegressor(strategy="fast", **options)


def thirds(frame):
    return [frame.iloc[k : k + 100].reset_index(drop=True) for k in (0, 100, 200)]


def refused(rows, model=None, kinds=(ValueError, TypeError)):
    """What is said; of `rows` a function, so that they may be refused at once."""
    with pytest.raises(kinds) as caught:
        (model or regressor()).fit(rows())
    return str(caught.value)


def same(model, other, frame):
    inputs = frame.drop(columns="PE")
    return np.array_equal(model.predict(inputs), other.predict(inputs))


# ---- columns


@pytest.mark.parametrize("target", [4, -1, np.int64(4), np.array([4]), pd.Index([4]), (4,)])
def test_a_target_may_be_any_kind_of_number_or_list(frame, target):
    table = frame.to_numpy()
    found = regressor().fit(Rows(table, target))
    wanted = regressor().fit(table[:, :4], table[:, 4])
    assert np.array_equal(np.ravel(found.predict(table[:, :4])), wanted.predict(table[:, :4]))


@pytest.mark.parametrize("target", [pd.Index(["PE"]), np.array(["PE"]), ["PE"], np.str_("PE")])
def test_a_target_may_be_any_kind_of_name_or_list(frame, target):
    found = regressor().fit(Rows(frame, target))
    wanted = regressor().fit(frame.drop(columns="PE"), frame["PE"])
    assert np.array_equal(np.ravel(found.predict(Rows(frame))), wanted.predict(Rows(frame)))


@pytest.mark.parametrize("target", [True, {"PE"}, {"PE": 1}, [["PE"]], [[0, 1], [2, 3]]])
def test_a_target_must_be_columns(frame, target):
    assert "must be a column, or a list of columns" in refused(lambda: Rows(frame, target))


def test_a_column_is_chosen_once(frame):
    assert "once" in refused(lambda: Rows(frame, ["PE", "PE"]))
    assert "once" in refused(lambda: Rows(frame.to_numpy(), [4, -1]))
    assert "once" in refused(lambda: Rows(frame.to_numpy(), 4, sample_weight=-1))
    told = refused(lambda: Rows(frame, "PE", sample_weight="PE"))
    assert told == "sample_weight='PE': must not be a target, too"


def test_classes_are_one_column(frame):
    frame["a"], frame["b"] = np.arange(ROWS) % 2, np.arange(ROWS) % 3
    told = refused(lambda: Rows(frame, ["a", "b"]), hbcd.HybridClassifier((3,)))
    assert told == "y: has 2 columns, must have 1, a label for each row"


def test_a_score_needs_a_target(frame):
    model = regressor().fit(Rows(frame, "PE"))
    with pytest.raises(ValueError, match="X: must be rows with their target"):
        model.score(Rows(frame.drop(columns="PE")))


# ---- what a source gives


def test_masked_cells_are_refused(frame):
    x, y = frame.drop(columns="PE").to_numpy(), frame["PE"].to_numpy()
    hidden = np.ma.masked_greater(x, 50)
    for rows in (
        lambda: Rows((hidden, y)),
        lambda: Rows((x, np.ma.masked_greater(y, 450))),
        lambda: Rows((x, y), sample_weight=np.ma.masked_greater(y, 450)),
        lambda: Rows(lambda: iter([(hidden, y)])),
    ):
        assert "masked" in refused(rows)
        assert "masked" in refused(rows, regressor(missing="indicator"))
    labels = np.ma.masked_array(np.arange(ROWS) % 2, np.arange(ROWS) == 7)
    for data in ((x, labels), (Rows((x, labels)),)):
        with pytest.raises(ValueError, match="y: has masked"):
            hbcd.HybridClassifier((3,), max_iter=3).fit(*data)


def test_what_is_no_table_is_named(frame):
    from scipy.sparse import csr_array

    x, y = frame.drop(columns="PE").to_numpy(), frame["PE"].to_numpy()
    assert "sparse data is not supported" in refused(lambda: Rows((csr_array(x), y)))
    assert "1 axes, must have 2" in refused(lambda: Rows(lambda: iter([frame["PE"]]), "PE"))
    assert "a tuple of 3" in refused(lambda: Rows(lambda: iter([(x, y, y)])))
    for table in (x, frame.drop(columns="PE")):
        told = refused(lambda table=table: Rows(lambda: iter([(table, y[1:])])))
        assert told == "source: has 300 rows and 299 targets"


def test_a_function_that_gives_nothing_the_second_time_is_told(frame):
    times = []

    def opened():
        times.append(1)
        return iter(thirds(frame) if len(times) < 3 else [])

    assert "had some rows when it was read first, and now 0" in refused(lambda: Rows(opened, "PE"))


# ---- columns that are missing in some pieces


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("kind", [float, object])
def test_a_column_may_be_missing_in_a_whole_file(frame, tmp_path, suffix, at, kind):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    parts = thirds(frame)
    parts[at]["AT"] = pd.Series([None] * 100, dtype=kind)
    for k, part in enumerate(parts):
        getattr(part, f"to_{suffix}")(tmp_path / f"{k}.{suffix}", index=False)
    rows = Rows(tmp_path, "PE", memory="2K")
    found = regressor(missing="indicator").fit(rows)
    whole = pd.concat([part.astype({"AT": float}) for part in parts], ignore_index=True)
    wanted = regressor(missing="indicator").fit(whole.drop(columns="PE"), whole["PE"])
    assert same(found, wanted, whole)
    told = refused(lambda: rows)
    assert "is missing" in told
    assert f"{at}.{suffix}" in told
    assert "every row" not in told


def test_a_column_that_is_missing_everywhere_is_refused(frame, tmp_path):
    for k, part in enumerate(thirds(frame)):
        part.assign(AT=np.nan).to_csv(tmp_path / f"{k}.csv", index=False)
    rows = Rows(tmp_path, "PE")
    assert "missing in every row" in refused(lambda: rows, regressor(missing="indicator"))
    alike = Rows(lambda: iter(thirds(frame.assign(AT=np.nan))), "PE")
    assert "missing in every row" in refused(lambda: alike, regressor(missing="indicator"))


def test_a_file_without_rows_among_others_is_no_matter(frame, tmp_path):
    for k, part in enumerate(thirds(frame)):
        part.to_csv(tmp_path / f"{k}.csv", index=False)
    frame[:0].to_csv(tmp_path / "1b.csv", index=False)
    found = regressor().fit(Rows(tmp_path, "PE", memory="2K"))
    assert same(found, regressor().fit(frame.drop(columns="PE"), frame["PE"]), frame)
    for k in range(3):
        (tmp_path / f"{k}.csv").unlink()
    assert "at least one row" in refused(lambda: Rows(tmp_path, "PE"))


# ---- times


def times(frame, zones):
    parts = thirds(frame)
    for k, (part, zone) in enumerate(zip(parts, zones, strict=True)):
        part["when"] = pd.date_range(f"2024-01-0{k + 1}", periods=100, freq="h", tz=zone)
    return parts


@pytest.mark.parametrize("zones", [(None, None, "UTC"), ("UTC", "Asia/Tokyo", "UTC")])
def test_times_of_other_zones_are_refused(frame, zones):
    parts = times(frame, zones)
    told = refused(lambda: Rows(lambda: iter(parts), "PE"), regressor(dates="features"))
    assert "must have the same time zone everywhere" in told
    assert "data row 101" in told or "data row 201" in told


def test_the_same_zone_is_that_of_the_table_in_memory(frame):
    parts = times(frame, ["Asia/Tokyo"] * 3)
    found = regressor(dates="features").fit(Rows(lambda: iter(parts), "PE", memory="2K"))
    whole = pd.concat(parts, ignore_index=True)
    wanted = regressor(dates="features").fit(whole.drop(columns="PE"), whole["PE"])
    assert same(found, wanted, whole)


def test_a_cell_that_is_no_date_is_told_with_file_and_row(frame, tmp_path):
    parts = times(frame, [None] * 3)
    for k, part in enumerate(parts):
        part["when"] = part["when"].astype(str)
        part.loc[7, "when"] = "soon" if k == 2 else part.loc[7, "when"]
        part.to_csv(tmp_path / f"{k}.csv", index=False)
    told = refused(lambda: Rows(tmp_path, "PE"), regressor(dates="features"))
    assert "when='soon'" in told
    assert "row 9 of 2.csv, the header is row 1" in told


# ---- ranks


def on_two(fit):
    return [str(error) for error in on_threads(2, fit)]


def test_what_differs_between_ranks_is_named(frame):
    x, y = frame.drop(columns="PE").to_numpy(), frame["PE"].to_numpy()

    def held(ranks):
        return regressor(backend=ranks).fit(x, y, eval_set=(x, y) if ranks.rank else None)

    def loss(ranks):
        return regressor(backend=ranks, loss=hbcd.Huber(1.0 + ranks.rank)).fit(x, y)

    def kind(ranks):
        kinds = hbcd.HybridRegressor, hbcd.HybridClassifier
        return kinds[ranks.rank]((3,), backend=ranks).fit(x, y > y.mean())

    def weight(ranks):
        name = "AP" if ranks.rank else None
        return regressor(backend=ranks).fit(Rows(frame, "PE", sample_weight=name))

    for fit, words in (
        (held, "eval_set: is a table in memory on rank 1, must be None as on rank 0"),
        (loss, "loss: is Huber"),
        (kind, "estimator: is HybridClassifier on rank 1, must be HybridRegressor as on rank 0"),
        (weight, "sample_weight: is AP on rank 1, must be None as on rank 0"),
    ):
        told = on_two(fit)
        assert all(words in one for one in told), told


def test_a_class_is_no_backend(frame):
    from hbcd.distributed import MPIBackend

    told = refused(lambda: Rows(frame, "PE"), regressor(backend=MPIBackend))
    assert "must be an hbcd.distributed.Backend or None" in told


# ---- memory and folder


@pytest.mark.parametrize("memory", [0, 2**70, float("inf"), float("nan"), "100000000T"])
def test_a_memory_that_no_machine_has_is_refused(frame, memory):
    assert "must be from 1 byte to 2^63 bytes" in refused(lambda: Rows(frame, "PE", memory=memory))


def test_memory_may_be_any_kind_of_number(frame):
    assert Rows(frame, "PE", memory=np.int64(1 << 20)).memory_bytes == 1 << 20


@pytest.mark.parametrize("folder", ["nowhere", __file__])
def test_a_folder_must_be_there(frame, folder):
    told = refused(lambda: Rows(frame, "PE", folder=folder), kinds=NotADirectoryError)
    assert told == f"folder={folder!r}: must be a folder that is there"


def test_a_pattern_or_folder_of_several_kinds_is_refused(frame, tmp_path):
    frame[:200].to_csv(tmp_path / "a.csv", index=False)
    frame[200:].to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    Rows(tmp_path, "PE")
    frame.to_parquet(tmp_path / "a.parquet")
    for source in (tmp_path, tmp_path / "a.*"):
        told = refused(lambda source=source: Rows(source, "PE"))
        assert "files of parquet and of text: must be of one kind" in told
    both = Rows([tmp_path / "a.csv", tmp_path / "a.parquet"], "PE")
    assert sum(map(len, both.pieces())) == 500


def test_a_file_is_named_once(frame, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("a.csv", index=False)
    for source in (["a.csv", "a.csv"], ["*.csv", "a.csv"], ["a.csv", tmp_path / "a.csv"]):
        assert "must be named once" in refused(lambda source=source: Rows(source, "PE"))


def test_hidden_files_of_a_folder_are_left_out(frame, tmp_path):
    for name in ("a.csv", ".a.csv", "_a.csv", "._a.csv"):
        frame.to_csv(tmp_path / name, index=False)
    assert sum(map(len, Rows(tmp_path, "PE").pieces())) == ROWS


def test_rows_are_no_array(frame):
    from sklearn.model_selection import GridSearchCV
    from sklearn.preprocessing import StandardScaler

    rows, model = Rows(frame, "PE"), regressor().fit(Rows(frame, "PE"))
    for use in (
        lambda: np.asarray(rows),
        lambda: np.asarray(rows, dtype=float),
        lambda: model.jacobian(rows),
        lambda: StandardScaler().fit(rows),
        lambda: GridSearchCV(model, {"alpha": [0.0, 1.0]}).fit(rows),
    ):
        with pytest.raises(TypeError, match="must be a table in memory here"):
            use()
