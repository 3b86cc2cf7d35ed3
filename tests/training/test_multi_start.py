"""Several starts, and rows held out: the best is kept, the same at any number of threads."""

import os
import signal
import threading

import numpy as np
import pytest

import hbcd
from hbcd.training.starts import run_starts
from support.custom_parts import Softplus

RNG = np.random.default_rng(3)
X = RNG.normal(size=(400, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
NET = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(5), hbcd.OutputLayer(1)])
SHORT = hbcd.FullBatch(max_iterations=30, check_every=10)


def train(strategy, **kwargs):
    return NET.train(NET.init(0), X, Y, strategy=strategy, rng=1, **kwargs)


@pytest.mark.parametrize("starts", [1, 2, 5])
def test_starts_give_the_same_at_any_number_of_threads(starts):
    reports = [train(hbcd.MultiStart(SHORT, starts), n_threads=n) for n in (1, 2, 3, 8)]
    for report in reports[1:]:
        assert np.array_equal(report.theta, reports[0].theta)
        assert report.loss == reports[0].loss
        assert report.n_fev == reports[0].n_fev


def test_more_starts_are_never_worse_and_cost_their_evaluations():
    one, two, four = (train(hbcd.MultiStart(SHORT, k)) for k in (1, 2, 4))
    assert four.loss <= two.loss <= one.loss
    assert four.loss < one.loss
    assert one.n_fev < two.n_fev < four.n_fev


def test_one_start_is_the_strategy_itself():
    alone, one = train(SHORT), train(hbcd.MultiStart(SHORT, 1))
    assert np.array_equal(alone.theta, one.theta)
    assert alone.n_fev == one.n_fev


def best_of_each_start(rows, held, strategy, seed):
    """The last of the best parameters of every start."""
    best = {}

    def look(event):
        if event.what == "sweep_end":
            best[event.start] = event.best_theta

    report = NET.train(
        NET.init(0), *rows, eval_set=held, strategy=strategy, rng=seed, callbacks=look
    )
    return report, [best[start] for start in sorted(best)]


def test_the_best_start_is_the_best_on_held_out_rows_and_not_on_the_training_rows():
    noise = np.random.default_rng(0).normal(size=len(Y))
    rows, held = (X[:60], (Y + noise)[:60]), (X[60:], Y[60:])  # few noisy rows: the two disagree
    disagree = 0
    for seed in range(4):
        report, thetas = best_of_each_start(rows, held, hbcd.MultiStart(SHORT, 4), seed)
        assert len(thetas) == 4
        outside = [NET.loss_and_gradient(theta, *held)[0] for theta in thetas]
        inside = [NET.loss_and_gradient(theta, *rows)[0] for theta in thetas]
        assert np.array_equal(report.theta, thetas[int(np.argmin(outside))])
        disagree += int(np.argmin(outside)) != int(np.argmin(inside))
    assert disagree > 0  # so that the choice by training loss would have failed


def test_the_best_start_is_the_best_on_the_training_rows_where_none_are_held_out():
    report, thetas = best_of_each_start((X, Y), None, hbcd.MultiStart(SHORT, 4), 1)
    losses = [NET.loss_and_gradient(theta, X, Y)[0] for theta in thetas]
    assert np.array_equal(report.theta, thetas[int(np.argmin(losses))])
    assert int(np.argmin(losses)) > 0  # not the first one, which is where a strategy alone begins


def test_limits_are_for_all_starts_together():
    report = train(hbcd.MultiStart(SHORT, 4), stop=hbcd.Stop(max_evaluations=40))
    assert report.n_fev <= 4 * (40 // 4 + 2)
    report = train(
        hbcd.MultiStart(hbcd.FullBatch(max_iterations=10**6), 3),
        stop=hbcd.Stop(max_seconds=0.2, f_tol=None, pg_tol=0.0),
    )
    assert report.seconds < 1.0


def test_an_exception_of_a_start_arrives():
    class Fails(hbcd.TrainingStrategy):
        def phases(self, network, n_rows):
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        train(hbcd.MultiStart(Fails(), 3))


class Witness(Softplus):
    """An activation that keeps the threads that called it, in their order."""

    def __init__(self):
        self.threads = []

    def forward(self, z, out):
        self.threads.append(threading.get_ident())
        super().forward(z, out)


class Steps(hbcd.TrainingStrategy):
    """Drives its phases itself; keeps the threads that it ran on, in their order."""

    def __init__(self):
        self.threads = []

    def run(self, run_phase, problem):
        for _ in range(3):
            self.threads.append(threading.get_ident())
            run_phase(hbcd.Phase(hbcd.LBFGS(), inner_iterations=3))


def test_parts_written_in_python_start_one_after_another():
    found = []
    for n in (1, 4):
        part = Witness()
        net = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4, part), hbcd.OutputLayer(1)])
        strategy = hbcd.MultiStart(SHORT, 3)
        found.append(net.train(net.init(0), X, Y, strategy=strategy, rng=1, n_threads=n))
        assert set(part.threads) == {threading.get_ident()}
    assert np.array_equal(found[0].theta, found[1].theta)


def test_a_strategy_written_in_python_starts_one_after_another():
    strategy = Steps()
    train(hbcd.MultiStart(strategy, 3), n_threads=4)
    assert strategy.threads == [threading.get_ident()] * 9


def test_compiled_starts_run_side_by_side():
    threads = set()
    train(
        hbcd.MultiStart(hbcd.Sequence([SHORT, SHORT]), 4), n_threads=4,
        callbacks=lambda event: threads.add(threading.get_ident()) or None,
    )  # fmt: skip
    assert len(threads) > 1


@pytest.mark.parametrize(
    "strategy",
    [
        hbcd.MultiStart(),
        hbcd.Sequence([hbcd.MultiStart()]),
        hbcd.Sequence([SHORT, hbcd.Sequence([SHORT, hbcd.MultiStart(SHORT)])]),
        hbcd.Hybrid(shell=hbcd.MultiStart(SHORT)),
        hbcd.Hybrid(finish=hbcd.MultiStart(SHORT)),
    ],
    ids=["itself", "in a sequence", "deep in a sequence", "shell", "finish"],
)
def test_a_start_of_starts_is_refused(strategy):
    with pytest.raises(TypeError, match="no MultiStart and none that holds one"):
        hbcd.MultiStart(strategy)


def test_starts_are_at_least_one():
    with pytest.raises(ValueError, match="starts=0: must be at least 1"):
        hbcd.MultiStart(starts=0)


# ---- rows held out -------------------------------------------------------------------------------


def test_held_out_rows_are_drawn_by_the_seed_and_looked_at():
    first, again, other = (
        NET.train(NET.init(0), X, Y, strategy=SHORT, rng=seed, hold_out=0.25) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.theta, again.theta)
    assert not np.array_equal(first.theta, other.theta)
    assert np.isfinite(first.history.validation_loss[first.history.event == "epoch"]).all()
    assert (first.history.rows == 300).all()


def test_a_share_of_less_than_a_row_holds_out_nothing():
    report = NET.train(NET.init(0), X[:3], Y[:3], strategy=SHORT, hold_out=0.1)
    assert (report.history.rows == 3).all()


def test_full_batch_training_ends_when_held_out_rows_no_longer_gain():
    noise = np.random.default_rng(0).normal(size=60)
    endless = hbcd.FullBatch(max_iterations=10**6, check_every=5)
    report = NET.train(
        NET.init(0), X[:60], noise, strategy=endless, rng=0, hold_out=0.5,
        stop=hbcd.Stop(pg_tol=0.0, f_tol=None),
    )  # fmt: skip
    assert report.stop_reason is hbcd.StopReason.NO_PROGRESS
    ends = report.history[report.history.event == "epoch"].validation_loss
    assert ends.iloc[-1] > ends.min()


def test_a_small_table_is_not_overfitted():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(120, 4))
    y = x[:, 0] + 0.5 * rng.normal(size=120)
    test = rng.normal(size=(2000, 4))
    scores = {
        fraction: hbcd.HybridRegressor((10, 10, 10), random_state=0, validation_fraction=fraction)
        .fit(x, y)
        .score(test, test[:, 0])
        for fraction in ("auto", None)
    }
    assert scores["auto"] > 0.6 > scores[None]


def test_a_fraction_that_is_none_is_told():
    model = hbcd.HybridRegressor(validation_fraction="some")
    with pytest.raises(ValueError, match="validation_fraction='some': must be 'auto'"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="validation_fraction=1: must be less than 1"):
        hbcd.HybridRegressor(validation_fraction=1).fit(X, Y)


# ---- one start ends the others -------------------------------------------------------------------

ENDLESS = hbcd.FullBatch(hbcd.Adam(1e-9), 10**9)
NO_TOLERANCE = hbcd.Stop(pg_tol=0.0, f_tol=None, max_seconds=60)


@pytest.mark.skipif(os.name == "nt", reason="signals cannot be sent to a thread on Windows")
def test_ctrl_c_while_waiting_for_other_starts_ends_them_and_keeps_their_results():
    main, quick = threading.main_thread(), threading.Event()

    def interrupt():
        quick.wait(10)
        signal.pthread_kill(main.ident, signal.SIGINT)

    def one(start, n_threads, progress):
        first = threading.current_thread() is main
        report = NET.train(
            NET.init(start), X, Y, strategy=SHORT if first else ENDLESS, progress=progress,
            stop=NO_TOLERANCE, n_threads=1,
        )  # fmt: skip
        if first:
            quick.set()
        return report, report.interrupted

    helper = threading.Thread(target=interrupt)
    helper.start()
    first, second = run_starts(one, 2, 2, 2, None)
    helper.join()
    assert not first.interrupted
    assert second.interrupted
    assert second.seconds < 30


@pytest.mark.parametrize("ending", ["callback", "exception"])
@pytest.mark.parametrize("who", [0, 1])
def test_a_start_that_a_callback_ends_ends_the_others(ending, who):
    def one(start, n_threads, progress):
        def end(event):
            if ending == "exception":
                raise LookupError("mine")
            return event.what == "sweep_end"

        report = NET.train(
            NET.init(start), X, Y, strategy=SHORT if start == who else ENDLESS, n_threads=1,
            stop=NO_TOLERANCE, progress=progress, callbacks=end if start == who else None,
        )  # fmt: skip
        return report, report.stop_reason is hbcd.StopReason.CALLBACK

    if ending == "exception":
        with pytest.raises(LookupError, match="mine"):
            run_starts(one, 2, 2, 2, None)
        return
    reports = run_starts(one, 2, 2, 2, None)
    assert reports[who].stop_reason is hbcd.StopReason.CALLBACK
    assert reports[1 - who].interrupted
    assert reports[1 - who].seconds < 30


def test_a_callback_that_ends_one_of_several_starts_ends_the_training():
    def end(event):
        return event.what == "sweep_end" and event.start == 1

    report = train(hbcd.MultiStart(SHORT, 4), callbacks=end, n_threads=2)
    assert report.stop_reason is hbcd.StopReason.CALLBACK
    assert report.n_fev < train(hbcd.MultiStart(SHORT, 4)).n_fev
