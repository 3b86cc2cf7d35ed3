"""Normal equations: the textbook's J'WJ and J'We, whatever the network, the rows and the block."""

import signal
import time

import numpy as np
import pytest

import hbcd
from support.reference import ACTIVATIONS, random_network, random_rows, random_theta

# Two orders of summation of at most some thousand products in float64.
EXACT = 1e-12
# float32: eps = 6e-8, times the roundings of each factor on its way through the layers.
SINGLE = 3e-5


def jacobian(net, theta, X):
    """d out / d theta (rows * outputs, parameters) by the chain rule, one output after another."""
    zs, outputs = net.forward(theta, X)
    layers = list(net.weights(theta))
    found = np.empty((len(X), net.widths[-1], net.n_parameters))
    for k in range(net.widths[-1]):
        delta = np.zeros_like(zs[-1])
        delta[:, k] = 1.0
        for level in reversed(range(len(layers))):
            delta = delta * ACTIVATIONS[net.activations[level]][2](zs[level])
            inputs = np.hstack([outputs[level], np.ones((len(X), 1))])
            own = inputs[:, :, np.newaxis] * delta[:, np.newaxis, :]
            found[:, k, net.blocks[level]] = own.reshape(len(X), -1)
            delta = delta @ layers[level][0].T
    return found.reshape(-1, net.n_parameters)


def expected(net, theta, X, y, weight=None):
    """(F, J'We, J'WJ) by the definition."""
    J = jacobian(net, theta, X)
    e = (net.predict(theta, X) - y.reshape(len(X), -1)).ravel()
    weight = np.ones(len(X)) if weight is None else weight
    W = np.repeat(weight, net.widths[-1]) / (weight.sum() * net.widths[-1])
    return 0.5 * float(W @ e**2), J.T @ (W * e), (J.T * W) @ J


def check(found, wanted, tol):
    f, jtr, jtj = found
    scale = np.sqrt(np.diag(wanted[2]))
    assert abs(f - wanted[0]) <= tol * wanted[0]
    # |J'We| <= sqrt(diag J'WJ) sqrt(2 F), elementwise: the natural unit of a rounding error.
    assert (np.abs(jtr - wanted[1]) <= tol * (scale * np.sqrt(2 * wanted[0]) + 1e-300)).all()
    assert (np.abs(jtj - wanted[2]) <= tol * (np.outer(scale, scale) + 1e-300)).all()
    assert (jtj == jtj.T).all()
    assert np.linalg.eigvalsh(jtj).min() >= -1e-13 * np.trace(jtj)


def problem(seed, depth, width, outputs, activation="tanh", rows=20):
    rng = np.random.default_rng(seed)
    net, theta = random_network(rng, depth, width, outputs, activation)
    return net, theta, *random_rows(rng, net, theta, rows)


@pytest.mark.parametrize("rows", [1, 100, 129, 700])
@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_they_are_the_textbooks(depth, outputs, rows):
    net, theta, X, y = problem(depth, depth, 7, outputs, rows=rows)
    weight = np.random.default_rng(1).integers(0, 4, rows) + (np.arange(rows) == 0)
    for w in (None, weight):
        wanted = expected(net, theta, X, y, w)
        check(net.network.bind(X, y, w).normal_equations(theta), wanted, EXACT)
        single = net.network.bind(X, y, w, dtype=np.float32).normal_equations(theta)
        assert single[1].dtype == single[2].dtype == np.float64
        check(single, wanted, SINGLE)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_block_is_its_part_of_the_whole(activation):
    net, theta, X, y = problem(5, 3, 10, 2, activation, rows=300)
    objective = net.network.bind(X, y)
    f, jtr, jtj = objective.normal_equations(theta)
    for index, block in enumerate(net.blocks):
        f_block, jtr_block, jtj_block = objective.normal_equations(theta, index)
        assert f_block == f
        assert (jtr_block == jtr[block]).all()
        scale = np.sqrt(np.outer(np.diag(jtj)[block], np.diag(jtj)[block]))
        assert (np.abs(jtj_block - jtj[block, block]) <= EXACT * scale).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_gradient_are_those_of_an_evaluation(dtype):
    net, theta, X, y = problem(6, 3, 10, 1, rows=5000)
    objective = net.network.bind(X, y, dtype=dtype)
    f, gradient = objective(theta)
    f_normal, jtr, _ = objective.normal_equations(theta)
    assert f_normal == f
    assert (jtr.astype(dtype) == gradient).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits_at_any_number_of_threads(dtype):
    net, theta, X, y = problem(7, 3, 10, 2, rows=9001)
    one = net.network.bind(X, y, n_threads=1, dtype=dtype).normal_equations(theta)
    for threads in (2, 3, 4):
        many = net.network.bind(X, y, n_threads=threads, dtype=dtype).normal_equations(theta)
        assert all((a == b).all() for a, b in zip(map(np.asarray, one), many, strict=True))


def test_a_linear_network_is_solved_by_one_step():
    """The last layer of a network without hidden layers is least squares."""
    net, theta, X, y = problem(8, 0, 5, 2, "identity", rows=200)
    objective = net.network.bind(X, y)
    _, jtr, jtj = objective.normal_equations(theta)
    _, gradient = objective(theta - np.linalg.solve(jtj, jtr))
    assert np.abs(gradient).max() <= 1e-12


class Cubic(hbcd.Activation):
    def forward(self, z, out):
        np.multiply(z, z * z, out=out)

    def backward(self, z, a, grad):
        grad *= 3 * z * z


class Scale(hbcd.Layer):
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


def layers(*middle):
    return hbcd.Network([hbcd.InputLayer(3), *middle, hbcd.OutputLayer(2)])


def test_an_activation_of_ones_own():
    rng = np.random.default_rng(9)
    X, y = rng.normal(size=(150, 3)), rng.normal(size=(150, 2))
    net = layers(hbcd.HiddenLayer(4, Cubic()))
    theta = net.init(0)
    _, _, jtj = net.bind(X, y).normal_equations(theta)
    J, h = np.empty((300, theta.size)), 1e-5
    for k in range(theta.size):
        step = h * (np.arange(theta.size) == k)
        J[:, k] = (net.predict(theta + step, X) - net.predict(theta - step, X)).ravel() / (2 * h)
    assert np.abs(jtj - J.T @ J / 300).max() <= 1e-8 * np.abs(jtj).max()


def test_a_layer_of_ones_own_may_stand_among_others():
    rng = np.random.default_rng(10)
    X, y = rng.normal(size=(150, 3)), rng.normal(size=(150, 2))
    net, plain = layers(hbcd.HiddenLayer(4), Scale()), layers(hbcd.HiddenLayer(4))
    theta = net.init(0)
    assert theta[16] == 1.0
    bound, without = net.bind(X, y), plain.bind(X, y)
    for own, index in ((0, 0), (2, 1)):
        found = bound.normal_equations(theta, own)
        wanted = without.normal_equations(np.delete(theta, 16), index)
        assert all((a == b).all() for a, b in zip(map(np.asarray, found), wanted, strict=True))
    for asked in (None, 1):
        with pytest.raises(ValueError, match="Scale"):
            bound.normal_equations(theta, asked)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends a signal")
@pytest.mark.thread_unsafe(reason="signals reach the main thread alone")
def test_a_signal_ends_a_long_pass():
    """Some 6 s of work, 300e9 operations, and an exception of the handler after 0.1 s."""

    class TimeIsUpError(Exception):
        pass

    def time_is_up(number, frame):
        raise TimeIsUpError

    net = hbcd.Network([hbcd.InputLayer(3), *[hbcd.HiddenLayer(23)] * 3, hbcd.OutputLayer(1)])
    objective = net.bind(np.ones((200_000, 3)), np.ones((200_000, 1)))
    before = signal.signal(signal.SIGALRM, time_is_up)
    try:
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(TimeIsUpError):
            objective.normal_equations(net.init(0))
        assert time.monotonic() - began < 2.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("block", [-1, 2, 1.5, "all"])
def test_a_block_that_is_not_there(block):
    net = layers(hbcd.HiddenLayer(4))
    objective = net.bind(np.ones((5, 3)), np.ones((5, 2)))
    with pytest.raises((TypeError, ValueError), match="block"):
        objective.normal_equations(net.init(0), block)


def test_theta_of_another_length():
    net = layers(hbcd.HiddenLayer(4))
    objective = net.bind(np.ones((5, 3)), np.ones((5, 2)))
    with pytest.raises(ValueError, match="vector of 26"):
        objective.normal_equations(random_theta(np.random.default_rng(0), problem(0, 1, 2, 1)[0]))
