"""A pair of `scipy.LowLevelCallable` as an activation."""

import ctypes

import numpy as np
import pytest
from scipy import LowLevelCallable

import hbcd
from support.custom_parts import X, Y, both_precisions, data, dense


def compiled_tanh(number=ctypes.c_double, user_data=False, status=0):
    """tanh as a pair of C function pointers; no compiler is needed for callbacks."""
    array = ctypes.POINTER(number)
    extra = [ctypes.c_void_p] if user_data else []

    def forward(n, z, a, *data):
        np.ctypeslib.as_array(a, (n,))[:] = np.tanh(np.ctypeslib.as_array(z, (n,)))
        return status

    def backward(n, z, a, g, *data):
        slope = 1.0 - np.ctypeslib.as_array(a, (n,)) ** 2
        np.ctypeslib.as_array(g, (n,))[:] *= slope
        return status

    kinds = [
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[array] * arrays, *extra) for arrays in (2, 3)
    ]
    pair = kinds[0](forward), kinds[1](backward)
    return hbcd.CompiledActivation(*map(LowLevelCallable, pair))


@both_precisions
@pytest.mark.parametrize("user_data", [False, True])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_pair_of_compiled_functions_is_an_activation(dtype, user_data, n_threads):
    number = ctypes.c_float if dtype == np.float32 else ctypes.c_double
    own, built_in = dense(compiled_tanh(number, user_data)), dense(hbcd.Tanh())
    theta = built_in.init(0, dtype)
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    assert np.abs(own.predict(theta, X) - built_in.predict(theta, X)).max() < tolerance
    x, y = data(8000)  # enough work for a second thread
    f, g = own.loss_and_gradient(theta, x, y, n_threads=n_threads)
    expected_f, expected_g = built_in.loss_and_gradient(theta, x, y)
    assert f == pytest.approx(expected_f, rel=tolerance)
    assert np.abs(g - expected_g).max() < tolerance
    report = own.train(theta, X, Y, strategy=hbcd.FullBatch(max_iterations=20))
    assert report.loss < 0.1 * report.initial_loss


def test_a_pair_may_be_called_from_python():
    pair, z = compiled_tanh(), np.linspace(-2.0, 2.0, 5)
    a, g = np.empty(5), np.ones(5)
    pair.forward(z, a)
    pair.backward(z, a, g)
    assert np.array_equal(a, np.tanh(z))
    assert np.array_equal(g, 1.0 - np.tanh(z) ** 2)


def test_a_pair_of_another_signature_is_refused():
    good, single = compiled_tanh(), compiled_tanh(ctypes.c_float)
    with pytest.raises(ValueError, match=r"signature='int \(int, double \*, double \*, double"):
        hbcd.CompiledActivation(good.backward_function, good.forward_function)
    with pytest.raises(ValueError, match="same precision"):
        hbcd.CompiledActivation(good.forward_function, single.backward_function)
    with pytest.raises(TypeError, match=r"forward=.*LowLevelCallable"):
        hbcd.CompiledActivation(np.tanh, np.tanh)
    for pair, dtype in ((good, np.float32), (single, np.float64)):
        net = dense(pair)
        with pytest.raises(ValueError, match=f"must be for {np.dtype(dtype)}"):
            net.predict(net.init(0, dtype), X)


def test_a_compiled_function_that_fails_is_an_error():
    net = dense(compiled_tanh(status=1))
    said = r"^layers\[1\]: CompiledActivation: forward returned 1: a compiled function returns 0"
    with pytest.raises(ValueError, match=said):
        net.loss_and_gradient(net.init(0), X, Y)


@pytest.mark.parametrize(("first", "second", "index"), [(5, 0, 1), (0, -3, 2)])
def test_the_error_names_the_layer_and_the_answer_of_the_last_call(first, second, index):
    parts = [compiled_tanh(status=first), compiled_tanh(status=second)]
    hidden = [hbcd.HiddenLayer(3, part) for part in parts]
    net = hbcd.Network([hbcd.InputLayer(X.shape[1]), *hidden, hbcd.OutputLayer()])
    said = rf"^layers\[{index}\]: CompiledActivation: forward returned {first or second}:"
    for _ in range(2):
        with pytest.raises(ValueError, match=said):
            net.train(net.init(0), X, Y, n_threads=2)
    with pytest.raises(ValueError, match=r"^CompiledActivation: forward returned "):
        parts[index - 1].forward(np.zeros(2), np.zeros(2))
