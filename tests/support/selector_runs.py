"""Runs of block coordinate descent that show what a selector chooses, and what it was told."""

import numpy as np

import hbcd


def problem(hidden=(4, 3, 5)):
    layers = [hbcd.InputLayer(3), *map(hbcd.HiddenLayer, hidden), hbcd.OutputLayer(1)]
    net, rng = hbcd.Network(layers), np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    return net, net.init(0), x, np.sin(x[:, 0]) + x[:, 1] * x[:, 2]


def train(selector, sensitivity_tol=0.0, hidden=(4, 3, 5), **options):
    net, theta, x, y = problem(hidden)
    strategy = hbcd.BlockCoordinateDescent(
        hbcd.LBFGS(), selector, inner_iterations=1, epochs=6, **options
    )
    stop = hbcd.Stop(pg_tol=sensitivity_tol / 10, f_tol=0.0)
    report = net.train(theta, x, y, strategy=strategy, stop=stop)
    history = report.history
    return report, history[history.event == "visit"]


class Watching(hbcd.BlockSelector):
    """Chooses as another one does, and keeps what it was told."""

    def __init__(self, chosen_by):
        self.chosen_by, self.seen = chosen_by, []

    def next_block(self, about):
        block = self.chosen_by.next_block(about)
        self.seen.append((about, block))
        return block
