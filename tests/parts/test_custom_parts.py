"""Parts written in Python beside compiled parts, in both precisions, and common mistakes."""

import numpy as np
import pytest

import hbcd
from support.custom_parts import (
    Alternate,
    GradientTimesWeight,
    Listed,
    Skip,
    Softplus,
    Sweep,
    TwoStage,
    X,
    Y,
    both_precisions,
    dense,
)


class UntilGood(hbcd.TrainingStrategy):
    """Drives its phases itself: steps of L-BFGS until the loss is small."""

    def __init__(self, target):
        self.target, self.reports = target, []

    def run(self, run_phase, about):
        assert about.n_rows == len(X)
        assert isinstance(about.network, hbcd.Network)
        while True:
            report = run_phase(hbcd.Phase(hbcd.LBFGS(), stop=hbcd.Stop(max_iterations=5)))
            self.reports.append(report)
            if report.loss < self.target or len(self.reports) == 50:
                return


class Many(hbcd.TrainingStrategy):
    count = 0

    def run(self, run_phase, about):
        for _ in range(self.count):
            run_phase(hbcd.Phase(hbcd.LBFGS(), batch_rows=20, inner_iterations=1, epochs=1))


MIXED = hbcd.Network(
    [
        hbcd.InputLayer(3),
        hbcd.HiddenLayer(4, Softplus()),
        Skip(),
        hbcd.HiddenLayer(5, hbcd.Tanh()),
        Skip(),
        hbcd.OutputLayer(1),
    ]
)

OWN_STRATEGIES = {
    "full": hbcd.FullBatch(max_iterations=100),
    "sweep": hbcd.MiniBatch(Sweep(), 60),
    "blocks": hbcd.BlockCoordinateDescent(selector=Alternate(), sensitivity=GradientTimesWeight()),
    "sweep_blocks": hbcd.BatchShell(Sweep(), Alternate(), GradientTimesWeight(), epochs=40),
    "two_stage": TwoStage(),
    "until_good": UntilGood(1e-3),
    "fast": hbcd.Hybrid.fast(),
}


@both_precisions
@pytest.mark.parametrize("name", OWN_STRATEGIES)
def test_own_parts_train_beside_compiled_ones(name, dtype):
    theta = MIXED.init(0, dtype)
    stop = hbcd.Stop(max_iterations=3000)
    report = MIXED.train(theta, X, Y, strategy=OWN_STRATEGIES[name], stop=stop)
    assert report.theta.dtype == dtype
    assert report.loss < 0.2 * report.initial_loss  # measured 0.09 for the short sweeps
    loss, _ = MIXED.loss_and_gradient(report.theta, X, Y)
    assert report.loss == pytest.approx(loss, rel=1e-6 if dtype == np.float32 else 1e-14)


@both_precisions
def test_the_gradient_of_own_layers_and_activations_is_right(dtype):
    theta = np.random.default_rng(0).normal(size=MIXED.n_parameters) * 0.5
    _, g = MIXED.loss_and_gradient(theta.astype(dtype), X, Y)
    assert g.dtype == dtype
    h = 1e-6
    for i in range(theta.size):
        up, down = theta.copy(), theta.copy()
        up[i] += h
        down[i] -= h
        slope = (MIXED.loss_and_gradient(up, X, Y)[0] - MIXED.loss_and_gradient(down, X, Y)[0]) / (
            2 * h
        )
        # Central differences: eps / h in double; float32 arithmetic adds some 1e-7 of each term.
        assert g[i] == pytest.approx(slope, rel=1e-4 if dtype == np.float32 else 1e-7, abs=2e-6)


def test_the_blocks_of_own_layers_are_slices_of_theta():
    sizes = [block.stop - block.start for block in MIXED.blocks]
    assert sizes == [16, 1, 25, 1, 6]
    assert MIXED.n_parameters == 49
    assert MIXED.init(0)[MIXED.blocks[1]] == 0.0


def test_the_parts_are_told_what_the_design_says():
    seen = {}

    class Layer(Skip):
        def forward(self, theta, x, out):
            seen["layer"] = (theta.shape, x.shape, out.shape, x.dtype)
            super().forward(theta, x, out)

    class Measure(hbcd.Sensitivity):
        def measure(self, theta, gradient, block, box):
            seen["measure"] = (theta.shape, gradient.shape, block, theta.dtype)
            assert box[0].shape == box[1].shape == theta.shape
            return 1.0

    class Minimize(hbcd.Optimizer):
        def minimize(self, objective, x, box, stop, rng):
            f, g = objective(x)
            assert objective.value(x) == f
            assert g.shape == x.shape == box[0].shape == box[1].shape
            assert isinstance(rng, np.random.Generator)
            seen["minimize"] = (x.shape, x.dtype, stop.pg_tol, stop.max_iterations)
            return hbcd.StopReason.ITERATIONS

    net = hbcd.Network([hbcd.InputLayer(3), Layer(), hbcd.OutputLayer(1)])
    phase = hbcd.Phase(
        Minimize(), hbcd.Backward(), sensitivity=Measure(), inner_iterations=7, epochs=1, box=5.0
    )
    net.train(
        net.init(0, np.float32), X[:300], Y[:300], strategy=Listed(phase), stop=hbcd.Stop(1e-3)
    )
    assert seen["layer"] == ((1,), (300 - 256, 3), (300 - 256, 3), np.float32)
    assert seen["measure"] == ((5,), (5,), slice(1, 5), np.float32)
    assert seen["minimize"] == ((4,), np.float32, 1e-3, 7)


# ---- a strategy that drives itself ---------------------------------------------------------------


def test_phases_driven_one_by_one_go_on_from_the_best():
    net = dense(hbcd.Tanh())
    strategy = UntilGood(1e-3)
    report = net.train(net.init(0), X, Y, strategy=strategy)
    losses = [r.loss for r in strategy.reports]
    assert len(losses) > 1
    assert (np.diff(losses) <= 0).all()
    assert report.loss == losses[-1] < 1e-3
    assert report.phases == ("LBFGS",) * len(losses)
    history = report.history
    assert history.phase.tolist() == sorted(history.phase)
    assert set(history.phase) == set(range(len(losses)))
    for column in ("seconds", "n_fev", "n_iter"):
        assert (history[column].diff().dropna() >= 0).all()
    assert history.n_iter.iloc[-1] == report.n_iter
    assert strategy.reports[1].initial_loss == strategy.reports[0].loss


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_iterations": 12}, hbcd.StopReason.ITERATIONS),
        ({"max_evaluations": 20}, hbcd.StopReason.EVALUATIONS),
        ({"max_seconds": 0.0}, hbcd.StopReason.TIME),
    ],
)
def test_the_limits_of_the_run_hold_over_phases_driven_one_by_one(limit, reason):
    net = dense(hbcd.Tanh())
    strategy = UntilGood(0.0)
    report = net.train(net.init(0), X, Y, strategy=strategy, stop=hbcd.Stop(f_tol=None, **limit))
    assert report.stop_reason is reason
    assert report.loss <= report.initial_loss
    assert report.n_iter <= 12 or "max_iterations" not in limit
    assert report.n_fev <= 21 or "max_evaluations" not in limit


def test_a_strategy_that_runs_nothing_leaves_the_start():
    class Nothing(hbcd.TrainingStrategy):
        def run(self, run_phase, about):
            pass

    net = dense(hbcd.Tanh())
    report = net.train(net.init(0), X, Y, strategy=Nothing())
    assert np.array_equal(report.theta, net.init(0))
    assert report.loss == report.initial_loss == net.loss_and_gradient(net.init(0), X, Y)[0]
    assert report.history.empty
    assert "loss" in report.history.columns


def test_a_phase_costs_the_same_however_many_came_before(monkeypatch):
    pieces = []
    whole = np.concatenate
    monkeypatch.setattr(
        np, "concatenate", lambda a, *rest: pieces.append(len(a)) or whole(a, *rest)
    )
    cost, net = [], dense(hbcd.Tanh())
    for target in (20, 40):
        pieces.clear()
        Many.count = target
        report = net.train(net.init(0), X, Y, strategy=Many())
        assert len(report.phases) == target
        cost.append(sum(pieces))
    assert cost[1] <= 2 * cost[0]


# ---- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "method"),
    [
        (hbcd.Activation, "forward"),
        (hbcd.Layer, "n_out"),
        (hbcd.Optimizer, "minimize"),
        (hbcd.BlockSelector, "next_block"),
        (hbcd.Sensitivity, "measure"),
    ],
)
def test_a_class_without_its_method_says_which(part, method):
    class Lazy(part):
        pass

    with pytest.raises(NotImplementedError, match=rf"Lazy\.{method}: must be written"):
        run_with(Lazy())


def run_with(part):
    """Trains a few visits with one own part among built-in ones."""
    net = dense(part if isinstance(part, hbcd.Activation) else hbcd.Tanh())
    if isinstance(part, hbcd.Layer):
        net = hbcd.Network([hbcd.InputLayer(3), part, hbcd.OutputLayer(1)])
    strategy = hbcd.BatchShell(
        part if isinstance(part, hbcd.Optimizer) else hbcd.LBFGS(),
        part if isinstance(part, hbcd.BlockSelector) else hbcd.MostSensitive(),
        part if isinstance(part, hbcd.Sensitivity) else hbcd.ProjectedGradient(),
        epochs=2,
    )
    return net.train(net.init(0), X, Y, strategy=strategy)


@pytest.mark.parametrize("answer", [-3, 0, 15, 99, "done", 1.5, object()])
def test_an_optimizer_that_returns_no_reason_is_an_error(answer):
    class Wrong(hbcd.Optimizer):
        def minimize(self, objective, x, box, stop, rng):
            objective(x)
            return answer

    with pytest.raises(ValueError, match=r"must return an hbcd\.StopReason or None"):
        run_with(Wrong())


@pytest.mark.parametrize("answer", ["high", None, [1.0, 2.0]])
def test_a_sensitivity_that_returns_no_number_is_an_error(answer):
    class Wrong(hbcd.Sensitivity):
        def measure(self, theta, gradient, block, box):
            return answer

    with pytest.raises((TypeError, ValueError)):
        run_with(Wrong())


def test_a_point_of_the_wrong_shape_is_an_error():
    class Wrong(hbcd.Optimizer):
        def minimize(self, objective, x, box, stop, rng):
            objective(x[:-1])

    with pytest.raises(ValueError, match="vector of"):
        run_with(Wrong())


def test_an_objective_is_of_no_use_after_the_call_that_received_it():
    kept = []

    class Keeper(hbcd.Optimizer):
        def minimize(self, objective, x, box, stop, rng):
            kept.append(objective)
            objective(x)
            return hbcd.StopReason.ITERATIONS

    run_with(Keeper())
    for use in (kept[0], kept[0].value):
        with pytest.raises(RuntimeError, match="only valid during the call"):
            use(np.zeros(3))


def test_views_that_are_read_only_cannot_be_written():
    class Scribbler(hbcd.Sensitivity):
        def measure(self, theta, gradient, block, box):
            theta[0] = 1.0
            return 1.0

    with pytest.raises(ValueError, match="read-only"):
        run_with(Scribbler())


@pytest.mark.parametrize("size", [0, 3])
def test_a_layer_whose_initial_parameters_do_not_fit_is_an_error(size):
    class Wrong(Skip):
        def init(self, n_in, rng):
            return np.zeros(size)

    net = hbcd.Network([hbcd.InputLayer(3), Wrong(), hbcd.OutputLayer(1)])
    with pytest.raises(ValueError, match="init: layers gave"):
        net.init(0)
