"""A small problem, networks and strategies for the tests of training."""

import numpy as np
import pytest

import hbcd

OPTIMIZERS = {
    "adam": hbcd.Adam(learning_rate=0.01),
    "lbfgs": hbcd.LBFGS(),
    "bb": hbcd.BarzilaiBorwein(),
    "bfgs": hbcd.BFGS(),
    "icrs": hbcd.ICRS(),
    "lm": hbcd.LevenbergMarquardt(),
    "lm_blocks": hbcd.LevenbergMarquardt(damping="marquardt", block_diagonal=True),
    "varpro": hbcd.LevenbergMarquardt(variable_projection=True),
    "exact": hbcd.ExactOutput(hbcd.LBFGS()),
}
MONOTONE = ["lbfgs", "bfgs", "icrs", "lm", "lm_blocks", "varpro", "exact"]
SELECTORS = {
    "most_sensitive": hbcd.MostSensitive(),
    "random": hbcd.RandomBlock(),
    "forward": hbcd.ForwardSequential(),
    "ping_pong": hbcd.PingPong(),
    "backward": hbcd.Backward(),
    "gsl": hbcd.LipschitzWeighted(),
    "per_operation": hbcd.DecreasePerOperation(),
}
ACTIVATIONS = {
    "sigmoid": hbcd.Sigmoid(),
    "tanh": hbcd.Tanh(),
    "relu": hbcd.ReLU(),
    "leaky_relu": hbcd.LeakyReLU(0.1),
}


def network(*widths, activation=None):
    activation = hbcd.Tanh() if activation is None else activation
    layers = [hbcd.HiddenLayer(n, activation) for n in widths[1:-1]]
    return hbcd.Network([hbcd.InputLayer(widths[0]), *layers, hbcd.OutputLayer(widths[-1])])


def plane_with_a_bend(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, 0.8 * x[:, 0] - 0.5 * np.tanh(2.0 * x[:, 1]) + 0.3 * x[:, 2]


NET = network(3, 4, 4, 1)
X, Y = plane_with_a_bend()
THETA = NET.init(1)


def train(strategy, net=NET, theta=THETA, x=X, y=Y, **options):
    return net.train(theta, x, y, strategy=strategy, **options)


STRATEGIES = {
    "full_lbfgs": hbcd.FullBatch(),
    "full_bfgs": hbcd.FullBatch(hbcd.BFGS()),
    "full_adam": hbcd.FullBatch(hbcd.Adam(0.02)),
    "full_bb": hbcd.FullBatch(hbcd.BarzilaiBorwein()),
    "full_icrs": hbcd.FullBatch(hbcd.ICRS(max_evaluations=5000)),
    "mini_adam": hbcd.MiniBatch(hbcd.Adam(0.01), 32),
    "mini_lbfgs": hbcd.MiniBatch(hbcd.LBFGS(), 200, inner_iterations=3, epochs=20),
    "mini_bfgs": hbcd.MiniBatch(hbcd.BFGS(), 200, inner_iterations=3, epochs=20),
    "mini_bb": hbcd.MiniBatch(hbcd.BarzilaiBorwein(), 200, inner_iterations=3, epochs=20),
    "mini_icrs": hbcd.MiniBatch(hbcd.ICRS(), 200, inner_iterations=5, epochs=20),
    "blocks": hbcd.BlockCoordinateDescent(),
    "shell": hbcd.BatchShell(),
    "shell_joint": hbcd.BatchShell(selector=None),
    "paper": hbcd.Hybrid.paper(),
    "fast": hbcd.Hybrid.fast(),
    "finished": hbcd.Hybrid(finish=hbcd.FullBatch(max_iterations=50)),
}
each_strategy = pytest.mark.parametrize("name", STRATEGIES)


class Phases(hbcd.TrainingStrategy):
    """These phases and nothing else."""

    def __init__(self, *phases):
        self.own = list(phases)

    def phases(self, network, n_rows):
        return self.own


def run_phases(*phases, **options):
    return train(Phases(*phases), **options)
