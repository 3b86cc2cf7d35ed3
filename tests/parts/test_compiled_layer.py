"""A pair of `scipy.LowLevelCallable` as a kind of layer."""

import copy
import pickle
import threading

import numpy as np
import pytest

import hbcd
from support.compiled_parts import (
    Loaded,
    Quadratic,
    built_layer,
    compiled_layer,
    compiler,
    layer_callables,
)
from support.custom_parts import Skip, X, Y, both_precisions, data

needs_compiler = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
needs_openmp = pytest.mark.skipif(
    not hbcd.core.config()["openmp"], reason="this build has one thread"
)


def network(*layers, loss=None):
    """The layers between dense ones, first, in the middle and last but one."""
    return hbcd.Network([hbcd.InputLayer(3), *layers, hbcd.OutputLayer(1)], loss)


def sandwich(layer):
    return network(layer, hbcd.HiddenLayer(4), layer)


@both_precisions
@pytest.mark.parametrize("user_data", [False, True])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_pair_of_compiled_functions_is_a_layer(dtype, user_data, n_threads):
    own = sandwich(compiled_layer(Quadratic(), dtype, user_data=user_data))
    python = sandwich(Quadratic())
    assert own.n_parameters == python.n_parameters
    theta = own.init(0, dtype)
    assert np.array_equal(theta, python.init(0, dtype))
    x, y = data(8000)  # enough work for a second thread
    expected = python.predict(theta, x)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    assert np.abs(own.predict(theta, x) - expected).max() <= tolerance * np.abs(expected).max()
    f, g = own.loss_and_gradient(theta, x, y, n_threads=n_threads)
    expected_f, expected_g = python.loss_and_gradient(theta, x, y)
    assert f == pytest.approx(expected_f, rel=tolerance)
    assert np.abs(g - expected_g).max() <= tolerance * np.abs(expected_g).max()


@pytest.mark.parametrize(
    "strategy",
    [
        hbcd.FullBatch(hbcd.LBFGS(), max_iterations=30),
        hbcd.BlockCoordinateDescent(hbcd.LBFGS(), epochs=30),
        hbcd.BatchShell(hbcd.LBFGS(), epochs=3),
    ],
    ids=["full", "blocks", "shell"],
)
def test_a_compiled_layer_trains_as_the_layer_it_was_made_of(strategy):
    own, python = sandwich(compiled_layer(Quadratic())), sandwich(Quadratic())
    theta = own.init(0)
    one = own.train(theta, X, Y, strategy=strategy)
    two = python.train(theta, X, Y, strategy=strategy, n_threads=1)
    assert one.loss < 0.1 * one.initial_loss
    assert np.array_equal(one.theta, two.theta)


def test_the_gradient_is_that_of_differences():
    net = sandwich(compiled_layer(Quadratic()))
    theta, x, y = net.init(3), *data(40)
    _, g = net.loss_and_gradient(theta, x, y)
    value, step = net.bind(x, y).value, 1e-6
    for k in range(net.n_parameters):
        ahead, behind = theta.copy(), theta.copy()
        ahead[k] += step
        behind[k] -= step
        slope = (value(ahead) - value(behind)) / (2 * step)
        # Central differences: the error is step^2 times the third derivative, and rounding.
        assert g[k] == pytest.approx(slope, rel=1e-6, abs=1e-7)


@both_precisions
def test_the_number_of_threads_changes_no_bit(dtype):
    net, (x, y) = sandwich(compiled_layer(Quadratic(), dtype)), data(4000)
    theta = net.init(0, dtype)
    f, g = net.loss_and_gradient(theta, x, y, n_threads=1)
    predicted = net.predict(theta, x, n_threads=1)
    for n_threads in (2, 3, 5):
        other_f, other_g = net.loss_and_gradient(theta, x, y, n_threads=n_threads)
        assert other_f == f
        assert np.array_equal(other_g, g)
        assert np.array_equal(net.predict(theta, x, n_threads=n_threads), predicted)


@needs_openmp
def test_the_functions_are_called_from_every_thread():
    seen, both = set(), threading.Event()

    class Seeing(Quadratic):
        def forward(self, theta, x, out):
            seen.add(threading.get_ident())
            if len(seen) == 2:
                both.set()
            both.wait(timeout=10)  # the first one, so that it does not do the work of the other
            super().forward(theta, x, out)

    net = network(compiled_layer(Seeing()))
    x, y = data(20000)
    net.loss_and_gradient(net.init(0), x, y, n_threads=2)
    assert len(seen) == 2


@needs_compiler
@both_precisions
def test_a_layer_in_c_needs_no_interpreter(dtype, tmp_path):
    net, python = sandwich(built_layer(tmp_path, dtype)), sandwich(Quadratic())
    assert not net.core_network(dtype).calls_python
    theta, (x, y) = net.init(0, dtype), data(4000)
    f, g = net.loss_and_gradient(theta, x, y, n_threads=1)
    expected_f, expected_g = python.loss_and_gradient(theta, x, y)
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    assert f == pytest.approx(expected_f, rel=tolerance)
    assert np.abs(g - expected_g).max() <= tolerance * np.abs(expected_g).max()
    reports = [
        net.train(theta, x, y, strategy=hbcd.FullBatch(max_iterations=20), n_threads=n)
        for n in (1, 2)
    ]
    assert reports[0].loss < 0.5 * reports[0].initial_loss
    assert np.array_equal(reports[0].theta, reports[1].theta)


def test_gradients_that_nobody_needs_are_not_asked_for():
    calls = []
    net = network(compiled_layer(Quadratic(), calls=calls))
    net.loss_and_gradient(net.init(0), X, Y)
    assert {flags for name, _, flags in calls if name == "backward"} == {(0, 1)}  # the inputs
    calls.clear()
    net = network(hbcd.HiddenLayer(4), compiled_layer(Quadratic(), calls=calls))
    net.loss_and_gradient(net.init(0), X, Y)
    assert {flags for name, _, flags in calls if name == "backward"} == {(1, 1)}
    calls.clear()
    blocks = hbcd.BlockCoordinateDescent(hbcd.LBFGS(), hbcd.ForwardSequential(), epochs=2)
    net.train(net.init(0), X, Y, strategy=blocks)
    assert (1, 0) in {flags for *_, flags in calls}  # while the block below is optimized


def test_a_layer_without_parameters_is_one():
    class Square(Quadratic):
        def n_parameters(self, n_in):
            return 0

        def n_out(self, n_in):
            return n_in

        def init(self, n_in, rng):
            return np.empty(0)

        def forward(self, theta, x, out):
            out[...] = x**2

        def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
            grad_x[...] = 2 * x * grad_out

    square = compiled_layer(Square())
    net = network(hbcd.HiddenLayer(4), square)
    assert len(net.blocks) == 2
    theta = net.init(0)
    f, g = net.loss_and_gradient(theta, X, Y)
    expected_f, expected_g = network(hbcd.HiddenLayer(4), Square()).loss_and_gradient(theta, X, Y)
    assert f == expected_f
    assert np.array_equal(g, expected_g)


def test_sensitivities_are_those_of_the_layer_it_was_made_of():
    own, python = sandwich(compiled_layer(Quadratic())), sandwich(Quadratic())
    theta = own.init(0)
    for measure in (hbcd.ProjectedGradient(), hbcd.GradientNorm(), hbcd.ScalingFactor()):
        found = own.sensitivities(theta, X, Y, measure=measure)
        assert np.array_equal(found, python.sensitivities(theta, X, Y, measure=measure))


# ---- sizes and initial parameters ---------------------------------------------------------------


def test_sizes_are_numbers_or_functions_of_the_inputs():
    pair = layer_callables(Quadratic())
    layer = hbcd.CompiledLayer(*pair, 7)
    assert (layer.n_out(3), layer.n_parameters(3)) == (7, 0)
    layer = hbcd.CompiledLayer(*pair, lambda n: n + 1, lambda n: 2 * n)
    assert (layer.n_out(3), layer.n_parameters(3)) == (4, 6)
    assert layer.init(3, np.random.default_rng(0)).shape == (6,)


def test_where_nothing_is_said_parameters_are_normal_with_the_variance_of_the_inputs():
    layer = hbcd.CompiledLayer(*layer_callables(Quadratic()), 1, 40000)
    theta = layer.init(16, np.random.default_rng(0))
    # 40000 numbers: five standard deviations of their mean and of their deviation.
    assert abs(theta.mean()) < 5 * 0.25 / 200
    assert abs(theta.std() - 0.25) < 5 * 0.25 / np.sqrt(2 * 40000)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0,), "^n_out=0: must be at least 1"),
        ((2.5,), "^n_out=2.5: must be an integer"),
        ((None,), "^n_out=None: must be an integer"),
        ((True,), "^n_out=True: must be an integer"),
        ((1, -1), "^n_parameters=-1: must be at least 0"),
        ((1, "3"), "^n_parameters='3': must be an integer"),
        ((1, 0, 3), "^init=3: must be callable"),
        ((1, 2**63), "^n_parameters=9223372036854775808: must be at most"),
    ],
    ids=str,
)
def test_sizes_that_are_no_counts_are_refused(sizes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        hbcd.CompiledLayer(*layer_callables(Quadratic()), *sizes)


@pytest.mark.parametrize("wrong", [0, -3, 1.0, None, "4"])
def test_a_function_of_sizes_that_gives_no_count_is_refused(wrong):
    layer = hbcd.CompiledLayer(*layer_callables(Quadratic()), lambda n: wrong)
    with pytest.raises((ValueError, TypeError), match=rf"^n_out\(3\)={wrong!r}: must be"):
        network(layer)


@pytest.mark.parametrize("found", [[1.0], np.ones((2, 2)), 1.0], ids=["one", "square", "number"])
def test_initial_parameters_of_another_shape_are_refused(found):
    pair = layer_callables(Quadratic())
    layer = hbcd.CompiledLayer(*pair, 4, 4, lambda n_in, rng: found)
    with pytest.raises(ValueError, match=r"^init\(3, rng\): has shape .*, must be \(4,\)"):
        network(layer).init(0)


# ---- called from Python --------------------------------------------------------------------------


@both_precisions
@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 600])
def test_called_from_python_it_gets_at_most_256_rows_at_a_time(dtype, rows):
    calls, twin, rng = [], Quadratic(), np.random.default_rng(0)
    layer = compiled_layer(twin, dtype, calls=calls)
    x, grad_out = rng.normal(size=(rows, 3)).astype(dtype), np.ones((rows, 4), dtype)
    theta = rng.normal(size=4).astype(dtype)
    results = []
    for one in (layer, twin):
        out, grad_x = np.empty((rows, 4), dtype), np.empty((rows, 3), dtype)
        grad_theta = np.ones(4, dtype)  # is added to
        one.forward(theta, x, out)
        one.backward(theta, x, out, grad_out, grad_x, grad_theta)
        results.append((out, grad_x, grad_theta))
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])
    # Sums of 600 terms in another order.
    assert np.allclose(results[0][2], results[1][2], rtol=1e-4 if dtype == np.float32 else 1e-12)
    sizes = [n for name, n, _ in calls if name == "forward"]
    assert sum(sizes) == rows
    assert max(sizes, default=0) <= 256


def test_arrays_that_do_not_fit_together_are_refused():
    layer = compiled_layer(Quadratic())
    theta, x, out = np.ones(4), np.ones((5, 3)), np.ones((5, 4))
    for wrong in (
        (theta, x, np.ones((5, 3))),
        (theta, x, np.ones((4, 4))),
        (theta, np.ones(3), out),
        (np.ones(3), x, out),
        (np.ones((4, 1)), x, out),
    ):
        with pytest.raises(ValueError, match="shape"):
            layer.forward(*wrong)
        with pytest.raises(ValueError, match="shape"):
            layer.backward(*wrong, out, x.copy(), np.zeros(4))
    for wrong in (
        (np.ones((5, 3)), x.copy(), np.zeros(4)),
        (out, np.ones((4, 3)), np.zeros(4)),
        (out, x.copy(), np.zeros(3)),
    ):
        with pytest.raises(ValueError, match="shape"):
            layer.backward(theta, x, out, *wrong)


# ---- copies and subclasses -----------------------------------------------------------------------


def test_a_model_with_one_says_why_it_cannot_be_saved(tmp_path):
    layers = [compiled_layer(Quadratic())]
    model = hbcd.HybridRegressor(layers=layers, max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match=r"^layers\[0\]: a CompiledLayer cannot be saved"):
        model.save(tmp_path / "m.hbcd")


def test_it_cannot_be_pickled_and_a_copy_is_itself():
    layer = compiled_layer(Quadratic())
    with pytest.raises(TypeError, match=r"^CompiledLayer: cannot be pickled"):
        pickle.dumps(layer)
    assert copy.deepcopy(layer) is layer


class Counting(Loaded):
    calls = 0

    def forward(self, theta, x, out):
        Counting.calls += 1
        super().forward(theta, x, out)


def test_a_subclass_that_finds_its_functions_can_be_pickled_and_is_run_compiled():
    net = sandwich(Loaded())
    assert not net.core_network(np.float64).calls_python
    again = pickle.loads(pickle.dumps(net))
    theta = net.init(0)
    assert np.array_equal(again.predict(theta, X), net.predict(theta, X))


def test_a_subclass_with_a_method_of_its_own_is_run_by_that_method():
    net, compiled = sandwich(Counting()), sandwich(Loaded())
    assert net.core_network(np.float64).calls_python
    theta = net.init(0)
    f, g = net.loss_and_gradient(theta, X, Y)
    expected_f, expected_g = compiled.loss_and_gradient(theta, X, Y)
    assert Counting.calls > 0
    assert f == expected_f
    assert np.array_equal(g, expected_g)


def test_it_stands_beside_layers_written_in_python():
    net = network(compiled_layer(Quadratic()), Skip(), hbcd.HiddenLayer(3))
    other = network(Quadratic(), Skip(), hbcd.HiddenLayer(3))
    theta = net.init(0)
    assert np.array_equal(net.predict(theta, X), other.predict(theta, X))
