"""A fit on the workers of a Dask cluster has the bits of one in this process."""

import os
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import hbcd

pytest.importorskip("dask", reason="needs the extra dask: pip install 'hbcd[dask]'")

import dask.array as da
import dask.dataframe as dd
from dask.distributed import Client, LocalCluster, Security

from hbcd.distributed import DaskHybridClassifier, DaskHybridRegressor
from hbcd.distributed.dask_fit import run_on_workers
from hbcd.distributed.dask_rows import Table

pytestmark = [
    pytest.mark.usefixtures("quick_workers"),
    # What Dask's own sockets and tasks say when a cluster is closed.
    pytest.mark.filterwarnings(
        "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
    ),
]

ROWS = 5000  # 20 tiles, 16 lanes
SMALL = {"hidden_layer_sizes": (5,), "random_state": 3, "max_fun": 60, "members": 1}
TIMEOUT = 5.0


def table(rows=ROWS):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 4))
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] * x[:, 2]
    return x, y, rng.integers(0, 3, rows).astype(float)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as one:
        yield one


@pytest.fixture
def client(cluster):
    with Client(cluster) as one:
        one.wait_for_workers(3, 60)
        yield one


def collections():
    """Uneven pieces, one of them empty; those of X are not those of y."""
    x, y, weight = table()
    chunks = (1000, 0, 3300, 700), (2, 2)
    return da.from_array(x, chunks), da.from_array(y, 1700), da.from_array(weight, ROWS)


def same(model, other):
    return model.theta_.tobytes() == other.theta_.tobytes() and model.loss_ == other.loss_


@pytest.mark.parametrize("strategy", ["fast", "paper", "bcd", "batch_shell"])
def test_any_number_of_workers_gives_the_bits_of_one_process(client, strategy):
    (x, y, weight), (X, Y, W) = table(), collections()
    for dtype in ("float32", "float64"):
        settings = SMALL | {"strategy": strategy, "dtype": dtype, "max_fun": 30}
        wanted = hbcd.HybridRegressor(**settings).fit(x, y, weight)
        for n in (1, 2, 3):
            model = DaskHybridRegressor(**settings, client=client, n_workers=n).fit(X, Y, W)
            assert same(model, wanted)


def test_the_default_fit_has_the_bits_of_one_process(client):
    x, y, _ = table(600)
    X, Y = da.from_array(x, (200, 4)), da.from_array(y, 200)
    wanted = hbcd.HybridRegressor(random_state=0, effort=0.02).fit(x, y)
    for n in (None, 3):  # 3 tiles are 2 lanes
        model = DaskHybridRegressor(random_state=0, effort=0.02, client=client, n_workers=n)
        assert same(model.fit(X, Y), wanted)
        assert np.array_equal(model.predict(X).compute(), wanted.predict(x))


def test_classes_of_frames_have_the_bits_of_one_process(client):
    x, y, weight = table()
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["kind"] = np.where(x[:, 3] > 0, "x", "y")
    labels = pd.Series(np.where(y > 0.5, "high", np.where(y < -0.5, "low", "mid")))
    X, Y = dd.from_pandas(frame, npartitions=5), dd.from_pandas(labels, npartitions=2)
    settings = SMALL | {"strategy": "fast"}
    held = frame[:700], labels[:700]
    wanted = hbcd.HybridClassifier(**settings).fit(frame, labels, weight, eval_set=held)
    lazy_held = tuple(dd.from_pandas(one, npartitions=2) for one in held)
    for n in (1, 2, 3):
        model = DaskHybridClassifier(**settings, client=client, n_workers=n)
        model.fit(X, Y, da.from_array(weight, 900), eval_set=lazy_held)
        assert same(model, wanted)
        assert model.feature_names_in_.tolist() == [*"abcd", "kind"]
        np.testing.assert_array_equal(model.feature_range_, wanted.feature_range_)
    found = model.predict(X), model.predict_proba(X)
    assert [type(one).__module__.split(".")[0] for one in found] == ["dask", "dask"]
    assert np.array_equal(found[0].compute(), wanted.predict(frame))
    assert np.array_equal(found[1].compute(), wanted.predict_proba(frame))


def test_more_workers_than_lanes_and_pieces_without_rows_do_no_harm(client):
    x, y, _ = table(300)
    X = da.from_array(x, ((0, 300, 0), (4,)))
    wanted = hbcd.HybridRegressor(**SMALL, strategy="fast").fit(x, y)
    model = DaskHybridRegressor(**SMALL, strategy="fast", client=client, n_workers=3)
    assert same(model.fit(X, da.from_array(y, 100)), wanted)
    lazy = model.predict(X)
    assert lazy.shape == (300,)
    assert np.array_equal(lazy.compute(), wanted.predict(x))


def test_a_fitted_model_is_one_in_memory_and_no_client_is_copied(client, tmp_path):
    from sklearn.base import clone

    X, Y, _ = collections()
    model = DaskHybridRegressor(**SMALL, strategy="fast", client=client).fit(X, Y)
    copies = pickle.loads(pickle.dumps(model)), model.to_local(), clone(model).fit(X, Y)
    assert copies[0].client is None
    assert type(copies[1]) is hbcd.HybridRegressor
    assert copies[2].client is client
    model.save(tmp_path / "model.hbcd")
    for one in (*copies, hbcd.load(tmp_path / "model.hbcd")):
        assert same(one, model)


def test_bad_input_is_told_in_one_line_with_the_rank_beside_it(client):
    X, Y, W = collections()

    def refused(model, *tables):
        with pytest.raises((ValueError, TypeError)) as caught:
            model.fit(*tables)
        assert not hasattr(model, "theta_")
        return caught.value

    model = DaskHybridRegressor(**SMALL, client=client)
    assert str(refused(model, X, Y[:10])) == "y: has 10 rows, must have 5000"
    assert str(refused(model, X, Y, W[1:])) == "sample_weight: has 4999 rows, must have 5000"
    assert "must be a dask array or dataframe" in str(refused(model, X.compute(), Y))
    assert "has no rows" in str(refused(model, X[:0], Y[:0]))
    model.set_params(alpha=-1.0, n_workers=3)
    error = refused(model, X, Y)
    assert "alpha=-1.0" in str(error)
    assert any("rank" in note and "tcp://" in note for note in error.__notes__)
    model.set_params(alpha=0.0, on_worker_loss="ignore")
    assert "on_worker_loss='ignore'" in str(refused(model, X, Y))


def test_an_error_of_one_rank_reaches_the_client_as_it_is(client):
    X, Y, _ = collections()

    class Bad(hbcd.Activation):
        """Fails on one worker alone."""

        def __init__(self, address):
            self.address = address

        def forward(self, z, out):
            from dask.distributed import get_worker

            if get_worker().address == self.address:
                raise ZeroDivisionError("here alone")
            np.tanh(z, out=out)

        def backward(self, z, a, grad):
            grad *= 1 - a * a

    bad = Bad(sorted(client.nthreads())[1])
    model = DaskHybridRegressor(**SMALL | {"activation": bad}, client=client, n_workers=3)
    with pytest.raises(ZeroDivisionError, match="here alone"):
        model.fit(X, Y)


def test_rows_that_stay_on_their_workers_have_the_same_bits(client):
    x, y, weight = table()
    X, Y, W = collections()
    settings = SMALL | {"strategy": "fast", "alpha": 0.1}
    wanted = hbcd.HybridRegressor(**settings).fit(x, y, weight)
    client.run(set_whole, 0)
    try:
        for n in (2, 3):
            model = DaskHybridRegressor(**settings, client=client, n_workers=n).fit(X, Y, W)
            assert same(model, wanted)
    finally:
        client.run(set_whole, 1 << 25)


def set_whole(numbers):
    from hbcd.estimators.fitting import fit_on_ranks

    fit_on_ranks.WHOLE = numbers


def test_no_port_is_opened_and_nothing_is_left_behind(client):
    X, Y, _ = collections()
    before = client.run(listening)
    tables = [Table("", (X, Y))]
    during = run_on_workers(client, ports_of_ranks, tables, 3, TIMEOUT, "raise")
    assert sorted(during) == sorted(before.values())
    DaskHybridRegressor(**SMALL, client=client, n_workers=3).fit(X, Y)
    assert all(runs == [] for runs in client.run(runs_of).values())
    for _ in range(100):  # what the client has released goes soon
        if not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
            return
        time.sleep(0.1)
    raise AssertionError("tasks are left")


def listening():
    import psutil

    found = psutil.Process().net_connections("inet")
    return sorted(one.laddr.port for one in found if one.status == psutil.CONN_LISTEN)


def ports_of_ranks(backend, rows):
    backend.gather(len(rows[0][0]))
    return backend.gather(listening())


def runs_of(dask_worker):
    return list(dask_worker.plugins["hbcd-exchange"].runs)


def test_messages_of_a_round_come_to_the_ranks_that_they_are_for(client):
    X, Y, _ = collections()
    found = run_on_workers(client, exchanged, [Table("", (X, Y))], 3, TIMEOUT, "raise")
    assert found == [[f"{sender} to {rank}" for sender in range(3)] for rank in range(3)]


def exchanged(backend, rows):
    for length in (0, 1, 100_000):
        met = backend.exchange([bytes([backend.rank]) * length for _ in range(backend.size)])
        assert [bytes(one) for one in met] == [bytes([r]) * length for r in range(backend.size)]
    mine = backend.to_each([f"{backend.rank} to {rank}" for rank in range(backend.size)])
    return backend.gather(mine)


def test_with_tls_a_fit_works_and_a_client_without_certificate_is_refused():
    pytest.importorskip("cryptography", reason="makes certificates")
    X, Y, _ = collections()
    safe = LocalCluster(
        n_workers=2, threads_per_worker=1, security=Security.temporary(), dashboard_address=":0"
    )
    with safe as cluster:
        with pytest.raises((OSError, TypeError)):
            Client(cluster.scheduler_address, timeout=1)
        with Client(cluster) as client:
            assert all(address.startswith("tls://") for address in client.nthreads())
            model = DaskHybridRegressor(**SMALL, client=client, n_workers=2).fit(X, Y)
    x, y, _ = table()
    assert same(model, hbcd.HybridRegressor(**SMALL).fit(x, y))


def test_the_example_and_many_small_fits_of_the_guide_run(client, tmp_path):
    guide = Path(__file__).resolve().parents[2] / "docs" / "guide"
    page = (guide / "ranks.md").read_text(encoding="utf-8")
    example = re.search(r"^```py\n(# on_dask\.py\n.*?)^```$", page, re.DOTALL | re.MULTILINE)[1]
    (tmp_path / "on_dask.py").write_text(example, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(guide.parents[1])}
    command = [sys.executable, "-W", "ignore", tmp_path / "on_dask.py"]
    subprocess.run(command, env=environment, check=True, timeout=90)
    x, y, _ = table(200)
    with joblib.parallel_config("dask"):
        found = joblib.Parallel()(joblib.delayed(loss_of)(x, y, seed) for seed in range(3))
    assert found == [loss_of(x, y, seed) for seed in range(3)]


def loss_of(x, y, seed):
    return hbcd.HybridRegressor(**SMALL | {"random_state": seed}).fit(x, y).loss_
