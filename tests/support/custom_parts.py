"""Parts as a user would write them, and a problem to train on."""

import numpy as np
import pytest

import hbcd

# ---- the classes of the design -------------------------------------------------------------------


class Softplus(hbcd.Activation):
    def forward(self, z, out):
        np.logaddexp(0.0, z, out=out)

    def backward(self, z, a, grad):
        grad *= 1.0 - np.exp(-a)


class Alternate(hbcd.BlockSelector):
    def next_block(self, about):
        return 0 if about.last != 0 else about.n_blocks - 1


class GradientTimesWeight(hbcd.Sensitivity):
    def measure(self, theta, gradient, block, box):
        return float(np.abs(gradient[block] * theta[block]).sum())


class Sweep(hbcd.Optimizer):
    def minimize(self, objective, x, box, stop, rng):
        for step in (0.1, 0.01):
            _, g = objective(x)
            x -= step * g
        return hbcd.StopReason.ITERATIONS


class TwoStage(hbcd.TrainingStrategy):
    def phases(self, network, n_rows):
        return [
            hbcd.Phase(hbcd.ICRS(max_evaluations=2000), batch_rows=500),
            hbcd.Phase(hbcd.LBFGS(), hbcd.PingPong(), inner_iterations=3),
        ]


class Skip(hbcd.Layer):
    def n_parameters(self, n_in):
        return 1

    def n_out(self, n_in):
        return n_in

    def init(self, n_in, rng):
        return np.zeros(1)

    def forward(self, theta, x, out):
        np.multiply(x, 1.0 + theta[0], out=out)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        np.multiply(grad_out, 1.0 + theta[0], out=grad_x)
        grad_theta[0] += np.vdot(grad_out, x)


class Scale(hbcd.Layer):
    """``theta * x``, of one parameter."""

    def n_parameters(self, n_in):
        return 1

    def n_out(self, n_in):
        return n_in

    def init(self, n_in, rng):
        return np.ones(1)

    def forward(self, theta, x, out):
        np.multiply(x, theta[0], out=out)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        np.multiply(grad_out, theta[0], out=grad_x)
        if grad_theta is not None:
            grad_theta[0] += np.vdot(grad_out, x)


class Listed(hbcd.TrainingStrategy):
    def __init__(self, *phases):
        self.own = list(phases)

    def phases(self, network, n_rows):
        return self.own


def data(n=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, 0.8 * x[:, 0] - 0.5 * np.tanh(2.0 * x[:, 1]) + 0.3 * x[:, 2]


X, Y = data()


def dense(*activations, inputs=3, width=4):
    layers = [hbcd.HiddenLayer(width, activation) for activation in activations]
    return hbcd.Network([hbcd.InputLayer(inputs), *layers, hbcd.OutputLayer(1)])


both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def assert_same_run(net, other, strategy, other_strategy, dtype):
    theta = net.init(1, dtype)
    f, g = net.loss_and_gradient(theta, X, Y)
    other_f, other_g = other.loss_and_gradient(theta, X, Y)
    assert f == other_f
    assert np.array_equal(g, other_g)
    one = net.train(theta, X, Y, strategy=strategy)
    two = other.train(theta, X, Y, strategy=other_strategy)
    assert np.array_equal(one.theta, two.theta)
    assert one.loss == two.loss
    assert one.stop_reason is two.stop_reason
