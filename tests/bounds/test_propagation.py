"""Bounds hold for what networks compute, and lines for activations, in either precision."""

import itertools

import numpy as np
import pytest

import hbcd
from hbcd.bounds.boxes import METHODS, NetworkBounds, halves
from hbcd.bounds.propagation import Propagation
from hbcd.bounds.relaxations import lines, slope_range, values
from hbcd.networks.affine_layers import affine_layers

ACTIVATIONS = (
    hbcd.Identity(),
    hbcd.Sigmoid(),
    hbcd.Tanh(),
    hbcd.ReLU(),
    hbcd.LeakyReLU(),
    hbcd.LeakyReLU(2.0),
)
KINDS = (
    ("identity", 0.0),
    ("sigmoid", 0.0),
    ("tanh", 0.0),
    ("relu", 0.0),
    ("leaky_relu", 0.01),
    ("leaky_relu", 2.0),
)
DTYPES = (np.float64, np.float32)


def intervals(rng, n):
    """Ends of intervals of all widths, at all distances from 0, some of width 0."""
    center = rng.normal(size=n) * 10 ** rng.uniform(-3, 1.5, n)
    half = np.where(rng.random(n) < 0.1, 0.0, 10 ** rng.uniform(-12, 1.5, n))
    return center - half, center + half


@pytest.mark.parametrize(("name", "leak"), KINDS)
def test_an_activation_lies_between_its_lines(name, leak):
    lo, hi = intervals(np.random.default_rng(0), 4000)
    found = lines(name, leak, lo, hi)
    for share in np.linspace(0, 1, 101):
        z = np.clip(lo + share * (hi - lo), lo, hi)
        a = values(name, leak, z)
        rounding = 1e-15 * (np.abs(a) + np.abs(z))  # of the two sides that are compared here
        assert (a <= found.high_slope * z + found.high + rounding).all()
        assert (a >= found.low_slope * z + found.low - rounding).all()


@pytest.mark.parametrize(("name", "leak"), KINDS)
def test_secants_of_an_activation_lie_within_the_range_of_its_slope(name, leak):
    rng = np.random.default_rng(1)
    lo, hi = intervals(rng, 4000)
    least, most = slope_range(name, leak, lo, hi)
    a, b = np.sort(lo + rng.random((2, 4000)) * (hi - lo), axis=0)
    far = b - a > 1e-4
    rise = (values(name, leak, b) - values(name, leak, a))[far]
    rounding = 1e-15 * (1 + np.abs(a) + np.abs(b))[far]
    assert (rise <= (most * (b - a))[far] + rounding).all()
    assert (rise >= (least * (b - a))[far] - rounding).all()


def networks(rng):
    """Networks of every activation, depth 0 to 4, with structured layers too; and parameters."""
    for activation, depth in itertools.product(ACTIVATIONS, range(5)):
        hidden = [hbcd.HiddenLayer(int(rng.integers(1, 9)), activation) for _ in range(depth)]
        yield hbcd.Network([hbcd.InputLayer(3), *hidden, hbcd.OutputLayer(2)])
    pieces = hbcd.SmoothPieces([0, 0, 2], [-0.5, 0.5, 0.1], [0.2, 0.4, 1.0])
    parts = hbcd.BlockDiagonalLayer([(6, 4, hbcd.Tanh()), (6, 3, hbcd.ReLU())], shared_input=True)
    second = hbcd.BlockDiagonalLayer([(4, 2, hbcd.Tanh()), (3, 5, hbcd.Sigmoid())])
    yield hbcd.Network([hbcd.InputLayer(3), pieces, parts, second, hbcd.OutputLayer(2)])


def rows_of(rng, lo, hi, dtype, n=60):
    """Rows of a box, corners among them."""
    inner = rng.uniform(lo, hi, (n, lo.size))
    corners = np.where(rng.random((n, lo.size)) < 0.5, lo, hi)
    return np.clip(np.vstack([inner, corners]).astype(dtype), lo.astype(dtype), hi.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_computed_output_leaves_its_bounds(dtype):
    rng = np.random.default_rng(2)
    for network in networks(rng):
        theta = (1.5 * network.init(rng)).astype(dtype)
        center = rng.normal(size=(8, 3))
        half = 10 ** rng.uniform(-9, 0.5, (8, 1)) * rng.random((8, 3))
        half[0] = 0.0  # a single row
        lo, hi = ((center + s * half).astype(dtype).astype(float) for s in (-1, 1))
        found = [NetworkBounds(network, theta, method).outputs(lo, hi) for method in METHODS]
        for k in range(8):
            out = network.predict(theta, rows_of(rng, lo[k], hi[k], dtype)).astype(float)
            for low, high in found:
                assert (low[k] <= out).all()
                assert (out <= high[k]).all()


def test_lines_backward_are_never_wider_than_intervals_and_much_narrower_in_the_mean():
    rng = np.random.default_rng(3)
    ratios = []
    for network in networks(rng):
        layers = affine_layers(network, network.init(rng))
        center = rng.normal(size=(10, 3))
        lo, hi = center - 0.2, center + 0.2
        made = Propagation(layers, np.float64)
        plain, tight = made.interval(lo, hi), made.crown(lo, hi)
        for one, other in zip(plain, tight, strict=True):
            # One unit in the last place: both are moved outward by one.
            assert (other.leaving[0] >= one.leaving[0] - 1e-15).all()
            assert (other.leaving[1] <= one.leaving[1] + 1e-15).all()
        if len(layers) > 1:
            widths = [side[-1].leaving[1] - side[-1].leaving[0] for side in (tight, plain)]
            ratios.append(np.log(widths[0] / widths[1]).mean())
    assert np.exp(np.mean(ratios)) < 0.5


def test_a_linear_network_has_exact_bounds():
    rng = np.random.default_rng(4)
    network = hbcd.Network(
        [hbcd.InputLayer(5), hbcd.HiddenLayer(4, hbcd.Identity()), hbcd.OutputLayer(3)]
    )
    theta = network.init(rng)
    lo, hi = np.full((1, 5), -1.0), np.full((1, 5), 2.0)
    corners = np.array(list(itertools.product((-1.0, 2.0), repeat=5)))
    out = network.predict(theta, corners)
    low, high = NetworkBounds(network, theta).outputs(lo, hi)
    assert low[0] == pytest.approx(out.min(axis=0), abs=1e-12)
    assert high[0] == pytest.approx(out.max(axis=0), abs=1e-12)


def test_bounds_of_one_box_do_not_depend_on_the_others():
    rng = np.random.default_rng(5)
    network = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(6), hbcd.OutputLayer(1)])
    bounds = NetworkBounds(network, network.init(rng))
    center = rng.normal(size=(50, 3))
    together = bounds.outputs(center - 0.1, center + 0.1)
    bounds.rows = 7
    apart = bounds.outputs(center - 0.1, center + 0.1)
    # A matrix of another number of rows may be summed in another order.
    assert np.allclose(together, apart, rtol=1e-13, atol=1e-13)


def test_refined_boxes_cover_the_box_and_tighten_its_bounds():
    rng = np.random.default_rng(6)
    network = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(8), hbcd.OutputLayer(1)])
    theta = 2 * network.init(rng)
    bounds = NetworkBounds(network, theta)
    lo, hi = np.array([[-1.0, -1.0]]), np.array([[1.0, 1.0]])
    out = network.predict(theta, rng.uniform(-1, 1, (20000, 2)))
    widths = []
    for most in (1, 10, 100, 1000):
        parts = bounds.refined(lo, hi, most, bounds.outputs)
        assert len(parts[0]) <= most
        assert np.prod(parts[1] - parts[0], axis=1).sum() == pytest.approx(4.0)
        low, high = bounds.outputs(*parts)
        assert low.min() <= out.min()
        assert out.max() <= high.max()
        widths.append(high.max() - low.min())
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 1.02 * (out.max() - out.min())  # 20000 rows do not attain the ends


def test_a_box_that_is_one_row_is_not_cut():
    network = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(8), hbcd.OutputLayer(1)])
    point = np.zeros((1, 2))
    bounds = NetworkBounds(network, network.init(0))
    lo, hi = bounds.refined(point, point, 10, bounds.outputs)
    assert np.array_equal(lo, point)
    assert np.array_equal(hi, point)


def test_halves_share_their_cut():
    lo, hi = halves(np.array([[0.0, 0.0]]), np.array([[2.0, 4.0]]), np.array([1]))
    assert lo.tolist() == [[0.0, 0.0], [0.0, 2.0]]
    assert hi.tolist() == [[2.0, 2.0], [2.0, 4.0]]


class Odd(hbcd.Activation):
    """Not one that a proof knows."""

    def forward(self, z, out):
        out[...] = z

    def backward(self, z, a, grad):
        pass


def test_an_activation_that_is_not_known_is_refused():
    network = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(3, Odd()), hbcd.OutputLayer(1)])
    with pytest.raises(ValueError, match=r"layers\[1\]: activation=.*: must be one of hbcd's own"):
        affine_layers(network, network.init(0))


def test_a_method_that_is_none_is_refused():
    network = hbcd.Network([hbcd.InputLayer(2), hbcd.OutputLayer(1)])
    with pytest.raises(ValueError, match="method='best': must be one of interval, crown"):
        NetworkBounds(network, network.init(0), "best")


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_computed_derivative_leaves_its_bounds(dtype):
    rng = np.random.default_rng(7)
    for network in networks(rng):
        theta = (1.5 * network.init(rng)).astype(dtype)
        center = rng.normal(size=(5, 3))
        half = 10 ** rng.uniform(-9, 0.5, (5, 1)) * rng.random((5, 3))
        half[0] = 0.0
        lo, hi = ((center + s * half).astype(dtype).astype(float) for s in (-1, 1))
        low, high = NetworkBounds(network, theta).jacobian(lo, hi, dtype)
        for k in range(5):
            out = network.input_jacobian(theta, rows_of(rng, lo[k], hi[k], dtype)).astype(float)
            assert (low[k] <= out).all()
            assert (out <= high[k]).all()


def test_the_sign_of_a_derivative_that_weights_fix_has_no_rounding():
    rng = np.random.default_rng(8)
    for depth, activation in itertools.product(range(4), ACTIVATIONS):
        hidden = [hbcd.HiddenLayer(5, activation) for _ in range(depth)]
        network = hbcd.Network([hbcd.InputLayer(3), *hidden, hbcd.OutputLayer(2)])
        theta = np.abs(network.init(rng))
        for part in network.dense_parts(1, theta):
            part.weights[0] *= -1
        width = 10.0 ** rng.uniform(-5, 3)
        low, high = NetworkBounds(network, theta).jacobian(
            *np.array([[[-width] * 3], [[width] * 3]])
        )
        assert (high[..., 0] <= 0).all()
        assert (low[..., 1:] >= 0).all()
