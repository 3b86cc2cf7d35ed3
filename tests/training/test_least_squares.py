"""Levenberg-Marquardt and the exact output layer on networks."""

from itertools import pairwise

import numpy as np
import pytest

import hbcd
from support.custom_parts import Scale
from support.training_runs import NET, THETA, X, Y, network, run_phases, train

LM = hbcd.LevenbergMarquardt
SCOPES = {
    "joint": LM(),
    "marquardt": LM(damping="marquardt"),
    "projected": LM(variable_projection=True),
    "blocks": LM(block_diagonal=True),
}
each_scope = pytest.mark.parametrize("scope", SCOPES)
both_precisions = pytest.mark.parametrize("dtype", [np.float64, np.float32])
LAST = NET.blocks[-1]


def iterations(optimizer, n, net=NET, theta=THETA, x=X, y=Y, box=10.0, **options):
    phase = hbcd.Phase(optimizer, inner_iterations=n, box=box, stop=hbcd.Stop(0.0, None))
    return run_phases(phase, net=net, theta=theta, x=x, y=y, **options)


# ---- all parameters at once ----------------------------------------------------------------------


@both_precisions
@each_scope
def test_every_scope_beats_lbfgs_by_iterations(scope, dtype):
    theta = THETA.astype(dtype)
    slow = iterations(hbcd.LBFGS(), 20, theta=theta)
    fast = iterations(SCOPES[scope], 20, theta=theta)
    assert fast.theta.dtype == dtype
    assert fast.loss < slow.loss < 0.1 * slow.initial_loss


@each_scope
def test_the_loss_never_rises(scope):
    losses = [iterations(SCOPES[scope], n).loss for n in range(1, 25)]
    assert (np.diff(losses) <= 0.0).all()


@both_precisions
@each_scope
def test_same_bits_at_any_number_of_threads(scope, dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6000, 3))
    y, theta = np.tanh(x[:, 0] * x[:, 1]), THETA.astype(dtype)
    one, *others = (
        iterations(SCOPES[scope], 5, theta=theta, x=x, y=y, n_threads=k) for k in (1, 2, 3)
    )
    for other in others:
        assert (one.theta == other.theta).all()
        assert one.loss == other.loss


@each_scope
def test_a_net_of_one_block_is_the_same_whole_and_by_blocks(scope):
    net = network(3, 1)
    theta, stop = net.init(0), hbcd.Stop(0.0, None)
    whole = iterations(SCOPES[scope], 4, net=net, theta=theta)
    phase = hbcd.Phase(
        SCOPES[scope], hbcd.ForwardSequential(), inner_iterations=4, epochs=1, stop=stop
    )
    assert (whole.theta == run_phases(phase, net=net, theta=theta).theta).all()
    assert (
        whole.theta == iterations(LM(damping=SCOPES[scope].damping), 4, net=net, theta=theta).theta
    ).all()


@each_scope
def test_bounds_hold_and_bind(scope):
    report = iterations(SCOPES[scope], 30, box=0.4)
    assert np.abs(report.theta).max() == 0.4
    assert report.loss < report.initial_loss


@each_scope
def test_weights_of_zero_leave_rows_out(scope):
    weight = np.ones(len(X))
    weight[300:] = 0.0
    all_rows = iterations(SCOPES[scope], 10, sample_weight=weight)
    few = iterations(SCOPES[scope], 10, x=X[:300], y=Y[:300])
    # Rows in other lanes: the sums are of another order.
    assert all_rows.loss == pytest.approx(few.loss, rel=1e-6)


def test_convergence_is_quadratic_where_a_net_can_be_exact():
    rng = np.random.default_rng(3)
    net = network(2, 3, 1)
    truth, x = net.init(5), rng.normal(size=(200, 2))
    y = net.predict(truth, x)
    start = truth + 0.02 * rng.normal(size=truth.size)
    losses = [iterations(LM(), n, net=net, theta=start, x=x, y=y).loss for n in range(5, 35)]
    assert min(losses) < 1e-28
    assert any(later < 1e-3 * before for before, later in pairwise(losses))


def test_the_projected_minimum_is_the_joint_one():
    rng, net = np.random.default_rng(6), network(3, 2, 1)
    truth = 2.0 * net.init(7)
    noisy = net.predict(truth, X)[:, 0] + 0.1 * rng.normal(size=len(X))
    start = truth + 0.1 * rng.normal(size=truth.size)
    joint, projected = (
        iterations(SCOPES[name], 200, net=net, theta=start, y=noisy)
        for name in ("joint", "projected")
    )
    assert projected.loss == pytest.approx(joint.loss, rel=1e-10)
    _, gradient = net.bind(X, noisy)(projected.theta)
    assert np.abs(gradient).max() < 1e-7


def test_the_projected_output_layer_is_solved_after_every_step():
    for n in range(1, 6):
        report = iterations(LM(variable_projection=True, ridge=1e-10), n)
        _, gradient = NET.bind(X, Y)(report.theta)
        assert np.abs(gradient[LAST]).max() < 1e-8
        assert np.abs(gradient).max() > 1e-5


def test_a_trial_costs_a_value_where_it_is_refused():
    report = iterations(LM(), 30)
    assert report.n_iter == 30
    assert 60 <= report.n_fev < 120


# ---- one block at a time, batches, hybrids -------------------------------------------------------


@pytest.mark.parametrize("scope", ["joint", "marquardt", "projected", "blocks"])
def test_it_is_at_home_in_every_strategy(scope):
    optimizer = SCOPES[scope]
    for strategy in (
        hbcd.FullBatch(optimizer, 20),
        hbcd.BlockCoordinateDescent(optimizer, epochs=5),
        hbcd.BatchShell(optimizer, epochs=3),
        hbcd.BatchShell(optimizer, selector=None, epochs=3),
        hbcd.Hybrid(hbcd.ICRS(max_evaluations=200), finish=hbcd.FullBatch(optimizer, 20)),
    ):
        report = train(strategy)
        assert report.loss < 0.2 * report.initial_loss
        assert np.isfinite(report.theta).all()


# ---- what is refused -----------------------------------------------------------------------------


def test_errors_say_what_is_wrong():
    n = NET.n_parameters
    small = LM(memory_limit=100)
    needs = f"n={n}: Levenberg-Marquardt needs {8 * n * n} bytes, more than memory_limit=100"
    with pytest.raises(ValueError, match=needs):
        train(hbcd.FullBatch(small))
    with pytest.raises(ValueError, match="n=20: Levenberg-Marquardt needs 3200 bytes"):
        train(hbcd.BlockCoordinateDescent(small))
    with pytest.raises(ValueError, match="n=20: Levenberg-Marquardt needs 3200 bytes"):
        train(hbcd.BlockCoordinateDescent(hbcd.ExactOutput(small)))
    bent = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4), hbcd.OutputLayer(1, hbcd.Tanh())])
    own = hbcd.Network([hbcd.InputLayer(3), Scale(), hbcd.OutputLayer(1)])
    for optimizer in (hbcd.ExactOutput(), LM(variable_projection=True)):
        with pytest.raises(ValueError, match="layers: must end with a dense layer without activ"):
            train(hbcd.FullBatch(optimizer), net=bent, theta=bent.init(0))
    with pytest.raises(ValueError, match=r"layers: must be dense .* block 0 is a Scale"):
        train(hbcd.FullBatch(LM()), net=own, theta=own.init(0))
    with pytest.raises(ValueError, match=r"last block.*others need `inner`"):
        train(hbcd.BlockCoordinateDescent(hbcd.ExactOutput()))
    with pytest.raises(TypeError, match="inner="):
        hbcd.ExactOutput(hbcd.ExactOutput())
    with pytest.raises(TypeError, match="inner="):
        hbcd.ExactOutput(hbcd.Optimizer())
    with pytest.raises(ValueError, match="ridge=-1"):
        hbcd.ExactOutput(ridge=-1)
