"""Runs of one network on two threads."""

import threading

import numpy as np
import pytest

import hbcd
from support.fuses import Fuse, Mine, X, Y, setting


@pytest.mark.parametrize("kind", ["sensitivity", "selector", "optimizer"])
def test_two_runs_of_one_network_keep_their_exceptions_apart(kind):
    """Both fail at the same moment, on two threads."""
    net, _ = setting("none", None)
    theta, barrier, wrong = net.init(0), threading.Barrier(2), []

    class Together(Fuse):
        def burn(self):
            barrier.wait()
            super().burn()

    def work():
        error = Mine()
        _, strategy = setting(kind, Together(1, error))
        try:
            net.train(theta, X, Y, strategy=strategy)
        except BaseException as raised:
            if raised is not error:
                wrong.append(raised)

    for _ in range(100):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_runs_of_one_network_on_two_threads_equal_runs_in_sequence():
    net, _ = setting("none", None)

    def run(seed):
        return net.train(net.init(0), X, Y, strategy=hbcd.BatchShell(), rng=seed).theta

    alone, together = [run(seed) for seed in range(4)], [None] * 4

    def work(seed):
        together[seed] = run(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(alone, together)
