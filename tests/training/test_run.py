"""Laws of training runs: no visit gets worse, the best is kept, limits, history, the box."""

import numpy as np
import pytest

import hbcd
from support.training_runs import (
    MONOTONE,
    NET,
    OPTIMIZERS,
    SELECTORS,
    STRATEGIES,
    THETA,
    X,
    Y,
    each_strategy,
    network,
    plane_with_a_bend,
    run_phases,
    train,
)

# ---- no visit gets worse -------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", MONOTONE)
@pytest.mark.parametrize("selector", [*SELECTORS, None])
@pytest.mark.parametrize("rows", [None, 50])
def test_no_visit_of_a_monotone_optimizer_increases_the_loss_of_its_batch(
    optimizer, selector, rows
):
    phase = hbcd.Phase(
        OPTIMIZERS[optimizer],
        SELECTORS.get(selector),
        batch_rows=rows,
        inner_iterations=2,
        visits_per_batch=3,
        epochs=6,
    )
    history = run_phases(phase).history
    visits = history[history.event == "visit"]
    assert len(visits) >= 6
    assert (visits.loss <= visits.loss_before).all()
    assert (visits.loss < visits.loss_before).any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_no_block_visit_of_any_optimizer_increases_the_loss_of_its_batch(optimizer):
    """One that is not monotone has its visit undone."""
    wild = hbcd.Adam(learning_rate=1.0) if optimizer == "adam" else OPTIMIZERS[optimizer]
    phase = hbcd.Phase(wild, hbcd.PingPong(), batch_rows=60, inner_iterations=1, epochs=6)
    history = run_phases(phase).history
    visits = history[history.event == "visit"]
    assert (visits.loss <= visits.loss_before).all()


# ---- history -------------------------------------------------------------------------------------


@each_strategy
def test_the_history_is_well_formed(name):
    x, y = plane_with_a_bend(120, seed=7)
    report = train(STRATEGIES[name], eval_set=(x, y), stop=hbcd.Stop(max_evaluations=2000))
    history = report.history
    visits = history[history.event == "visit"]
    ends = history[history.event == "epoch"]
    assert len(visits) + len(ends) == len(history)
    assert (history.seconds.diff().dropna() >= 0).all()
    assert 0 <= history.seconds.iloc[0] <= history.seconds.iloc[-1] <= report.seconds
    assert visits.step.tolist() == list(range(1, len(visits) + 1))
    assert (history.step.diff().dropna() >= 0).all()
    assert history.phase.between(0, len(report.phases) - 1).all()
    assert (history.phase.diff().dropna() >= 0).all()
    for _, phase in history.groupby("phase"):
        assert phase.epoch.iloc[0] == 0
        assert phase.epoch.diff().dropna().isin([0, 1]).all()
        assert phase.event.iloc[-1] == "epoch"
    assert history.block.between(-1, len(NET.blocks) - 1).all()
    assert history.rows.between(1, len(X)).all()
    assert (history.n_fev.diff().dropna() >= 0).all()
    assert history.n_fev.iloc[-1] <= report.n_fev
    assert history.n_iter.iloc[-1] == report.n_iter
    assert np.isfinite(ends.loss).all()
    assert np.isfinite(ends.validation_loss).all()
    assert visits.validation_loss.isna().all()
    assert (history.sensitivity.notna() == (history.block >= 0)).all()
    # A last pass that was complete does not know that it is the last.
    complete = {hbcd.StopReason.EPOCHS, hbcd.StopReason.NO_PROGRESS}
    last = "" if report.stop_reason in complete else report.stop_reason.name.lower()
    assert history.reason.iloc[-1] == last


@each_strategy
def test_what_is_kept_is_the_best_line_of_the_history(name):
    report = train(STRATEGIES[name])
    ends = report.history[report.history.event == "epoch"]
    assert report.loss == min(ends.loss.min(), report.initial_loss)


def test_the_rows_of_a_batch_grow_by_the_factor_until_they_are_all():
    phase = hbcd.Phase(
        hbcd.LBFGS(),
        hbcd.MostSensitive(),
        batch_rows=30,
        batch_growth=2.0,
        inner_iterations=1,
        epochs=6,
        sensitivity_tol=0.0,
    )
    history = run_phases(phase, stop=hbcd.Stop(f_tol=0.0)).history
    visits = history[history.event == "visit"]
    # 400 rows are cut into as many nearly equal parts of at least 30, 60, ... as there are.
    for epoch, wanted in enumerate([30, 60, 120, 240, 400, 400]):
        rows, parts = visits.rows[visits.epoch == epoch], len(X) // wanted
        assert len(rows) == parts
        assert rows.sum() == len(X)
        assert rows.min() >= wanted
        assert rows.max() - rows.min() <= 1


# ---- limits --------------------------------------------------------------------------------------


@each_strategy
@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"max_iterations": 3}, hbcd.StopReason.ITERATIONS),
        ({"max_evaluations": 10}, hbcd.StopReason.EVALUATIONS),
        ({"max_seconds": 0.0}, hbcd.StopReason.TIME),
        ({"target": 1e3}, hbcd.StopReason.TARGET),
        ({"target": 0.3}, hbcd.StopReason.TARGET),
    ],
)
def test_the_limit_that_was_reached_is_the_reason(name, limit, reason):
    report = train(STRATEGIES[name], stop=hbcd.Stop(**limit))
    assert report.stop_reason is reason
    assert str(report.stop_reason).endswith(".")
    assert report.loss <= report.initial_loss
    if "max_iterations" in limit:
        assert report.n_iter == 3
    if "max_evaluations" in limit:
        assert report.n_fev <= 11  # the point where it stopped is measured once more
    if "target" in limit:
        assert report.loss <= limit["target"]


def test_a_time_limit_holds_in_the_middle_of_a_run():
    x, y = plane_with_a_bend(20_000)
    endless = hbcd.FullBatch(hbcd.Adam(1e-6), None)
    report = train(endless, x=x, y=y, stop=hbcd.Stop(f_tol=None, max_seconds=0.1))
    assert report.stop_reason is hbcd.StopReason.TIME
    assert 0.1 <= report.seconds < 0.4  # the limit is looked at every 256 rows; a busy machine


def test_a_limit_of_a_phase_ends_the_phase_and_not_the_run():
    first = hbcd.Phase(hbcd.LBFGS(), stop=hbcd.Stop(max_iterations=2))
    second = hbcd.Phase(hbcd.LBFGS(), stop=hbcd.Stop(max_evaluations=7))
    report = run_phases(first, second)
    assert set(report.history.phase) == {0, 1}
    assert report.stop_reason is hbcd.StopReason.EVALUATIONS
    limited = hbcd.Phase(hbcd.Adam(1e-5), stop=hbcd.Stop(f_tol=None, max_seconds=0.02))
    report = run_phases(limited, second)
    assert report.history.reason[report.history.phase == 0].iloc[-1] == "time"
    assert report.stop_reason is hbcd.StopReason.EVALUATIONS


def test_converged_runs_say_how():
    assert train(hbcd.FullBatch(), y=np.zeros(len(X))).stop_reason in {
        hbcd.StopReason.GRADIENT,
        hbcd.StopReason.DECREASE,
    }
    solved = train(hbcd.BlockCoordinateDescent(epochs=10_000), stop=hbcd.Stop(pg_tol=1e-3))
    assert solved.stop_reason is hbcd.StopReason.SENSITIVITY
    assert NET.sensitivities(solved.theta, X, Y).max() <= 1e-2
    assert train(hbcd.BatchShell(epochs=2)).stop_reason is hbcd.StopReason.EPOCHS


# ---- the best is kept ----------------------------------------------------------------------------


def test_more_iterations_of_lbfgs_are_never_worse():
    losses = [
        train(hbcd.FullBatch(), stop=hbcd.Stop(max_iterations=k, pg_tol=0.0, f_tol=None)).loss
        for k in range(51)
    ]
    assert (np.diff(losses) <= 0).all()
    assert losses[0] == NET.loss_and_gradient(THETA, X, Y)[0]
    assert losses[50] < 0.01 * losses[0]


@each_strategy
def test_a_stop_at_any_iteration_is_never_above_the_best_measured(name):
    for k in range(1, 51):
        report = train(STRATEGIES[name], stop=hbcd.Stop(max_iterations=k))
        ends = report.history[report.history.event == "epoch"]
        assert report.loss == min(ends.loss.min(), report.initial_loss)
        assert report.loss == NET.loss_and_gradient(report.theta, X, Y)[0]


def test_the_held_out_rows_decide_what_is_kept():
    rng = np.random.default_rng(3)
    net = network(3, 10, 10, 1)
    x, y = X[:30], Y[:30] + rng.normal(size=30)  # few rows, much noise: it will overfit
    held_x, held_y = plane_with_a_bend(200, seed=9)
    report = net.train(
        net.init(0), x, y, eval_set=(held_x, held_y), strategy=hbcd.FullBatch(max_iterations=500)
    )
    ends = report.history[report.history.event == "epoch"]
    held = [net.loss_and_gradient(t, held_x, held_y)[0] for t in (net.init(0), report.theta)]
    assert held[1] == min(ends.validation_loss.min(), held[0])
    assert report.loss == net.loss_and_gradient(report.theta, x, y)[0]
    assert report.loss > ends.loss.min()  # not the best on the rows trained on
