"""Networks that change while they train."""

import numpy as np
import pytest

import hbcd
from hbcd.networks.changes import activations_of
from hbcd.training import grow
from hbcd.training.grow import Grow


def known(width, n=1500, seed=0, noise=1e-3):
    """Rows of a network with so many tanh neurons, their targets of deviation 1 and some noise."""
    rng = np.random.default_rng(seed)
    net = hbcd.Network([hbcd.InputLayer(5), hbcd.HiddenLayer(width), hbcd.OutputLayer(1)])
    theta = net.init(rng)
    hidden, out = net.parameters(theta)
    hidden.weights[:] = rng.normal(size=(5, width)) * 1.5 / np.sqrt(5)
    hidden.bias[:] = rng.normal(size=width)
    out.weights[:] = rng.choice([-1, 1], (width, 1)) * rng.uniform(0.5, 1.5, (width, 1))
    x = rng.normal(size=(n + 1000, 5))
    y = net.predict(theta, x)
    y = (y - y.mean()) / y.std()
    return x[:n], y[:n] + noise * rng.normal(size=(n, 1)), x[n:], y[n:]


def start(*widths, part=None, alpha=1e-6, inputs=5, loss=None, outputs=1):
    part = hbcd.Tanh() if part is None else part
    hidden = [hbcd.HiddenLayer(width, part) for width in widths]
    layers = [hbcd.InputLayer(inputs), *hidden, hbcd.OutputLayer(outputs)]
    return hbcd.Network(layers, loss, alpha=alpha)


def trained(net, x, y, strategy=None, **options):
    return net.train(net.init(0), x, y, strategy=strategy or Grow(), **options)


@pytest.mark.parametrize("width", [3, 6])
@pytest.mark.parametrize("seed", [0, 1])
def test_growth_ends_at_the_size_of_the_network_that_made_the_rows(width, seed):
    x, y, apart, truth = known(width, seed=seed)
    report = trained(start(1), x, y, n_threads=1, rng=seed)
    assert len(report.network.widths) == 2
    assert abs(report.network.widths[0] - width) <= 0.3 * width
    predicted = report.network.predict(report.theta, apart)
    assert np.sqrt(np.mean((predicted - truth) ** 2)) < 1e-3


def test_where_no_error_is_left_nothing_is_added():
    x, y, _, _ = known(3, n=20)
    with pytest.warns(hbcd.ConstantFeatures):
        one = hbcd.HybridRegressor("grow", random_state=0).fit(x[:1], y[:1, 0])
    assert one.hidden_layer_sizes_ == (1,)
    assert one.predict(x[:1]) == pytest.approx(y[:1, 0])


def test_the_same_seed_gives_the_same_bits_at_any_number_of_threads():
    x, y, _, _ = known(6, n=600)
    one, two, again = (
        trained(start(1, 1), x, y, Grow(patience=0), n_threads=n, rng=3) for n in (1, 2, 1)
    )
    assert one.network.widths == two.network.widths
    assert (one.theta == two.theta).all()
    assert (one.theta == again.theta).all()


def test_every_change_but_pruning_leaves_what_the_network_computes(monkeypatch):
    x, y, _, _ = known(6)
    seen = []
    change = hbcd.training.run.Run.change

    def watched(self, network, theta):
        rows = x[:, : network.n_inputs]
        before, n_before = self.network.predict(self.theta, rows), self.network.n_parameters
        depth = len(self.network.layers)
        change(self, network, theta)
        if network.n_parameters > n_before:  # not where it goes back to the best
            seen.append((before, network.predict(theta, rows), len(network.layers) - depth))

    monkeypatch.setattr("hbcd.training.run.Run.change", watched)
    monkeypatch.setattr(grow, "NEW_LAYER", 0.0)  # layers wherever they gain most for a weight
    for part in (hbcd.Tanh(), hbcd.ReLU()):
        more = [hbcd.Sigmoid()]
        wide = Grow(activations=more, prune=False, most_parameters=100)
        trained(start(2, 2, part=part), x, y, wide)
        pair = np.random.default_rng(0).normal(size=(800, 2))
        fold = np.maximum(np.abs(pair[:, :1]) - np.abs(pair[:, 1:]), 0.0)
        deep = Grow(share=0.0, prune=False, most_parameters=100)
        trained(start(2, part=part, inputs=2), pair, fold, deep)
    assert len(seen) > 8
    assert {deeper for _, _, deeper in seen} == {0, 1}
    for before, after, _ in seen:
        assert np.allclose(after, before, rtol=0, atol=1e-14)


@pytest.mark.parametrize("part", [hbcd.Tanh(), hbcd.ReLU()], ids=repr)
def test_layers_are_added_above_any_activation(part, monkeypatch):
    monkeypatch.setattr(grow, "NEW_LAYER", 0.0)
    x = np.random.default_rng(0).normal(size=(800, 2))
    y = np.maximum(np.abs(x[:, :1]) - np.abs(x[:, 1:]), 0.0)  # a network of two layers of ReLU
    report = trained(start(2, part=part, inputs=2), x, y, Grow(share=0.0, prune=False))
    assert len(report.network.widths) > 2
    kinds = activations_of(report.network, 2)
    assert kinds == [hbcd.Identity(), part]  # past the new neurons, and these
    kept = trained(start(2, part=part, inputs=2), x, y, Grow(share=0.0, deepen=False))
    assert len(kept.network.widths) == 2


def test_neurons_have_the_activation_that_helps_most():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 2))
    y = np.maximum(x[:, :1] + 0.5, 0.0) + np.tanh(2.0 * x[:, 1:]) + 1e-3 * rng.normal(size=(800, 1))
    report = trained(start(1, inputs=2), x, y, Grow(activations=[hbcd.ReLU()], deepen=False))
    parts = [(block.n_out, block.activation) for block in report.network.layers[1].blocks]
    assert parts == [(1, hbcd.Tanh()), (1, hbcd.ReLU())]
    assert report.loss < 1e-6


def test_a_mixed_network_grows_on():
    x, y, _, _ = known(3)
    first = trained(
        start(1), x, y, Grow(activations=[hbcd.ReLU()], most_parameters=20, prune=False)
    )
    layers = [hbcd.InputLayer(5), *first.network.layers[1:]]
    again = hbcd.Network(layers, alpha=1e-6)
    report = again.train(first.theta, x, y, strategy=Grow(deepen=False))
    assert report.loss < first.loss
    assert report.network.predict(report.theta, x).shape == y.shape


def test_the_history_has_the_widths_of_every_line():
    x, y, _, _ = known(3)
    report = trained(start(1), x, y)
    widths = report.history["widths"]
    assert list(dict.fromkeys(widths))[:3] == ["1", "2", "3"]
    assert widths.notna().all()
    fixed = trained(start(2), x, y, hbcd.FullBatch())
    assert "widths" not in fixed.history
    assert fixed.network.widths == (2, 1)


@pytest.mark.parametrize(
    "stop",
    [hbcd.Stop(max_evaluations=150), hbcd.Stop(max_iterations=100), hbcd.Stop(max_seconds=0.05)],
)
def test_a_limit_ends_growth_with_the_best_network_so_far(stop):
    x, y, _, _ = known(6)
    report = trained(start(1), x, y, stop=stop)
    assert report.stop_reason.name in ("EVALUATIONS", "ITERATIONS", "TIME")
    assert report.theta.shape == (report.network.n_parameters,)
    f, _ = report.network.loss_and_gradient(report.theta, x, y)
    assert np.isclose(f, report.loss, rtol=1e-9)
    assert report.loss < report.initial_loss


def test_a_callback_ends_growth_and_sees_the_network_as_it_is():
    x, y, _, _ = known(6)
    seen = []

    def look(event):
        assert event.theta.size == event.network.n_parameters
        seen.append(event.network.widths[0])
        return event.network.widths[0] >= 3

    report = trained(start(1), x, y, callbacks=look)
    assert report.stop_reason is hbcd.StopReason.CALLBACK
    assert set(seen) == {1, 2, 3}
    assert report.network.widths[0] <= 3
    assert report.theta.size == report.network.n_parameters


def test_ctrl_c_while_candidates_are_searched_keeps_the_best(monkeypatch):
    x, y, _, _ = known(6)
    calls = []

    def interrupted(*args, **options):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return candidates(*args, **options)

    candidates = grow.candidates
    monkeypatch.setattr(grow, "candidates", interrupted)
    report = trained(start(1), x, y)
    assert report.interrupted
    assert report.network.widths == (3, 1)
    assert report.theta.size == report.network.n_parameters


def test_weights_multiply_rows():
    x, y, _, _ = known(3, n=400)
    w = np.random.default_rng(0).integers(0, 3, 400)
    repeated = np.repeat(np.arange(400), w)
    wide = Grow(deepen=False)
    weighted = trained(start(1, alpha=0.0), x, y, wide, sample_weight=w)
    longer = trained(start(1, alpha=0.0), x[repeated], y[repeated], wide)
    assert weighted.network.widths == longer.network.widths == (3, 1)


def test_single_precision_held_out_rows_and_other_losses_grow_too():
    x, y, apart, truth = known(3)
    net = start(1)
    report = net.train(
        net.init(0, np.float32), x, y, strategy=Grow(), eval_set=(apart, truth),
        early_stopping=hbcd.EarlyStopping("rmse", patience=1000),
    )  # fmt: skip
    assert report.theta.dtype == np.float32
    assert report.network.widths[0] >= 3
    assert report.validation_score < 0.01
    counts = np.random.default_rng(0).poisson(np.exp(truth))
    report = trained(start(1, loss=hbcd.Poisson(), alpha=1.0), apart, counts)
    assert report.network.widths[0] >= 2
    labels = np.column_stack([truth > 0, truth <= 0]).astype(float)
    classes = start(1, loss=hbcd.CrossEntropy(), outputs=2, alpha=0.1)
    report = trained(classes, apart, labels)
    assert report.network.widths[0] >= 2
    assert report.loss < 0.1


def test_another_strategy_may_train_between_two_changes():
    x, y, _, _ = known(3)
    report = trained(start(1), x, y, Grow(hbcd.FullBatch(hbcd.LevenbergMarquardt())))
    assert set(report.phases) == {"LevenbergMarquardt"}
    assert report.network.widths == (3, 1)


def test_several_starts_give_back_the_network_of_the_best():
    x, y, _, _ = known(3)
    report = trained(start(1), x, y, hbcd.MultiStart(Grow(), starts=2), n_threads=2)
    assert report.network.widths == (3, 1)


def test_most_parameters_end_growth():
    x, y, _, _ = known(12)
    report = trained(start(1), x, y, Grow(most_parameters=40))
    assert report.network.n_parameters <= 40 + 7


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"training": 3}, TypeError, "training=3: must be an hbcd.TrainingStrategy or None"),
        ({"training": Grow()}, TypeError, "must be another strategy"),
        ({"share": -0.1}, ValueError, "share=-0.1: must be at least 0"),
        ({"candidates": 0}, ValueError, "candidates=0: must be at least 1"),
        ({"price": np.nan}, ValueError, "price=nan: must be finite"),
        ({"prune": 1}, TypeError, "prune=1: must be True or False"),
        ({"patience": 1.5}, TypeError, "patience=1.5: must be an integer"),
        ({"activations": "relu"}, TypeError, "activations='relu': must be a sequence of hbcd.Act"),
        ({"activations": ["relu"]}, TypeError, "activations: has 'relu', must have hbcd.Activ"),
        ({"max_iterations": 0}, ValueError, "max_iterations=0: must be at least 1"),
    ],
)
def test_a_wrong_option_is_named(options, error, message):
    with pytest.raises(error, match=message):
        Grow(**options)


def test_a_network_that_cannot_grow_is_refused():
    x, y, _, _ = known(3, n=50)
    bounded = hbcd.HiddenLayer(2, weight_bounds=1.0)
    layers = [hbcd.InputLayer(5), bounded, hbcd.OutputLayer()]
    with pytest.raises(ValueError, match=r"layers\[1\].weight_bounds: must be None for Grow"):
        trained(hbcd.Network(layers), x, y)
    with pytest.raises(ValueError, match="layers: must have a hidden layer for Grow"):
        trained(start(), x, y)

    blocks = hbcd.BlockDiagonalLayer([(2, 1, hbcd.Tanh()), (3, 1, hbcd.Tanh())])
    layers = [hbcd.InputLayer(5), blocks, hbcd.OutputLayer()]
    with pytest.raises(ValueError, match=r"layers\[1\]=BlockDiagonalLayer.*must be a HiddenLayer"):
        trained(hbcd.Network(layers), x, y)

    class Own(hbcd.Loss):
        def evaluate(self, out, target, grad):
            if grad is not None:
                grad[:] = out - target
            return np.square(out - target).sum(axis=1) / 2

    with pytest.raises(ValueError, match="must be a built-in one for Grow"):
        trained(start(2, loss=Own()), x, y)
