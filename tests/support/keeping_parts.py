"""Parts that keep every array they are given, a program: ``python -m support.keeping_parts PATH``.

It is run in a process in which memory that is given back is overwritten or unmapped.

It prints how many arrays were kept, or dies where one of them lies in memory that is not its own.
"""

import gc
import sys
import threading

import numpy as np

import hbcd

X = np.random.default_rng(0).normal(size=(600, 4))
Y = X[:, 0] * X[:, 1]
KEPT: list[np.ndarray] = []
WIDTH = 300  # a tile of it is larger than what malloc serves from its heap


class Curve(hbcd.Activation):
    def forward(self, z, out):
        KEPT.extend([z, out])
        np.tanh(z, out=out)

    def backward(self, z, a, grad):
        KEPT.extend([z, a, grad])
        grad *= 1 - a * a


class Twice(hbcd.Layer):
    def n_parameters(self, n_in):
        return 1

    def n_out(self, n_in):
        return n_in

    def init(self, n_in, rng):
        return np.ones(1)

    def forward(self, theta, x, out):
        KEPT.extend([theta, x, out])
        np.multiply(x, theta[0], out=out)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        KEPT.extend([theta, x, out, grad_out, grad_x, grad_theta])
        np.multiply(grad_out, theta[0], out=grad_x)
        grad_theta[0] += np.vdot(grad_out, x)


class HalfSquare(hbcd.Loss):
    def evaluate(self, out, target, grad):
        KEPT.extend([out, target] if grad is None else [out, target, grad])
        if grad is not None:
            grad[...] = out - target
        return 0.5 * ((out - target) ** 2).sum(axis=1)


class Size(hbcd.Sensitivity):
    def measure(self, theta, gradient, block, box):
        KEPT.extend([theta, gradient, *box])
        return float(np.abs(gradient[block]).max())


class Down(hbcd.Optimizer):
    def minimize(self, objective, x, box, stop, rng):
        KEPT.extend([x, *box])
        for _ in range(3):
            x -= 0.01 * objective(x)[1]


def network(*layers, loss=None):
    return hbcd.Network([hbcd.InputLayer(4), *layers, hbcd.OutputLayer(1)], loss)


def custom():
    return network(hbcd.HiddenLayer(WIDTH, Curve()), Twice())


def predict(dtype):
    net = custom()
    net.predict(net.init(0, dtype), X)


def gradient(dtype):
    net = custom()
    net.loss_and_gradient(net.init(0, dtype), X, Y)


def objective(dtype):
    net = custom()
    bound = net.bind(X, Y, dtype=dtype)
    bound(net.init(0, dtype))
    bound.value(net.init(1, dtype))


def nested(dtype):
    """A part calls the objective that it belongs to, and keeps what it is given afterwards."""
    inner = []

    class Nested(Curve):
        def forward(self, z, out):
            if not inner:
                inner.append(1)
                bound.value(theta)
                KEPT.clear()  # what comes later has to own its memory by itself
                np.tanh(z, out=out)
            else:
                super().forward(z, out)

    net = network(hbcd.HiddenLayer(WIDTH, Nested()))
    theta, bound = net.init(0, dtype), net.bind(X, Y, dtype=dtype)
    bound(theta)


def threads(dtype):
    """Another thread calls the same objective, from begin to end, while a part is in a call."""
    begun = []

    class Passing(Curve):
        def forward(self, z, out):
            if not begun:
                begun.append(threading.Thread(target=bound.normal_equations, args=(other, 0)))
                begun[0].start()
                begun[0].join()
                KEPT.clear()  # what comes later has to own its memory by itself
                np.tanh(z, out=out)
            else:
                super().forward(z, out)

    net = network(hbcd.HiddenLayer(WIDTH, Passing()))
    theta, other, bound = net.init(0, dtype), net.init(1, dtype), net.bind(X, Y, dtype=dtype)
    bound(theta)


def normal(dtype):
    net = network(hbcd.HiddenLayer(WIDTH, Curve()))
    net.bind(X, Y, dtype=dtype).normal_equations(net.init(0, dtype), 1)


def loss(dtype):
    net = network(hbcd.HiddenLayer(WIDTH), loss=HalfSquare())
    net.loss_and_gradient(net.init(0, dtype), np.tile(X, (100, 1)), np.tile(Y, 100))


def sensitivities(dtype):
    net = network(hbcd.HiddenLayer(5000))
    net.sensitivities(net.init(0, dtype), X, Y, Size(), box=1.0)


def train(dtype):
    net = custom()
    blocks = hbcd.BlockCoordinateDescent(Down(), sensitivity=Size(), epochs=1, box=1.0)
    net.train(net.init(0, dtype), X, Y, strategy=blocks)


def optimizer(dtype):
    x0 = np.zeros(50_000)
    hbcd.minimize(lambda x: (x @ x, 2 * x), x0, method=Down(), bounds=[(-1, 1)] * x0.size)


PATHS = {
    function.__name__: function
    for function in (
        predict, gradient, objective, nested, threads, normal, loss, sensitivities, train,
        optimizer,
    )
}  # fmt: skip


def main(path):
    for dtype in (np.float32, np.float64):
        PATHS[path](dtype)
        gc.collect()
        for array in KEPT:  # before anything else takes its place
            array.sum()
    seen = [array.copy() for array in KEPT]
    junk = [np.full(size, 255, dtype=np.uint8) for size in range(1000, 1_000_000, 20_000)]
    for array, copy in zip(KEPT, seen, strict=True):
        assert np.array_equal(array, copy, equal_nan=True), "memory of somebody else"
    for array in KEPT:
        if array.flags.writeable:
            array[...] = 1.0
    assert all((piece == 255).all() for piece in junk), "wrote into memory of somebody else"
    print(len(KEPT))


if __name__ == "__main__":
    main(*sys.argv[1:])
