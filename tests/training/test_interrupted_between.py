"""Ctrl-C that comes between two calls of the core, where no call of the core sees it."""

import numpy as np
import pytest

import hbcd
from hbcd.training.monitor import StartMonitor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = np.tanh(X[:, :1]) + 0.2 * X[:, 1:2]


def train(strategy):
    net = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4), hbcd.OutputLayer(1)])
    return net.train(net.init(0), X, Y, strategy=strategy, rng=0)


STRATEGIES = {
    "one": hbcd.FullBatch(hbcd.LBFGS(), max_iterations=20),
    "several": hbcd.Sequence(
        [
            hbcd.MiniBatch(hbcd.Adam(), epochs=2, batch_rows=50),
            hbcd.FullBatch(hbcd.LBFGS(), max_iterations=20),
        ]
    ),
    "starts": hbcd.MultiStart(hbcd.FullBatch(hbcd.LBFGS(), max_iterations=20), starts=3),
}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("at", [1, 2, 3, 4, 6])
def test_the_best_so_far_is_kept_and_the_reason_told(name, at, monkeypatch):
    whole = train(STRATEGIES[name])
    looks = 0

    def interrupted(self):
        nonlocal looks
        looks += 1
        if looks == at:
            raise KeyboardInterrupt
        return self._ended or self.monitor.stopped

    monkeypatch.setattr(StartMonitor, "stopped", property(interrupted))
    report = train(STRATEGIES[name])
    if looks < at:
        assert report.loss == whole.loss
        return
    assert report.stop_reason is hbcd.StopReason.INTERRUPTED
    assert np.isfinite(report.loss)
    assert whole.loss <= report.loss <= whole.initial_loss
