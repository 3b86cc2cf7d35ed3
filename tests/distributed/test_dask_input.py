"""What a Dask estimator is given by mistake is told in one line, before or without a fit."""

import _thread
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest

import hbcd

pytest.importorskip("dask", reason="needs the extra dask: pip install 'hbcd[dask]'")

import dask
import dask.array as da
import dask.bag
import dask.dataframe as dd
from dask.distributed import Client, LocalCluster

from hbcd.distributed import DaskHybridClassifier, DaskHybridRegressor, RankLost

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)

SMALL = {"hidden_layer_sizes": (3,), "strategy": "fast", "random_state": 0, "max_iter": 5}


def table():
    x = np.random.default_rng(0).standard_normal((400, 3))
    return x, x[:, 0] - 2 * x[:, 1]


def collections():
    x, y = table()
    return da.from_array(x, (100, 3)), da.from_array(y, 150)


@pytest.fixture(scope="module")
def client():
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    )
    with cluster, Client(cluster) as one:
        yield one


def refused(model, *tables, **named):
    with pytest.raises((ValueError, TypeError)) as caught:
        model.fit(*tables, **named)
    assert not hasattr(model, "theta_")
    return str(caught.value)


@pytest.mark.parametrize(
    "tables",
    [
        lambda X, Y: (X, dask.delayed(1.0)),
        lambda X, Y: (dask.bag.from_sequence([1.0]), Y),
        lambda X, Y: (dd.from_pandas(pd.DataFrame({"a": [1.0]}), npartitions=1).index, Y),
        lambda X, Y: (X, None),
    ],
)
def test_what_is_no_table_of_dask_is_named(client, tables):
    model = DaskHybridRegressor(**SMALL, client=client)
    assert "must be a dask array or dataframe" in refused(model, *tables(*collections()))


def test_held_out_rows_must_be_a_pair(client):
    X, Y = collections()
    for held in (X, (X,), (X, Y, Y), 5):
        told = refused(DaskHybridRegressor(**SMALL, client=client), X, Y, eval_set=held)
        assert told == "eval_set: must be a pair (X, y)"


@pytest.mark.parametrize("masked", ["X", "y", "sample_weight"])
def test_masked_cells_are_not_trained_on(client, masked):
    found = dict(zip(("X", "y", "sample_weight"), (*collections(), da.ones(400)), strict=True))
    found[masked] = da.ma.masked_greater(found[masked], 0.5)
    model = DaskHybridRegressor(**SMALL, client=client, n_workers=2)
    assert (
        refused(model, **found) == f"{masked}: has masked (missing) values: must be finite numbers"
    )


def test_a_client_must_be_one_that_is_open(client):
    X, Y = collections()
    for wrong in (5, client.scheduler.address, client.cluster):
        assert "must be a dask.distributed.Client" in refused(
            DaskHybridRegressor(**SMALL, client=wrong), X, Y
        )
    closed = Client(client.cluster, set_as_default=False)
    closed.close()
    told = refused(DaskHybridRegressor(**SMALL, client=closed), X, Y)
    assert told == "client: is closed, must be connected to a cluster"


def test_a_timeout_that_no_clock_has_is_refused(client):
    model = DaskHybridRegressor(**SMALL, client=client, timeout=1e12)
    assert "must be at most" in refused(model, *collections())


def test_parameters_that_a_dask_estimator_does_not_have_are_refused():
    for name in ("backend", "width"):
        with pytest.raises(TypeError, match=name):
            DaskHybridClassifier(**{name: 1})


def test_a_cluster_without_workers_is_given_up_in_time():
    with LocalCluster(n_workers=0, dashboard_address=":0") as empty, Client(empty) as client:
        model = DaskHybridRegressor(**SMALL, client=client, timeout=2.0)
        begin = time.monotonic()
        with pytest.raises(RankLost, match=r"^the cluster has had no workers for 2 s$"):
            model.fit(*collections())
        assert time.monotonic() - begin < 20.0


def test_columns_are_checked_before_anything_is_computed(client):
    X, Y = collections()
    frame = dd.from_pandas(pd.DataFrame(table()[0], columns=list("abc")), npartitions=3)
    model = DaskHybridRegressor(**SMALL, client=client)
    by_number = model.fit(X, Y).to_local()
    for wrong, words in (
        (X[:, :2], "has 2 columns, must have 3"),
        (Y, "must have 2 axes"),
        (dask.bag.from_sequence([1.0]), "must be a dask array or dataframe"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            model.predict(wrong)
    assert np.array_equal(model.predict(X).compute(), by_number.predict(table()[0]))
    model.fit(frame, Y)
    with pytest.raises(ValueError, match="lacks the columns b"):
        model.predict(frame[["c", "a"]])
    lazy = model.predict(frame[["c", "b", "a"]])
    assert np.array_equal(lazy.compute(), model.to_local().predict(frame.compute()))


def test_scores_of_collections_are_those_of_tables_in_memory(client):
    (x, y), (X, Y) = table(), collections()
    weight = np.linspace(0.0, 1.0, len(y))
    model = DaskHybridRegressor(**SMALL, client=client).fit(X, Y)
    wanted = model.to_local().score(x, y, weight)
    assert model.score(X, Y, da.from_array(weight, 90)) == wanted == model.score(x, y, weight)
    classifier = DaskHybridClassifier(**SMALL, client=client).fit(X, Y > 0)
    assert classifier.score(X, Y > 0) == classifier.to_local().score(x, y > 0)


def test_partial_fit_does_not_fetch_collections(client):
    model = DaskHybridRegressor(**SMALL, client=client)
    with pytest.raises(TypeError, match="takes tables in memory"):
        model.partial_fit(*collections())
    assert model.partial_fit(*table()) is model


def ctrl_c():
    """As from a terminal: a signal ends the wait of the main thread, interrupt_main does not."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


TRAINS = threading.Event()


def pause(progress):
    time.sleep(0.1)


def learns(progress):
    pause(progress)
    if progress.loss < 0.01:
        TRAINS.set()  # workers are threads of this process


def test_a_client_that_is_closed_meanwhile_is_an_error(client):
    other = Client(client.cluster, set_as_default=False)
    settings = SMALL | {"max_iter": 1000, "callbacks": [pause]}
    closing = threading.Timer(1.0, other.close)
    closing.start()
    with pytest.raises(RankLost, match=r"^the client was closed$"):
        DaskHybridRegressor(**settings, client=other).fit(*collections())
    closing.join()


@pytest.mark.parametrize("n", [1, 2])
def test_after_ctrl_c_the_best_point_is_kept(client, n):
    model = DaskHybridRegressor(**SMALL, client=client, n_workers=n, callbacks=[learns])
    model.set_params(max_iter=10_000, stop=hbcd.Stop(f_tol=None, pg_tol=0.0))
    TRAINS.clear()
    hit = threading.Thread(target=lambda: TRAINS.wait(60) and ctrl_c())
    hit.start()
    started = time.monotonic()
    with pytest.warns(hbcd.TrainingInterrupted, match="the best parameters are kept"):
        model.fit(*collections())
    hit.join()
    assert time.monotonic() - started < 30.0
    assert model.report_.interrupted
    assert model.callbacks == [learns]
    assert model.score(*collections()) > 0.5
    assert model.set_params(max_iter=2, stop=None, callbacks=None).fit(*collections()) is model


def test_ctrl_c_before_the_training_gives_it_up(client):
    X, Y = collections()
    slow = X.map_blocks(lambda piece: (time.sleep(1.5), piece)[1], meta=np.empty((0, 3)))
    hit = threading.Timer(0.5, ctrl_c)
    hit.start()
    with pytest.raises(KeyboardInterrupt):
        DaskHybridRegressor(**SMALL, client=client).fit(slow, Y)
    hit.join()
