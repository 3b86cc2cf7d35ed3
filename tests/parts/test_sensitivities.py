"""Sensitivities against their formulas in NumPy, on networks and by themselves."""

import numpy as np
import pytest

import hbcd

EPS = 1e-12  # of the relative gradient


def projected_gradient(w, g, lo, hi, shape):
    return np.abs(np.clip(w - g, lo, hi) - w).max()


def gradient_norm(w, g, lo, hi, shape):
    return np.sqrt((g * g).sum())


def rms_gradient(w, g, lo, hi, shape):
    return np.sqrt((g * g).mean())


def relative_gradient(w, g, lo, hi, shape):
    return np.sqrt((g * g).sum()) / (np.sqrt((w * w).sum()) + EPS)


def scaling_factor(w, g, lo, hi, shape):
    """Mean over neurons of |sum of g w over what enters a neuron|; shape: (n_in, n_out)."""
    n_in, n_out = shape
    product = (w * g).reshape(n_in + 1, n_out)  # the last line is the bias
    return np.abs(product.sum(axis=0)).mean()


MEASURES = {
    "projected_gradient": (hbcd.ProjectedGradient(), projected_gradient),
    "gradient_norm": (hbcd.GradientNorm(), gradient_norm),
    "rms_gradient": (hbcd.RootMeanSquareGradient(), rms_gradient),
    "relative_gradient": (hbcd.RelativeGradient(), relative_gradient),
    "scaling_factor": (hbcd.ScalingFactor(), scaling_factor),
}
each_measure = pytest.mark.parametrize("name", MEASURES)

# Sums of at most 60 products in double: the order of summation shows in the last few bits only.
# In float32 the numbers themselves are rounded, the sums are still made in double.
RTOL = {np.float32: 1e-6, np.float64: 1e-13}


def network(*widths):
    layers = [hbcd.InputLayer(widths[0])]
    layers += [hbcd.HiddenLayer(n) for n in widths[1:-1]]
    return hbcd.Network([*layers, hbcd.OutputLayer(widths[-1])])


def rows(net, n=60, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, net.n_inputs))
    return x, rng.normal(size=(n, net.n_outputs))


@each_measure
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("widths", [(3, 1), (2, 4, 1), (4, 5, 3, 2), (1, 1, 1)])
@pytest.mark.parametrize("box", [None, 0.5, (-0.1, None), (None, 0.2)])
def test_a_network_measures_every_layer_by_the_formula(name, dtype, widths, box):
    measure, formula = MEASURES[name]
    net = network(*widths)
    x, y = rows(net)
    theta = np.random.default_rng(1).normal(size=net.n_parameters).astype(dtype)
    lo, hi = (None, None) if box is None else (-box, box) if isinstance(box, float) else box
    lo, hi = -np.inf if lo is None else dtype(lo), np.inf if hi is None else dtype(hi)
    _, g = net.loss_and_gradient(theta, x, y)
    found = net.sensitivities(theta, x, y, measure=measure, box=box)
    assert found.shape == (len(net.blocks),)
    assert found.dtype == np.float64
    for b, block in enumerate(net.blocks):
        w64, g64 = theta[block].astype(np.float64), g[block].astype(np.float64)
        expected = formula(w64, g64, lo, hi, (widths[b], widths[b + 1]))
        # The projected gradient is a difference of weights: known to the rounding of a weight.
        absolute = 4 * np.finfo(dtype).eps * np.abs(w64).max()
        assert found[b] == pytest.approx(expected, rel=RTOL[dtype], abs=absolute)


@each_measure
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_measure_called_by_itself_gives_what_the_network_gives(name, dtype):
    measure = MEASURES[name][0]
    net = network(4, 5, 3, 2)
    x, y = rows(net)
    theta = net.init(0, dtype)
    _, g = net.loss_and_gradient(theta, x, y)
    box = (np.full(theta.shape, -0.3, dtype), np.full(theta.shape, 0.3, dtype))
    found = net.sensitivities(theta, x, y, measure=measure, box=0.3)
    for b, (block, n_out) in enumerate(zip(net.blocks, (5, 3, 2), strict=True)):
        extra = {"n_outputs": n_out} if name == "scaling_factor" else {}
        value = measure.measure(theta, g, block, box, **extra)
        assert isinstance(value, float)
        assert value == found[b]


def test_the_default_measure_is_the_projected_gradient():
    net = network(2, 4, 1)
    x, y = rows(net)
    theta = net.init(0)
    named = net.sensitivities(theta, x, y, measure=hbcd.ProjectedGradient())
    assert np.array_equal(net.sensitivities(theta, x, y), named)


def test_a_weight_on_its_bound_that_is_pushed_outward_does_not_count():
    theta, g = np.array([1.0, 1.0, 0.0]), np.array([-5.0, 0.25, 0.0])
    measure, block = hbcd.ProjectedGradient(), slice(0, 3)
    box = (np.full(3, -1.0), np.full(3, 1.0))
    assert measure.measure(theta, g, block) == 5.0
    assert measure.measure(theta, g, block, box) == 0.25
    narrow = (np.array([-1.0, 0.9, -1.0]), np.full(3, 1.0))
    assert measure.measure(theta, g, block, narrow) == pytest.approx(0.1, abs=1e-15)


def test_the_scaling_factor_sees_neurons_and_not_the_layer_as_one():
    # Two neurons whose derivatives cancel: weights (n_in 2, n_out 2) row by row, then the biases.
    theta = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    g = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -0.5])
    first, second = 1.0 + 3.0 + 5.0, -2.0 - 4.0 - 3.0
    measure = hbcd.ScalingFactor()
    assert measure.measure(theta, g, slice(0, 6), n_outputs=2) == (first - second) / 2
    assert measure.measure(theta, g, slice(0, 6)) == 0.0


def test_the_scaling_factor_is_the_derivative_with_respect_to_a_factor():
    """(F(1 + h) - F(1 - h)) / 2h with a factor on the input of one neuron."""
    net = network(3, 4, 1)
    x, y = rows(net)
    theta, h = net.init(2), 1e-5
    block = net.blocks[0]

    def loss(neuron, factor):
        moved = theta.copy()
        moved[block].reshape(4, 4)[:, neuron] *= factor
        return net.loss_and_gradient(moved, x, y)[0]

    slopes = [abs(loss(j, 1 + h) - loss(j, 1 - h)) / (2 * h) for j in range(4)]
    found = net.sensitivities(theta, x, y, measure=hbcd.ScalingFactor())
    # Central differences: h**2 times a third derivative, and eps / h of the loss.
    assert found[0] == pytest.approx(np.mean(slopes), abs=1e-8)


@each_measure
def test_at_a_stationary_point_nothing_is_sensitive(name):
    net = network(2, 3, 1)
    x, _ = rows(net)
    theta = net.init(0)
    found = net.sensitivities(theta, x, net.predict(theta, x), measure=MEASURES[name][0])
    assert np.array_equal(found, np.zeros(2))


@each_measure
def test_only_the_block_counts(name):
    measure = MEASURES[name][0]
    rng = np.random.default_rng(0)
    theta, g = rng.normal(size=20), rng.normal(size=20)
    before = measure.measure(theta, g, slice(5, 12))
    theta[:5], g[12:] = np.nan, np.inf
    assert measure.measure(theta, g, slice(5, 12)) == before
    assert measure.measure(theta, g, slice(5, 5)) == 0.0


def test_a_block_of_zeros_is_divided_by_something():
    value = hbcd.RelativeGradient().measure(np.zeros(3), np.ones(3), slice(0, 3))
    assert np.isfinite(value)
    assert value > 1e6


@pytest.mark.parametrize("scale", [1e-180, 1e180])
def test_norms_of_huge_and_tiny_gradients_are_numbers(scale):
    """The squares are outside the range of double."""
    g = scale * np.array([3.0, -4.0])
    found = hbcd.GradientNorm().measure(np.ones(2), g, slice(0, 2))
    assert found == pytest.approx(5.0 * scale, rel=1e-12)


class Subclass(hbcd.GradientNorm):
    def measure(self, theta, gradient, block, box=None):
        return 2.0 * super().measure(theta, gradient, block, box)


def test_a_subclass_runs_its_own_method_and_may_call_super():
    net = network(4, 5, 3, 2)
    x, y = rows(net)
    theta = net.init(0)
    own = net.sensitivities(theta, x, y, measure=Subclass())
    assert np.array_equal(own, 2.0 * net.sensitivities(theta, x, y, measure=hbcd.GradientNorm()))


def test_bad_input_is_one_clear_error():
    net = network(2, 3, 1)
    x, y = rows(net)
    theta = net.init(0)
    with pytest.raises(TypeError, match="measure='gradient'"):
        net.sensitivities(theta, x, y, measure="gradient")
    with pytest.raises(ValueError, match="box"):
        net.sensitivities(theta, x, y, box=(1.0, -1.0))
    with pytest.raises(ValueError, match="theta"):
        net.sensitivities(theta[1:], x, y)

    class Lazy(hbcd.Sensitivity):
        pass

    with pytest.raises(NotImplementedError, match=r"Lazy\.measure"):
        net.sensitivities(theta, x, y, measure=Lazy())
