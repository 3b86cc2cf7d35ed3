"""A network to first order: leave-one-out losses, what neurons are worth, candidates' scores."""

import numpy as np
import pytest

import hbcd
from hbcd import core
from hbcd.networks.changes import with_neuron
from hbcd.networks.linear_model import LinearModel
from hbcd.training.candidates import CandidateSearch, _Score, best_candidate

LOSSES = [
    hbcd.SquaredError(),
    hbcd.Huber(),
    hbcd.Logistic(),
    hbcd.Poisson(),
    hbcd.CrossEntropy(),
]


def problem(widths=(4, 3), outputs=2, n=400, loss=None, alpha=0.3, weights=True):
    rng = np.random.default_rng(3)
    layers = [hbcd.HiddenLayer(width) for width in widths]
    net = hbcd.Network([hbcd.InputLayer(3), *layers, hbcd.OutputLayer(outputs)], loss, alpha=alpha)
    x, y = rng.normal(size=(n, 3)), rng.uniform(0.1, 0.9, size=(n, outputs))
    y[:, 0] = 0.5 + 0.3 * np.sin(x[:, 0]) + 0.05 * rng.normal(size=n)
    w = rng.uniform(0.5, 2.0, size=n) if weights else np.ones(n)
    return net, net.init(5), x, y, w


def linear_model(net, theta, x, y, w, threads=1, most_rows=10**6):
    data = core.Data(theta.dtype, x, y, w, penalty=net.alpha / len(x))
    return LinearModel(net, data, theta, threads, most_rows)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_errors_times_the_jacobian_are_the_gradient(loss):
    net, theta, x, y, w = problem(loss=loss)
    model = linear_model(net, theta, x, y, w)
    outputs, _, jacobian = core.linearize(
        net.core_network(np.float64), core.Data(np.float64, x, y, w), theta, 1
    )
    assert np.allclose(model.layer_outputs[-1], net.predict(theta, x).T, atol=1e-14)
    assert np.allclose(outputs[:3], x.T)
    _, gradient = net.loss_and_gradient(theta, x, y, w)
    scale = w.sum() * (1 if isinstance(loss, hbcd.CrossEntropy) else 2)
    penalized = np.zeros_like(theta)
    for block in net.block_layouts:
        weights = slice(block.start, block.start + block.n_in * block.n_out)
        penalized[weights] = model.penalty * theta[weights]
    found = jacobian.reshape(len(theta), -1) @ model.errors.reshape(-1) + penalized
    assert np.allclose(found, scale * gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("outputs", [1, 2])
def test_of_a_linear_network_the_leave_one_out_losses_are_those_of_refits(outputs):
    net, theta, x, y, w = problem(widths=(), outputs=outputs, n=40)
    report = net.train(theta, x, y, w, strategy=hbcd.FullBatch(hbcd.LevenbergMarquardt()),
                       stop=hbcd.Stop(pg_tol=1e-13, f_tol=0.0))  # fmt: skip
    model = linear_model(net, report.theta, x, y, w)
    design = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([model.penalty] * 3 + [0.0])
    for left_out in (0, 7, 39):
        kept = np.arange(len(x)) != left_out
        a = design[kept] * w[kept, np.newaxis]
        beta = np.linalg.solve(a.T @ design[kept] + penalty, a.T @ y[kept])
        error = design[left_out] @ beta - y[left_out]
        assert np.isclose(model.losses[left_out], np.square(error).sum() / 2, rtol=1e-6)


def decrease(net, theta, x, y, w, parameters):
    """Of twice the sum of losses, by the Gauss-Newton model over some parameters."""
    _, gradient, matrix = net.bind(x, y, w).normal_equations(theta)
    scale = w.sum() * net.n_outputs
    g, h = scale * gradient[parameters], scale * matrix[np.ix_(parameters, parameters)]
    return g @ np.linalg.lstsq(h, g, rcond=None)[0]


@pytest.mark.parametrize(("layer", "outputs"), [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_a_score_is_what_the_gauss_newton_model_of_the_larger_network_gains(layer, outputs):
    net, theta, x, y, w = problem(outputs=outputs)
    model = linear_model(net, theta, x, y, w)
    search = CandidateSearch(starts=1, evaluations=20, iterations=5)
    rng = np.random.default_rng(0)
    found = best_candidate(model, layer, hbcd.Tanh(), rng, search)
    grown, more, _ = with_neuron(net, theta, layer, found.incoming)
    blocks = grown.parameters(np.arange(len(more), dtype=float))
    new_in = {*blocks[layer - 1].weights[:, -1], blocks[layer - 1].bias[-1]}
    new_out = set(blocks[layer].weights[-1])
    every = [k for k in range(len(more)) if k not in new_in]
    old = [k for k in every if k not in new_out]
    gain = decrease(grown, more, x, y, w, every) - decrease(grown, more, x, y, w, old)
    # H has a billionth more on its diagonal, which tells where it is nearly singular
    assert np.isclose(found.score * model.variance, gain, rtol=1e-4)
    assert found.n_weights == len(more) - len(theta)


@pytest.mark.parametrize("part", [hbcd.Tanh(), hbcd.Sigmoid()])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_gradient_of_a_score_is_its_slope(part, outputs):
    net, theta, x, y, w = problem(outputs=outputs)
    model = linear_model(net, theta, x, y, w)
    score = _Score(model, model.layer_outputs[0], model.slopes[1], part)
    point = np.array([0.3, -0.8, 0.5, 0.2])
    score.follow(point)
    _, gradient = score(point, True)
    for k, step in enumerate(1e-5 * np.eye(4)):
        slope = (score(point + step, False)[0] - score(point - step, False)[0]) / 2e-5
        assert np.isclose(gradient[k], slope, rtol=1e-5, atol=1e-5)


def test_a_neuron_that_was_taken_in_leaves_nothing_for_itself():
    net, theta, x, y, w = problem(outputs=1, alpha=0.0)  # a penalty is less for two of a kind
    model = linear_model(net, theta, x, y, w)
    search = CandidateSearch(starts=1)
    found = best_candidate(model, 1, hbcd.Tanh(), np.random.default_rng(0), search)
    score = _Score(model, model.layer_outputs[0], model.slopes[1], hbcd.Tanh())
    point = np.append(found.incoming[:-1] * score.spread, 0.0)
    point[-1] = found.incoming[-1] + (found.incoming[:-1] * score.mean).sum()
    assert score.exact(point)[0] == pytest.approx(found.score, rel=1e-9)
    model.add(1, found.outputs)
    assert score.exact(point)[0] < 0.05 * found.score


def test_neurons_taken_out_are_those_the_quadratic_model_misses_least():
    net, theta, x, y, w = problem(outputs=2)
    model = linear_model(net, theta, x, y, w)
    (taken,), found = model.least_needed(1)
    matrix = model.matrix + np.diag(model.ridge)
    costs = {}
    for layer in (1, 2):
        above = net.block_layouts[layer]
        for neuron in range(above.n_in):
            own = np.arange(2 if layer == 2 else 3) + above.start + neuron * above.n_out
            rest = np.setdiff1d(np.arange(len(theta)), own)
            step = np.zeros_like(theta)
            step[own] = -theta[own]
            pull = matrix[np.ix_(rest, own)] @ step[own]
            step[rest] = -np.linalg.solve(matrix[np.ix_(rest, rest)], pull)
            costs[layer, neuron] = step @ matrix @ step, theta + step
    least = min(costs, key=lambda at: costs[at][0])
    assert taken == least
    assert np.allclose(found, costs[least][1], atol=1e-6)


def test_some_rows_stand_for_all():
    net, theta, x, y, w = problem(n=3000, weights=False, outputs=1)
    every = linear_model(net, theta, x, y, w)
    some = linear_model(net, theta, x, y, w, most_rows=1000)
    assert some.rows == 1000
    assert (some.layer_outputs[0] == x[::3].T).all()
    # leverages of a third of the rows are three times those of all, and count a third
    assert np.isclose(some.effective, every.effective, rtol=0.1)
    assert np.isclose(some.loss, every.losses[::3].mean(), rtol=1e-3)


def test_any_number_of_threads_gives_the_same_bits():
    net, theta, x, y, w = problem(n=3000)
    one, two = (linear_model(net, theta, x, y, w, threads) for threads in (1, 2))
    for name in ("jacobian", "residual", "losses"):
        assert (getattr(one, name) == getattr(two, name)).all()
    search = CandidateSearch(starts=1)
    found = [
        best_candidate(model, 1, hbcd.Tanh(), np.random.default_rng(0), search)
        for model in (one, two)
    ]
    assert (found[0].incoming == found[1].incoming).all()
