"""The L2 penalty and the bounds of layers: in value, gradient, normal equations and training."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

import hbcd
from support.custom_parts import Listed, Skip
from support.reference import random_network, worst

EXACT, SINGLE = 1e-12, 1e-5


def problem(rows=300, seed=0, depth=2):
    rng = np.random.default_rng(seed)
    net, theta = random_network(rng, depth, 4, 2, "tanh")
    return net, theta, rng.normal(size=(rows, 3)), rng.normal(size=(rows, 2))


def weights_only(net, theta):
    """theta with zeros for the biases."""
    return np.concatenate([np.r_[w.ravel(), 0 * b] for w, b in net.weights(theta)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_penalty_is_that_of_scikit_learn(dtype, weighted):
    net, theta, x, y = problem()
    weight = np.random.default_rng(1).uniform(0.0, 3.0, 300) if weighted else None
    plain = hbcd.Network(net.network.layers)
    alpha, total = 20.0, 300
    heavy = hbcd.Network(net.network.layers, alpha=alpha)
    theta = theta.astype(dtype)
    f, gradient = plain.loss_and_gradient(theta, x, y, weight)
    with_f, with_gradient = heavy.loss_and_gradient(theta, x, y, weight)
    w = weights_only(net, theta)
    room = EXACT if dtype == np.float64 else SINGLE
    assert with_f == pytest.approx(f + 0.5 * alpha * (w @ w) / total, rel=EXACT)
    assert worst(with_gradient, gradient.astype(float) + alpha * w / total) <= room


def test_a_minimum_is_the_minimum_of_scikit_learns_mlp():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * rng.normal(size=60)
    alpha = 30.0
    mlp = MLPRegressor(
        hidden_layer_sizes=(1,),
        activation="identity",
        solver="lbfgs",
        alpha=alpha,
        tol=1e-14,
        max_iter=5000,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp.fit(x, y)
    layers = [hbcd.InputLayer(3), hbcd.HiddenLayer(1, hbcd.Identity()), hbcd.OutputLayer(1)]
    network = hbcd.Network(layers, alpha=alpha)
    stop = hbcd.Stop(1e-10, None, max_iterations=2000)
    phase = hbcd.Phase(hbcd.LBFGS(), stop=stop, box=100.0)
    theta = network.train(network.init(1), x, y, strategy=Listed(phase)).theta
    # SciPy's tolerance of the value leaves its parameters this far off.
    np.testing.assert_allclose(network.predict(theta, x)[:, 0], mlp.predict(x), atol=1e-4)


def test_blocks_and_normal_equations_carry_the_penalty():
    net, theta, x, y = problem()
    plain, heavy = (hbcd.Network(net.network.layers, alpha=a).bind(x, y) for a in (0.0, 20.0))
    f, gradient = heavy(theta)
    matrix = plain.normal_equations(theta)[2]
    matrix[np.diag_indices_from(matrix)] += 20.0 / 300 * (weights_only(net, theta) != 0)
    for block, where in [(None, slice(None)), *enumerate(net.blocks)]:
        found = heavy.normal_equations(theta, block)
        assert found[0] == f
        assert np.array_equal(found[1], gradient[where])
        assert worst(found[2], matrix[where, where]) <= EXACT


class Still(hbcd.Optimizer):
    """Moves nothing; keeps loss and gradient of every batch that it is given."""

    def __init__(self):
        self.seen = []

    def minimize(self, objective, x, box, stop, rng):
        self.seen.append(objective(x))
        return hbcd.StopReason.ITERATIONS


def test_every_batch_carries_the_penalty_of_all_rows():
    net, theta, x, y = problem()
    seen = []
    for alpha in (0.0, 20.0):
        part = Still()
        network = hbcd.Network(net.network.layers, alpha=alpha)
        network.train(theta, x, y, strategy=hbcd.MiniBatch(part, 60, epochs=1), rng=0)
        seen.append(part.seen)
    assert len(seen[0]) == 5
    w = weights_only(net, theta)
    for (f, gradient), (with_f, with_gradient) in zip(*seen, strict=True):
        assert with_f == pytest.approx(f + 0.5 * 20.0 * (w @ w) / 300, rel=EXACT)
        assert worst(with_gradient, gradient + 20.0 * w / 300) <= EXACT


STRATEGIES = {
    "lbfgs": hbcd.FullBatch(hbcd.LBFGS()),
    "lm": hbcd.FullBatch(hbcd.LevenbergMarquardt()),
    "blocks": hbcd.FullBatch(hbcd.LevenbergMarquardt(block_diagonal=True)),
    "projected": hbcd.FullBatch(hbcd.LevenbergMarquardt(variable_projection=True, ridge=0.0)),
    "exact output": hbcd.BlockCoordinateDescent(hbcd.ExactOutput(hbcd.LBFGS())),
    "hybrid": hbcd.Hybrid.fast(),
    "mini batch": hbcd.MiniBatch(hbcd.Adam(), 64, epochs=20),
}


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_what_training_reports_is_the_loss_with_penalty(strategy):
    net, theta, x, y = problem(depth=1)
    network = hbcd.Network(net.network.layers, alpha=5.0)
    report = network.train(theta, x, y, strategy=STRATEGIES[strategy], rng=0)
    assert report.loss == network.loss_and_gradient(report.theta, x, y)[0]
    assert report.loss < 0.9 * report.initial_loss


def test_the_output_layer_is_solved_with_its_penalty():
    net, theta, x, y = problem(depth=1)
    network = hbcd.Network(net.network.layers, alpha=50.0)
    phase = hbcd.Phase(
        hbcd.ExactOutput(ridge=0.0), hbcd.Backward(), box=100.0, inner_iterations=1, epochs=1
    )
    report = network.train(theta, x, y, strategy=Listed(phase))
    last = net.blocks[-1]
    assert np.abs(network.loss_and_gradient(report.theta, x, y)[1][last]).max() <= 1e-12


def test_held_out_rows_are_judged_without_penalty():
    net, theta, x, y = problem()
    network = hbcd.Network(net.network.layers, alpha=20.0)
    report = network.train(theta, x, y, eval_set=(x, y), strategy=STRATEGIES["lbfgs"])
    kept = hbcd.Network(net.network.layers).loss_and_gradient(report.theta, x, y)[0]
    assert report.history.validation_loss.min() == pytest.approx(kept, rel=EXACT)


def test_a_layer_of_ones_own_has_no_penalty():
    layers = [hbcd.InputLayer(3), Skip(), hbcd.OutputLayer(1)]
    theta, x = np.array([2.0, 0.0, 0.0, 0.0, 0.0]), np.ones((4, 3))
    network = hbcd.Network(layers, alpha=1.0)
    assert network.loss_and_gradient(theta, x, np.zeros(4))[0] == 0.0


def test_the_penalty_counts_rows_that_have_a_weight_and_not_their_weights():
    net, theta, x, y = problem()
    copies = np.random.default_rng(0).integers(0, 4, 300)
    network = hbcd.Network(net.network.layers, hbcd.Huber(), alpha=7.0)
    f, gradient = network.loss_and_gradient(theta, x, y, copies)
    assert network.loss_and_gradient(theta, x, y, 2.0**-40 * copies)[0] == f
    alpha = 7.0 * copies.sum() / np.count_nonzero(copies)
    more = hbcd.Network(net.network.layers, hbcd.Huber(), alpha=alpha)
    f_true, true = more.loss_and_gradient(theta, *(np.repeat(a, copies, 0) for a in (x, y)))
    assert f == pytest.approx(f_true, rel=EXACT)
    assert worst(gradient, true) <= EXACT


@pytest.mark.parametrize("alpha", [-1, np.nan, np.inf])
def test_a_bad_penalty_is_refused(alpha):
    with pytest.raises(ValueError, match=r"^alpha=.*: must be "):
        hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)], alpha=alpha)


# ---- bounds of layers -------------------------------------------------------------------------


def bounded(hidden=(0, None), output=(0, None), activation=None):
    activation = hbcd.Tanh() if activation is None else activation
    layers = [hbcd.HiddenLayer(6, activation, weight_bounds=hidden) for _ in range(2)]
    return hbcd.Network([hbcd.InputLayer(2), *layers, hbcd.OutputLayer(1, weight_bounds=output)])


def bumpy(rows=400):
    """Not monotone, and noisy."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, size=(rows, 2))
    return x, x[:, 0] + np.sin(4 * x[:, 0]) - 0.5 * x[:, 1] + 0.2 * rng.normal(size=rows)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", [hbcd.Tanh(), hbcd.LeakyReLU()], ids=repr)
@pytest.mark.parametrize("strategy", ["hybrid", "lbfgs", "lm", "mini batch"])
def test_weights_of_one_sign_make_a_monotone_network(strategy, activation, dtype):
    # Rising in the first input, falling in the second.
    first = (np.array([[0.0], [-np.inf]]), np.array([[np.inf], [0.0]]))
    layers = [
        hbcd.HiddenLayer(6, activation, weight_bounds=first),
        hbcd.HiddenLayer(6, activation, weight_bounds=(0, None)),
        hbcd.OutputLayer(1, weight_bounds=(0, None)),
    ]
    network = hbcd.Network([hbcd.InputLayer(2), *layers])
    x, y = bumpy()
    report = network.train(network.init(0, dtype), x, y, strategy=STRATEGIES[strategy], rng=0)
    assert report.loss < 0.5 * report.initial_loss
    grid = np.linspace(-4, 4, 400)
    terms = sum(np.abs(part).sum() for part in network.parameters(report.theta)[-1])
    for fixed in (-3.0, 0.0, 1.5):
        up = network.predict(report.theta, np.column_stack([grid, np.full(400, fixed)]))[:, 0]
        down = network.predict(report.theta, np.column_stack([np.full(400, fixed), grid]))[:, 0]
        # Rounding of a sum that does not change any more: by the size of its terms, which cancel.
        room = 50 * np.finfo(dtype).eps * terms
        assert (np.diff(up) >= -room).all()
        assert (np.diff(down) <= room).all()
        assert np.ptp(up) > 0.1


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_no_strategy_leaves_the_bounds(strategy):
    network = bounded((-0.1, 0.2), 0.5)
    x, y = bumpy()
    outside = np.full(network.n_parameters, 3.0)
    report = network.train(outside, x, y, strategy=STRATEGIES[strategy], rng=0)
    *hidden, (weights, _) = network.parameters(report.theta)
    for w, _ in hidden:
        assert w.min() >= -0.1
        assert w.max() <= 0.2
    assert np.abs(weights).max() <= 0.5
    assert report.loss < report.initial_loss


def test_a_start_is_inside_and_a_sign_constraint_leaves_its_sizes():
    free = hbcd.Network(
        [hbcd.InputLayer(2), hbcd.HiddenLayer(6), hbcd.HiddenLayer(6), hbcd.OutputLayer(1)]
    )
    assert np.array_equal(bounded().init(3), np.abs(free.init(3)))
    assert np.abs(bounded(0.1, 0.1).init(3)).max() <= 0.1


def test_biases_are_free_and_bounds_win_over_the_box_of_a_phase():
    network = bounded((20, 30), (20, 30), hbcd.Identity())
    x, y = bumpy()
    report = network.train(network.init(0), x, y, strategy=hbcd.FullBatch())
    for w, b in network.parameters(report.theta):
        assert w.min() >= 20
        assert w.max() <= 30
        assert np.abs(b).max() <= 10


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((1, 0), r"layers\[1\]: weight_bounds: lo=1 > hi=0"),
        (-1, r"layers\[1\]: weight_bounds=-1: must be greater than 0"),
        ((np.zeros(4), None), r"layers\[1\]: weight_bounds: lo has shape \(4,\), must broadcast"),
        ((np.nan, None), r"layers\[1\]: weight_bounds: lo has NaN"),
        ("ab", r"layers\[1\]: weight_bounds"),
    ],
)
def test_bad_bounds_are_refused_naming_the_layer(bounds, message):
    with pytest.raises((ValueError, TypeError), match=message):
        bounded(bounds)


def test_layers_with_bounds_compare():
    zeros = np.zeros((2, 6))
    assert hbcd.HiddenLayer(6, weight_bounds=(zeros, None)) == hbcd.HiddenLayer(
        6, weight_bounds=(zeros.copy(), None)
    )
