"""Ctrl-C during training: it returns at once, with the best parameters so far."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX are needed")

PROGRAM = """
import json, sys, time
import numpy as np
import hbcd

rows, hidden, kind, threads = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
rng = np.random.default_rng(0)
x = rng.normal(size=(rows, 4))
y = np.sin(3.0 * x[:, 0]) * x[:, 1] + 0.1 * rng.normal(size=rows)
net = hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(hidden), hbcd.HiddenLayer(hidden),
                    hbcd.OutputLayer(1)])
theta = net.init(0)
stop = hbcd.Stop(pg_tol=0.0, f_tol=None, max_seconds=60.0)


class Started(hbcd.TrainingStrategy):
    # Asked for its phases when all is ready: what follows is the core's call.
    def phases(self, network, n_rows):
        print("started", flush=True)
        return STRATEGIES[kind].phases(network, n_rows)


STRATEGIES = {
    "full": hbcd.FullBatch(max_iterations=None),
    "adam": hbcd.FullBatch(hbcd.Adam(1e-4), 10**9),
    "blocks": hbcd.BlockCoordinateDescent(epochs=10**6),
    "shell": hbcd.BatchShell(epochs=10**6, growth=1.0),
    "icrs": hbcd.FullBatch(hbcd.ICRS(tolerance=0.0, failures_per_parameter=1e9), 10**9),
}
seen = []


def progress(*numbers):
    seen.append(numbers)


report = net.train(theta, x, y, strategy=Started(), stop=stop, n_threads=threads,
                   progress=progress if len(sys.argv) > 5 else None)
returned = time.monotonic()
print(json.dumps({
    "returned": returned,
    "reason": report.stop_reason.name,
    "finite": bool(np.isfinite(report.theta).all()),
    "loss": report.loss,
    "initial": report.initial_loss,
    "measured": net.bind(x, y).value(report.theta),
    "progress": len(seen),
    "changed": not np.array_equal(theta, net.init(0)),
    "at_start": bool(np.array_equal(report.theta, theta)),
}), flush=True)
"""


def interrupt(seconds, *arguments):
    """Starts the program, waits for its "started", then `seconds`, sends SIGINT; what it printed,
    and how long after the signal training returned."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout.readline() == "started\n", process.stderr.read()
            time.sleep(seconds)
            sent = time.monotonic()  # one clock for all processes of a machine
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, err
    answer = json.loads(out)
    return answer, answer["returned"] - sent


def check(answer):
    assert answer["reason"] == "INTERRUPTED"
    assert answer["finite"]
    assert not answer["changed"]
    if np.isnan(answer["initial"]):  # a slow machine had not measured even the start
        assert answer["at_start"]
    else:
        assert answer["loss"] <= answer["initial"]
        assert answer["loss"] == answer["measured"]


def returns_at_once(wait, *arguments):
    """What the program said, for a try in which it returned within the 0.2 s that are promised.

    Another process on the same core may hold this one up for any time, so noise only adds: the
    shortest of a few tries counts.  A core that does not look fails them all.
    """
    delays = []
    for _ in range(5):
        answer, delay = interrupt(wait, *arguments)
        check(answer)
        delays.append(delay)
        if delay < 0.2:
            return answer
    pytest.fail(f"seconds from Ctrl-C to the return of train: {delays}")


@pytest.mark.parametrize("kind", ["full", "adam", "blocks", "shell", "icrs"])
def test_ctrl_c_returns_at_once_with_the_best(kind):
    wait = random.Random(kind).uniform(0.05, 0.6)
    returns_at_once(wait, 20_000, 20, kind, 1)


@pytest.mark.parametrize("kind", ["full", "blocks", "adam"])
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_is_heard_in_the_middle_of_a_long_evaluation(kind, threads):
    """One gradient of 300 000 rows and 10 701 parameters takes half a second or more."""
    wait = random.Random(f"{kind} {threads}").uniform(0.3, 1.3)
    returns_at_once(wait, 300_000, 100, kind, threads)


def test_ctrl_c_beside_a_progress_callback():
    answer = returns_at_once(0.5, 20_000, 20, "full", 1, "progress")
    assert answer["progress"] >= 3  # 20 times a second


def test_ctrl_c_at_the_very_beginning():
    """Before the first evaluation has come back: what is kept is the start itself."""
    answer = returns_at_once(0.01, 300_000, 100, "full", 1)
    assert answer["at_start"]
