"""Parts of every kind that raise at their k-th call, for the tests of failing parts."""

import numpy as np
import pytest

import hbcd


class Mine(Exception):
    """An exception that nobody else raises."""


class Fuse:
    """Raises `error` at its k-th call, and lets every other pass."""

    def __init__(self, k, error):
        self.k, self.error, self.calls = k, error, 0

    def burn(self):
        self.calls += 1
        if self.calls == self.k:
            raise self.error


class Activation(hbcd.Tanh):
    def __init__(self, fuse, where):
        object.__setattr__(self, "fuse", fuse)
        object.__setattr__(self, "where", where)

    def forward(self, z, out):
        if self.where == "forward":
            self.fuse.burn()
        super().forward(z, out)

    def backward(self, z, a, grad):
        if self.where == "backward":
            self.fuse.burn()
        super().backward(z, a, grad)


class Layer(hbcd.Layer):
    def __init__(self, fuse, where):
        self.fuse, self.where = fuse, where

    def n_parameters(self, n_in):
        return 1

    def n_out(self, n_in):
        return n_in

    def init(self, n_in, rng):
        return np.ones(1)

    def forward(self, theta, x, out):
        if self.where == "forward":
            self.fuse.burn()
        np.multiply(x, theta[0], out=out)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        if self.where == "backward":
            self.fuse.burn()
        np.multiply(grad_out, theta[0], out=grad_x)
        grad_theta[0] += np.vdot(grad_out, x)


class Measure(hbcd.Sensitivity):
    def __init__(self, fuse):
        self.fuse = fuse

    def measure(self, theta, gradient, block, box):
        self.fuse.burn()
        return 1.0


class Select(hbcd.BlockSelector):
    def __init__(self, fuse):
        self.fuse = fuse

    def next_block(self, about):
        self.fuse.burn()
        return about.step % about.n_blocks


class Minimize(hbcd.Optimizer):
    def __init__(self, fuse):
        self.fuse = fuse

    def minimize(self, objective, x, box, stop, rng):
        self.fuse.burn()
        _, g = objective(x)
        x -= 0.05 * g


class Drive(hbcd.TrainingStrategy):
    def __init__(self, fuse):
        self.fuse = fuse

    def run(self, run_phase, about):
        for _ in range(30):
            run_phase(hbcd.Phase(hbcd.LBFGS(), stop=hbcd.Stop(max_iterations=1)))
            self.fuse.burn()


RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))  # two tiles: a part may fail in either
Y = np.sin(X[:, 0]) + 0.5 * X[:, 1]

KINDS = [
    "activation forward",
    "activation backward",
    "layer forward",
    "layer backward",
    "sensitivity",
    "selector",
    "optimizer",
    "strategy",
]
each_kind = pytest.mark.parametrize("kind", KINDS)


def setting(kind, fuse):
    """A network and a strategy with one part that burns the fuse."""
    part, _, where = kind.partition(" ")
    activation = Activation(fuse, where) if part == "activation" else hbcd.Tanh()
    layers = [hbcd.InputLayer(3), hbcd.HiddenLayer(4, activation)]
    layers += [Layer(fuse, where)] if part == "layer" else []
    net = hbcd.Network([*layers, hbcd.HiddenLayer(3), hbcd.OutputLayer(1)])
    strategy = hbcd.BatchShell(
        Minimize(fuse) if part == "optimizer" else hbcd.LBFGS(),
        Select(fuse) if part == "selector" else hbcd.MostSensitive(),
        Measure(fuse) if part == "sensitivity" else hbcd.ProjectedGradient(),
        epochs=30,
    )
    return net, Drive(fuse) if part == "strategy" else strategy
