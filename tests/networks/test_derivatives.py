"""Derivatives of a network are those of its formula, with the same bits on any thread."""

import ctypes

import numpy as np
import pytest
from scipy import LowLevelCallable

import hbcd
from hbcd.parts.activations import has_curvature
from support.complex_step import apart, hessian, jacobian
from support.custom_parts import Scale, Softplus
from support.reference import ACTIVATIONS
from support.structured import networks as structured_networks

# Some hundred roundings lie between an input and a derivative: 4e-14 at most was seen.
EXACT = 1e-12
SINGLE = 2e-5


class Swish(hbcd.Activation):
    """``z s(z)`` with all three functions."""

    def value(self, z):
        return z / (1 + np.exp(-z))

    def slope(self, z):
        s = 1 / (1 + np.exp(-z))
        return s + z * s * (1 - s)

    def forward(self, z, out):
        out[...] = self.value(z)

    def backward(self, z, a, grad):
        grad *= self.slope(z)

    def curvature(self, z, a, grad):
        s = 1 / (1 + np.exp(-z))
        grad *= s * (1 - s) * (2 + z * (1 - 2 * s))


def dense(activation, depth=2, n_in=4, n_out=3):
    hidden = [hbcd.HiddenLayer(7 - k, activation) for k in range(depth)]
    return hbcd.Network([hbcd.InputLayer(n_in), *hidden, hbcd.OutputLayer(n_out)])


def bent_output():
    return hbcd.Network(
        [hbcd.InputLayer(3), hbcd.HiddenLayer(5), hbcd.OutputLayer(2, hbcd.Sigmoid())]
    )


NETWORKS = {
    **{f"{name} {d}": dense(ACTIVATIONS[name][0], d) for name in ACTIVATIONS for d in range(4)},
    **structured_networks(),
    "custom": dense(Swish()),
    "custom part": hbcd.Network(
        [
            hbcd.InputLayer(4),
            hbcd.BlockDiagonalLayer([(2, 3, Swish()), (2, 2, hbcd.Tanh())]),
            hbcd.OutputLayer(2),
        ]
    ),
    "bent output": bent_output(),
    "one input": dense(hbcd.Tanh(), 1, 1, 1),
}


def point(network, rows, seed=0):
    rng = np.random.default_rng(seed)
    return network.init(seed), rng.normal(size=(rows, network.n_inputs))


@pytest.mark.parametrize("rows", [1, 16, 257])
@pytest.mark.parametrize("name", NETWORKS)
def test_first_derivatives_are_those_of_a_complex_step(name, rows):
    network = NETWORKS[name]
    theta, x = point(network, rows)
    outputs, found = network.outputs_and_jacobian(theta, x)
    wanted = jacobian(network, theta, x)
    assert found.shape == wanted.shape
    assert apart(found, wanted) <= EXACT
    np.testing.assert_array_equal(outputs, network.predict(theta, x))
    np.testing.assert_array_equal(found, network.input_jacobian(theta, x))
    single = network.input_jacobian(theta.astype(np.float32), x.astype(np.float32))
    assert single.dtype == np.float32
    assert np.abs(single - wanted).max() <= SINGLE * np.abs(wanted).max(initial=1.0)


@pytest.mark.parametrize("rows", [1, 16, 257])
@pytest.mark.parametrize("name", NETWORKS)
def test_second_derivatives_are_those_of_a_complex_step(name, rows):
    network = NETWORKS[name]
    theta, x = point(network, rows)
    found, wanted = network.input_hessian(theta, x, piecewise=True), hessian(network, theta, x)
    assert found.shape == wanted.shape
    assert apart(found, wanted) <= EXACT
    np.testing.assert_array_equal(found, found.swapaxes(2, 3))
    factors = np.random.default_rng(1).normal(size=(rows, network.n_outputs))
    product = network.input_hessian_product(theta, x, factors, piecewise=True)
    assert apart(product, np.einsum("rk,rkij->rij", factors, wanted)) <= EXACT
    single = network.input_hessian(theta.astype(np.float32), x.astype(np.float32), piecewise=True)
    assert single.dtype == np.float32
    assert np.abs(single - wanted).max() <= SINGLE * np.abs(wanted).max(initial=1.0)


@pytest.mark.parametrize("name", [*NETWORKS, "custom layer"])
def test_derivatives_in_the_parameters_add_up_to_a_pullback(name):
    network = NETWORKS.get(name) or hbcd.Network(
        [hbcd.InputLayer(3), Scale(), hbcd.HiddenLayer(4), Scale(), hbcd.OutputLayer(2)]
    )
    theta, x = point(network, 259)
    factors = np.random.default_rng(1).normal(size=(259, network.n_outputs))
    found = network.jacobian(theta, x)
    assert found.shape == (259, network.n_outputs, network.n_parameters)
    grad, grad_x = np.zeros(network.n_parameters), np.zeros_like(x)
    network.core_network(np.float64).pullback(theta, x, factors, grad_x, grad)
    scale = np.abs(grad).max(initial=1.0)
    np.testing.assert_allclose(np.einsum("rk,rkp->p", factors, found), grad, atol=1e-12 * scale)
    # And of one row: no sum hides anything.
    one = np.zeros(network.n_parameters)
    alone = np.eye(network.n_outputs)[:1]
    network.core_network(np.float64).pullback(theta, x[100:101], alone, None, one)
    np.testing.assert_allclose(found[100, 0], one, atol=1e-13 * np.abs(one).max(initial=1.0))
    inputs = np.einsum("rk,rki->ri", factors, network.input_jacobian(theta, x))
    np.testing.assert_allclose(inputs, grad_x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["tanh 2", "shared", "pieces"])
def test_threads_strides_and_neighbors_do_not_change_the_bits(name, dtype):
    network = NETWORKS[name]
    theta, x = point(network, 1500)
    theta = theta.astype(dtype)
    wide = np.zeros((1500, 2 * network.n_inputs))
    wide[:, ::2] = x
    for method in (
        network.jacobian,
        network.input_jacobian,
        lambda *a, **k: network.input_hessian(*a, **k, piecewise=True),
    ):
        wanted = method(theta, x, n_threads=1)
        for n in (2, 3):
            np.testing.assert_array_equal(method(theta, wide[:, ::2], n_threads=n), wanted)
        np.testing.assert_array_equal(method(theta, x[700:705]), wanted[700:705])


def test_standardized_columns_are_what_derivatives_are_in():
    from hbcd.utils.scaling import Scaled, Scaler

    network = NETWORKS["tanh 2"]
    theta, x = point(network, 40)
    scaler = Scaler.fit(x)
    raw = Scaled(x, scaler)
    z = scaler.forward(x, np.float64)
    for name in ("input_jacobian", "input_hessian", "jacobian"):
        method = getattr(network, name)
        np.testing.assert_array_equal(method(theta, raw), method(theta, z))


@pytest.mark.parametrize("kind", [hbcd.ReLU(), hbcd.LeakyReLU(0.2)])
def test_a_kink_has_no_second_derivative_unless_asked_for(kind):
    network = dense(kind)
    theta, x = point(network, 3)
    for call in (
        lambda: network.input_hessian(theta, x),
        lambda: network.input_hessian_product(theta, x, np.ones((3, 3))),
    ):
        with pytest.raises(ValueError, match=r"layers\[1\]: .*ReLU.* has a kink.*piecewise=True"):
            call()
    assert not network.input_hessian(theta, x, piecewise=True).any()


def test_the_slope_at_a_kink_is_that_on_its_left():
    network = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1, hbcd.LeakyReLU(0.25))])
    theta = np.array([3.0, 0.0])
    found = network.input_jacobian(theta, [[-1.0], [0.0], [1.0]])
    assert found.ravel().tolist() == [0.75, 0.75, 3.0]


class HalfTanh(hbcd.Tanh):
    def forward(self, z, out):
        np.tanh(z / 2, out=out)

    def backward(self, z, a, grad):
        grad *= (1 - a * a) / 2


class OtherSwish(Swish):
    def backward(self, z, a, grad):
        grad *= 2 * self.slope(z)


@pytest.mark.parametrize("kind", [Softplus, HalfTanh, OtherSwish])
def test_an_activation_without_a_second_derivative_of_its_own_is_named(kind):
    network = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(3, kind()), hbcd.OutputLayer(1)])
    theta, x = point(network, 3)
    assert network.input_jacobian(theta, x).shape == (3, 1, 2)
    text = rf"layers\[1\]: {kind.__name__} has no second derivative; write its `curvature`"
    with pytest.raises(ValueError, match=text):
        network.input_hessian(theta, x)
    assert not has_curvature(kind())
    assert has_curvature(Swish())
    assert has_curvature(hbcd.Tanh())


def test_a_custom_layer_is_named():
    network = hbcd.Network([hbcd.InputLayer(2), Scale(), hbcd.OutputLayer(1)])
    with pytest.raises(ValueError, match=r"layers\[1\]: Scale is custom and has no second"):
        network.input_hessian(*point(network, 3))


def compiled_swish(dtype, curvature=0):
    """A CompiledActivation that runs the methods of Swish; `curvature`: what that returns."""
    number = {np.float32: ctypes.c_float, np.float64: ctypes.c_double}[dtype]
    array, twin = ctypes.POINTER(number), Swish()

    def forward(n, z, a):
        twin.forward(*(np.ctypeslib.as_array(p, (n,)) for p in (z, a)))
        return 0

    def backward(n, z, a, g):
        twin.backward(*(np.ctypeslib.as_array(p, (n,)) for p in (z, a, g)))
        return 0

    def bend(n, z, a, g):
        twin.curvature(*(np.ctypeslib.as_array(p, (n,)) for p in (z, a, g)))
        return curvature

    kinds = [ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[array] * k) for k in (2, 3, 3)]
    functions = (forward, backward, bend)
    calls = [kind(f) for kind, f in zip(kinds, functions, strict=True)]
    name = number.__name__[2:]
    texts = [f"int (int, {', '.join([f'{name} *'] * k)})" for k in (2, 3, 3)]
    return [LowLevelCallable(c, signature=s) for c, s in zip(calls, texts, strict=True)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compiled_functions_bend_as_their_python_twins(dtype):
    functions = compiled_swish(dtype)
    network = dense(hbcd.CompiledActivation(*functions))
    theta, x = point(network, 300)
    theta, x = theta.astype(dtype), x.astype(dtype)
    wanted = dense(Swish()).input_hessian(theta, x)
    np.testing.assert_array_equal(network.input_hessian(theta, x), wanted)
    without = dense(hbcd.CompiledActivation(*functions[:2]))
    with pytest.raises(ValueError, match=r"layers\[1\]: CompiledActivation has no second"):
        without.input_hessian(theta, x)
    with pytest.raises(NotImplementedError, match="was not given"):
        without.layers[1].activation.curvature(x, x, x)
    failing = dense(hbcd.CompiledActivation(*compiled_swish(dtype, 7)))
    with pytest.raises(ValueError, match=r"layers\[.\]: .*: curvature returned 7"):
        failing.input_hessian(theta, x)


def test_compiled_functions_of_two_precisions_or_another_signature_are_refused():
    double, single = compiled_swish(np.float64), compiled_swish(np.float32)
    with pytest.raises(ValueError, match="forward, curvature: must be of the same precision"):
        hbcd.CompiledActivation(*double[:2], single[2])
    with pytest.raises(ValueError, match="curvature: signature="):
        hbcd.CompiledActivation(*double[:2], double[0])
    with pytest.raises(TypeError, match="curvature=3: must be"):
        hbcd.CompiledActivation(*double[:2], 3)


@pytest.mark.parametrize("kind", [hbcd.Tanh(), hbcd.Sigmoid(), hbcd.Identity(), Swish()])
def test_a_curvature_is_the_slope_of_the_slope(kind):
    z = np.linspace(-3, 3, 31)
    a, up, down, bent = (np.empty_like(z) for _ in range(4))
    kind.forward(z, a)
    kind.curvature(z, a, bent := np.full_like(z, 2.0))
    for to, at in ((up, z + 1e-6), (down, z - 1e-6)):
        to[...] = 2.0
        moved = np.empty_like(z)
        kind.forward(at, moved)
        kind.backward(at, moved, to)
    np.testing.assert_allclose(bent, (up - down) / 2e-6, atol=1e-8)


class Raises(Swish):
    def curvature(self, z, a, grad):
        raise RuntimeError("no")


class Returns(Swish):
    def curvature(self, z, a, grad):
        return grad * 0


def test_an_error_inside_a_part_arrives_and_a_result_that_would_be_lost_is_refused():
    for kind, error in ((Raises(), RuntimeError), (Returns(), TypeError)):
        network = dense(kind)
        with pytest.raises(error, match=r"no|curvature: returned ndarray"):
            network.input_hessian(*point(network, 3))


def test_bad_input_is_told_in_one_line():
    network = dense(hbcd.Tanh())
    theta, x = point(network, 5)
    wide = dense(hbcd.Identity(), 3).init(0) * 1e200
    for call, text in (
        (lambda: network.input_jacobian(theta[:-1], x), "theta: has shape"),
        (lambda: network.input_jacobian(theta, x[:, :2]), "X: has"),
        (lambda: network.jacobian(theta, x * np.nan), "X"),
        (lambda: network.input_hessian_product(theta, x, np.ones((4, 3))), "multipliers"),
        (lambda: network.input_hessian_product(theta, x, np.ones((5, 2))), "multipliers"),
        (lambda: dense(hbcd.Identity(), 3).input_jacobian(wide, x), "X: row 0: .*too large"),
    ):
        with pytest.raises(ValueError, match=text):
            call()
