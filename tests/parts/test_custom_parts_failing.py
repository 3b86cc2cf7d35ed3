"""A part written in Python that raises: the exception arrives, nothing else has happened."""

import gc
import tracemalloc

import numpy as np
import pytest

import hbcd
from support.fuses import Fuse, Measure, Mine, X, Y, each_kind, setting


@each_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", range(1, 21))
def test_the_exception_of_the_kth_call_arrives_as_the_same_object(kind, dtype, k):
    error = Mine("mine")
    fuse = Fuse(k, error)
    net, strategy = setting(kind, fuse)
    theta = net.init(0, dtype)
    before, x, y = theta.copy(), X.copy(), Y.copy()
    with pytest.raises(Mine) as caught:
        net.train(theta, x, y, strategy=strategy)
    assert caught.value is error
    assert fuse.calls == k  # nothing was called once it had failed
    assert np.array_equal(theta, before)
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)
    # The fuse is burnt: the same network and strategy now train as a new pair does.
    report = net.train(theta, X, Y, strategy=strategy)
    new_net, new_strategy = setting(kind, Fuse(0, None))
    assert np.array_equal(report.theta, new_net.train(theta, X, Y, strategy=new_strategy).theta)


@each_kind
def test_two_hundred_failures_leave_no_memory_behind(kind):
    def fail():
        error = Mine("mine")
        net, strategy = setting(kind, Fuse(5, error))
        with pytest.raises(Mine):
            net.train(net.init(0), X, Y, strategy=strategy)

    def held(repeats):
        for _ in range(repeats):
            fail()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = held(20)
        after = held(200)
    finally:
        tracemalloc.stop()
    # One run borrows more than 50 kB from NumPy (which reports to tracemalloc): a leak of one in
    # ten runs would show.  Caches of the interpreter are allowed a little.
    assert after - before < 50_000


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("kind", ["activation forward", "layer forward"])
def test_an_exception_in_a_prediction_arrives(kind, k):
    error = Mine()
    net, _ = setting(kind, Fuse(k, error))
    theta = net.init(0)
    with pytest.raises(Mine) as caught:
        net.predict(theta, X)  # two tiles
    assert caught.value is error
    assert np.isfinite(net.predict(theta, X)).all()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_an_exception_in_a_sensitivity_arrives(k):
    error = Mine()
    net, _ = setting("none", None)
    with pytest.raises(Mine) as caught:
        net.sensitivities(net.init(0), X, Y, measure=Measure(Fuse(k, error)))
    assert caught.value is error


def test_an_exception_of_the_progress_callback_arrives():
    error = Mine()

    def progress(*numbers):
        raise error

    net, _ = setting("none", None)
    endless = hbcd.FullBatch(hbcd.Adam(1e-9), 10**9)
    stop = hbcd.Stop(f_tol=None, pg_tol=0.0, max_seconds=20.0)
    with pytest.raises(Mine) as caught:
        net.train(net.init(0), X, Y, strategy=endless, stop=stop, progress=progress)
    assert caught.value is error


@pytest.mark.parametrize("error", [StopIteration(), GeneratorExit(), SystemExit(2), MemoryError()])
def test_exceptions_with_a_meaning_of_their_own_arrive_too(error):
    net, strategy = setting("selector", Fuse(3, error))
    with pytest.raises(type(error)) as caught:
        net.train(net.init(0), X, Y, strategy=strategy)
    assert caught.value is error


@each_kind
@pytest.mark.parametrize("k", [3, 9])
def test_ctrl_c_inside_a_part_ends_the_run_and_keeps_the_best(kind, k):
    net, strategy = setting(kind, Fuse(k, KeyboardInterrupt()))
    theta = net.init(0)
    report = net.train(theta, X, Y, strategy=strategy)
    assert report.stop_reason is hbcd.StopReason.INTERRUPTED
    assert report.interrupted
    assert np.isfinite(report.theta).all()
    assert report.loss <= report.initial_loss
    assert report.loss == net.loss_and_gradient(report.theta, X, Y)[0]


def test_ctrl_c_ends_a_strategy_that_drives_itself():
    phases = []

    class Stubborn(hbcd.TrainingStrategy):
        def run(self, run_phase, about):
            for _ in range(5):
                phases.append(1)
                try:
                    run_phase(hbcd.Phase(hbcd.LBFGS(), stop=hbcd.Stop(max_iterations=3)))
                except Exception:  # not even this goes on
                    continue

    net, _ = setting("activation forward", Fuse(7, KeyboardInterrupt()))
    report = net.train(net.init(0), X, Y, strategy=Stubborn())
    assert report.stop_reason is hbcd.StopReason.INTERRUPTED
    assert report.n_iter <= 3
    assert len(phases) == 5


class Returning:
    """Computes what it is asked for, and returns it instead of writing it."""

    class Activation(hbcd.Activation):
        def forward(self, z, out):
            return np.tanh(z)

        def backward(self, z, a, grad):
            return grad * (1 - a * a)

    class Layer(hbcd.Layer):
        def n_parameters(self, n_in):
            return 0

        def n_out(self, n_in):
            return n_in

        def init(self, n_in, rng):
            return np.zeros(0)

        def forward(self, theta, x, out):
            return 2 * x

        def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
            return 2 * grad_out


@pytest.mark.parametrize(
    "hidden",
    [hbcd.HiddenLayer(2, Returning.Activation()), Returning.Layer()],
    ids=["activation", "layer"],
)
def test_a_part_that_returns_its_result_instead_of_writing_it_is_told_so(hidden):
    net = hbcd.Network([hbcd.InputLayer(X.shape[1]), hidden, hbcd.OutputLayer(1)])
    with pytest.raises(TypeError, match=r"\.forward: returned ndarray: must write into the arrays"):
        net.predict(net.init(0), X)


class InPlace(hbcd.Activation):
    def forward(self, z, out):
        return np.tanh(z, out=out)

    def backward(self, z, a, grad):
        return np.multiply(grad, 1 - a * a, out=grad)


def test_a_part_may_return_the_array_that_it_wrote():
    def net(activation):
        layers = [hbcd.InputLayer(X.shape[1]), hbcd.HiddenLayer(2, activation)]
        return hbcd.Network([*layers, hbcd.OutputLayer(1)])

    theta = net(hbcd.Tanh()).init(0)
    y = np.reshape(Y, (len(X), -1))[:, :1]
    _, expected = net(hbcd.Tanh()).loss_and_gradient(theta, X, y)
    _, gradient = net(InPlace()).loss_and_gradient(theta, X, y)
    assert gradient == pytest.approx(expected, rel=1e-12)  # two ways to write tanh
