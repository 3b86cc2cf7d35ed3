"""A worker of a Dask cluster that is lost while a fit runs: an error in time, or the same bits."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import hbcd

pytest.importorskip("dask", reason="needs the extra dask: pip install 'hbcd[dask]'")

import dask
import dask.array as da
from dask.distributed import Client, LocalCluster

from hbcd.distributed import DaskHybridRegressor, RankLost

pytestmark = [
    pytest.mark.usefixtures("quick_workers"),
    # What Dask's own sockets and tasks say when a cluster is closed.
    pytest.mark.filterwarnings(
        "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
    ),
]

TIMEOUT = 6.0
SMALL = {"hidden_layer_sizes": (5,), "random_state": 3, "strategy": "fast", "n_threads": 1}


class Slow(hbcd.Activation):
    """Takes its time, so that a fit lasts for some seconds; may write a file when it is called."""

    def __init__(self, begun=None):
        self.begun = begun

    def forward(self, z, out):
        if self.begun is not None and not self.begun.exists():
            self.begun.touch()
        time.sleep(0.002)
        np.tanh(z, out=out)

    def backward(self, z, a, grad):
        grad *= 1 - a * a


class SlowToLoad(Slow):
    """Takes longer than the timeout to be unpickled on a worker, as one that imports modules."""

    def __init__(self):
        super().__init__()
        self.known_to = {os.getpid()}

    def __setstate__(self, state):
        vars(self).update(state)
        if os.getpid() not in self.known_to:
            self.known_to |= {os.getpid()}  # once
            time.sleep(1.5 * TIMEOUT)


def collections():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5000, 4))
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] * x[:, 2]
    return da.from_array(x, (1200, 4)), da.from_array(y, 1700)


def slow_model(client, loss, most, n_workers=3, begun=None):
    settings = SMALL | {"activation": Slow(begun), "max_fun": most, "n_workers": n_workers}
    return DaskHybridRegressor(**settings, client=client, timeout=TIMEOUT, on_worker_loss=loss)


@pytest.fixture
def breakable():
    """A cluster that a test ends some of."""
    with (
        LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(3, 60)
        yield client


class SignalInTheFit(threading.Thread):
    """Sends a signal soon after a fit has begun on the workers, which writes the file `begun`."""

    def __init__(self, pid, signal_number, begun):
        super().__init__()
        self.pid, self.number, self.begun = pid, signal_number, begun
        begun.unlink(missing_ok=True)
        self.start()

    def run(self):
        ends = time.monotonic() + 120
        while not self.begun.exists() and time.monotonic() < ends:
            time.sleep(0.02)
        time.sleep(0.2)
        self.sent = time.monotonic()
        os.kill(self.pid, self.number)


def signaled(pid, signal_number, seconds=1.5):
    """Sends a signal after some seconds."""
    timer = threading.Timer(seconds, os.kill, (pid, signal_number))
    timer.start()
    return timer


@pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_is_lost_is_an_error_in_time_or_makes_no_difference(
    breakable, what, tmp_path
):
    X, Y = collections()
    begun = tmp_path / "begun"
    pids = breakable.run(os.getpid)
    first, second, _ = sorted(pids)
    try:
        lost = SignalInTheFit(pids[first], what, begun)
        with pytest.raises(RankLost) as caught:
            slow_model(breakable, "raise", 10_000, begun=begun).fit(X, Y)
        assert time.monotonic() - lost.sent < 3 * TIMEOUT
        assert (caught.value.where, caught.value.gone) == (first, True), str(caught.value)
        lost.join()
        lost = SignalInTheFit(pids[second], what, begun)
        model = slow_model(breakable, "restart", 200, begun=begun).fit(X, Y)
        lost.join()
    finally:
        if what == signal.SIGSTOP:  # workers that are stopped cannot end by themselves
            for address in (first, second):
                os.kill(pids[address], signal.SIGKILL)
    settings = SMALL | {"activation": Slow(), "max_fun": 200}
    wanted = hbcd.HybridRegressor(**settings).fit(X.compute(), Y.compute())
    assert model.theta_.tobytes() == wanted.theta_.tobytes()


def test_a_worker_that_takes_long_to_import_what_it_runs_is_not_lost(breakable):
    X, Y = collections()
    model = slow_model(breakable, "raise", 20, n_workers=2)
    model.activation = SlowToLoad()
    assert model.fit(X, Y).n_features_in_ == 4


def test_the_only_worker_is_missed_by_the_client(breakable):
    X, Y = collections()
    model = slow_model(breakable, "raise", 10_000, n_workers=1)
    pids = breakable.run(os.getpid)
    timers = [signaled(pid, signal.SIGKILL, 2.0) for pid in pids.values()]
    started = time.monotonic()
    with pytest.raises(RankLost, match="not in the cluster any more"):
        model.fit(X, Y)
    assert time.monotonic() - started < 2.0 + 3 * TIMEOUT
    for timer in timers:
        timer.join()


@pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scheduler_that_is_gone_is_an_error_in_time(tmp_path, what):
    X, Y = collections()
    file = str(tmp_path / "scheduler.json")

    def start(part, *options):
        command = f"distributed.cli.dask_{part}", "--scheduler-file", file, "--no-dashboard"
        stack.enter_context(started_process([sys.executable, "-m", *command, *options]))

    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.comm.timeouts.connect": "2s"}))
        start("scheduler", "--port", "0")
        for _ in range(2):
            start("worker", "--nthreads", "1", "--no-nanny", "--death-timeout", "5")
        client = stack.enter_context(contextlib.closing(Client(scheduler_file=file, timeout=30)))
        client.wait_for_workers(2, 60)
        pid = client.run_on_scheduler(os.getpid)
        timer = signaled(pid, what)
        started = time.monotonic()
        with pytest.raises(RankLost, match="the scheduler"):
            slow_model(client, "restart", 10_000, n_workers=2).fit(X, Y)
        assert time.monotonic() - started < 1.5 + 3 * TIMEOUT
        timer.join()


@contextlib.contextmanager
def started_process(command):
    """A process that ends, at the latest, with the test."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()
