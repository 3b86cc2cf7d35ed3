"""Compiled layers that do not fit or that fail: errors that say so."""

import ctypes

import numpy as np
import pytest
from scipy import LowLevelCallable

import hbcd
from support.compiled_parts import (
    Quadratic,
    compiled_layer,
    layer_callables,
)
from support.custom_parts import X, Y, data


def sandwich(layer):
    """The layer in the middle and last but one."""
    layers = [hbcd.InputLayer(3), layer, hbcd.HiddenLayer(4), layer, hbcd.OutputLayer(1)]
    return hbcd.Network(layers)


def test_a_pair_of_another_signature_is_refused():
    forward, backward = layer_callables(Quadratic())
    single = layer_callables(Quadratic(), np.float32)
    short = LowLevelCallable(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: 0))
    with pytest.raises(ValueError, match=r"^forward: signature='int \(int, int, int, int, int"):
        hbcd.CompiledLayer(backward, forward, 4)
    with pytest.raises(ValueError, match=r"^backward: signature='int \(int\)': must be"):
        hbcd.CompiledLayer(forward, short, 4)
    with pytest.raises(ValueError, match=r"^forward: signature='int \(int\)': must be"):
        hbcd.CompiledLayer(short, backward, 4)
    with pytest.raises(ValueError, match=r"^forward, backward: must be of the same precision"):
        hbcd.CompiledLayer(forward, single[1], 4)
    with pytest.raises(TypeError, match=r"^backward=.*must be a scipy\.LowLevelCallable"):
        hbcd.CompiledLayer(forward, print, 4)


def test_a_network_of_the_other_precision_is_refused():
    for own, other in ((np.float32, np.float64), (np.float64, np.float32)):
        net = sandwich(compiled_layer(Quadratic(), own))
        theta = net.init(0, other)
        with pytest.raises(ValueError, match=f"^forward: .* must be for {other.__name__}"):
            net.predict(theta, X)
        with pytest.raises(ValueError, match=f"must be for {other.__name__}"):
            net.train(theta, X, Y)
        assert np.isfinite(net.predict(net.init(0, own), X)).all()


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("status", [(1, 0), (-7, 0), (0, 1), (0, -7)], ids=str)
def test_a_function_that_fails_is_an_error(status, n_threads):
    net = sandwich(compiled_layer(Quadratic(), status=status))
    theta, (x, y) = net.init(0), data(8000)
    before = theta.copy()
    forward, backward = status
    index, what = (
        (1, f"forward returned {forward}") if forward else (3, f"backward returned {backward}")
    )
    failed = pytest.raises(
        ValueError, match=rf"^layers\[{index}\]: CompiledLayer: {what}: a compiled"
    )
    with failed:
        net.loss_and_gradient(theta, x, y, n_threads=n_threads)
    with failed:
        net.train(theta, x, y, n_threads=n_threads)
    assert np.array_equal(theta, before)
    if forward != 0:
        with failed:
            net.predict(theta, x, n_threads=n_threads)
    else:
        assert np.isfinite(net.predict(theta, x, n_threads=n_threads)).all()


def test_methods_that_need_a_jacobian_refuse_it():
    net = sandwich(compiled_layer(Quadratic()))
    theta = net.init(0)
    with pytest.raises(ValueError, match="CompiledLayer"):
        net.train(theta, X, Y, strategy=hbcd.FullBatch(hbcd.LevenbergMarquardt()))
    with pytest.raises(ValueError, match="CompiledLayer"):
        net.bind(X, Y).normal_equations(theta)
