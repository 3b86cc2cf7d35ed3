"""`Network.bind`: one evaluation a call, in work space that is kept, from any number of threads."""

import sys
import threading
import tracemalloc

import numpy as np
import pytest

import hbcd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2000, 5))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
each_kind = pytest.mark.parametrize("kind", ["compiled", "python"])


class Cubic(hbcd.Activation):
    """Written in Python: ``z + z**3 / 10``, up to a limit."""

    limit = np.inf

    def forward(self, z, out):
        if z.max() > self.limit:
            raise ArithmeticError(f"{z.max()}: beyond {self.limit}")
        out[...] = z + 0.1 * z**3

    def backward(self, z, a, grad):
        grad *= 1 + 0.3 * z**2


def network(kind, dtype=np.float64, rows=2000, activation=None):
    middle = hbcd.Tanh() if kind == "compiled" else activation or Cubic()
    layers = [hbcd.InputLayer(5), hbcd.HiddenLayer(20, middle), hbcd.OutputLayer(1)]
    net = hbcd.Network(layers, alpha=0.1)
    return net, net.bind(X[:rows], Y[:rows], dtype=dtype)


@each_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_call_gives_the_bits_of_the_first_call_of_another_objective(kind, dtype):
    net, objective = network(kind, dtype)
    points = [net.init(seed, dtype) for seed in range(5)]
    expected = [network(kind, dtype)[1](theta) for theta in points]
    for _ in range(3):
        for theta, (f, g) in zip(points, expected, strict=True):
            assert objective.value(theta) == f
            found_f, found_g = objective(theta)
            assert found_f == f
            assert np.array_equal(found_g, g)


def peak_of(call):
    """Bytes in use at most during a call beyond those before it, NumPy's arrays included."""
    call()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_a_call_allocates_nothing_but_what_it_returns():
    net, objective = network("compiled")
    theta = net.init(0)
    room = 2000  # bytes for arrays' heads and Python's own numbers; the work space has some 200 kB
    assert peak_of(lambda: objective.value(theta)) < room
    assert peak_of(lambda: objective(theta)) < theta.nbytes + room
    assert peak_of(lambda: network("compiled")[1].value(theta)) > 100_000  # a new one does


@pytest.fixture
def quick_switches():
    """Python changes between threads after microseconds."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@each_kind
@pytest.mark.parametrize("rows", [10, 2000])
def test_threads_that_call_the_same_objective_get_their_own_results(kind, rows, quick_switches):
    net, objective = network(kind, rows=rows)
    points = [net.init(seed) for seed in range(4)]
    expected = [network(kind, rows=rows)[1](theta) for theta in points]
    wrong, start = [], threading.Barrier(len(points))

    def run(theta, f, g):
        start.wait()
        for _ in range(60):
            found_f, found_g = objective(theta)
            if found_f != f or not np.array_equal(found_g, g) or objective.value(theta) != f:
                wrong.append(theta)

    threads = [
        threading.Thread(target=run, args=(theta, *result))
        for theta, result in zip(points, expected, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_exception_of_a_part_reaches_the_thread_whose_call_it_was(quick_switches):
    part = Cubic()
    net, objective = network("python", rows=300, activation=part)
    part.limit = 50.0
    points = [net.init(0), *(1000.0 * net.init(seed) for seed in range(6))]

    def outcome(theta):
        try:
            return objective.value(theta)
        except ArithmeticError as error:
            return str(error)

    expected = [outcome(theta) for theta in points]
    assert isinstance(expected[0], float)
    assert len(set(expected)) == len(points)
    found = [[] for _ in points]

    def run(theta, to):
        to.extend(outcome(theta) for _ in range(200))

    threads = [threading.Thread(target=run, args=pair) for pair in zip(points, found, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[result] * 200 for result in expected]


def test_a_part_may_call_the_objective_it_belongs_to():
    class Nested(Cubic):
        depth, inner = 0, ()

        def forward(self, z, out):
            if Nested.depth == 0:
                Nested.depth = 1
                Nested.inner += (objective.value(theta),)
                Nested.depth = 0
            super().forward(z, out)

    net, objective = network("python", rows=300, activation=Nested())
    theta = net.init(0)
    f, g = objective(theta)
    expected_f, expected_g = network("python", rows=300)[1](theta)
    assert f == expected_f
    assert np.array_equal(g, expected_g)
    assert set(Nested.inner) == {expected_f}
