"""The gradient is the derivative of the loss, whatever the network, the rows and the block."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hbcd
from support import levels
from support.reference import ACTIVATIONS, random_network, random_rows, random_theta, worst

DEPTHS = range(5)
WIDTHS = range(1, 18)
OUTPUTS = (1, 2, 3)
# Either side of every edge: 16 rows are the padding, 256 a tile, 16 lanes of tiles come last.
TILE_EDGES = (1, 15, 16, 17, 255, 256, 257, 271, 272, 273, 600, 16 * 256 + 1)

# h = 1e-5: the truncation error, about h^2 = 1e-10, and the rounding error, about eps / h = 2e-11,
# are both far below the 1e-7 that is promised; z moves by less than the margin of 1e-3 to a kink.
STEP, CENTRAL = 1e-5, 1e-7
# Two orders of summation of a few hundred products: some hundred eps at most.
EXACT = 1e-12
# float32: eps = 6e-8, times the few dozen roundings between an input and its gradient.
SINGLE = 1e-5


def problem(seed, depth, width, outputs, activation, rows=20, **options):
    rng = np.random.default_rng(seed)
    net, theta = random_network(rng, depth, width, outputs, activation, **options)
    return net, theta, *random_rows(rng, net, theta, rows)


def check_coordinates(net, theta, X, y, weight=None):
    """Every element of the gradient against a central difference."""
    objective = net.network.bind(X, y, weight)
    _, gradient = objective(theta)
    numeric = np.empty_like(gradient)
    for k in range(theta.size):
        at = [theta.copy(), theta.copy()]
        at[0][k] += STEP
        at[1][k] -= STEP
        numeric[k] = (objective.value(at[0]) - objective.value(at[1])) / (at[0][k] - at[1][k])
    assert worst(gradient, numeric) <= CENTRAL, net


def check_blocks(net, theta, X, y, rng):
    """The gradient along one random direction inside each block against a central difference."""
    objective = net.network.bind(X, y)
    _, gradient = objective(theta)
    for block in net.blocks:
        direction = np.zeros_like(theta)
        direction[block] = rng.choice([-1.0, 1.0], size=block.stop - block.start)
        direction /= np.linalg.norm(direction)
        ahead = objective.value(theta + STEP * direction)
        behind = objective.value(theta - STEP * direction)
        numeric = (ahead - behind) / (2 * STEP)
        assert abs(gradient @ direction - numeric) <= CENTRAL * np.abs(gradient).max(), (net, block)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_gradient_is_right_in_the_whole_grid_of_widths_and_outputs(activation, depth):
    for width in WIDTHS if depth else (1,):
        for outputs in OUTPUTS:
            net, theta, X, y = problem((depth, width, outputs), depth, width, outputs, activation)
            assert net.network.blocks == net.blocks
            f, gradient = net.network.loss_and_gradient(theta, X, y)
            f_true, true = net.loss_and_gradient(theta, X, y)
            assert f == pytest.approx(f_true, rel=EXACT), net
            assert worst(gradient, true) <= EXACT, net
            f_single, single = net.network.loss_and_gradient(theta.astype(np.float32), X, y)
            assert single.dtype == np.float32
            assert f_single == pytest.approx(f_true, rel=SINGLE), net
            assert worst(single, true) <= SINGLE, net
            check_blocks(net, theta, X, y, np.random.default_rng(width))


# Widths at the edges of the kernels' register blocks, which hold up to 6 outputs and 5 inputs.
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("depth", "width", "outputs"),
    [(0, 1, 1), (0, 1, 3), (1, 1, 2), (1, 17, 3), (2, 7, 1), (3, 5, 2), (4, 1, 1), (4, 13, 3)],
)
def test_every_element_of_the_gradient_is_a_central_difference(activation, depth, width, outputs):
    check_coordinates(*problem(7, depth, width, outputs, activation))


@pytest.mark.parametrize("output", ACTIVATIONS)
def test_outputs_may_have_any_activation(output):
    net, theta, X, y = problem(3, 2, (4, 3), 2, "tanh", output=output)
    assert (
        worst(net.network.loss_and_gradient(theta, X, y)[1], net.loss_and_gradient(theta, X, y)[1])
        <= EXACT
    )
    check_coordinates(net, theta, X, y)


@pytest.mark.parametrize(
    "hidden",
    [
        ("tanh", "relu", "sigmoid"),
        ("leaky_relu", "identity", "tanh"),
        ("sigmoid", "leaky_relu", "relu", "identity"),
    ],
)
def test_layers_may_differ_in_width_and_activation(hidden):
    net, theta, X, y = problem(5, len(hidden), (9, 2, 17, 3)[: len(hidden)], 3, hidden)
    assert (
        worst(net.network.loss_and_gradient(theta, X, y)[1], net.loss_and_gradient(theta, X, y)[1])
        <= EXACT
    )
    check_coordinates(net, theta, X, y)


@pytest.mark.parametrize("leak", [0.0, 0.3, 1.0, 2.5])
def test_a_leak_is_its_own_layers_slope(leak):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 2))
    layers = [hbcd.HiddenLayer(3, hbcd.LeakyReLU(leak)), hbcd.HiddenLayer(3, hbcd.LeakyReLU(0.7))]
    net = hbcd.Network([hbcd.InputLayer(2), *layers, hbcd.OutputLayer()])
    theta = net.init(1)
    (w1, b1), (w2, b2), (w3, b3) = net.parameters(theta)
    h1 = X @ w1 + b1
    h1 = np.where(h1 > 0, h1, leak * h1)
    h2 = h1 @ w2 + b2
    expected = np.where(h2 > 0, h2, 0.7 * h2) @ w3 + b3
    assert np.allclose(net.predict(theta, X), expected, rtol=0, atol=1e-14)


# ---- rows --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", TILE_EDGES)
def test_rows_may_end_anywhere_in_a_tile(rows):
    for activation in ("tanh", "relu"):
        net, theta, X, y = problem(rows, 2, (5, 4), 2, activation, rows)
        weight = np.random.default_rng(rows).uniform(0.5, 2.0, rows)
        for w in (None, weight):
            f, gradient = net.network.loss_and_gradient(theta, X, y, w)
            f_true, true = net.loss_and_gradient(theta, X, y, w)
            assert f == pytest.approx(f_true, rel=EXACT)
            assert worst(gradient, true) <= EXACT
        single = net.network.loss_and_gradient(theta.astype(np.float32), X, y, weight)[1]
        assert worst(single, true) <= SINGLE
        assert np.abs(net.network.predict(theta, X) - net.predict(theta, X)).max() <= EXACT


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [1, 17, 129, 300])
def test_value_only_call_gives_the_bits_of_the_value_with_gradient(dtype, rows):
    for depth in DEPTHS:
        net, theta, X, y = problem(rows, depth, 7, 2, "sigmoid", rows)
        objective = net.network.bind(X, y, dtype=dtype)
        f, gradient = objective(theta)
        kept = gradient.copy()
        assert objective.value(theta) == f
        assert np.array_equal(gradient, kept)


# ---- weights -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 16, 129, 300])
def test_a_whole_weight_is_that_many_copies_of_the_row(rows):
    net, theta, X, y = problem(rows, 2, 6, 2, "tanh", rows)
    copies = np.random.default_rng(rows).integers(1, 5, rows)
    f, gradient = net.network.loss_and_gradient(theta, X, y, copies)
    repeated = [np.repeat(array, copies, axis=0) for array in (X, y)]
    f_true, true = net.network.loss_and_gradient(theta, *repeated)
    assert f == pytest.approx(f_true, rel=EXACT)
    assert worst(gradient, true) <= EXACT


@pytest.mark.parametrize("rows", [2, 17, 129, 300])
def test_a_weight_of_zero_drops_the_row(rows):
    net, theta, X, y = problem(rows, 2, 6, 2, "tanh", rows)
    weight = np.random.default_rng(rows).uniform(0.1, 3.0, rows)
    weight[::2] = 0.0
    kept = weight > 0
    y = np.where(kept[:, np.newaxis], y, 1e6)  # what a dropped row says must not matter
    f, gradient = net.network.loss_and_gradient(theta, X, y, weight)
    f_true, true = net.network.loss_and_gradient(theta, X[kept], y[kept], weight[kept])
    assert f == pytest.approx(f_true, rel=EXACT)
    assert worst(gradient, true) <= EXACT


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [2.0**-1000, 1e-60, 1e-3, 1e3, 1e60, 1e307])
def test_only_ratios_of_weights_count(scale, dtype):
    net, theta, X, y = problem(1, 2, 6, 2, "tanh", 50)
    theta, weight = theta.astype(dtype), np.random.default_rng(1).uniform(0.1, 3.0, 50)
    f_true, true = net.network.loss_and_gradient(theta, X, y, weight)
    f, gradient = net.network.loss_and_gradient(theta, X, y, scale * weight)
    # Scaling by a number that is no power of two rounds every weight once.
    eps = float(np.finfo(dtype).eps)
    assert f == pytest.approx(f_true, rel=4 * eps)
    assert worst(gradient, true) <= 30 * eps


def test_equal_weights_are_no_weights():
    net, theta, X, y = problem(1, 2, 6, 2, "tanh", 300)
    f_true, true = net.network.loss_and_gradient(theta, X, y)
    f, gradient = net.network.loss_and_gradient(theta, X, y, np.full(300, 0.37))
    assert f == pytest.approx(f_true, rel=EXACT)
    assert worst(gradient, true) <= EXACT


# ---- blocks and batches, as training sees them ---------------------------------------------------


class Probe(hbcd.Optimizer):
    """Notes value and gradient a step away from the start; the better of the two is kept."""

    def __init__(self):
        self.seen = []

    def minimize(self, objective, x, box, stop, rng):
        # Not at the start itself: there training already knows both from its own evaluation.
        point = x + rng.normal(0.0, 0.01, x.size).astype(x.dtype)
        f, gradient = objective(point)
        self.seen.append((point, f, gradient, objective.value(point)))
        return hbcd.StopReason.ITERATIONS


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("depth", DEPTHS)
def test_a_block_of_the_objective_is_the_slice_of_the_whole(depth, dtype):
    for activation in ACTIVATIONS:
        for rows in (17, 300):
            net, theta, X, y = problem(rows, depth, 7, 2, activation, rows)
            theta, weight = theta.astype(dtype), np.random.default_rng(0).uniform(0.1, 2.0, rows)
            probe, n_blocks = Probe(), depth + 1
            phase = hbcd.Phase(
                probe,
                hbcd.ForwardSequential(),
                epochs=1,
                visits_per_batch=n_blocks,
                sensitivity_tol=0.0,
            )
            report = net.network.train(theta, X, y, weight, strategy=Once(phase))
            assert list(report.history["block"][:-1]) == list(range(n_blocks))
            for block, (point, f, gradient, value) in zip(net.blocks, probe.seen, strict=True):
                # Blocks below have been visited and may have moved, those above have not.
                moved = np.concatenate([report.theta[: block.start], point, theta[block.stop :]])
                f_whole, whole = net.network.loss_and_gradient(moved, X, y, weight)
                # The same operations in the same order: cached inputs are the same bits.
                assert (f, value) == (f_whole, f_whole)
                assert np.array_equal(gradient, whole[block])


@pytest.mark.parametrize(("rows", "batch"), [(600, 37), (513, 256), (257, 16), (40, 1), (900, 257)])
@pytest.mark.parametrize("weighted", [False, True])
def test_batches_of_an_epoch_hold_every_row_once(rows, batch, weighted):
    net, theta, X, y = problem(rows, 2, 5, 2, "tanh", rows)

    class AtStart(Probe):
        def minimize(self, objective, x, box, stop, rng):
            self.seen.append(objective(x))
            return hbcd.StopReason.ITERATIONS

    probe = AtStart()
    # The order of the rows within an epoch is the trainer's own; with equal weights each batch
    # counts by its rows, with weight on one row alone that row's batch is the only one that counts.
    weight = None
    if weighted:
        weight = np.zeros(rows)
        weight[rows // 3] = 2.0
    report = net.network.train(
        theta, X, y, weight, strategy=Once(hbcd.Phase(probe, batch_rows=batch, epochs=1))
    )
    sizes = report.history["rows"][report.history["event"] == "visit"].to_numpy()
    assert sizes.sum() == rows
    assert sizes.min() >= min(batch, rows)
    share = sizes / rows if weight is None else np.ones(len(sizes))
    f_true, true = net.loss_and_gradient(theta, X, y, weight)
    f = sum(part * f for part, (f, _) in zip(share, probe.seen, strict=True))
    gradient = sum(part * g for part, (_, g) in zip(share, probe.seen, strict=True))
    assert f == pytest.approx(f_true, rel=EXACT)
    assert worst(gradient, true) <= EXACT


class Once(hbcd.TrainingStrategy):
    """One phase."""

    def __init__(self, phase):
        self.phase = phase

    def phases(self, network, n_rows):
        return [self.phase]


# ---- any shape ---------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    n_inputs=st.integers(1, 20),
    hidden=st.lists(
        st.tuples(st.integers(1, 20), st.sampled_from(sorted(ACTIVATIONS))), max_size=5
    ),
    outputs=st.integers(1, 7),
    output=st.sampled_from(sorted(ACTIVATIONS)),
    rows=st.integers(1, 400),
    seed=st.integers(0, 2**32 - 1),
)
def test_networks_of_any_shape_agree_with_the_textbook(
    n_inputs, hidden, outputs, output, rows, seed
):
    rng = np.random.default_rng(seed)
    net, theta = random_network(
        rng,
        len(hidden),
        [width for width, _ in hidden],
        outputs,
        [name for _, name in hidden],
        n_inputs=n_inputs,
        output=output,
    )
    # Kinks need no care: both sides take the same branch unless |z| is some eps, which the margin
    # excludes; a far smaller one than for differences leaves rows enough in any network.
    X, y = random_rows(rng, net, theta, rows, margin=1e-9)
    f, gradient = net.network.loss_and_gradient(theta, X, y)
    f_true, true = net.loss_and_gradient(theta, X, y)
    assert f == pytest.approx(f_true, rel=EXACT)
    assert np.abs(gradient - true).max() <= EXACT * max(np.abs(true).max(), f_true)
    assert np.allclose(net.network.predict(theta, X), net.predict(theta, X), rtol=0, atol=EXACT)
    assert net.network.n_parameters == theta.size


# ---- the reference and the generators themselves -------------------------------------------------


def test_generated_rows_have_width_and_keep_from_kinks():
    net, theta, X, y = problem(0, 4, 17, 3, "relu", 300)
    assert X.std(axis=0).min() > 0.5
    assert y.std(axis=0).min() > 0.5
    assert np.abs(theta).max() > 0
    assert min(np.abs(z).min() for z in net.forward(theta, X)[0][:-1]) > 1e-3
    assert not net.away_from_kinks(theta, np.zeros((1, 3)), np.inf).any()
    other = random_theta(np.random.default_rng(1), net)
    assert not np.array_equal(theta, other)
    for array in (theta, X, y):
        assert np.array_equal(array, array.astype(np.float32))


@pytest.mark.skipif(levels.INSIDE, reason="this is such a run")
@pytest.mark.parametrize("level", levels.OTHERS)
def test_gradients_are_right_on_every_instruction_set(level):
    which = "rows_may_end or whole_grid or value_only or slice_of_the_whole"
    levels.run_on(level, __file__, "-k", which)
