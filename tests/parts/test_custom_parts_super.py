"""Own parts that equal built-in ones, and subclasses of built-in ones that call super()."""

from dataclasses import dataclass

import numpy as np
import pytest

import hbcd
from support.custom_parts import X, Y, assert_same_run, both_precisions, dense

# ---- own parts equal to built-in ones ------------------------------------------------------------


class OwnTanh(hbcd.Activation):
    def forward(self, z, out):
        np.tanh(z, out=out)

    def backward(self, z, a, grad):
        grad *= 1.0 - a * a


class OwnDense(hbcd.Layer):
    """HiddenLayer in NumPy."""

    def __init__(self, n):
        self.n = n

    def n_parameters(self, n_in):
        return (n_in + 1) * self.n

    def n_out(self, n_in):
        return self.n

    def init(self, n_in, rng):
        return hbcd.HiddenLayer(self.n).init(n_in, rng)

    def forward(self, theta, x, out):
        out[...] = np.tanh(x @ theta[: -self.n].reshape(-1, self.n) + theta[-self.n :])

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        delta = grad_out * (1.0 - out * out)
        grad_x[...] = delta @ theta[: -self.n].reshape(-1, self.n).T
        grad_theta[: -self.n] += (x.T @ delta).ravel()
        grad_theta[-self.n :] += delta.sum(axis=0)


EQUAL = {
    "activation": dense(OwnTanh(), OwnTanh()),
    "one_activation": dense(hbcd.Tanh(), OwnTanh()),
    "layer": hbcd.Network([hbcd.InputLayer(3), OwnDense(4), OwnDense(4), hbcd.OutputLayer(1)]),
    "one_layer": hbcd.Network(
        [hbcd.InputLayer(3), OwnDense(4), hbcd.HiddenLayer(4), hbcd.OutputLayer(1)]
    ),
}


@both_precisions
@pytest.mark.parametrize("name", EQUAL)
def test_an_own_part_that_equals_a_built_in_gives_its_results(name, dtype):
    own, built_in = EQUAL[name], dense(hbcd.Tanh(), hbcd.Tanh())
    theta = built_in.init(3, dtype)
    assert np.array_equal(own.init(3, dtype), theta)
    # Two tanh within an ulp or two of each other, and sums of 5 to 300 terms in another order.
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    assert np.abs(own.predict(theta, X) - built_in.predict(theta, X)).max() < tolerance
    f, g = own.loss_and_gradient(theta, X, Y)
    expected_f, expected_g = built_in.loss_and_gradient(theta, X, Y)
    assert f == pytest.approx(expected_f, rel=tolerance)
    assert np.abs(g - expected_g).max() < tolerance
    # Rounding grows from step to step: ten of them stay near.
    stop = hbcd.Stop(max_iterations=10)
    mine = own.train(theta, X, Y, strategy=hbcd.FullBatch(), stop=stop)
    theirs = built_in.train(theta, X, Y, strategy=hbcd.FullBatch(), stop=stop)
    assert mine.n_fev == theirs.n_fev
    assert np.abs(mine.theta - theirs.theta).max() < (1e-2 if dtype == np.float32 else 1e-9)


# ---- subclasses of built-ins that call super() ---------------------------------------------------

ACTIVATIONS = [hbcd.Identity, hbcd.Sigmoid, hbcd.Tanh, hbcd.ReLU, hbcd.LeakyReLU]


def counting(base):
    """A subclass that counts its calls and leaves the work to super()."""

    class Counting(base):
        calls = 0

        def forward(self, z, out):
            type(self).calls += 1
            super().forward(z, out)

        def backward(self, z, a, grad):
            type(self).calls += 1
            super().backward(z, a, grad)

    return Counting


@both_precisions
@pytest.mark.parametrize("base", ACTIVATIONS)
def test_an_activation_that_calls_super_gives_the_same_bits(base, dtype):
    own, strategy = counting(base), hbcd.BatchShell(epochs=2)
    assert_same_run(
        dense(hbcd.Tanh(), own()), dense(hbcd.Tanh(), base()), strategy, strategy, dtype
    )
    assert own.calls > 10


def test_an_override_of_a_built_in_really_runs():
    class Doubled(hbcd.Tanh):
        def forward(self, z, out):
            super().forward(z, out)
            out *= 2.0

    net, built_in = dense(Doubled()), dense(hbcd.Tanh())
    theta = net.init(0)
    theta[-1] = 0.0  # no bias of the output: it doubles with its input
    assert np.array_equal(net.predict(theta, X), 2.0 * built_in.predict(theta, X))


@dataclass(frozen=True)
class OwnLeak(hbcd.LeakyReLU):
    """Inherits both methods and changes the option."""

    leak: float = 0.3


def test_a_subclass_without_methods_runs_those_it_inherits():
    theta = dense(OwnLeak()).init(0)
    own, built_in = dense(OwnLeak()), dense(hbcd.LeakyReLU(0.3))
    assert np.array_equal(own.predict(theta, X), built_in.predict(theta, X))


class OwnHidden(hbcd.HiddenLayer):
    calls = 0

    def forward(self, theta, x, out):
        type(self).calls += 1
        super().forward(theta, x, out)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        type(self).calls += 1
        super().backward(theta, x, out, grad_out, grad_x, grad_theta)


@both_precisions
@pytest.mark.parametrize("activation", [hbcd.Tanh(), hbcd.ReLU(), OwnTanh()])
def test_a_layer_that_calls_super_gives_the_same_numbers(activation, dtype):
    own = hbcd.Network(
        [hbcd.InputLayer(3), OwnHidden(4, activation), OwnHidden(5), hbcd.OutputLayer(1)]
    )
    built_in = hbcd.Network(
        [
            hbcd.InputLayer(3),
            hbcd.HiddenLayer(4, activation),
            hbcd.HiddenLayer(5),
            hbcd.OutputLayer(1),
        ]
    )
    theta, before = built_in.init(0, dtype), OwnHidden.calls
    assert np.array_equal(own.predict(theta, X), built_in.predict(theta, X))
    f, g = own.loss_and_gradient(theta, X, Y)
    expected_f, expected_g = built_in.loss_and_gradient(theta, X, Y)
    assert f == expected_f
    # The gradient of a tile of 256 rows is rounded to the run's precision on its way.
    assert np.abs(g - expected_g).max() < 4 * np.finfo(dtype).eps
    assert OwnHidden.calls > before + 4


SENSITIVITIES = [
    hbcd.ProjectedGradient,
    hbcd.GradientNorm,
    hbcd.RootMeanSquareGradient,
    hbcd.RelativeGradient,
]


@both_precisions
@pytest.mark.parametrize("base", SENSITIVITIES)
def test_a_sensitivity_that_calls_super_gives_the_same_bits(base, dtype):
    class Own(base):
        def measure(self, theta, gradient, block, box=None):
            return super().measure(theta, gradient, block, box)

    net = dense(hbcd.Tanh(), hbcd.Tanh())
    strategies = [
        hbcd.BatchShell(sensitivity=measure(), epochs=3, box=0.8) for measure in (Own, base)
    ]
    assert_same_run(net, net, *strategies, dtype)


def test_a_scaling_factor_is_told_its_neurons_by_its_subclass():
    """`measure` is not told the shape of a layer: a subclass that calls super() has to know it."""

    class Own(hbcd.ScalingFactor):
        def measure(self, theta, gradient, block, box=None):
            n_outputs = 4 if block.start == 0 else 1
            return super().measure(theta, gradient, block, box, n_outputs=n_outputs)

    net = dense(hbcd.Tanh())
    theta = net.init(0)
    expected = net.sensitivities(theta, X, Y, measure=hbcd.ScalingFactor())
    assert np.array_equal(net.sensitivities(theta, X, Y, measure=Own()), expected)


SELECTORS = [hbcd.MostSensitive, hbcd.ForwardSequential, hbcd.PingPong, hbcd.Backward]


@pytest.mark.parametrize("base", SELECTORS)
def test_a_selector_that_calls_super_gives_the_same_bits(base):
    class Own(base):
        def next_block(self, about):
            return super().next_block(about)

    net = dense(hbcd.Tanh(), hbcd.Tanh())
    # On all rows: a selector in Python draws a seed for its generator, so batches would differ.
    strategies = [hbcd.BlockCoordinateDescent(selector=s(), epochs=5) for s in (Own, base)]
    assert_same_run(net, net, *strategies, np.float64)
